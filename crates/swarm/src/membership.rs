use std::collections::{BTreeMap, BTreeSet};

use leek_identity::{NodeId, NodeRecord};

use crate::{Epoch, NODES_MAX, Snapshot, SwarmId};

mod draw;
mod ids;
mod layout;

pub use layout::{EXCESS_BASE, MIN_SWARM_SIZE, NEW_SWARM_MARGIN, NEW_SWARM_SIZE};

use layout::Layout;

/// Who is in the network, and the rules by which nodes get their swarms (network spec 1.2).
///
/// Registrations, departures and decommissions change the set of active nodes; then
/// [`rebalance`](Self::rebalance) places them with a block hash as its only randomness. Between the
/// two, new nodes are in no swarm.
///
/// After a rebalancing every active node has a swarm, and rebalancing again changes nothing. There
/// is one swarm, or all have at least [`MIN_SWARM_SIZE`] nodes; `n` nodes are in at least `n / 7`
/// swarms, and in exactly `1 + max(n - 7, 0) / 7` (none for no nodes) if none ever left. From there
/// one change moves only this:
/// - A node that joins goes to a swarm up to the 25th percentile of size. If that makes excess
///   enough, [`NEW_SWARM_SIZE`] nodes, perhaps itself among them, make one new swarm.
/// - When a node leaves, nobody moves if its swarm still has [`MIN_SWARM_SIZE`] nodes or is the only
///   one. Else one node comes from a swarm of more than that, near the 75th percentile of size or
///   above; if there is no such swarm, the nodes that remain are spread over the others.
///
/// Where the deployed network sorts swarms of equal size in an order that its library leaves open,
/// here the lower id comes first. So histories agree with deployed ones in distribution, not
/// node by node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    epoch: Epoch,
    nodes: BTreeMap<NodeId, Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    record: NodeRecord,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// In this swarm, or [`SwarmId::UNASSIGNED`] until the next rebalancing.
    Active(SwarmId),
    Decommissioned,
}

impl Membership {
    /// A network without nodes, at epoch 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// A network that begins with these nodes in these swarms (or unassigned), at epoch 0.
    ///
    /// # Errors
    /// [`MembershipError`] when a node comes twice or there are too many.
    pub fn with_assigned(
        nodes: impl IntoIterator<Item = (NodeRecord, SwarmId)>,
    ) -> Result<Self, MembershipError> {
        let mut membership = Self::new();
        for (record, swarm) in nodes {
            membership.insert(record, swarm)?;
        }
        Ok(membership)
    }

    /// Adds a node; the next rebalancing gives it a swarm.
    ///
    /// # Errors
    /// [`MembershipError::AlreadyRegistered`] or [`MembershipError::Full`].
    pub fn register(&mut self, record: NodeRecord) -> Result<(), MembershipError> {
        self.insert(record, SwarmId::UNASSIGNED)
    }

    /// Removes a node for good (expiry, exit, deregistration).
    ///
    /// # Errors
    /// [`MembershipError::Unknown`].
    pub fn leave(&mut self, id: &NodeId) -> Result<NodeRecord, MembershipError> {
        match self.nodes.remove(id) {
            Some(entry) => Ok(entry.record),
            None => Err(MembershipError::Unknown { id: *id }),
        }
    }

    /// Takes a node out of service: it leaves its swarm but stays registered.
    ///
    /// # Errors
    /// [`MembershipError::Unknown`] or [`MembershipError::AlreadyDecommissioned`].
    pub fn decommission(&mut self, id: &NodeId) -> Result<(), MembershipError> {
        let entry = self.entry_mut(id)?;
        match entry.standing {
            Standing::Active(_) => entry.standing = Standing::Decommissioned,
            Standing::Decommissioned => {
                return Err(MembershipError::AlreadyDecommissioned { id: *id });
            }
        }
        Ok(())
    }

    /// Takes a decommissioned node back; the next rebalancing gives it a swarm, often another.
    ///
    /// # Errors
    /// [`MembershipError::Unknown`] or [`MembershipError::NotDecommissioned`].
    pub fn recommission(&mut self, id: &NodeId) -> Result<(), MembershipError> {
        let entry = self.entry_mut(id)?;
        match entry.standing {
            Standing::Decommissioned => {
                entry.standing = Standing::Active(SwarmId::UNASSIGNED);
                Ok(())
            }
            Standing::Active(_) => Err(MembershipError::NotDecommissioned { id: *id }),
        }
    }

