//! A directory as a process.

use core::net::SocketAddrV4;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use leek_directory::{
    AddressRule, Authority, AuthorityConfig, AuthorityInput, AuthorityPrep, AuthorityState,
    SwarmRule, Trust, limits::STATE_BYTES_MAX,
};
use leek_driver::{
    Clock, Host, HostConfig, Identity, Limits, NoStorage, SystemEntropy, Tcp, TellError,
    host_knowing, ops,
};
use leek_identity::{NodeAddress, NodeId, NodeKeys};
use leek_machine::{Now, Wall};
use leek_wire::{DirectoryEvent, Event};

use crate::{
    DataDir, KeySeed, Notice, Process, ServiceError, ServiceRole,
    health::Health,
    service::{CLOCK_OFF_MS_MAX, DRAIN, Say, TURN, suite, system},
};

/// The seed of the directory's keys.
const KEY: &str = "directory.key";
/// What it must never forget.
const SIGNED: &str = "signed.state";

/// How long a change must have been known in a closed network, in ms: its nodes are near and few,
/// and whoever starts it is waiting.
const CLOSED_SETTLE_MS: u64 = 250;

/// How a directory runs.
#[derive(Clone, Debug)]
pub struct DirectoryOptions {
    /// Where its key and what it signed are.
    pub data_dir: PathBuf,
    /// Where it listens.
    pub listen: NodeAddress,
    /// Where it serves health and metrics: a loopback address. Port 0 takes a free one.
    pub ops: SocketAddrV4,
    /// All directories of the network, this one among them.
    pub trust: Trust,
    /// How nodes get their swarms. The same for all directories.
    pub swarms: SwarmRule,
    /// Nodes that must be announced before there is a first snapshot.
    pub expect_nodes: u32,
    /// Milliseconds to add to the system's clock.
    pub clock_offset_ms: i64,
}

/// The id of the directory in `data_dir`, whose key is made if it is not there.
///
/// # Errors
/// [`ServiceError`] when the directory cannot be used, or runs.
pub fn init(data_dir: &Path) -> Result<NodeId, ServiceError> {
    let data = DataDir::open(data_dir)?;
    let mut entropy = SystemEntropy::new().map_err(system("draw randomness"))?;
    let seed = data.key(KEY, &mut entropy)?;
    Ok(NodeKeys::from_seed(*seed).id())
}

/// Runs a directory until SIGINT or SIGTERM, and ends it in good order. A second signal ends the
/// process at once.
///
/// # Errors
/// [`ServiceError`] when it does not start, or ends by itself.
pub fn run(options: &DirectoryOptions, say: Say<'_>) -> Result<(), ServiceError> {
    run_in(&Process::new()?, options, say)
}

/// As [`run`], in a process that the caller has set up.
///
/// # Errors
/// As [`run`].
pub fn run_in(
    process: &Process,
    options: &DirectoryOptions,
    say: Say<'_>,
) -> Result<(), ServiceError> {
    let mut directory = Running::start(process, options)?;
    say(&directory.started()).map_err(ServiceError::Output)?;
    tracing::info!("the directory listens");
    let ended = directory.turns(process, say);
    directory.health.note(|facts| facts.stopping = true);
    // A promise that is not kept is not given: nothing is left to be written.
    if directory.host.shutdown(DRAIN).is_none() && ended.is_ok() {
        directory.check_alive()?;
    }
    ended?;
    tracing::info!("the directory has ended in good order");
    say(&Notice::Stopped).map_err(ServiceError::Output)
}

/// What the main loop hears of the machine.
enum News {
    Keep { generation: u64, state: Arc<[u8]> },
    Adopted { epoch: u64, nodes: usize },
    ClockOff { offset_ms: i64, answers: u8 },
}

/// A directory at work.
struct Running<'o> {
    options: &'o DirectoryOptions,
    id: NodeId,
    address: NodeAddress,
    data: DataDir,
    health: Arc<Health>,
    host: Host<Authority>,
    news: Receiver<News>,
    ops: ops::Ops,
    /// The newest state that is durable and that the machine was not told of: its queue was full.
    untold: Option<u64>,
    membership: Option<(u64, usize)>,
    was_ready: bool,
}

