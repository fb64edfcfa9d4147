//! Which swarm each node of the next listing is in. Pure, so that every directory finds the same.

use std::collections::{BTreeMap, BTreeSet};

use leek_crypto::hash;
use leek_identity::{NodeId, NodeRecord};
use leek_swarm::{Epoch, Membership, SwarmId, assign_fixed};

use crate::ListingDigest;

/// How nodes get their swarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SwarmRule {
    /// Swarms of this many nodes, for networks of a person's own: nobody is ever moved.
    ///
    /// The first listing puts nodes, sorted by id, into as many swarms of exactly `size` as there
    /// can be ([`assign_fixed`]), evenly over the ring; one smaller swarm if there are fewer
    /// nodes. Later newcomers make a new swarm, in the middle of the largest gap, whenever `size`
    /// of them come in one epoch; others join the smallest swarm, the one with the lowest id
    /// among equals. A swarm ends when none of its nodes is listed.
    Fixed {
        /// Nodes of a swarm; at least 1.
        size: usize,
    },
    /// The rules of the deployed network ([`Membership`]). Its block hash is
    /// `SHA-256("leek-placement-v1" || previous digest or 32 zeros || epoch, little-endian)`.
    Deployed,
}

/// What stands in front of what the block hash is made of.
const PLACEMENT_DOMAIN: &[u8] = b"leek-placement-v1";

/// Swarms for `records` (ascending by id), where `places` tells the swarm of those that have or
/// had one.
pub(crate) fn place(
    rule: SwarmRule,
    records: &[NodeRecord],
    places: &BTreeMap<NodeId, SwarmId>,
    previous: Option<ListingDigest>,
    epoch: Epoch,
) -> BTreeMap<NodeId, SwarmId> {
    match rule {
        SwarmRule::Fixed { size } => place_fixed(size, records, places),
        SwarmRule::Deployed => place_deployed(records, places, previous, epoch),
    }
}

fn place_fixed(
    size: usize,
    records: &[NodeRecord],
    places: &BTreeMap<NodeId, SwarmId>,
) -> BTreeMap<NodeId, SwarmId> {
    let mut placed = BTreeMap::new();
    let mut newcomers = Vec::new();
    for record in records {
        match places.get(&record.id) {
            Some(swarm) => {
                placed.insert(record.id, *swarm);
            }
            None => newcomers.push(record.id),
        }
    }
    let mut sizes: BTreeMap<SwarmId, usize> = BTreeMap::new();
    for swarm in placed.values() {
        *sizes.entry(*swarm).or_default() += 1;
    }
    let mut newcomers = newcomers.as_slice();
    if sizes.is_empty() {
        let swarms = (newcomers.len() / size).max(1);
        let first = newcomers.len().min(swarms * size);
        let (full, rest) = newcomers.split_at(first);
        let ids = match assign_fixed(first, first.div_ceil(swarms).max(1)) {
            Ok(ids) => ids,
            Err(error) => leek_machine::bug!("{first} nodes in {swarms} swarms: {error}"),
        };
        for (node, swarm) in full.iter().zip(ids) {
            placed.insert(*node, swarm);
            *sizes.entry(swarm).or_default() += 1;
        }
        newcomers = rest;
    }
    while let Some((full, rest)) = newcomers.split_at_checked(size) {
        let swarm = new_swarm(sizes.keys().copied());
        placed.extend(full.iter().map(|node| (*node, swarm)));
        sizes.insert(swarm, size);
        newcomers = rest;
    }
    let mut by_size: BTreeSet<(usize, SwarmId)> = sizes
        .into_iter()
        .map(|(swarm, size)| (size, swarm))
        .collect();
    for node in newcomers {
        let Some((members, swarm)) = by_size.pop_first() else {
            leek_machine::bug!("newcomers without any swarm to join")
        };
        placed.insert(*node, swarm);
        by_size.insert((members + 1, swarm));
    }
    placed
}

/// The middle of the largest gap between swarms on the ring of 2^64 places, rounded down; the
/// first one among equals, the gap that wraps being the last. `ids` is ascending and not empty.
fn new_swarm(ids: impl Iterator<Item = SwarmId>) -> SwarmId {
    let ids: Vec<u64> = ids.map(|id| id.0).collect();
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
        leek_machine::bug!("a gap between no swarms")
    };
    let wrapping = (1_u128 << 64) - u128::from(last - first);
    let gaps = ids
        .windows(2)
        .map(|pair| (pair[0], u128::from(pair[1] - pair[0])));
    let mut best = (*first, 0);
    for gap in gaps.chain([(*last, wrapping)]) {
        if gap.1 > best.1 {
            best = gap;
        }
    }
    // At most 2^63, from one swarm round to itself.
    let half = u64::try_from(best.1 / 2).unwrap_or(1 << 63);
    match SwarmId(best.0.wrapping_add(half)) {
        // The one place where no swarm may be; its neighbour is as good.
        SwarmId::UNASSIGNED => SwarmId::MAX,
        swarm => swarm,
    }
}