    /// Places unassigned nodes and repairs swarms, drawing from a generator seeded with the first
    /// 8 bytes of `block_hash`; begins the next epoch.
    ///
    /// The deployed network does this at blocks that change the set of active nodes.
    pub fn rebalance(&mut self, block_hash: &[u8; 32]) -> Changes {
        let remembered = self.active().map(|(record, swarm)| (record.id, swarm));
        let mut layout = Layout::new(remembered, block_hash);
        let before = layout.ids();
        layout.rebalance();
        let mut changes = Changes::default();
        let mut after = BTreeSet::new();
        for (swarm, members) in layout.into_swarms() {
            if !members.is_empty() {
                after.insert(swarm);
            }
            for node in members {
                let from = self.place(node, swarm);
                if from != swarm {
                    let to = swarm;
                    changes.moves.push(Move { node, from, to });
                }
            }
        }
        changes.moves.sort_unstable_by_key(|change| change.node);
        changes.created = after.difference(&before).copied().collect();
        changes.dissolved = before.difference(&after).copied().collect();
        self.epoch = self.epoch.next();
        changes
    }

    /// Which rebalancing the swarms come from.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Nodes registered, decommissioned ones included.
    pub fn registered(&self) -> usize {
        self.nodes.len()
    }

    /// The active nodes, sorted by id, each with its swarm or [`SwarmId::UNASSIGNED`].
    pub fn active(&self) -> impl Iterator<Item = (&NodeRecord, SwarmId)> {
        self.nodes
            .values()
            .filter_map(|entry| match entry.standing {
                Standing::Active(swarm) => Some((&entry.record, swarm)),
                Standing::Decommissioned => None,
            })
    }

    /// What nodes and clients learn of this membership: the active nodes that have a swarm.
    pub fn snapshot(&self) -> Snapshot {
        let placed = self
            .active()
            .filter(|(_, swarm)| *swarm != SwarmId::UNASSIGNED)
            .map(|(record, swarm)| (*record, swarm))
            .collect();
        match Snapshot::new(self.epoch, placed) {
            Ok(snapshot) => snapshot,
            Err(error) => leek_machine::bug!("a membership has unique, assigned nodes: {error}"),
        }
    }

    fn insert(&mut self, record: NodeRecord, swarm: SwarmId) -> Result<(), MembershipError> {
        if self.nodes.contains_key(&record.id) {
            return Err(MembershipError::AlreadyRegistered { id: record.id });
        }
        if self.nodes.len() == NODES_MAX {
            return Err(MembershipError::Full);
        }
        let standing = Standing::Active(swarm);
        self.nodes.insert(record.id, Entry { record, standing });
        Ok(())
    }

    /// Puts an active node into `swarm` and returns where it was.
    fn place(&mut self, node: NodeId, swarm: SwarmId) -> SwarmId {
        match self.nodes.get_mut(&node).map(|entry| &mut entry.standing) {
            Some(Standing::Active(place)) => core::mem::replace(place, swarm),
            Some(Standing::Decommissioned) | None => {
                leek_machine::bug!("rebalancing placed {node:?}, which is not active")
            }
        }
    }

    fn entry_mut(&mut self, id: &NodeId) -> Result<&mut Entry, MembershipError> {
        self.nodes
            .get_mut(id)
            .ok_or(MembershipError::Unknown { id: *id })
    }
}

/// What a rebalancing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Nodes whose swarm is another than before, sorted by id.
    pub moves: Vec<Move>,
    /// Swarms that had no active node before, sorted.
    pub created: Vec<SwarmId>,
    /// Swarms that have no node any more, sorted. A swarm whose last node left or was
    /// decommissioned was gone before the rebalancing, and is not among them.
    pub dissolved: Vec<SwarmId>,
}

/// A node that changed its swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The node.
    pub node: NodeId,
    /// Its swarm before; [`SwarmId::UNASSIGNED`] when it had none.
    pub from: SwarmId,
    /// Its swarm now.
    pub to: SwarmId,
}

/// A change does not fit the membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// The node is there already.
    #[error("register {id:?}: registered already")]
    AlreadyRegistered {
        /// The node.
        id: NodeId,
    },
    /// The network has [`NODES_MAX`] nodes.
    #[error("register node: the network has {NODES_MAX} nodes")]
    Full,
    /// No such node.
    #[error("change membership: {id:?} is not registered")]
    Unknown {
        /// The node.
        id: NodeId,
    },
    /// The node is out of service already.
    #[error("decommission {id:?}: decommissioned already")]
    AlreadyDecommissioned {
        /// The node.
        id: NodeId,
    },
    /// The node is in service.
    #[error("recommission {id:?}: not decommissioned")]
    NotDecommissioned {
        /// The node.
        id: NodeId,
    },
}
