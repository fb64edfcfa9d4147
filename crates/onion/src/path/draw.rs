use leek_identity::{NodeId, NodeRecord};
use leek_machine::{Entropy, below, bug};

use super::{Diversity, Overlap, PathPolicy, slot::Slot, slot::Used, strikes::NodeStrikes};

/// Random tries before the fitting nodes are listed. A try succeeds more often than not in any
/// network large enough for its policy.
const TRIES_MAX: usize = 16;

/// Which place a node is drawn for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Guard,
    /// Any place behind a guard, the spare's included. Spares give way to nodes in use, so they
    /// are not looked at here.
    Behind,
}

/// Who may be drawn for one place.
pub(super) struct Rules<'a> {
    pub(super) policy: &'a PathPolicy,
    pub(super) slots: &'a [Slot],
    /// The slot the node is for.
    pub(super) slot: usize,
    pub(super) place: Place,
    pub(super) no_guards: &'a [NodeId],
    pub(super) strikes: &'a NodeStrikes,
}

impl Rules<'_> {
    /// A uniformly random node of those that fit; `None` when none does.
    ///
    /// Nodes with all their strikes, and those just struck from this path, are taken only when
    /// no other fits.
    pub(super) fn draw(&self, pool: &[NodeRecord], entropy: &mut dyn Entropy) -> Option<Used> {
        uniform(pool, entropy, |node| {
            self.fits(node) && !self.disfavoured(node)
        })
        .or_else(|| uniform(pool, entropy, |node| self.fits(node)))
        .map(Used::from)
    }

    fn disfavoured(&self, node: &NodeRecord) -> bool {
        self.strikes.set_aside(&node.id, self.policy)
            || self.slots[self.slot].struck.contains(&node.id)
    }

    /// The rules that are never bent.
    pub(super) fn fits(&self, node: &NodeRecord) -> bool {
        reachable(node)
            && !(self.place == Place::Guard && self.no_guards.contains(&node.id))
            && self
                .slots
                .iter()
                .enumerate()
                .all(|(index, other)| self.fits_beside(node, other, index == self.slot))
    }

    fn fits_beside(&self, node: &NodeRecord, other: &Slot, same: bool) -> bool {
        if self.place == Place::Guard && other.guard_is(&node.id) {
            return false;
        }
        if !same && self.policy.overlap == Overlap::Shared {
            return true;
        }
        let net = node.address.slash24();
        let clash = |used: &Used| {
            used.hop.id == node.id
                || (self.policy.diversity == Diversity::OnePerSlash24 && used.net == net)
        };
        !other.nodes().any(clash)
    }
}

/// Whether an address can be dialled at all: pools have held 0.0.0.0 (network spec 9, paths).
fn reachable(node: &NodeRecord) -> bool {
    let ip = node.address.ip;
    node.address.port != 0 && !ip.is_unspecified() && !ip.is_broadcast() && !ip.is_multicast()
}

/// A uniformly random record of those that fit: by rejection first, which costs no scan of the
/// pool, then from the full list, so that none is missed. Both are uniform, hence so is the result.
fn uniform<'p>(
    pool: &'p [NodeRecord],
    entropy: &mut dyn Entropy,
    fits: impl Fn(&NodeRecord) -> bool,
) -> Option<&'p NodeRecord> {
    if pool.is_empty() {
        return None;
    }
    for _ in 0..TRIES_MAX {
        let node = &pool[index_below(pool.len(), entropy)];
        if fits(node) {
            return Some(node);
        }
    }
    let fitting: Vec<&NodeRecord> = pool.iter().filter(|node| fits(node)).collect();
    (!fitting.is_empty()).then(|| fitting[index_below(fitting.len(), entropy)])
}

/// A uniform index of a list of `len` items, at least one.
pub(super) fn index_below(len: usize, entropy: &mut dyn Entropy) -> usize {
    match usize::try_from(below(entropy, len as u64)) {
        Ok(index) => index,
        Err(_) => bug!("an index below a usize is a usize"),
    }
}
