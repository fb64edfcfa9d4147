use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::Instant,
};

use leek_driver::{
    Clock, Fatal, Host, HostConfig, Identity, Limits, SystemEntropy, Tcp, host, ops,
};
use leek_identity::{NodeAddress, NodeId, NodeKeys};
use leek_machine::Now;
use leek_storage_node::{NodeConfig, NodePrep, StorageNode};
use leek_store::{Opened, SqliteStore, StoreConfig};
use leek_wire::{Event, NodeEvent, StoreError};

use super::{
    NodeOptions,
    measured::{Measured, Measures},
};
use crate::{
    DataDir, KeySeed, Notice, Process, ServiceError, ServiceRole,
    disk::DiskGuard,
    follow::{CACHE, Following, News, Whom},
    health::Health,
    service::{CLOCK_OFF_MS_MAX, DRAIN, Say, TURN, suite, system},
};

/// The seed of the node's keys.
const KEY: &str = "node.key";

/// Runs a storage node until SIGINT or SIGTERM, and ends it in good order. A second signal ends
/// the process at once.
///
/// # Errors
/// [`ServiceError`] when it does not start, or ends by itself.
pub fn run(options: &NodeOptions, say: Say<'_>) -> Result<(), ServiceError> {
    run_in(&Process::new()?, options, say)
}

/// As [`run`], in a process that the caller has set up.
///
/// # Errors
/// As [`run`].
pub fn run_in(process: &Process, options: &NodeOptions, say: Say<'_>) -> Result<(), ServiceError> {
    let mut node = Running::start(process, options)?;
    say(&node.started()).map_err(ServiceError::Output)?;
    tracing::info!("the node listens");
    let ended = node.turns(process, say);
    node.health.note(|facts| facts.stopping = true);
    // No more news of the network: what it would start could not end.
    node.following.end();
    if node.host.shutdown(DRAIN).is_none() && ended.is_ok() {
        node.check_alive()?;
    }
    ended?;
    tracing::info!("the node has ended in good order");
    say(&Notice::Stopped).map_err(ServiceError::Output)
}

/// A node at work.
struct Running<'o> {
    options: &'o NodeOptions,
    id: NodeId,
    address: NodeAddress,
    data: DataDir,
    health: Arc<Health>,
    host: Arc<Host<StorageNode>>,
    following: Following,
    news: Receiver<News>,
    disk: DiskGuard,
    measures: Arc<Measures>,
    ops: ops::Ops,
    was_ready: bool,
    membership: Option<(u64, usize)>,
}

impl<'o> Running<'o> {
    fn start(process: &Process, options: &'o NodeOptions) -> Result<Self, ServiceError> {
        let address = options.listen;
        if address.ip.is_unspecified() || address.ip.is_broadcast() || address.ip.is_multicast() {
            return Err(ServiceError::Unreachable { address });
        }
        let data = DataDir::open(&options.data_dir)?;
        data.require_free(options.min_free)?;
        let mut entropy = SystemEntropy::new().map_err(system("draw randomness"))?;
        let seed = data.key(KEY, &mut entropy)?;
        let clock = Clock::system(&process.rt, options.clock_offset_ms);
        let opened = open_store(&data, options, &clock)?;
        let health = Arc::new(Health::new(clock.clone()));
        // First of all: what is counted before there is a recorder is lost.
        let ops = ops::serve(&process.rt, options.ops, {
            let health = Arc::clone(&health);
            Arc::new(move || health.readiness())
        })?;
        let config = host_config(options, &seed, clock);
        let (store, measures) = Measured::new(opened.store);
        let rejoin = opened.was_empty;
        let host = start_host(process, options, &config, &seed, store, rejoin)?;
        // A follower has news once for each time it asks, and every turn takes all there is.
        let (tell, news) = mpsc::channel();
        let Some(address) = host.address() else {
            leek_machine::bug!("a host that listens has no address")
        };
        let whom = Whom {
            trust: options.trust.clone(),
            keys: NodeKeys::from_seed(*seed),
            address,
        };
        let id = whom.keys.id();
        let following = Following::start(process, &config, whom, &data, &host, &health, tell)?;
        Ok(Self {
            options,
            id,
            address,
            data,
            health,
            host,
            following,
            news,
            disk: DiskGuard::new(options.min_free),
            measures,
            ops,
            was_ready: false,
            membership: None,
        })
    }

    fn started(&self) -> Notice {
        Notice::Started {
            role: ServiceRole::Node,
            id: self.id,
            address: self.address,
            ops: Some(self.ops.address()),
        }
    }

