//! Tier C: real processes on this machine.

use core::{fmt, net::Ipv4Addr, ops::ControlFlow, time::Duration};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use leek_crypto::Approved;
use leek_directory::{NetworkFile, Trust};
use leek_driver::{Caller, CallerConfig, Clock, Limits, Runtime, Tcp};
use leek_lab::{
    Cast, Judged,
    scenario::{Loaded, Scenario, Swarms},
};
use leek_localnet::{Config, LocalNet, NodeSeed};
use leek_swarm::Snapshot;
use leek_wire::{Outcome, Request, Response};

use super::{Ground, RunError, ground::approved};
use crate::script::{Script, Transcript};

/// Time for a directory to answer; on one machine it takes milliseconds.
const DIRECTORY_TIMEOUT: Duration = Duration::from_secs(5);
/// Clients of a real run: each is a machine of this process with its own connections.
const CLIENTS_MAX: u32 = 1_000;
/// Threads for the connections of all clients.
const THREADS: usize = 2;

/// What a network of processes is made of, beside its scenario.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// The `leek` program that every process runs.
    pub program: PathBuf,
    /// Where keys, databases and logs go.
    pub dir: PathBuf,
    /// The port of the first process; each has an address of its own.
    pub base_port: u16,
    /// More arguments for every node.
    pub node_args: Vec<String>,
}

impl ProcessConfig {
    /// The usual ports and arguments.
    pub fn new(program: impl Into<PathBuf>, dir: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            dir: dir.into(),
            base_port: leek_localnet::BASE_PORT_DEFAULT,
            node_args: Vec::new(),
        }
    }
}

/// The nodes of a scenario as processes under a supervisor, with directories beside them. Dropping
/// it ends them.
#[derive(Debug)]
pub struct Processes {
    ground: Ground,
    net: LocalNet,
    cast: Cast,
}

/// Fields of a scenario that say nothing on real processes, because this machine's network, clocks
/// and processors are what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotApplied;

impl NotApplied {
    /// The fields.
    pub const FIELDS: [&'static str; 4] = [
        "network.latency",
        "network.jitter",
        "network.shared_slash24",
        "hosts",
    ];
}

impl fmt::Display for NotApplied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not applied to real processes: {}",
            Self::FIELDS.join(", ")
        )
    }
}

/// Client addresses: 127.0.0.0/16 belongs to no local network of nodes, and each client has a /24
/// of its own as long as there are enough.
const fn source(client: u32) -> Ipv4Addr {
    let (third, fourth) = (1 + client % 250, 1 + client / 250 % 250);
    Ipv4Addr::from_bits(0x7f00_0000 | third << 8 | fourth)
}

impl Processes {
    /// Starts directories and the nodes of `loaded`, with the keys that the scenario draws, and
    /// waits until all are ready. `stop` may end the wait.
    ///
    /// # Errors
    /// [`RunError`]; a scenario that asks for what processes cannot do is
    /// [`RunError::Scenario`].
    pub fn up(
        loaded: &Loaded,
        config: &ProcessConfig,
        stop: &dyn Fn() -> bool,
    ) -> Result<Self, RunError> {
        check(loaded)?;
        let suite = approved(loaded)?;
        let cast = Cast::draw(loaded)?;
        if cast.plan().clients > CLIENTS_MAX {
            let message = format!("{} clients on real connections", cast.plan().clients);
            return Err(loaded
                .error_at(&["clients", "count"], message)
                .help(format!("give at most {CLIENTS_MAX}, or use `leek run`"))
                .into());
        }
        let mut net = Config::new(&config.program, &config.dir);
        net.nodes = u16::try_from(loaded.scenario.network.nodes).unwrap_or(u16::MAX);
        net.swarms = match loaded.scenario.network.swarms {
            Swarms::Fixed { size } => {
                leek_localnet::Swarms::Fixed(u16::try_from(size).unwrap_or(u16::MAX))
            }
            Swarms::Deployed {} => leek_localnet::Swarms::Deployed,
        };
        net.base_port = config.base_port;
        net.node_args.clone_from(&config.node_args);
        net.seeds = cast
            .node_seeds(&loaded.scenario)
            .map(NodeSeed::new)
            .collect();
        let mut watch = |_: &_| {
            if stop() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let net = LocalNet::up_watched(&net, &mut watch).map_err(|error| match error {
            leek_localnet::NetError::Interrupted => RunError::Interrupted,
            other => RunError::Net(other),
        })?;
        let rt = Runtime::new(THREADS).map_err(RunError::Runtime)?;
        let clock = Clock::system(&rt, 0);
        let trust = read_trust(&net.network_file())?;
        let snapshot = membership(&rt, &clock, &suite, &trust)?;
        Ok(Self {
            ground: Ground {
                rt,
                network: Arc::new(Tcp),
                clock,
                suite,
                snapshot,
                source,
            },
            net,
            cast,
        })
    }

    /// The network's supervisor.
    pub const fn net(&self) -> &LocalNet {
        &self.net
    }

    /// The name of the suite that the clients use.
    pub fn crypto(&self) -> &'static str {
        self.ground.suite.suite().name()
    }

