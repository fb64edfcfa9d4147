//! Following the pool, and drawing what is missing.

use leek_identity::{NodeId, NodeRecord};
use leek_machine::{Entropy, Tick};

use super::{
    Diversity, GuardLoss, Overlap, PathChange, PathError, PathLoss, PathSet,
    draw::{Place, Rules},
    slot::Used,
};

impl PathSet {
    /// Follows the pool: gives up nodes that left it, takes over changed keys and addresses,
    /// rotates what is due, and draws what is missing.
    ///
    /// `pool` must be sorted by id, as snapshots are. Nodes in `no_guards` are not used as guards,
    /// nor kept as such; they may serve behind one. (A client that names the members of the swarms
    /// it polls keeps any one node from seeing both its address and its account, metrics spec
    /// V18; the price is a new guard when such a swarm gets a guard as a member.)
    ///
    /// To be called when the pool changes, when a change reports a lost path, and when
    /// [`PathSet::poll_timeout`] comes.
    pub fn update(
        &mut self,
        pool: &[NodeRecord],
        no_guards: &[NodeId],
        now: Tick,
        entropy: &mut dyn Entropy,
    ) -> Vec<PathChange> {
        debug_assert!(
            pool.is_sorted_by(|a, b| a.id < b.id),
            "a pool is sorted by id"
        );
        let mut changes = Vec::new();
        self.strikes.expire(now);
        for index in 0..self.slots.len() {
            self.follow(index, pool, no_guards, &mut changes);
        }
        if pool.len() < self.policy.pool_min {
            self.lack = PathError::PoolTooSmall {
                have: pool.len(),
                min: self.policy.pool_min,
            };
            return changes;
        }
        for index in 0..self.slots.len() {
            self.rotate(index, now, &mut changes);
        }
        self.fill(pool, no_guards, now, entropy, &mut changes);
        if self.incomplete() {
            self.lack = PathError::TooFewFit { have: pool.len() };
        }
        changes
    }

    /// Takes over what the pool says about the nodes of one path.
    fn follow(
        &mut self,
        index: usize,
        pool: &[NodeRecord],
        no_guards: &[NodeId],
        changes: &mut Vec<PathChange>,
    ) {
        let before = self.slots[index].handle();
        let was_ready = self.slots[index].ready();
        if let Some(guard) = self.slots[index].guard {
            let cause = match self.refreshed(index, &guard, pool) {
                Refreshed::Left => Some(GuardLoss::Left),
                Refreshed::Clashes => Some(GuardLoss::Moved),
                Refreshed::Fits(_) if no_guards.contains(&guard.hop.id) => {
                    Some(GuardLoss::Excluded)
                }
                Refreshed::Fits(guard) => {
                    self.slots[index].guard = Some(guard);
                    None
                }
            };
            if let Some(cause) = cause {
                self.slots[index].clear_guard();
                changes.push(PathChange::GuardLost {
                    guard: guard.hop.id,
                    cause,
                });
                if was_ready {
                    changes.push(PathChange::PathLost {
                        path: before,
                        cause: PathLoss::GuardLost,
                    });
                }
                return;
            }
        }
        for place in 0..self.slots[index].rest.len() {
            if let Some(node) = self.slots[index].rest[place] {
                self.slots[index].rest[place] = match self.refreshed(index, &node, pool) {
                    Refreshed::Fits(node) => Some(node),
                    Refreshed::Left | Refreshed::Clashes => None,
                };
            }
        }
        if let Some(spare) = self.slots[index].spare {
            self.slots[index].spare = match find(pool, &spare.hop.id).map(Used::from) {
                Some(now) if now.net == spare.net => Some(now),
                _ => None,
            };
        }
        if was_ready && !self.slots[index].ready() {
            changes.push(PathChange::PathLost {
                path: before,
                cause: PathLoss::Left,
            });
        }
    }

    /// What the pool says about a node in use. A node that moved into the /24 of another one in
    /// use gives way, guard or not: moving is its own doing.
    fn refreshed(&self, index: usize, node: &Used, pool: &[NodeRecord]) -> Refreshed {
        let Some(now) = find(pool, &node.hop.id).map(Used::from) else {
            return Refreshed::Left;
        };
        if now.net == node.net || self.policy.diversity == Diversity::Free {
            return Refreshed::Fits(now);
        }
        let clash = self.slots.iter().enumerate().any(|(other, slot)| {
            (other == index || self.policy.overlap == Overlap::Disjoint)
                && slot
                    .nodes()
                    .any(|used| used.hop.id != node.hop.id && used.net == now.net)
        });
        if clash {
            Refreshed::Clashes
        } else {
            Refreshed::Fits(now)
        }
    }

