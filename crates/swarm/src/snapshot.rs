use core::{fmt, ops::Range};

use leek_identity::{AccountId, NodeId, NodeRecord};

use crate::{Epoch, SwarmId, nearest, swarm_space};

/// Nodes that a network can have: thirty times the deployed network of about 2000.
pub const NODES_MAX: usize = 65_536;

/// Which nodes exist at one epoch and which swarm each is in. Immutable; share it by `Arc`.
///
/// Lookups take time logarithmic in the number of nodes.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    epoch: Epoch,
    /// Sorted by id.
    nodes: Vec<NodeRecord>,
    /// The swarm of each of `nodes`.
    swarms: Vec<SwarmId>,
    /// Sorted, without repeats.
    swarm_ids: Vec<SwarmId>,
    /// `nodes`, sorted by swarm and then by id.
    by_swarm: Vec<NodeRecord>,
    /// Where in `by_swarm` the members of each of `swarm_ids` are.
    ranges: Vec<Range<usize>>,
}

impl Snapshot {
    /// A snapshot of `nodes`, in any order, each with its swarm.
    ///
    /// # Errors
    /// [`SnapshotError`] when a node comes twice or has no swarm, or when there are too many.
    pub fn new(epoch: Epoch, nodes: Vec<(NodeRecord, SwarmId)>) -> Result<Self, SnapshotError> {
        if nodes.len() > NODES_MAX {
            return Err(SnapshotError::TooManyNodes { nodes: nodes.len() });
        }
        let mut placed = nodes;
        placed.sort_unstable_by_key(|(node, _)| node.id);
        for pair in placed.windows(2) {
            if pair[0].0.id == pair[1].0.id {
                return Err(SnapshotError::DuplicateNode { id: pair[0].0.id });
            }
        }
        if let Some((node, _)) = placed.iter().find(|(_, id)| *id == SwarmId::UNASSIGNED) {
            return Err(SnapshotError::Unassigned { id: node.id });
        }
        let (nodes, swarms) = placed.iter().copied().unzip();
        placed.sort_unstable_by_key(|(node, swarm)| (*swarm, node.id));
        let mut swarm_ids = Vec::new();
        let mut ranges = Vec::new();
        let mut start = 0;
        for chunk in placed.chunk_by(|a, b| a.1 == b.1) {
            let end = start + chunk.len();
            swarm_ids.push(chunk[0].1);
            ranges.push(start..end);
            start = end;
        }
        Ok(Self {
            epoch,
            nodes,
            swarms,
            swarm_ids,
            by_swarm: placed.into_iter().map(|(node, _)| node).collect(),
            ranges,
        })
    }

    /// Which membership this is.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// All nodes, sorted by id.
    pub fn nodes(&self) -> &[NodeRecord] {
        &self.nodes
    }

    /// The node of this id, if it is in the network.
    pub fn node(&self, id: &NodeId) -> Option<&NodeRecord> {
        self.nodes.get(self.index_of(id)?)
    }

    /// The swarm that this node is in, if it is in the network.
    pub fn swarm_of_node(&self, id: &NodeId) -> Option<SwarmId> {
        self.swarms.get(self.index_of(id)?).copied()
    }

    /// The swarm that keeps this account's messages; `None` only when there are no nodes.
    pub fn swarm_of(&self, account: &AccountId) -> Option<SwarmId> {
        nearest(&self.swarm_ids, swarm_space(account))
    }

    /// The nodes of a swarm, sorted by id; none when there is no such swarm.
    pub fn members(&self, swarm: SwarmId) -> impl ExactSizeIterator<Item = &NodeRecord> + Clone {
        let members = match self.swarm_ids.binary_search(&swarm) {
            Ok(at) => &self.by_swarm[self.ranges[at].clone()],
            Err(_) => &[],
        };
        members.iter()
    }

    /// All swarms, sorted by id. Each has at least one member.
    pub fn swarm_ids(&self) -> &[SwarmId] {
        &self.swarm_ids
    }

    fn index_of(&self, id: &NodeId) -> Option<usize> {
        self.nodes.binary_search_by_key(id, |node| node.id).ok()
    }
}

/// The sizes only.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("epoch", &self.epoch.0)
            .field("nodes", &self.nodes.len())
            .field("swarms", &self.swarm_ids.len())
            .finish()
    }
}

/// Nodes and swarms do not make a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// A node is given twice.
    #[error("build membership snapshot: {id:?} comes twice")]
    DuplicateNode {
        /// The node.
        id: NodeId,
    },
    /// A node has no swarm.
    #[error("build membership snapshot: {id:?} has no swarm")]
    Unassigned {
        /// The node.
        id: NodeId,
    },
    /// More than [`NODES_MAX`] nodes.
    #[error("build membership snapshot: {nodes} nodes, more than {NODES_MAX}")]
    TooManyNodes {
        /// Nodes given.
        nodes: usize,
    },
}