fn place_deployed(
    records: &[NodeRecord],
    places: &BTreeMap<NodeId, SwarmId>,
    previous: Option<ListingDigest>,
    epoch: Epoch,
) -> BTreeMap<NodeId, SwarmId> {
    let remembered = records.iter().map(|record| {
        let swarm = places.get(&record.id).copied();
        (*record, swarm.unwrap_or(SwarmId::UNASSIGNED))
    });
    let mut membership = match Membership::with_assigned(remembered) {
        Ok(membership) => membership,
        Err(error) => leek_machine::bug!("a listing has few, unique nodes: {error}"),
    };
    let previous = previous.map_or([0; 32], |digest| digest.0);
    membership.rebalance(&hash::sha256(&[
        PLACEMENT_DOMAIN,
        &previous,
        &epoch.0.to_le_bytes(),
    ]));
    membership
        .active()
        .map(|(record, swarm)| (record.id, swarm))
        .collect()
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use leek_crypto::XPublic;
    use leek_identity::NodeAddress;
    use leek_swarm::NEW_SWARM_SIZE;

    use super::*;

    fn records(ids: impl IntoIterator<Item = u8>) -> Vec<NodeRecord> {
        let record = |id| NodeRecord {
            id: NodeId::from_bytes([id; 32]),
            onion_key: XPublic::from_bytes([9; 32]),
            address: NodeAddress {
                ip: Ipv4Addr::new(127, 0, 0, id),
                port: 1,
            },
        };
        ids.into_iter().map(record).collect()
    }

    fn fixed(
        size: usize,
        ids: impl IntoIterator<Item = u8>,
        places: &BTreeMap<NodeId, SwarmId>,
    ) -> BTreeMap<NodeId, SwarmId> {
        let rule = SwarmRule::Fixed { size };
        place(rule, &records(ids), places, None, Epoch(1))
    }

    fn sizes(placed: &BTreeMap<NodeId, SwarmId>) -> Vec<usize> {
        let mut sizes: BTreeMap<SwarmId, usize> = BTreeMap::new();
        for swarm in placed.values() {
            *sizes.entry(*swarm).or_default() += 1;
        }
        sizes.into_values().collect()
    }

    #[test]
    fn the_first_swarms_have_their_size_and_share_the_ring() {
        let placed = fixed(3, 0..12, &BTreeMap::new());
        let swarms: Vec<_> = placed.values().map(|swarm| swarm.0 >> 62).collect();
        assert_eq!(swarms, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
        // Nodes that are left over join the smallest swarms.
        assert_eq!(sizes(&fixed(3, 0..11, &BTreeMap::new())), [4, 4, 3]);
        assert_eq!(sizes(&fixed(5, 0..3, &BTreeMap::new())), [3]);
        assert_eq!(sizes(&fixed(1, 0..3, &BTreeMap::new())), [1, 1, 1]);
        assert!(fixed(3, [], &BTreeMap::new()).is_empty());
    }

    #[test]
    fn newcomers_fill_the_smallest_swarm_or_make_new_ones_and_nobody_moves() {
        let first = fixed(3, 0..6, &BTreeMap::new());
        let one = fixed(3, 0..7, &first);
        assert_eq!(sizes(&one), [4, 3]);
        let three = fixed(3, 0..9, &first);
        assert_eq!(sizes(&three), [3, 3, 3]);
        let new = three[&NodeId::from_bytes([8; 32])];
        // Swarms at 0 and 2^63 leave equal gaps: the first one is halved.
        assert_eq!(new, SwarmId(1 << 62));
        for (node, swarm) in &first {
            assert_eq!((one[node], three[node]), (*swarm, *swarm));
        }
        // One swarm lost two nodes: newcomers go there.
        let smaller = fixed(3, [0, 3, 4, 5, 20], &first);
        assert_eq!(sizes(&smaller), [2, 3]);
    }

    #[test]
    fn a_swarm_that_ended_comes_back_with_its_nodes() {
        let first = fixed(3, 0..6, &BTreeMap::new());
        assert_eq!(sizes(&fixed(3, 0..3, &first)), [3]);
        assert_eq!(fixed(3, 0..6, &first), first);
    }

    #[test]
    fn new_swarms_halve_the_largest_gap() {
        let new = |ids: &[u64]| new_swarm(ids.iter().copied().map(SwarmId)).0;
        assert_eq!(new(&[0]), 1 << 63);
        assert_eq!(new(&[5]), (1 << 63) + 5);
        assert_eq!(new(&[u64::MAX - 1]), (1 << 63) - 2);
        assert_eq!(new(&[0, 1 << 63]), 1 << 62);
        assert_eq!(new(&[0, 1 << 62, 1 << 63]), 3 << 62);
        // Its middle is the place of no swarm.
        assert_eq!(new(&[(1 << 63) - 1]), SwarmId::MAX.0);
    }

    #[test]
    fn the_deployed_rule_depends_on_what_came_before() {
        let records = records(0..40);
        let nowhere = BTreeMap::new();
        let at = |previous, epoch| {
            place(
                SwarmRule::Deployed,
                &records,
                &nowhere,
                previous,
                Epoch(epoch),
            )
        };
        let digest = Some(ListingDigest([1; 32]));
        assert_eq!(at(None, 1), at(None, 1));
        assert_ne!(at(None, 1), at(None, 2));
        assert_ne!(at(None, 1), at(digest, 1));
        let placed = at(None, 1);
        assert_eq!(sizes(&placed).len(), 1 + (40 - 7) / NEW_SWARM_SIZE);
        // Whoever has a place keeps it.
        let again = place(SwarmRule::Deployed, &records, &placed, digest, Epoch(2));
        assert_eq!(again, placed);
    }
}
