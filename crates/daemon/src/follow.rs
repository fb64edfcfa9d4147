//! A node's view of the membership: the follower machine over the driver.

use std::sync::{Arc, mpsc::Sender};

use leek_directory::{Announcer, Follower, FollowerConfig, FollowerPrep, Trust};
use leek_driver::{Fatal, Host, HostConfig, NoStorage, SystemEntropy, host_knowing};
use leek_identity::{NodeAddress, NodeId, NodeKeys};
use leek_machine::Now;
use leek_storage_node::{StorageNode, VERSION};
use leek_wire::{DirectoryEvent, Event, limits::SNAPSHOT_BYTES_MAX};

use crate::{
    DataDir, Process, ServiceError,
    health::Health,
    service::{suite, system},
};

/// The newest signed membership.
pub(crate) const CACHE: &str = "snapshot.cache";

/// What the main loop hears of the network.
pub(crate) enum News {
    /// There is a new membership; it is in force already.
    Accepted {
        signed: Arc<[u8]>,
        epoch: u64,
        nodes: usize,
    },
    /// What the directories' clocks say of ours.
    ClockOff { offset_ms: i64, answers: u8 },
}

/// A follower at work.
pub(crate) struct Following {
    host: Host<Follower>,
}

/// Whose membership is followed, and who is announced.
pub(crate) struct Whom {
    pub(crate) trust: Trust,
    pub(crate) keys: NodeKeys,
    /// Where the node listens.
    pub(crate) address: NodeAddress,
}

impl Following {
    /// Follows the directories from what is cached, announces the node, and gives every new
    /// membership to it.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub(crate) fn start(
        process: &Process,
        node_config: &HostConfig,
        whom: Whom,
        data: &DataDir,
        node: &Arc<Host<StorageNode>>,
        health: &Arc<Health>,
        tell: Sender<News>,
    ) -> Result<Self, ServiceError> {
        let signers = whom.trust.signers().iter();
        let known: Vec<_> = signers.map(|signer| (signer.id, signer.address)).collect();
        let id = whom.keys.id();
        let prep = Arc::new(FollowerPrep::new(suite(), whom.trust));
        let announcer = Announcer::new(Arc::new(whom.keys), whom.address, VERSION);
        let config = FollowerConfig::default();
        let mut follower = Follower::new(config, Arc::clone(&prep), Some(announcer));
        if let Some(cached) = data.read(CACHE, SNAPSHOT_BYTES_MAX)?
            && let Err(error) = follower.start_from(&cached, node_config.clock.now().wall)
        {
            tracing::info!(why = error.name(), "the cached membership is of no use");
        }
        let entropy = SystemEntropy::new().map_err(system("draw randomness"))?;
        let config = HostConfig {
            role: "follower",
            listen: None,
            own_thread: false,
            ..node_config.clone()
        };
        let events = hear(id, Arc::clone(node), Arc::clone(health), tell);
        let host = host_knowing(
            &process.rt,
            config,
            &known,
            follower,
            prep,
            NoStorage,
            Box::new(entropy),
            events,
        )?;
        Ok(Self { host })
    }

    pub(crate) fn ended(&self) -> Option<Fatal> {
        self.host.ended()
    }

    /// Stops following; announcements under way are not waited for.
    pub(crate) fn end(&self) {
        self.host.kill();
    }
}

/// What to do with everything that the follower reports.
fn hear(
    id: NodeId,
    node: Arc<Host<StorageNode>>,
    health: Arc<Health>,
    tell: Sender<News>,
) -> Box<dyn FnMut(Now, Event) + Send> {
    Box::new(move |_, event| {
        let Event::Directory(event) = event else {
            return;
        };
        match event {
            DirectoryEvent::Accepted {
                signed,
                snapshot,
                valid_until,
            } => {
                let listed = snapshot.node(&id).is_some();
                let (epoch, nodes) = (snapshot.epoch().0, snapshot.nodes().len());
                node.membership(snapshot);
                health.note(|facts| {
                    facts.valid_until = Some(valid_until);
                    facts.listed = listed;
                });
                // The main loop has ended: nobody needs to know any more.
                let _ = tell.send(News::Accepted {
                    signed,
                    epoch,
                    nodes,
                });
            }
            DirectoryEvent::ClockOff { offset_ms, answers } => {
                let _ = tell.send(News::ClockOff { offset_ms, answers });
            }
            DirectoryEvent::Refused { why, .. } => {
                tracing::warn!(why, "a directory refused, or sent what is refused");
            }
            DirectoryEvent::Silent { .. } => tracing::info!("a directory does not answer"),
            DirectoryEvent::Announced { .. } => tracing::debug!("a directory knows this node"),
            // Directories report these, followers do not.
            DirectoryEvent::Published { .. } | DirectoryEvent::Keep { .. } => {}
        }
    })
}
