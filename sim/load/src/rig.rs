//! A network of real processes with a generator beside it.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use leek_client::{Answer, Asked, Opener};
use leek_crypto::Suite;
use leek_directory::NetworkFile;
use leek_driver::{Caller, CallerConfig, Clock, Limits, Network, Runtime, SystemEntropy, Tcp};
use leek_identity::NodeRecord;
use leek_localnet::{Config, LocalNet, NodeInfo, Swarms};
use leek_machine::Wall;
use leek_onion::{Format, FormatId, Hop, format};
use leek_swarm::Snapshot;
use leek_wire::{Outcome, Request, Response, StorageRequest};

use crate::{
    LoadError,
    open_loop::{Job, Verdict},
};

/// Threads of the generator's runtime.
const THREADS: usize = 2;
/// How long a question before or after measuring may take.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the `leek` program is and where its network may live.
#[derive(Clone, Debug)]
pub struct Place {
    /// The program whose processes make the network.
    pub leek: PathBuf,
    /// A directory for the network; made, and removed when all went well.
    pub dir: PathBuf,
}

/// A running network, the snapshot of it, and what it takes to ask it things.
pub(crate) struct Rig {
    pub(crate) net: LocalNet,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) suite: Arc<dyn Suite>,
    pub(crate) caller: Caller,
    network: Arc<dyn Network>,
    // Last: callers and connections end before the runtime they run on.
    pub(crate) runtime: Runtime,
}

impl Rig {
    /// Starts `nodes` nodes in one swarm, with one directory, and a generator beside them.
    pub(crate) fn up(
        place: &Place,
        name: &str,
        nodes: u16,
        node_args: Vec<String>,
    ) -> Result<Self, LoadError> {
        let net = LocalNet::up(&Config {
            nodes,
            directories: 1,
            swarms: Swarms::Fixed(nodes),
            node_args,
            ..Config::new(&place.leek, place.dir.join(name))
        })?;
        Self::beside(net)
    }

    fn beside(net: LocalNet) -> Result<Self, LoadError> {
        let runtime = Runtime::new(THREADS).map_err(LoadError::Runtime)?;
        let network: Arc<dyn Network> = Arc::new(Tcp);
        let caller = caller_from(&runtime, &network, None);
        let suite = leek_crypto::fast().suite();
        let snapshot = newest(&net, &caller, &*suite)?;
        Ok(Self {
            net,
            snapshot,
            suite,
            caller,
            network,
            runtime,
        })
    }

    /// A caller whose connections come from `source`.
    pub(crate) fn caller_from(&self, source: Ipv4Addr) -> Caller {
        caller_from(&self.runtime, &self.network, Some(source))
    }

    /// Asks the directories again.
    pub(crate) fn refresh(&mut self) -> Result<(), LoadError> {
        self.snapshot = newest(&self.net, &self.caller, &*self.suite)?;
        Ok(())
    }

    /// Packs a request for `destination` behind `path`; no path is the direct format.
    pub(crate) fn pack(
        &self,
        path: &[NodeRecord],
        destination: &NodeRecord,
        request: &StorageRequest,
    ) -> Result<Asked, LoadError> {
        let hops: Vec<Hop> = path.iter().map(hop).collect();
        let mut entropy = SystemEntropy::new().map_err(LoadError::Runtime)?;
        let asked = Asked::new(
            onion(path.len()),
            &*self.suite,
            &mut entropy,
            &hops,
            destination,
            request,
        )?;
        Ok(asked)
    }

    /// A job that asks and expects an answer with a status of success.
    pub(crate) fn job(
        &self,
        path: &[NodeRecord],
        destination: &NodeRecord,
        request: &StorageRequest,
    ) -> Result<Job, LoadError> {
        let Asked { body, opener, .. } = self.pack(path, destination, request)?;
        let first = path.first().unwrap_or(destination);
        let suite = Arc::clone(&self.suite);
        Ok(Job {
            to: first.id,
            at: first.address,
            body,
            check: Box::new(move |outcome| judge(&opener, &*suite, outcome)),
        })
    }