impl<'o> Running<'o> {
    fn start(process: &Process, options: &'o DirectoryOptions) -> Result<Self, ServiceError> {
        let address = options.listen;
        if address.ip.is_unspecified() || address.ip.is_broadcast() || address.ip.is_multicast() {
            return Err(ServiceError::Unreachable { address });
        }
        let data = DataDir::open(&options.data_dir)?;
        let mut entropy = SystemEntropy::new().map_err(system("draw randomness"))?;
        let seed = data.key(KEY, &mut entropy)?;
        let clock = Clock::system(&process.rt, options.clock_offset_ms);
        let prep = AuthorityPrep::new(suite(), NodeKeys::from_seed(*seed), options.trust.clone());
        let (id, prep) = (prep.id(), Arc::new(prep));
        let state = read_state(&data, clock.now().wall)?;
        let machine = Authority::with_state(config(options), Arc::clone(&prep), state)?;
        let health = Arc::new(Health::new(clock.clone()));
        let membership = machine.newest().map(|newest| {
            let until = newest.valid_until();
            health.note(|facts| facts.valid_until = Some(until));
            (newest.epoch().0, newest.snapshot.nodes().len())
        });
        // A directory is not listed anywhere.
        health.note(|facts| facts.listed = true);
        // First of all: what is counted before there is a recorder is lost.
        let ops = ops::serve(&process.rt, options.ops, {
            let health = Arc::clone(&health);
            Arc::new(move || health.readiness())
        })?;
        // Every turn takes all there is, and a directory does not go on while too many of its states
        // wait to be kept.
        let (tell, news) = mpsc::channel();
        let events = hear(Arc::clone(&health), tell);
        let others = options.trust.signers().iter();
        let known: Vec<_> = others
            .map(|signer| (signer.id, signer.address))
            .filter(|(signer, _)| *signer != id)
            .collect();
        let host = host_knowing(
            &process.rt,
            host_config(options, &seed, clock),
            &known,
            machine,
            prep,
            NoStorage,
            Box::new(entropy),
            events,
        )?;
        let Some(address) = host.address() else {
            leek_machine::bug!("a host that listens has no address")
        };
        Ok(Self {
            options,
            id,
            address,
            data,
            health,
            host,
            news,
            ops,
            untold: None,
            membership,
            was_ready: false,
        })
    }

    fn started(&self) -> Notice {
        Notice::Started {
            role: ServiceRole::Directory,
            id: self.id,
            address: self.address,
            ops: Some(self.ops.address()),
        }
    }

    /// Works until somebody asks to stop or something fails.
    fn turns(&mut self, process: &Process, say: Say<'_>) -> Result<(), ServiceError> {
        while process.stop.reason().is_none() {
            self.take_news()?;
            self.check_alive()?;
            if !self.was_ready && self.health.readiness() == ops::Readiness::Ready {
                self.was_ready = true;
                let (epoch, nodes) = self.membership.unwrap_or_default();
                tracing::info!(epoch, nodes, "the directory is ready");
                say(&Notice::Ready { epoch, nodes }).map_err(ServiceError::Output)?;
            }
        }
        Ok(())
    }

    /// Waits for news and takes all there are. Of several states only the newest is written: it
    /// holds what those before it did.
    fn take_news(&mut self) -> Result<(), ServiceError> {
        let first = self.news.recv_timeout(TURN).ok();
        let mut keep = None;
        for news in first.into_iter().chain(self.news.try_iter()) {
            match news {
                News::Keep { generation, state } => keep = Some((generation, state)),
                News::Adopted { epoch, nodes } => {
                    tracing::info!(epoch, nodes, "a new membership");
                    self.membership = Some((epoch, nodes));
                }
                News::ClockOff { offset_ms, answers } => {
                    clock_off(
                        self.options,
                        &self.health,
                        self.was_ready,
                        offset_ms,
                        answers,
                    )?;
                }
            }
        }
        if let Some((generation, state)) = keep {
            self.data
                .replace(SIGNED, &state)
                .map_err(ServiceError::Keep)?;
            self.untold = Some(generation);
        }
        if let Some(generation) = self.untold {
            match self.host.tell(AuthorityInput::kept(generation)) {
                // A host that has ended is found at once.
                Ok(()) | Err(TellError::Ended) => self.untold = None,
                Err(TellError::Full) => {}
            }
        }
        Ok(())
    }

