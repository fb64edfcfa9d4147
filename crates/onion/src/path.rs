use leek_identity::NodeId;
use leek_machine::{Entropy, Tick};

use crate::Hop;

mod draw;
mod evidence;
mod policy;
mod slot;
mod strikes;
mod update;

pub use evidence::{GuardLoss, PathChange, PathError, PathEvidence, PathHandle, PathLoss};
pub use policy::{Diversity, GUARDS_MAX, Overlap, PathPolicy, PolicyError};

use draw::index_below;
use evidence::Verdict;
use slot::Slot;
use strikes::NodeStrikes;

/// The paths of one client: pinned guards, the hops behind them, and what is held against both.
///
/// A pure state machine. [`PathSet::update`] follows the pool and draws, [`PathSet::pick`] chooses
/// a path for a request, [`PathSet::report`] hears how it went. ADR 3 says what counts as evidence
/// and why, and what each hop can still do.
///
/// It keeps the nodes in use and those with strikes, not the pool, so an idle client costs less
/// than a kilobyte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathSet {
    policy: PathPolicy,
    slots: Vec<Slot>,
    strikes: NodeStrikes,
    /// Guards of an earlier life, taken first.
    preferred: Vec<NodeId>,
    builds: u64,
    /// What the latest update lacked, for the error of a pick that finds no path.
    lack: PathError,
}

impl PathSet {
    /// A client without paths as yet.
    ///
    /// # Errors
    /// [`PolicyError`] when the policy's numbers do not fit together.
    pub fn new(policy: PathPolicy) -> Result<Self, PolicyError> {
        Self::with_guards(policy, &[])
    }

    /// A client that had these guards before it was restarted, as
    /// [`PathSet::guards_to_keep`] gave them.
    /// They are taken again where the first update finds them fit: a restart should not show the
    /// client's address to more nodes.
    ///
    /// # Errors
    /// [`PolicyError`] when the policy's numbers do not fit together.
    pub fn with_guards(policy: PathPolicy, guards: &[NodeId]) -> Result<Self, PolicyError> {
        policy.check()?;
        let count = usize::from(policy.guards);
        Ok(Self {
            policy,
            slots: vec![Slot::empty(policy.hops); count],
            strikes: NodeStrikes::default(),
            preferred: guards.iter().take(count).copied().collect(),
            builds: 0,
            lack: PathError::NotBuilt,
        })
    }

    /// The policy.
    pub const fn policy(&self) -> &PathPolicy {
        &self.policy
    }

    /// The guards in use.
    pub fn guards(&self) -> impl Iterator<Item = NodeId> {
        self.slots
            .iter()
            .filter_map(|slot| slot.guard.map(|guard| guard.hop.id))
    }

    /// The guards in use and those of an earlier life that wait for their first update: what
    /// [`PathSet::with_guards`] takes. At most as many as the policy has.
    pub fn guards_to_keep(&self) -> Vec<NodeId> {
        let mut guards: Vec<NodeId> = self.guards().collect();
        for guard in &self.preferred {
            if guards.len() < self.slots.len() && !guards.contains(guard) {
                guards.push(*guard);
            }
        }
        guards
    }

    /// The paths that are ready.
    pub fn paths(&self) -> impl Iterator<Item = (PathHandle, Vec<Hop>)> {
        self.slots
            .iter()
            .filter_map(|slot| Some((slot.handle(), slot.hops()?)))
    }

    /// Whether a path is to be drawn, so that an update would help.
    pub fn incomplete(&self) -> bool {
        !self.slots.iter().all(Slot::ready)
    }

    /// When the next path is due for rotation: an update is to be made then.
    pub fn poll_timeout(&self) -> Option<Tick> {
        let period_ms = self.policy.rotation_ms?.get();
        let ready = self.slots.iter().filter(|slot| slot.ready());
        ready.map(|slot| slot.built.after_ms(period_ms)).min()
    }

