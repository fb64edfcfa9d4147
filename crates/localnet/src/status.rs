use core::fmt;

use leek_swarm::Snapshot;
use serde::{Deserialize, Serialize};

use crate::{Target, probe::Probe, slot::Slot, supervisor::Shared};

/// A network at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether its supervisor runs.
    pub up: bool,
    /// The newest epoch that a directory serves.
    pub epoch: Option<u64>,
    /// Nodes in that epoch's snapshot.
    pub listed: u32,
    /// All processes: directories, then nodes.
    pub processes: Vec<ProcessStatus>,
}

impl Status {
    /// Nodes that are ready.
    pub fn nodes_ready(&self) -> usize {
        self.nodes().filter(|node| node.life == Life::Ready).count()
    }

    /// Nodes there are.
    pub fn nodes(&self) -> impl Iterator<Item = &ProcessStatus> {
        let is_node = |process: &&ProcessStatus| process.role == Role::Node;
        self.processes.iter().filter(is_node)
    }

    /// Whether every process is ready and a snapshot lists every node.
    pub fn is_ready(&self) -> bool {
        let all = |process: &ProcessStatus| process.life == Life::Ready && process.is_listed();
        self.processes.iter().all(all)
    }
}

/// What a process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It signs the membership.
    Directory,
    /// It stores and relays.
    Node,
}

/// One process at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// Its name: `node-3`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its number among those of its role, from 0.
    pub number: u16,
    /// Its public id: 64 hexadecimal digits.
    pub id: String,
    /// Where it listens: `127.9.3.1:7006`.
    pub address: String,
    /// Its health and metrics port, once it is known.
    pub ops: Option<String>,
    /// Its process id, while it lives.
    pub pid: Option<u32>,
    /// How it is.
    pub life: Life,
    /// Its swarm in the newest snapshot: 16 hexadecimal digits. Nodes only.
    pub swarm: Option<String>,
    /// Messages it stores. Nodes only.
    pub messages: Option<u64>,
    /// Bytes of these messages. Nodes only.
    pub bytes: Option<u64>,
    /// Requests it has answered since it started.
    pub requests: Option<u64>,
}

impl ProcessStatus {
    fn is_listed(&self) -> bool {
        self.role == Role::Directory || self.swarm.is_some()
    }

    /// Which process this is.
    pub const fn target(&self) -> Target {
        match self.role {
            Role::Directory => Target::Directory(self.number),
            Role::Node => Target::Node(self.number),
        }
    }
}

/// How a process is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// It was not started.
    Down,
    /// It runs and has not said where it listens.
    Starting,
    /// It runs and is not ready.
    NotReady {
        /// What it says, or that it does not answer.
        why: String,
    },
    /// It says that it is ready.
    Ready,
    /// Somebody stopped it with SIGSTOP.
    Paused,
    /// It ended by itself.
    Exited {
        /// With this code.
        code: i32,
    },
    /// A signal ended it.
    Killed {
        /// This one.
        signal: i32,
    },
}

impl Life {
    /// Whether there is no process.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Down | Self::Exited { .. } | Self::Killed { .. })
    }
}

/// A few words.
impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down => f.write_str("down"),
            Self::Starting => f.write_str("starting"),
            Self::NotReady { why } => write!(f, "not ready: {why}"),
            Self::Ready => f.write_str("ready"),
            Self::Paused => f.write_str("paused"),
            Self::Exited { code } => write!(f, "ended with exit code {code}"),
            Self::Killed { signal } => write!(f, "was ended by signal {signal}"),
        }
    }
}

/// The status of a network under a supervisor.
pub(crate) fn of(shared: &Shared) -> Status {
    let board = shared.board();
    let snapshot = board.observed.snapshot.as_deref();
    let processes = board.slots.iter().enumerate().map(|(at, slot)| {
        let probe = slot.process().and_then(|p| board.observed.probe(at, p));
        of_process(slot, probe, snapshot)
    });
    Status {
        up: !board.over,
        epoch: snapshot.map(|snapshot| snapshot.epoch().0),
        listed: snapshot.map_or(0, |snapshot| {
            u32::try_from(snapshot.nodes().len()).unwrap_or(u32::MAX)
        }),
        processes: processes.collect(),
    }
}

fn of_process(slot: &Slot, probe: Option<&Probe>, snapshot: Option<&Snapshot>) -> ProcessStatus {
    let (role, number) = match slot.target {
        Target::Directory(number) => (Role::Directory, number),
        Target::Node(number) => (Role::Node, number),
    };
    let life = slot.life().unwrap_or_else(|| match probe {
        None => Life::Starting,
        Some(Probe {
            not_ready: Some(why),
            ..
        }) => Life::NotReady { why: why.clone() },
        Some(_) => Life::Ready,
    });
    // What a process said last counts as long as it can still be asked.
    let said = probe.filter(|_| !life.is_over());
    let of_node = said.filter(|_| role == Role::Node);
    let swarm = snapshot.and_then(|snapshot| snapshot.swarm_of_node(&slot.id));
    ProcessStatus {
        name: slot.target.to_string(),
        role,
        number,
        id: slot.id.to_hex(),
        address: slot.address.to_string(),
        ops: slot.ops().map(|ops| ops.to_string()),
        pid: slot.process().map(|process| process.pid),
        life,
        swarm: swarm.map(|swarm| swarm.to_string()),
        messages: of_node.and_then(|probe| probe.messages),
        bytes: of_node.and_then(|probe| probe.bytes),
        requests: said.and_then(|probe| probe.requests),
    }
}