    fn check_alive(&self) -> Result<(), ServiceError> {
        self.host.ended().map_or(Ok(()), |fatal| {
            self.health.note(|facts| facts.failed = true);
            Err(fatal.into())
        })
    }
}

fn clock_off(
    options: &DirectoryOptions,
    health: &Health,
    was_ready: bool,
    offset_ms: i64,
    answers: u8,
) -> Result<(), ServiceError> {
    let off = offset_ms.unsigned_abs() > CLOCK_OFF_MS_MAX;
    health.note(|facts| facts.clock_off = off);
    if off && !was_ready {
        return Err(ServiceError::Clock {
            offset_ms,
            answers,
            remedy_ms: options.clock_offset_ms.saturating_add(offset_ms),
        });
    }
    if off {
        tracing::warn!(
            offset_ms,
            answers,
            "the clock differs from the other directories'"
        );
    }
    Ok(())
}

/// A network whose directories are at addresses that only some can reach is a closed one: its
/// nodes may be too. All directories have the same list, so they decide alike.
fn config(options: &DirectoryOptions) -> AuthorityConfig {
    let mut signers = options.trust.signers().iter();
    let closed = signers.any(|signer| !AddressRule::Public.allows(signer.address));
    let default = AuthorityConfig::default();
    AuthorityConfig {
        settle_ms: if closed {
            CLOSED_SETTLE_MS
        } else {
            default.settle_ms
        },
        swarms: options.swarms,
        addresses: if closed {
            AddressRule::Any
        } else {
            AddressRule::Public
        },
        expect_nodes: usize::try_from(options.expect_nodes).unwrap_or(usize::MAX),
        ..default
    }
}

fn host_config(options: &DirectoryOptions, seed: &KeySeed, clock: Clock) -> HostConfig {
    let keys = Arc::new(NodeKeys::from_seed(**seed));
    HostConfig {
        role: ServiceRole::Directory.name(),
        network: Arc::new(Tcp),
        listen: Some(options.listen),
        // Where it is reached is where it comes from: others limit connections by network.
        source: Some(options.listen.ip),
        identity: Some(Arc::new(Identity::new(keys, &leek_crypto::fast()))),
        clock,
        limits: Limits::default(),
        // It writes no batch.
        group_commit: Duration::ZERO,
        own_thread: false,
    }
}

fn read_state(data: &DataDir, now: Wall) -> Result<AuthorityState, ServiceError> {
    let Some(bytes) = data.read(SIGNED, STATE_BYTES_MAX)? else {
        return Ok(AuthorityState::new(now));
    };
    AuthorityState::parse(&bytes).map_err(|error| ServiceError::Signed {
        path: data.path().join(SIGNED),
        what: error.to_string(),
    })
}

/// What to do with everything that the directory reports.
fn hear(health: Arc<Health>, tell: Sender<News>) -> Box<dyn FnMut(Now, Event) + Send> {
    Box::new(move |_, event| {
        let Event::Directory(event) = event else {
            return;
        };
        // Without a main loop nobody needs to know any more.
        match event {
            DirectoryEvent::Keep { generation, state } => {
                let _ = tell.send(News::Keep { generation, state });
            }
            DirectoryEvent::Accepted {
                snapshot,
                valid_until,
                ..
            } => {
                health.note(|facts| facts.valid_until = Some(valid_until));
                let (epoch, nodes) = (snapshot.epoch().0, snapshot.nodes().len());
                let _ = tell.send(News::Adopted { epoch, nodes });
            }
            DirectoryEvent::ClockOff { offset_ms, answers } => {
                let _ = tell.send(News::ClockOff { offset_ms, answers });
            }
            DirectoryEvent::Refused { why, .. } => {
                tracing::warn!(why, "another directory refused, or sent what is refused");
            }
            DirectoryEvent::Silent { .. } => tracing::info!("another directory does not answer"),
            DirectoryEvent::Published { epoch, nodes } => {
                tracing::debug!(epoch = epoch.0, nodes, "the membership has all signatures");
            }
            // Nodes report this.
            DirectoryEvent::Announced { .. } => {}
        }
    })
}