    /// A path for a request to `destination`: uniform among the ready ones that it is not on.
    ///
    /// When it is on all of them, a path is used with the path's spare node in its place; the
    /// guard stays. A path whose guard is the destination is never used for it: that node would
    /// see the client's address and its request.
    ///
    /// # Errors
    /// [`PathError`] saying what is missing; never a shorter path.
    pub fn pick(
        &self,
        destination: &NodeId,
        entropy: &mut dyn Entropy,
    ) -> Result<(PathHandle, Vec<Hop>), PathError> {
        if self.policy.hops == 0 {
            return Ok((PathHandle::DIRECT, Vec::new()));
        }
        let ready: Vec<&Slot> = self.slots.iter().filter(|slot| slot.ready()).collect();
        if ready.is_empty() {
            return Err(self.lack);
        }
        let around: Vec<&Slot> = ready
            .iter()
            .copied()
            .filter(|slot| !slot.contains(destination))
            .collect();
        if !around.is_empty() {
            let slot = around[index_below(around.len(), entropy)];
            return slot
                .hops()
                .map(|hops| (slot.handle(), hops))
                .ok_or(PathError::NotBuilt);
        }
        let detours: Vec<(PathHandle, Vec<Hop>)> = ready
            .iter()
            .filter_map(|slot| Some((slot.handle(), slot.detour(destination)?)))
            .collect();
        if detours.is_empty() {
            let guards_only = ready.iter().all(|slot| slot.guard_is(destination));
            return Err(if guards_only {
                PathError::DestinationIsGuard
            } else {
                PathError::NoneAvoids
            });
        }
        let chosen = index_below(detours.len(), entropy);
        detours.into_iter().nth(chosen).ok_or(PathError::NotBuilt)
    }

    /// Hears how a request over a path went. Evidence about a path that has been replaced since
    /// counts for its guard only.
    pub fn report(
        &mut self,
        path: PathHandle,
        evidence: PathEvidence,
        now: Tick,
    ) -> Vec<PathChange> {
        let Some(guard) = path.guard else {
            return Vec::new();
        };
        let Some(index) = self.slots.iter().position(|slot| slot.guard_is(&guard)) else {
            return Vec::new();
        };
        let current = self.slots[index].build == path.build && self.slots[index].ready();
        match evidence.verdict() {
            Verdict::Good => self.good(index, current),
            Verdict::GuardUp => self.slots[index].guard_fails = 0,
            Verdict::GuardDown => return self.guard_down(index, now),
            Verdict::Strike if current => return self.strike(index, now),
            Verdict::Strike | Verdict::Nothing => {}
        }
        Vec::new()
    }

    fn good(&mut self, index: usize, current: bool) {
        let slot = &mut self.slots[index];
        slot.guard_fails = 0;
        if !current || slot.strikes == 0 {
            return;
        }
        slot.clean = slot.clean.saturating_add(1);
        if self
            .policy
            .forgive_after
            .is_some_and(|after| slot.clean >= after.get())
        {
            slot.strikes = 0;
            slot.clean = 0;
        }
    }

    /// One failure of the path. Whoever caused or forged it, the guard stays, and the draws that
    /// strikes can force are counted.
    fn strike(&mut self, index: usize, now: Tick) -> Vec<PathChange> {
        let policy = self.policy;
        let slot = &mut self.slots[index];
        slot.clean = 0;
        slot.strikes = slot.strikes.saturating_add(1).min(policy.path_strikes);
        if slot.strikes < policy.path_strikes || slot.rest.is_empty() {
            return Vec::new();
        }
        if !slot
            .rebuilds
            .take(now, policy.rebuilds_max, policy.rebuild_window_ms)
        {
            return Vec::new();
        }
        let path = slot.handle();
        slot.struck = slot.rest.iter().flatten().map(|node| node.hop.id).collect();
        let struck = slot.struck.clone();
        slot.clear_rest();
        let mut changes = vec![PathChange::PathLost {
            path,
            cause: PathLoss::Struck,
        }];
        for node in struck {
            let until = self.strikes.add(node, 1, &policy, now);
            changes.extend(until.map(|until| PathChange::NodeSetAside { node, until }));
        }
        self.lack = PathError::NotBuilt;
        changes
    }

    /// Our own connection to the guard failed: the only evidence that costs a guard its place.
    fn guard_down(&mut self, index: usize, now: Tick) -> Vec<PathChange> {
        let policy = self.policy;
        let slot = &mut self.slots[index];
        slot.guard_fails = slot.guard_fails.saturating_add(1).min(policy.guard_strikes);
        if slot.guard_fails < policy.guard_strikes
            || !slot
                .guard_changes
                .take(now, policy.guard_changes_max, policy.guard_window_ms)
        {
            return Vec::new();
        }
        let path = slot.handle();
        let Some(guard) = path.guard else {
            return Vec::new();
        };
        slot.clear_guard();
        self.lack = PathError::NotBuilt;
        let mut changes = vec![
            PathChange::GuardLost {
                guard,
                cause: GuardLoss::Unreachable,
            },
            PathChange::PathLost {
                path,
                cause: PathLoss::GuardLost,
            },
        ];
        let until = self.strikes.add(guard, policy.node_strikes, &policy, now);
        changes.extend(until.map(|until| PathChange::NodeSetAside { node: guard, until }));
        changes
    }
}

#[cfg(test)]
mod tests;
