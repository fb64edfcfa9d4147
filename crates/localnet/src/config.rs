use core::fmt;
use std::{path::PathBuf, time::Duration};

use zeroize::Zeroizing;

use crate::NetError;

/// Nodes of a local network: each has a /24 of its own in one 127.x.0.0/16, below the part that
/// directories have.
pub const NODES_MAX: u16 = 200;
/// Directories of a local network: more signers than any threshold needs.
pub const DIRECTORIES_MAX: u16 = 9;
/// The port of the first process when nobody says which. Below the range that Linux takes source
/// ports from (32768 and up).
pub const BASE_PORT_DEFAULT: u16 = 7_001;
/// How long a network may take until all are ready: a process starts in well under a second, and a
/// busy machine with two processors starts 200 of them in about a minute.
pub const READY_WITHIN: Duration = Duration::from_secs(90);

/// How nodes are put into swarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swarms {
    /// Swarms of exactly this many nodes.
    Fixed(u16),
    /// The deployed network's rule.
    Deployed,
}

/// The 32-byte seed of a node's keys. Zeroized on drop, no `Debug` of its bytes.
pub struct NodeSeed(Zeroizing<[u8; 32]>);

impl NodeSeed {
    /// A seed from its bytes.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(Zeroizing::new(seed))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for NodeSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeSeed(..)")
    }
}

/// What a local network is made of.
#[derive(Debug)]
pub struct Config {
    /// The `leek` program that every process runs.
    pub program: PathBuf,
    /// Where keys, databases and logs go; made if not there. A network that was here before comes
    /// up again with its keys, addresses and messages.
    pub dir: PathBuf,
    /// Storage nodes, at most [`NODES_MAX`].
    pub nodes: u16,
    /// Directories, at most [`DIRECTORIES_MAX`]; a majority must sign a snapshot.
    pub directories: u16,
    /// How nodes are put into swarms.
    pub swarms: Swarms,
    /// The port of the first process; the next ones follow it.
    pub base_port: u16,
    /// The seeds of the nodes' keys, one for each node; none at all: fresh keys.
    pub seeds: Vec<NodeSeed>,
    /// More arguments for every `leek node run`.
    pub node_args: Vec<String>,
    /// More arguments for every `leek directory run`.
    pub directory_args: Vec<String>,
    /// How long [`LocalNet::up`](crate::LocalNet::up) waits until all are ready.
    pub ready_within: Duration,
}

impl Config {
    /// Four nodes in one swarm, three directories, fresh keys.
    pub fn new(program: impl Into<PathBuf>, dir: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            dir: dir.into(),
            nodes: 4,
            directories: 3,
            swarms: Swarms::Fixed(4),
            base_port: BASE_PORT_DEFAULT,
            seeds: Vec::new(),
            node_args: Vec::new(),
            directory_args: Vec::new(),
            ready_within: READY_WITHIN,
        }
    }

    /// # Errors
    /// [`NetError::Config`] when the numbers do not fit together.
    pub(crate) fn check(&self) -> Result<(), NetError> {
        let wrong = if self.nodes == 0 || self.nodes > NODES_MAX {
            Some(format!(
                "give between 1 and {NODES_MAX} nodes, not {}",
                self.nodes
            ))
        } else if self.directories == 0 || self.directories > DIRECTORIES_MAX {
            let given = self.directories;
            Some(format!(
                "give between 1 and {DIRECTORIES_MAX} directories, not {given}"
            ))
        } else if !self.seeds.is_empty() && self.seeds.len() != usize::from(self.nodes) {
            Some(format!(
                "{} seeds for {} nodes",
                self.seeds.len(),
                self.nodes
            ))
        } else if self.base_port == 0 || self.base_port > u16::MAX - NODES_MAX - DIRECTORIES_MAX {
            Some(format!(
                "give a base port between 1 and {}, not {}",
                u16::MAX - NODES_MAX - DIRECTORIES_MAX,
                self.base_port
            ))
        } else {
            self.wrong_swarms()
        };
        wrong.map_or(Ok(()), |what| Err(NetError::Config { what }))
    }

    fn wrong_swarms(&self) -> Option<String> {
        match self.swarms {
            Swarms::Fixed(0) => Some("a swarm needs at least one node".to_owned()),
            Swarms::Fixed(size) if !self.nodes.is_multiple_of(size) => Some(format!(
                "{} nodes do not divide into swarms of {size}",
                self.nodes
            )),
            Swarms::Fixed(_) | Swarms::Deployed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(change: impl FnOnce(&mut Config)) -> Option<String> {
        let mut config = Config::new("leek", "dir");
        change(&mut config);
        config.check().err().map(|error| error.to_string())
    }

    #[test]
    fn numbers_fit_together() {
        assert_eq!(wrong(|_| {}), None);
        assert_eq!(wrong(|c| c.swarms = Swarms::Deployed), None);
        let told = |change: fn(&mut Config)| wrong(change).unwrap();
        assert!(told(|c| c.nodes = 0).contains("between 1 and 200 nodes"));
        assert!(told(|c| c.nodes = 201).contains("not 201"));
        assert!(told(|c| c.directories = 0).contains("between 1 and 9 directories"));
        assert!(told(|c| c.seeds = vec![NodeSeed::new([1; 32])]).contains("1 seeds for 4 nodes"));
        assert!(told(|c| c.base_port = 65_400).contains("base port"));
        assert!(told(|c| c.nodes = 6).contains("do not divide into swarms of 4"));
        assert!(told(|c| c.swarms = Swarms::Fixed(0)).contains("at least one node"));
    }

    #[test]
    fn a_seed_does_not_show_its_bytes() {
        assert_eq!(format!("{:?}", NodeSeed::new([7; 32])), "NodeSeed(..)");
    }
}