    /// Gives up the hops behind a guard when they are old enough. The guard stays.
    fn rotate(&mut self, index: usize, now: Tick, changes: &mut Vec<PathChange>) {
        let Some(period_ms) = self.policy.rotation_ms else {
            return;
        };
        let slot = &mut self.slots[index];
        if !slot.ready() || slot.rest.is_empty() || now < slot.built.after_ms(period_ms.get()) {
            return;
        }
        changes.push(PathChange::PathLost {
            path: slot.handle(),
            cause: PathLoss::Rotated,
        });
        slot.clear_rest();
    }

    /// Draws what is missing: all guards, then the hops behind them, then spares.
    fn fill(
        &mut self,
        pool: &[NodeRecord],
        no_guards: &[NodeId],
        now: Tick,
        entropy: &mut dyn Entropy,
        changes: &mut Vec<PathChange>,
    ) {
        let missing: Vec<usize> = (0..self.slots.len())
            .filter(|index| !self.slots[*index].ready())
            .collect();
        for &index in &missing {
            if self.slots[index].guard.is_none() {
                self.slots[index].guard =
                    self.preferred_guard(index, pool, no_guards).or_else(|| {
                        self.rules(index, Place::Guard, no_guards)
                            .draw(pool, entropy)
                    });
            }
        }
        for &index in &missing {
            for place in 0..self.slots[index].rest.len() {
                if self.slots[index].guard.is_some() && self.slots[index].rest[place].is_none() {
                    let rules = self.rules(index, Place::Behind, no_guards);
                    self.slots[index].rest[place] = rules.draw(pool, entropy);
                }
            }
            self.seal(index, now, changes);
        }
        self.fill_spares(pool, entropy);
    }

    /// Gives a path that is now complete its name and a clean sheet.
    fn seal(&mut self, index: usize, now: Tick, changes: &mut Vec<PathChange>) {
        let slot = &mut self.slots[index];
        if !slot.ready() {
            return;
        }
        self.builds += 1;
        slot.build = self.builds;
        slot.built = now;
        slot.strikes = 0;
        slot.clean = 0;
        slot.struck = Vec::new();
        changes.push(PathChange::PathBuilt {
            path: slot.handle(),
        });
    }

    /// A guard of an earlier life, once.
    fn preferred_guard(
        &mut self,
        index: usize,
        pool: &[NodeRecord],
        no_guards: &[NodeId],
    ) -> Option<Used> {
        while !self.preferred.is_empty() {
            let node = find(pool, &self.preferred.remove(0));
            let rules = self.rules(index, Place::Guard, no_guards);
            if let Some(node) = node.filter(|node| rules.fits(node)) {
                return Some(Used::from(node));
            }
        }
        None
    }

    /// Spares give way to nodes in use, and are drawn last; a path is whole without one.
    fn fill_spares(&mut self, pool: &[NodeRecord], entropy: &mut dyn Entropy) {
        for index in 0..self.slots.len() {
            if self.slots[index].rest.is_empty() {
                continue;
            }
            let rules = self.rules(index, Place::Behind, &[]);
            let kept = self.slots[index]
                .spare
                .filter(|spare| find(pool, &spare.hop.id).is_some_and(|node| rules.fits(node)));
            let spare = kept.or_else(|| rules.draw(pool, entropy));
            self.slots[index].spare = spare;
        }
    }

    fn rules<'a>(&'a self, slot: usize, place: Place, no_guards: &'a [NodeId]) -> Rules<'a> {
        Rules {
            policy: &self.policy,
            slots: &self.slots,
            slot,
            place,
            no_guards,
            strikes: &self.strikes,
        }
    }
}

/// What the pool says about a node in use.
enum Refreshed {
    Left,
    Clashes,
    Fits(Used),
}

/// A node of the pool, which is sorted by id.
fn find<'p>(pool: &'p [NodeRecord], id: &NodeId) -> Option<&'p NodeRecord> {
    let at = pool.binary_search_by(|node| node.id.cmp(id)).ok()?;
    pool.get(at)
}
