use std::{collections::BTreeMap, sync::Arc};

use leek_identity::{AccountId, NodeId, NodeRecord};
use leek_swarm::Snapshot;

use crate::limits::REDIRECTS_MAX;

/// Who serves an account: what the snapshot says, except where a 421 said otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Swarms {
    snapshot: Option<Arc<Snapshot>>,
    /// By account, the nodes that a 421 named; only nodes that the snapshot knows.
    redirects: BTreeMap<AccountId, Vec<NodeId>>,
}

impl Swarms {
    /// Takes a newer snapshot; what older 421s said is void. Older snapshots are ignored.
    pub(crate) fn update(&mut self, snapshot: Arc<Snapshot>) -> bool {
        if self
            .snapshot
            .as_ref()
            .is_some_and(|old| old.epoch() >= snapshot.epoch())
        {
            return false;
        }
        self.snapshot = Some(snapshot);
        self.redirects.clear();
        true
    }

    /// The snapshot, once there is one.
    pub(crate) fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// The nodes that serve `account`, sorted by id; empty when unknown.
    pub(crate) fn members(&self, account: &AccountId) -> Vec<NodeRecord> {
        let Some(snapshot) = &self.snapshot else {
            return Vec::new();
        };
        if let Some(ids) = self.redirects.get(account) {
            return ids
                .iter()
                .filter_map(|id| snapshot.node(id))
                .copied()
                .collect();
        }
        snapshot
            .swarm_of(account)
            .map(|swarm| snapshot.members(swarm).copied().collect())
            .unwrap_or_default()
    }

    /// A node answered 421 with this list. Believed only for nodes that the snapshot knows, and
    /// with the keys it knows: a node can send us to other nodes, but not to invented ones.
    /// Returns whether anything changed.
    pub(crate) fn redirect(&mut self, account: &AccountId, nodes: &[NodeRecord]) -> bool {
        let Some(snapshot) = &self.snapshot else {
            return false;
        };
        let mut ids: Vec<NodeId> = nodes
            .iter()
            .filter(|node| snapshot.node(&node.id) == Some(*node))
            .map(|node| node.id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let now: Vec<NodeId> = self.members(account).iter().map(|node| node.id).collect();
        if ids.is_empty() || ids == now {
            return false;
        }
        if self.redirects.len() == REDIRECTS_MAX && !self.redirects.contains_key(account) {
            self.redirects.pop_first();
        }
        self.redirects.insert(*account, ids);
        true
    }

    /// Forgets what a 421 said about `account`: the nodes it named do not serve it either.
    pub(crate) fn forget(&mut self, account: &AccountId) {
        self.redirects.remove(account);
    }
}
