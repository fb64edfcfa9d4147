//! The thread that asks processes how they are, and directories for the membership.

use std::{
    collections::BTreeMap,
    net::SocketAddrV4,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use leek_directory::Trust;
use leek_driver::{Caller, CallerConfig, Clock, Limits, Runtime, Tcp};
use leek_identity::{NodeAddress, NodeId};
use leek_swarm::Snapshot;
use leek_wire::{Outcome, Request, Response};

use crate::{
    Target,
    probe::{Probe, probe},
    process::ProcessId,
    supervisor::Shared,
};

/// Time between two rounds of questions.
const ROUND: Duration = Duration::from_millis(250);
/// Time for a directory to answer; on one machine it takes milliseconds.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(2);

/// What was found out last.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// By place among the slots; the answer of the process that ran then.
    probes: BTreeMap<usize, (ProcessId, Probe)>,
    pub(crate) snapshot: Option<Arc<Snapshot>>,
}

impl Observed {
    /// What this process said last; nothing that one before it said.
    pub(crate) fn probe(&self, at: usize, process: ProcessId) -> Option<&Probe> {
        let (asked, probe) = self.probes.get(&at)?;
        (*asked == process).then_some(probe)
    }

    pub(crate) fn forget(&mut self, at: usize) {
        self.probes.remove(&at);
    }
}

/// Asks, round after round, until `stop` is dropped.
pub(crate) struct Watcher {
    caller: Caller,
    trust: Trust,
    clock: Clock,
    suite: leek_crypto::Approved,
    shared: Arc<Shared>,
}

/// Somebody to ask.
struct Asked {
    at: usize,
    process: ProcessId,
    ops: SocketAddrV4,
}

impl Watcher {
    pub(crate) fn new(rt: &Runtime, trust: Trust, shared: Arc<Shared>) -> Self {
        let clock = Clock::system(rt, 0);
        let config = CallerConfig {
            network: Arc::new(Tcp),
            identity: None,
            source: None,
            clock: clock.clone(),
            limits: Limits::default(),
        };
        Self {
            caller: Caller::new(rt, config),
            trust,
            clock,
            suite: leek_crypto::fast(),
            shared,
        }
    }

    pub(crate) fn run(self, stop: &Receiver<()>) {
        while stop.recv_timeout(ROUND) == Err(RecvTimeoutError::Timeout) {
            let (asked, directories) = self.whom();
            for Asked { at, process, ops } in asked {
                let said = probe(ops);
                let mut board = self.shared.board();
                board.observed.probes.insert(at, (process, said));
            }
            for (id, address) in directories {
                if let Some(snapshot) = self.ask(id, address) {
                    self.shared.board().observed.snapshot = Some(snapshot);
                    break;
                }
            }
            self.shared.notify();
        }
    }

    /// The processes that can answer, and the directories among them.
    fn whom(&self) -> (Vec<Asked>, Vec<(NodeId, NodeAddress)>) {
        let board = self.shared.board();
        let (mut asked, mut directories) = (Vec::new(), Vec::new());
        for (at, slot) in board.slots.iter().enumerate() {
            // A paused process would use up the whole time for an answer.
            let (None, Some(process), Some(ops)) = (slot.life(), slot.process(), slot.ops()) else {
                continue;
            };
            asked.push(Asked { at, process, ops });
            if matches!(slot.target, Target::Directory(_)) {
                directories.push((slot.id, slot.address));
            }
        }
        (asked, directories)
    }

    /// A snapshot newer than the one known, if this directory has one that holds.
    fn ask(&self, id: NodeId, address: NodeAddress) -> Option<Arc<Snapshot>> {
        let newest = self.shared.board().observed.snapshot.clone();
        let newest = newest.map(|snapshot| snapshot.epoch());
        let request = Request::Snapshot { newer_than: newest };
        let outcome = self
            .caller
            .call_wait(id, address, request, SNAPSHOT_TIMEOUT);
        let Outcome::Done(Response::Snapshot {
            signed: Some(signed),
            ..
        }) = outcome
        else {
            return None;
        };
        let now = self.clock.now().wall;
        let suite = self.suite.suite();
        let verified = self.trust.verify(&*suite, &signed, now, newest).ok()?;
        Some(verified.snapshot)
    }
}
