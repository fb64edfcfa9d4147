//! Lookups in snapshots against plain search, and the ring against its other definition.

use std::{collections::BTreeMap, net::Ipv4Addr};

use leek_crypto::XPublic;
use leek_identity::{AccountId, NodeAddress, NodeId, NodeRecord, Prefix};
use leek_swarm::{
    Epoch, NODES_MAX, Snapshot, SnapshotError, SwarmId, nearest, space_of_key, swarm_space,
};
use proptest::prelude::*;

fn node(id: [u8; 32]) -> NodeRecord {
    NodeRecord {
        id: NodeId::from_bytes(id),
        onion_key: XPublic::from_bytes(id),
        address: NodeAddress {
            ip: Ipv4Addr::new(192, 0, 2, id[0]),
            port: 22021,
        },
    }
}

/// Ids that are often close together, at the ends of the ring, or in the middle of others.
fn ring_ids() -> impl Strategy<Value = Vec<SwarmId>> {
    let id = prop_oneof![0..=u64::MAX - 1, 0..50_u64, u64::MAX - 50..=u64::MAX - 1];
    proptest::collection::btree_set(id.prop_map(SwarmId), 1..12)
        .prop_map(|ids| ids.into_iter().collect())
}

fn places() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0..100_u64, u64::MAX - 100..=u64::MAX]
}

/// The boundary form (network spec 1.1): each swarm owns (lower, upper] of the ring. Going down
/// from its id it owns less than half of the gap, going up at most half.
fn owner_by_boundaries(ids: &[SwarmId], place: u64) -> Vec<SwarmId> {
    let owns = |at: usize| {
        let id = ids[at];
        let left = ids[(at + ids.len() - 1) % ids.len()];
        let right = ids[(at + 1) % ids.len()];
        if ids.len() == 1 {
            return true;
        }
        let down = id.0.wrapping_sub(left.0).div_ceil(2);
        let up = right.0.wrapping_sub(id.0) / 2;
        let lower = id.0.wrapping_sub(down);
        let upper = id.0.wrapping_add(up);
        let above_lower = place.wrapping_sub(lower);
        above_lower != 0 && above_lower <= upper.wrapping_sub(lower)
    };
    (0..ids.len())
        .filter(|&at| owns(at))
        .map(|at| ids[at])
        .collect()
}