    /// Asks a node over a connection of our own, and waits.
    pub(crate) fn ask(
        &self,
        node: &NodeRecord,
        request: &StorageRequest,
    ) -> Result<Answer, LoadError> {
        self.ask_over(&self.caller, node, request)
    }

    /// Asks a node over a caller's connection, and waits.
    pub(crate) fn ask_over(
        &self,
        caller: &Caller,
        node: &NodeRecord,
        request: &StorageRequest,
    ) -> Result<Answer, LoadError> {
        let Asked { to, body, opener } = self.pack(&[], node, request)?;
        let outcome = caller.call_wait(to, node.address, body, ASK_TIMEOUT);
        Ok(opener.open(&*self.suite, outcome))
    }

    /// What there is to know of a node's process.
    pub(crate) fn node(&self, number: u16) -> Result<NodeInfo, LoadError> {
        let info = self.net.node(number);
        info.ok_or_else(|| LoadError::NotReady(format!("there is no node {number}")))
    }

    /// The process of a node that runs.
    pub(crate) fn pid(&self, number: u16) -> Result<u32, LoadError> {
        let pid = self.node(number)?.pid;
        pid.ok_or_else(|| LoadError::NotReady(format!("node {number} does not run")))
    }
}

/// Options of nodes whose clients are all played by a few addresses: at 4,000 stores of 2 KiB a
/// second, or when every mailbox is read back, one of them moves more bytes than a node lets one
/// network's clients move.
pub(crate) fn unmetered() -> Vec<String> {
    ["--client-bytes-per-second", "1GiB"]
        .map(str::to_owned)
        .into()
}

/// This machine's clock.
pub(crate) fn now() -> Wall {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Wall::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn onion(hops: usize) -> &'static dyn Format {
    match hops {
        0 => format(FormatId::Direct),
        _ => format(FormatId::SessionV4),
    }
}

fn hop(node: &NodeRecord) -> Hop {
    Hop {
        id: node.id,
        key: node.onion_key,
    }
}

fn judge(opener: &Opener, suite: &dyn Suite, outcome: Outcome<Response>) -> Verdict {
    match opener.open(suite, outcome) {
        Answer::Reply(reply) if reply.status.is_success() => Verdict::Ok,
        Answer::Reply(_) | Answer::Refused(_) => Verdict::Refused,
        Answer::Garbled => Verdict::Wrong,
        Answer::Lost => Verdict::Lost,
    }
}

fn caller_from(runtime: &Runtime, network: &Arc<dyn Network>, source: Option<Ipv4Addr>) -> Caller {
    let config = CallerConfig {
        network: Arc::clone(network),
        identity: None,
        source,
        clock: Clock::system(runtime, 0),
        limits: Limits::default(),
    };
    Caller::new(runtime, config)
}

fn newest(net: &LocalNet, caller: &Caller, suite: &dyn Suite) -> Result<Arc<Snapshot>, LoadError> {
    let path = net.network_file();
    let text = std::fs::read_to_string(&path).map_err(|source| LoadError::Proc { path, source })?;
    let file = NetworkFile::parse(&text).map_err(|e| LoadError::Snapshot(e.to_string()))?;
    let trust = file.trust();
    let mut why = "no directory is named".to_owned();
    for directory in trust.signers() {
        let request = Request::Snapshot { newer_than: None };
        let outcome = caller.call_wait(directory.id, directory.address, request, ASK_TIMEOUT);
        why = match outcome {
            Outcome::Done(Response::Snapshot {
                signed: Some(signed),
                ..
            }) => match trust.verify(suite, &signed, now(), None) {
                Ok(verified) => return Ok(verified.snapshot),
                Err(refused) => refused.to_string(),
            },
            Outcome::Done(_) => "a directory has none yet".to_owned(),
            Outcome::Refused(refusal) => refusal.reason,
            Outcome::Lost => "a directory does not answer".to_owned(),
        };
    }
    Err(LoadError::Snapshot(why))
}