    /// Works until somebody asks to stop or something fails.
    fn turns(&mut self, process: &Process, say: Say<'_>) -> Result<(), ServiceError> {
        while process.stop.reason().is_none() {
            match self.news.recv_timeout(TURN) {
                Ok(news) => self.take(news)?,
                // A follower that has ended is found below.
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            self.check_alive()?;
            self.look_at_disk()?;
            if !self.was_ready && self.health.readiness() == ops::Readiness::Ready {
                self.was_ready = true;
                let (epoch, nodes) = self.membership.unwrap_or_default();
                tracing::info!(epoch, nodes, "the node is ready");
                say(&Notice::Ready { epoch, nodes }).map_err(ServiceError::Output)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, news: News) -> Result<(), ServiceError> {
        match news {
            News::Accepted {
                signed,
                epoch,
                nodes,
            } => {
                tracing::info!(epoch, nodes, "a new membership");
                self.membership = Some((epoch, nodes));
                // A cache: without it the next start waits for the directories.
                if let Err(error) = self.data.replace(CACHE, &signed) {
                    let why = error.io_kind();
                    tracing::warn!(?why, "the membership could not be cached");
                }
            }
            News::ClockOff { offset_ms, answers } => {
                let off = offset_ms.unsigned_abs() > CLOCK_OFF_MS_MAX;
                self.health.note(|facts| facts.clock_off = off);
                if off && !self.was_ready {
                    let remedy_ms = self.options.clock_offset_ms.saturating_add(offset_ms);
                    return Err(ServiceError::Clock {
                        offset_ms,
                        answers,
                        remedy_ms,
                    });
                }
                if off {
                    tracing::warn!(
                        offset_ms,
                        answers,
                        "the clock differs from the directories'"
                    );
                }
            }
        }
        Ok(())
    }

    fn check_alive(&self) -> Result<(), ServiceError> {
        let failed = self.host.ended().or_else(|| self.following.ended());
        // A store can end outside a commit, and then serves nothing.
        let failed = failed.or_else(|| {
            let why = self.measures.ended()?;
            self.host.kill();
            Some(Fatal::Storage(StoreError::Io(why.to_owned())))
        });
        failed.map_or(Ok(()), |fatal| {
            self.health.note(|facts| facts.failed = true);
            Err(fatal.into())
        })
    }

    fn look_at_disk(&mut self) -> Result<(), ServiceError> {
        let missing = self.measures.reserve_missing();
        let Some(low) = self.disk.look(&self.data, missing, Instant::now())? else {
            return Ok(());
        };
        self.health.note(|facts| facts.disk_low = low);
        // Messages may come in place of others: those take no room that is not taken.
        let bytes_max = if low {
            self.measures.used()
        } else {
            self.options.store_bytes_max
        };
        // A host that has ended is found at the next turn.
        let _ = self.host.with(|node| node.set_store_bytes_max(bytes_max));
        if low {
            tracing::warn!("the disk is nearly full: no new messages");
        } else {
            tracing::info!("the disk has room again");
        }
        Ok(())
    }
}

fn open_store(
    data: &DataDir,
    options: &NodeOptions,
    clock: &Clock,
) -> Result<Opened, ServiceError> {
    let mut config = StoreConfig::with_capacity(options.store_bytes_max);
    config.synchronous = options.sync;
    let opened = SqliteStore::open(data.path(), config, clock.now().wall)?;
    if let Some(path) = &opened.set_aside {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        tracing::warn!(
            kept_as = %name,
            "the database was damaged and is set aside; the node starts without messages and \
             pulls them from its swarm"
        );
    }
    Ok(opened)
}

fn host_config(options: &NodeOptions, seed: &KeySeed, clock: Clock) -> HostConfig {
    let keys = Arc::new(NodeKeys::from_seed(**seed));
    HostConfig {
        role: ServiceRole::Node.name(),
        network: Arc::new(Tcp),
        listen: Some(options.listen),
        // Where it is reached is where it comes from: others limit connections by network.
        source: Some(options.listen.ip),
        identity: Some(Arc::new(Identity::new(keys, &leek_crypto::fast()))),
        clock,
        limits: Limits::default().with_client_bytes_per_s(options.client_bytes_per_s),
        group_commit: options.group_commit,
        own_thread: true,
    }
}

fn start_host(
    process: &Process,
    options: &NodeOptions,
    config: &HostConfig,
    seed: &KeySeed,
    store: Measured,
    rejoin: bool,
) -> Result<Arc<Host<StorageNode>>, ServiceError> {
    let prep = Arc::new(NodePrep::new(suite(), NodeKeys::from_seed(**seed)));
    let node = NodeConfig {
        store_bytes_max: options.store_bytes_max,
        account_bytes_max: options.account_bytes_max,
        rejoin,
        ..NodeConfig::default()
    };
    let machine = StorageNode::new(node, Arc::clone(&prep));
    let entropy = SystemEntropy::new().map_err(system("draw randomness"))?;
    let host = host(
        &process.rt,
        config.clone(),
        machine,
        prep,
        store,
        Box::new(entropy),
        Box::new(log_event),
    )?;
    Ok(Arc::new(host))
}

/// What a node reports, as far as a log may know it: kinds, statuses and counts.
fn log_event(_: Now, event: Event) {
    let Event::Node(event) = event else { return };
    match event {
        NodeEvent::Stored { new, .. } => tracing::debug!(new, "stored"),
        NodeEvent::Relayed => tracing::debug!("relayed"),
        NodeEvent::Served(status) => tracing::debug!(status = status.0, "served"),
        NodeEvent::HopRefused(status) => tracing::debug!(status = status.0, "hop refused"),
        NodeEvent::Cleaned { count } => tracing::debug!(count, "expired messages removed"),
        NodeEvent::Pulled { count } => tracing::debug!(count, "pulled from a swarm member"),
        NodeEvent::Rejoined {
            peers_answered,
            peers,
        } => tracing::info!(peers_answered, peers, "pulled what the swarm has"),
    }
}
