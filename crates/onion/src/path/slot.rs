use leek_identity::{NodeId, NodeRecord, Slash24};
use leek_machine::Tick;

use super::{PathHandle, strikes::Budget};
use crate::Hop;

/// A node in use: what a packet needs, and its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) hop: Hop,
    pub(super) net: Slash24,
}

impl From<&NodeRecord> for Used {
    fn from(record: &NodeRecord) -> Self {
        Self {
            hop: Hop::from(record),
            net: record.address.slash24(),
        }
    }
}

/// The place of one path: a guard, the hops behind it, and what is held against them. `None`
/// where a node is still to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) guard: Option<Used>,
    /// The other hops, in order.
    pub(super) rest: Box<[Option<Used>]>,
    /// Stands in for the one hop that is a request's destination, so that such requests do not
    /// show the guard a fresh node every time.
    pub(super) spare: Option<Used>,
    /// Which build of the path this is; 0 before the first.
    pub(super) build: u64,
    pub(super) built: Tick,
    pub(super) strikes: u8,
    /// Authenticated answers since the latest strike.
    pub(super) clean: u16,
    /// Direct failures in a row.
    pub(super) guard_fails: u8,
    pub(super) rebuilds: Budget,
    pub(super) guard_changes: Budget,
    /// Nodes given up for strikes just now: the next draw avoids them when it can.
    pub(super) struck: Vec<NodeId>,
}

impl Slot {
    /// A place for a path of `hops` nodes.
    pub(super) fn empty(hops: u8) -> Self {
        Self {
            guard: None,
            rest: vec![None; usize::from(hops).saturating_sub(1)].into_boxed_slice(),
            spare: None,
            build: 0,
            built: Tick::ZERO,
            strikes: 0,
            clean: 0,
            guard_fails: 0,
            rebuilds: Budget::default(),
            guard_changes: Budget::default(),
            struck: Vec::new(),
        }
    }

    /// Whether every node is drawn.
    pub(super) fn ready(&self) -> bool {
        self.guard.is_some() && self.rest.iter().all(Option::is_some)
    }

    /// The nodes drawn, the guard first; the spare is not one of them.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Used> {
        self.guard.iter().chain(self.rest.iter().flatten())
    }

    pub(super) fn handle(&self) -> PathHandle {
        PathHandle {
            build: self.build,
            guard: self.guard.map(|guard| guard.hop.id),
        }
    }

    /// The path, when ready.
    pub(super) fn hops(&self) -> Option<Vec<Hop>> {
        self.ready()
            .then(|| self.nodes().map(|node| node.hop).collect())
    }

    pub(super) fn contains(&self, node: &NodeId) -> bool {
        self.nodes().any(|used| used.hop.id == *node)
    }

    pub(super) fn guard_is(&self, node: &NodeId) -> bool {
        self.guard.is_some_and(|guard| guard.hop.id == *node)
    }

    /// The path with the spare in place of `destination`; `None` without a spare, or when the
    /// guard itself is the destination.
    pub(super) fn detour(&self, destination: &NodeId) -> Option<Vec<Hop>> {
        let spare = self.spare?;
        if self.guard_is(destination) || spare.hop.id == *destination {
            return None;
        }
        let mut hops = self.hops()?;
        for hop in hops.iter_mut().filter(|hop| hop.id == *destination) {
            *hop = spare.hop;
        }
        Some(hops)
    }

    /// Gives up every hop behind the guard.
    pub(super) fn clear_rest(&mut self) {
        self.rest.fill(None);
        self.spare = None;
    }

    /// Gives up the guard, and with it the path and all that was held against it.
    pub(super) fn clear_guard(&mut self) {
        self.guard = None;
        self.guard_fails = 0;
        self.rebuilds = Budget::default();
        self.clear_rest();
    }
}