    /// The membership that every client is told.
    pub const fn snapshot(&self) -> &Arc<Snapshot> {
        self.ground.snapshot()
    }

    /// Runs a script from this process.
    ///
    /// # Errors
    /// As [`Ground::recite`].
    pub fn recite(&self, script: Script) -> Result<Transcript, RunError> {
        self.ground.recite(script)
    }

    /// Runs the plan of the scenario, its clients in this process. `stop` may end it early.
    ///
    /// # Errors
    /// As [`Ground::play`].
    pub fn play(&self, loaded: &Loaded, stop: &dyn Fn() -> bool) -> Result<Judged, RunError> {
        self.ground.play(loaded, &self.cast, stop)
    }

    /// Ends every process in good order.
    ///
    /// # Errors
    /// What went wrong in the background since the network came up.
    pub fn down(self) -> Result<(), RunError> {
        self.net.down()?;
        Ok(())
    }
}

/// Refuses what the plan depends on and real links do not do. The rest is [`NotApplied`].
fn check(loaded: &Loaded) -> Result<(), RunError> {
    let Scenario { network, .. } = &loaded.scenario;
    let faults = [
        ("loss", network.loss.get()),
        ("duplication", network.duplication.get()),
    ];
    for (name, share) in faults {
        if share > 0.0 {
            let path: &[&str] = &["network", name];
            let message = format!("a {name} of {share} on loopback connections");
            return Err(loaded
                .error_at(path, message)
                .help("TCP carries everything once; use `leek run` for faults of links")
                .into());
        }
    }
    let most = u32::from(leek_localnet::NODES_MAX);
    if network.nodes > most {
        let message = format!("{} nodes as processes of one machine", network.nodes);
        return Err(loaded
            .error_at(&["network", "nodes"], message)
            .help(format!("give at most {most}, or use `leek run`"))
            .into());
    }
    Ok(())
}

fn read_trust(path: &Path) -> Result<Trust, RunError> {
    let wrong = |why: String| RunError::NetworkFile {
        path: path.to_owned(),
        why,
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let file = NetworkFile::parse(&text).map_err(|error| wrong(error.to_string()))?;
    Ok(file.into_trust())
}

/// Asks one directory after the other, as clients do.
fn membership(
    rt: &Runtime,
    clock: &Clock,
    suite: &Approved,
    trust: &Trust,
) -> Result<Arc<Snapshot>, RunError> {
    let caller = Caller::new(
        rt,
        CallerConfig {
            network: Arc::new(Tcp),
            identity: None,
            source: None,
            clock: clock.clone(),
            limits: Limits::default(),
        },
    );
    let suite = suite.suite();
    for directory in trust.signers() {
        let request = Request::Snapshot { newer_than: None };
        let outcome = caller.call_wait(directory.id, directory.address, request, DIRECTORY_TIMEOUT);
        if let Outcome::Done(Response::Snapshot {
            signed: Some(signed),
            ..
        }) = outcome
            && let Ok(verified) = trust.verify(&*suite, &signed, clock.now().wall, None)
        {
            return Ok(verified.snapshot);
        }
    }
    Err(RunError::NoMembership)
}