/// Plain search: the least distance either way round; among two equally near, the one below.
fn owner_by_distance(ids: &[SwarmId], place: u64) -> Option<SwarmId> {
    let distance = |id: &SwarmId| {
        let below = place.wrapping_sub(id.0);
        let above = id.0.wrapping_sub(place);
        (below.min(above), below > above)
    };
    ids.iter().copied().min_by_key(distance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_place_has_exactly_one_swarm(ids in ring_ids(), place in places()) {
        let owner = nearest(&ids, place);
        prop_assert_eq!(owner_by_boundaries(&ids, place), owner.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(owner_by_distance(&ids, place), owner);
    }

    /// In the exact middle of a gap, and one place beside it.
    #[test]
    fn middles_belong_to_the_left(ids in ring_ids()) {
        prop_assume!(ids.len() > 1);
        for at in 0..ids.len() {
            let (left, right) = (ids[at], ids[(at + 1) % ids.len()]);
            let gap = right.0.wrapping_sub(left.0);
            let middle = left.0.wrapping_add(gap / 2);
            prop_assert_eq!(nearest(&ids, middle), Some(left));
            prop_assert_eq!(nearest(&ids, middle.wrapping_add(1)), Some(right));
        }
    }

    #[test]
    fn the_prefix_does_not_count(key in any::<[u8; 32]>()) {
        let place = space_of_key(&key);
        for prefix in [Prefix::Group, Prefix::User, Prefix::Blinded15, Prefix::Blinded25] {
            prop_assert_eq!(swarm_space(&AccountId::new(prefix, key)), place);
        }
        // Equal words cancel, and a word in front moves the place by its value.
        let mut other = key;
        other[3] ^= 0x40;
        prop_assert_eq!(space_of_key(&other), place ^ (0x40 << 32));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lookups_agree_with_plain_search(
        nodes in proptest::collection::btree_map(any::<[u8; 32]>(), 0..9_u64, 0..60),
        order in any::<u64>(),
        keys in proptest::collection::vec(any::<[u8; 32]>(), 8),
    ) {
        let swarm = |number: u64| SwarmId(number << 60);
        let expected: BTreeMap<NodeId, SwarmId> =
            nodes.iter().map(|(id, at)| (NodeId::from_bytes(*id), swarm(*at))).collect();
        let mut given: Vec<_> = nodes.iter().map(|(id, at)| (node(*id), swarm(*at))).collect();
        given.sort_by_key(|(node, _)| space_of_key(node.id.as_bytes()).wrapping_mul(order | 1));
        let snapshot = Snapshot::new(Epoch(3), given).unwrap();

        prop_assert_eq!(snapshot.epoch(), Epoch(3));
        prop_assert!(snapshot.nodes().iter().map(|node| node.id).eq(expected.keys().copied()));
        for (id, swarm) in &expected {
            prop_assert_eq!(snapshot.swarm_of_node(id), Some(*swarm));
            prop_assert_eq!(snapshot.node(id), Some(&node(*id.as_bytes())));
        }
        for at in 0..9 {
            let members: Vec<_> = snapshot.members(swarm(at)).map(|node| node.id).collect();
            let listed = snapshot.swarm_ids().contains(&swarm(at));
            prop_assert_eq!(listed, !members.is_empty());
            let wanted = expected.iter().filter(|(_, swarm)| **swarm == SwarmId(at << 60));
            prop_assert!(wanted.map(|(id, _)| *id).eq(members));
        }
        prop_assert!(snapshot.swarm_ids().is_sorted());
        for key in keys {
            let id = NodeId::from_bytes(key);
            prop_assert_eq!(snapshot.node(&id).is_some(), expected.contains_key(&id));
            prop_assert_eq!(snapshot.swarm_of_node(&id), expected.get(&id).copied());
            let account = AccountId::new(Prefix::User, key);
            let owner = owner_by_distance(snapshot.swarm_ids(), swarm_space(&account));
            prop_assert_eq!(snapshot.swarm_of(&account), owner);
            prop_assert_eq!(owner.is_some(), !expected.is_empty());
        }
    }
}

#[test]
fn what_makes_no_snapshot_is_refused() {
    let (a, b) = (node([1; 32]), node([2; 32]));
    let twice = Snapshot::new(
        Epoch(0),
        vec![(a, SwarmId(1)), (b, SwarmId(1)), (a, SwarmId(2))],
    );
    assert_eq!(twice, Err(SnapshotError::DuplicateNode { id: a.id }));
    let unassigned = Snapshot::new(Epoch(0), vec![(a, SwarmId(1)), (b, SwarmId::UNASSIGNED)]);
    assert_eq!(unassigned, Err(SnapshotError::Unassigned { id: b.id }));
    let nodes = NODES_MAX + 1;
    let many = Snapshot::new(Epoch(0), vec![(a, SwarmId(1)); nodes]);
    assert_eq!(many, Err(SnapshotError::TooManyNodes { nodes }));
}

#[test]
fn equal_addresses_are_fine_and_unknown_swarms_are_empty() {
    let (a, mut b) = (node([1; 32]), node([2; 32]));
    b.address = a.address;
    let snapshot = Snapshot::new(Epoch(9), vec![(b, SwarmId(4)), (a, SwarmId(4))]).unwrap();
    assert_eq!(
        snapshot.members(SwarmId(4)).copied().collect::<Vec<_>>(),
        [a, b]
    );
    assert_eq!(snapshot.members(SwarmId(5)).len(), 0);
    assert_eq!(snapshot.members(SwarmId::UNASSIGNED).len(), 0);
    assert_eq!(
        format!("{snapshot:?}"),
        "Snapshot { epoch: 9, nodes: 2, swarms: 1 }"
    );
}
