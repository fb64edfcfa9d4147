use std::collections::{BTreeMap, BTreeSet};

use leek_identity::NodeId;

use super::{draw::Draw, ids::new_id};
use crate::SwarmId;

#[cfg(test)]
mod tests;

/// Nodes below which a swarm is filled up from others, or dissolved.
pub const MIN_SWARM_SIZE: usize = 5;

/// Nodes of a swarm above which others may take some.
pub const EXCESS_BASE: usize = 5;

/// Nodes that a new swarm begins with.
pub const NEW_SWARM_SIZE: usize = 7;

/// Excess nodes that every existing swarm keeps on average when a new one is made.
pub const NEW_SWARM_MARGIN: usize = 2;

/// New nodes go to swarms up to this percentile of size.
const FILL_PERCENTILE: usize = 25;

/// Nodes of dissolved swarms go to swarms up to this percentile of size: the smallest.
const DISSOLVED_PERCENTILE: usize = 0;

/// Starving swarms are filled from swarms around this percentile of size and above.
const STEALING_PERCENTILE: usize = 75;

/// The swarms during one rebalancing.
pub(super) struct Layout {
    swarms: BTreeMap<SwarmId, Vec<NodeId>>,
    unassigned: Vec<NodeId>,
    draw: Draw,
}

impl Layout {
    /// Collects nodes, sorted by id, into the swarms that they remember.
    pub(super) fn new(
        nodes: impl Iterator<Item = (NodeId, SwarmId)>,
        block_hash: &[u8; 32],
    ) -> Self {
        let mut swarms: BTreeMap<SwarmId, Vec<NodeId>> = BTreeMap::new();
        for (node, swarm) in nodes {
            swarms.entry(swarm).or_default().push(node);
        }
        let unassigned = swarms.remove(&SwarmId::UNASSIGNED).unwrap_or_default();
        Self {
            swarms,
            unassigned,
            draw: Draw::new(block_hash),
        }
    }

    /// The swarms that there are now, empty ones included.
    pub(super) fn ids(&self) -> BTreeSet<SwarmId> {
        self.swarms.keys().copied().collect()
    }

    /// The five steps of network spec 1.2, in their order.
    pub(super) fn rebalance(&mut self) {
        if self.swarms.is_empty() {
            self.swarms.insert(new_id([].into_iter()), Vec::new());
        }
        let unassigned = core::mem::take(&mut self.unassigned);
        self.assign(&unassigned, FILL_PERCENTILE);
        self.fill_starving();
        self.split_off();
        self.dissolve_starving();
    }

    /// The swarms, without an unassigned rest.
    pub(super) fn into_swarms(self) -> BTreeMap<SwarmId, Vec<NodeId>> {
        self.swarms
    }

    /// Step 1: each node goes to a random one of the smaller swarms; new swarms are made as soon as
    /// there is excess for them.
    fn assign(&mut self, nodes: &[NodeId], percentile: usize) {
        for &node in nodes {
            let sizes = self.by_size();
            let limit = at_percentile(&sizes, percentile);
            let smaller = sizes.partition_point(|&(size, _)| size <= limit);
            let (_, swarm) = sizes[self.draw.below(smaller)];
            self.swarms.entry(swarm).or_default().push(node);
            self.split_off();
        }
    }

    /// Step 2 ("Robin Hood"): starving swarms, smallest first, get random nodes of the largest
    /// ones, until those have too few to fill up the next.
    fn fill_starving(&mut self) {
        let starving = self.by_size();
        let starving = starving.iter().filter(|&&(size, _)| size < MIN_SWARM_SIZE);
        for &(size, swarm) in starving {
            for deficit in (1..=MIN_SWARM_SIZE - size).rev() {
                let largest = at_percentile(&self.by_size(), STEALING_PERCENTILE);
                let floor = MIN_SWARM_SIZE.max(largest.saturating_sub(1));
                if self.excess_above(floor) < deficit {
                    return;
                }
                let node = self.take_random_above(floor);
                self.swarms.entry(swarm).or_default().push(node);
            }
        }
    }

    /// Step 3: while no swarm starves and there is excess enough, random nodes of swarms that have
    /// excess make a new swarm.
    fn split_off(&mut self) {
        if self
            .swarms
            .values()
            .any(|nodes| nodes.len() < MIN_SWARM_SIZE)
        {
            return;
        }
        while self.excess_above(EXCESS_BASE)
            >= NEW_SWARM_SIZE + NEW_SWARM_MARGIN * self.swarms.len()
        {
            let nodes = (0..NEW_SWARM_SIZE)
                .map(|_| self.take_random_above(EXCESS_BASE))
                .collect();
            let id = new_id(self.swarms.keys().copied());
            self.swarms.insert(id, nodes);
        }
    }

    /// Step 4: swarms that still starve are dissolved, lowest id first, but never the last swarm.
    fn dissolve_starving(&mut self) {
        while self.swarms.len() > 1 {
            let starving = self.swarms.iter();
            let mut starving = starving.filter(|(_, nodes)| nodes.len() < MIN_SWARM_SIZE);
            let Some((&id, _)) = starving.next() else {
                return;
            };
            let nodes = self.swarms.remove(&id).unwrap_or_default();
            self.assign(&nodes, DISSOLVED_PERCENTILE);
        }
    }

    /// Sizes and ids of all swarms, smallest first, equal ones by id.
    fn by_size(&self) -> Vec<(usize, SwarmId)> {
        let swarms = self.swarms.iter();
        let mut sizes: Vec<_> = swarms.map(|(&id, nodes)| (nodes.len(), id)).collect();
        sizes.sort_unstable();
        sizes
    }

    /// Nodes beyond [`EXCESS_BASE`] of the swarms larger than `floor`, which is at least that.
    fn excess_above(&self, floor: usize) -> usize {
        let sizes = self.swarms.values().map(Vec::len);
        let larger = sizes.filter(|&size| size > floor);
        larger.map(|size| size - EXCESS_BASE).sum()
    }

    /// Takes a random node out of all swarms larger than `floor`, of which there is one.
    fn take_random_above(&mut self, floor: usize) -> NodeId {
        let larger = |nodes: &&mut Vec<NodeId>| nodes.len() > floor;
        let pool: usize = self
            .swarms
            .values_mut()
            .filter(larger)
            .map(|nodes| nodes.len())
            .sum();
        let mut at = self.draw.below(pool);
        for nodes in self.swarms.values_mut().filter(larger) {
            if at < nodes.len() {
                return nodes.remove(at);
            }
            at -= nodes.len();
        }
        leek_machine::bug!("drew a node beyond the pool of {pool}")
    }
}

/// The size at `percentile` of swarms sorted by size, of which there is at least one.
fn at_percentile(sizes: &[(usize, SwarmId)], percentile: usize) -> usize {
    sizes[percentile * (sizes.len() - 1) / 100].0
}
