//! What rebalancing keeps true, and what it moves.

use std::{collections::BTreeMap, net::Ipv4Addr};

use leek_crypto::XPublic;
use leek_identity::{NodeAddress, NodeId, NodeRecord};
use leek_machine::Seed;
use leek_swarm::{
    Changes, Epoch, MIN_SWARM_SIZE, Membership, MembershipError, NEW_SWARM_SIZE, SwarmId,
};
use proptest::prelude::*;

/// Node `number`: ids are scattered, so that their order is not the order of numbers.
fn node(number: u64) -> NodeRecord {
    let id = *Seed::from_u64(number).child("node", 0).bytes();
    NodeRecord {
        id: NodeId::from_bytes(id),
        onion_key: XPublic::from_bytes(id),
        address: NodeAddress {
            ip: Ipv4Addr::LOCALHOST,
            port: 22021,
        },
    }
}

fn block_hash(seed: u64, height: u64) -> [u8; 32] {
    *Seed::from_u64(seed).child("block", height).bytes()
}

type Places = BTreeMap<NodeId, SwarmId>;

fn places(membership: &Membership) -> Places {
    let active = membership.active();
    active.map(|(node, swarm)| (node.id, swarm)).collect()
}

fn sizes(places: &Places) -> BTreeMap<SwarmId, usize> {
    let mut sizes = BTreeMap::new();
    for swarm in places.values() {
        *sizes.entry(*swarm).or_default() += 1;
    }
    sizes
}

/// The size at a percentile of all sizes, by the rule of network spec 1.2.
fn percentile(sizes: &BTreeMap<SwarmId, usize>, percentile: usize) -> usize {
    let mut sorted: Vec<_> = sizes.values().copied().collect();
    sorted.sort_unstable();
    sorted[percentile * (sorted.len() - 1) / 100]
}

/// After every rebalancing: all nodes have a swarm; either there is one swarm, or all have at least
/// five nodes; and there is no excess for another swarm.
fn assert_settled(membership: &Membership) {
    let places = places(membership);
    let sizes = sizes(&places);
    assert!(!sizes.contains_key(&SwarmId::UNASSIGNED));
    let (nodes, swarms) = (places.len(), sizes.len());
    if swarms > 1 {
        assert!(
            sizes.values().all(|&size| size >= MIN_SWARM_SIZE),
            "{sizes:?}"
        );
    }
    let least = if nodes == 0 { 0 } else { 1.max(nodes / 7) };
    let most = if nodes == 0 { 0 } else { 1.max(nodes / 5) };
    assert!(
        (least..=most).contains(&swarms),
        "{nodes} nodes in {swarms} swarms"
    );

    let snapshot = membership.snapshot();
    assert_eq!(snapshot.epoch(), membership.epoch());
    assert_eq!(snapshot.nodes().len(), nodes);
    for (id, swarm) in &places {
        assert_eq!(snapshot.swarm_of_node(id), Some(*swarm));
    }

    // There is nothing left to do, whatever is drawn.
    let mut again = membership.clone();
    assert_eq!(again.rebalance(&[0x5a; 32]), Changes::default());
    assert_eq!(places, self::places(&again));
}

/// `changes` tells exactly how `before` became `after`.
fn assert_changes(before: &Places, changes: &Changes, after: &Places) {
    let mut replayed = before.clone();
    for change in &changes.moves {
        assert_ne!(change.from, change.to);
        assert_eq!(replayed.insert(change.node, change.to), Some(change.from));
    }
    assert_eq!(replayed, *after);
    assert!(changes.moves.is_sorted_by(|a, b| a.node < b.node));
    let mut ids_before = sizes(before);
    ids_before.remove(&SwarmId::UNASSIGNED);
    let ids_after = sizes(after);
    let created = ids_after.keys().filter(|id| !ids_before.contains_key(id));
    assert!(created.eq(&changes.created));
    let dissolved = ids_before.keys().filter(|id| !ids_after.contains_key(id));
    assert!(dissolved.eq(&changes.dissolved));
}

/// One node joined a settled network (`before` has it unassigned). Either it alone got a swarm, one
/// of those up to the 25th percentile of size; or seven nodes also made one new swarm, the joining
/// one perhaps among them. Nobody else moved.
fn assert_join(joined: NodeId, before: &Places, changes: &Changes) {
    let mut old_sizes = sizes(before);
    old_sizes.remove(&SwarmId::UNASSIGNED);
    let mine = changes.moves.iter().find(|change| change.node == joined);
    let mine = mine.expect("the node that joined got a swarm");
    assert_eq!(changes.dissolved, []);
    let others: Vec<_> = changes.moves.iter().filter(|c| c.node != joined).collect();
    match changes.created.as_slice() {
        [] => {
            assert!(others.is_empty());
            assert!(old_sizes[&mine.to] <= percentile(&old_sizes, 25));
        }
        [_] if old_sizes.is_empty() => assert!(others.is_empty()),
        [new] => {
            assert!(others.iter().all(|change| change.to == *new));
            let members = others.len() + usize::from(mine.to == *new);
            assert_eq!(members, NEW_SWARM_SIZE);
        }
        more => panic!("one node made swarms {more:?}"),
    }
}

/// One node left swarm `left` of a settled network; `before` is without it. Nobody moved when the
/// swarm still has five nodes or is the only one. Else one node came from a large swarm, or, when
/// no swarm has more than five, the four nodes that remained were spread over the others.
fn assert_leave(left: SwarmId, before: &Places, changes: &Changes) {
    let old_sizes = sizes(before);
    assert_eq!(changes.created, []);
    let rest = old_sizes.get(&left).copied().unwrap_or(0);
    if rest >= MIN_SWARM_SIZE || old_sizes.len() <= 1 {
        assert_eq!(*changes, Changes::default());
        return;
    }
    assert_eq!(rest, MIN_SWARM_SIZE - 1);
    let floor = MIN_SWARM_SIZE.max(percentile(&old_sizes, 75) - 1);
    if old_sizes.values().any(|&size| size > MIN_SWARM_SIZE) {
        assert_eq!(changes.dissolved, []);
        let [change] = changes.moves.as_slice() else {
            panic!("one node fills the swarm: {changes:?}");
        };
        assert_eq!(change.to, left);
        assert!(old_sizes[&change.from] > floor);
    } else {
        assert_eq!(changes.dissolved, [left]);
        assert_eq!(changes.moves.len(), rest);
        assert!(changes.moves.iter().all(|change| change.from == left));
    }
}

#[test]
fn with_registrations_only_there_is_a_swarm_for_every_seven_nodes() {
    for seed in 0..3 {
        let mut membership = Membership::new();
        for nodes in 1..=400_u64 {
            let joined = node(nodes);
            membership.register(joined).unwrap();
            let before = places(&membership);
            let changes = membership.rebalance(&block_hash(seed, nodes));
            assert_join(joined.id, &before, &changes);
            assert_changes(&before, &changes, &places(&membership));
            let swarms = 1 + nodes.saturating_sub(7) / 7;
            assert_eq!(
                membership.snapshot().swarm_ids().len() as u64,
                swarms,
                "{nodes} nodes"
            );
            if nodes % 20 == 0 {
                assert_settled(&membership);
            }
        }
    }
}

#[test]
fn all_at_once_there_are_as_many_swarms() {
    for nodes in [1, 4, 5, 7, 13, 14, 20, 21, 100, 333] {
        let mut membership = Membership::new();
        for number in 0..nodes {
            membership.register(node(number)).unwrap();
        }
        assert!(
            membership.snapshot().nodes().is_empty(),
            "no swarms before the rebalancing"
        );
        membership.rebalance(&block_hash(7, nodes));
        assert_settled(&membership);
        let swarms = 1 + nodes.saturating_sub(7) / 7;
        assert_eq!(membership.snapshot().swarm_ids().len() as u64, swarms);
    }
}

#[test]
fn the_first_swarms_have_the_first_ids() {
    let mut membership = Membership::new();
    for number in 0..21 {
        membership.register(node(number)).unwrap();
        membership.rebalance(&block_hash(1, number));
    }
    let expected = [0, 0x7fff_ffff_ffff_ffff, 0xbfff_ffff_ffff_ffff].map(SwarmId);
    assert_eq!(membership.snapshot().swarm_ids(), expected);
    assert_eq!(membership.epoch(), Epoch(21));
}

#[test]
fn departures_one_by_one_move_what_the_rules_move() {
    let mut kinds = [0; 3];
    for seed in 0..4 {
        let mut membership = Membership::new();
        for number in 0..60 {
            membership.register(node(number)).unwrap();
        }
        membership.rebalance(&block_hash(seed, 0));
        let mut order: Vec<_> = membership.active().map(|(node, _)| node.id).collect();
        let mut stream = Seed::from_u64(seed).child("departures", 0).stream();
        for height in 1.. {
            if order.is_empty() {
                break;
            }
            let at = usize::try_from(stream.below(order.len() as u64)).unwrap();
            let id = order.swap_remove(at);
            let left = places(&membership)[&id];
            membership.leave(&id).unwrap();
            let before = places(&membership);
            if before.is_empty() {
                break;
            }
            let changes = membership.rebalance(&block_hash(seed, height));
            assert_leave(left, &before, &changes);
            assert_changes(&before, &changes, &places(&membership));
            assert_settled(&membership);
            kinds[changes.moves.len().min(2)] += 1;
        }
    }
    assert!(
        kinds.iter().all(|&count| count > 0),
        "nothing, one and several moved: {kinds:?}"
    );
}

#[test]
fn an_empty_network_stays_empty() {
    let mut membership = Membership::new();
    assert_eq!(membership.rebalance(&[1; 32]), Changes::default());
    assert!(membership.snapshot().swarm_ids().is_empty());
    membership.register(node(1)).unwrap();
    membership.rebalance(&[1; 32]);
    membership.leave(&node(1).id).unwrap();
    assert_eq!(membership.rebalance(&[2; 32]), Changes::default());
    assert!(membership.snapshot().nodes().is_empty());
}

#[test]
fn decommissioned_nodes_leave_their_swarm_and_come_back_anywhere() {
    let mut membership = Membership::new();
    for number in 0..70 {
        membership.register(node(number)).unwrap();
    }
    membership.rebalance(&[3; 32]);
    let mut elsewhere = 0;
    for number in 0..30_u8 {
        let id = node(u64::from(number)).id;
        let home = places(&membership)[&id];
        membership.decommission(&id).unwrap();
        assert_eq!(membership.registered(), 70);
        assert_eq!(membership.snapshot().swarm_of_node(&id), None);
        membership.rebalance(&[number; 32]);
        assert_settled(&membership);
        membership.recommission(&id).unwrap();
        assert_eq!(places(&membership)[&id], SwarmId::UNASSIGNED);
        membership.rebalance(&[number + 1; 32]);
        elsewhere += usize::from(places(&membership)[&id] != home);
    }
    assert!((10..30).contains(&elsewhere), "{elsewhere} of 30");
}

#[test]
fn changes_that_do_not_fit_are_refused() {
    let mut membership = Membership::new();
    let (here, there) = (node(1), node(2));
    let id = here.id;
    membership.register(here).unwrap();
    assert_eq!(
        membership.register(here),
        Err(MembershipError::AlreadyRegistered { id })
    );
    assert_eq!(
        membership.recommission(&id),
        Err(MembershipError::NotDecommissioned { id })
    );
    membership.decommission(&id).unwrap();
    assert_eq!(
        membership.decommission(&id),
        Err(MembershipError::AlreadyDecommissioned { id })
    );
    assert_eq!(
        membership.register(here),
        Err(MembershipError::AlreadyRegistered { id })
    );
    let unknown = MembershipError::Unknown { id: there.id };
    assert_eq!(membership.leave(&there.id), Err(unknown));
    assert_eq!(membership.decommission(&there.id), Err(unknown));
    assert_eq!(membership.recommission(&there.id), Err(unknown));
    let twice = Membership::with_assigned([(here, SwarmId(1)), (here, SwarmId(2))]);
    assert_eq!(twice, Err(MembershipError::AlreadyRegistered { id }));
}

#[test]
fn a_network_can_begin_with_swarms_of_our_own() {
    let swarms = leek_swarm::assign_fixed(20, 5).unwrap();
    let nodes = (0..).map(node).zip(swarms.iter().copied());
    let mut membership = Membership::with_assigned(nodes).unwrap();
    assert_eq!(membership.rebalance(&[1; 32]), Changes::default());
    let before = places(&membership);
    membership.leave(&node(0).id).unwrap();
    let changes = membership.rebalance(&[1; 32]);
    assert_eq!(changes.dissolved, [before[&node(0).id]]);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Register,
    Leave(prop::sample::Index),
    Decommission(prop::sample::Index),
    Recommission(prop::sample::Index),
    Rebalance,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Register),
        2 => any::<prop::sample::Index>().prop_map(Step::Leave),
        1 => any::<prop::sample::Index>().prop_map(Step::Decommission),
        1 => any::<prop::sample::Index>().prop_map(Step::Recommission),
        3 => Just(Step::Rebalance),
    ];
    proptest::collection::vec(step, 0..120)
}

/// Applies `steps` to a network that begins with `start` nodes, checking what must hold at each
/// rebalancing, and returns the network.
fn run(start: u64, steps: &[Step], seed: u64) -> Membership {
    let mut membership = Membership::new();
    let (mut active, mut inactive, mut next) = (Vec::new(), Vec::new(), 0);
    let join = |membership: &mut Membership, active: &mut Vec<NodeId>, number| {
        membership.register(node(number)).expect("numbers are new");
        active.push(node(number).id);
    };
    while next < start {
        join(&mut membership, &mut active, next);
        next += 1;
    }
    for (step, height) in steps.iter().zip(0..) {
        match step {
            Step::Register => {
                join(&mut membership, &mut active, next);
                next += 1;
            }
            Step::Leave(at) if !active.is_empty() => {
                let id = active.swap_remove(at.index(active.len()));
                membership.leave(&id).expect("active");
            }
            Step::Decommission(at) if !active.is_empty() => {
                let id = active.swap_remove(at.index(active.len()));
                membership.decommission(&id).expect("active");
                inactive.push(id);
            }
            Step::Recommission(at) if !inactive.is_empty() => {
                let id = inactive.swap_remove(at.index(inactive.len()));
                membership.recommission(&id).expect("inactive");
                active.push(id);
            }
            Step::Leave(_) | Step::Decommission(_) | Step::Recommission(_) => {}
            Step::Rebalance => {
                let before = places(&membership);
                let changes = membership.rebalance(&block_hash(seed, height));
                assert_changes(&before, &changes, &places(&membership));
                assert_settled(&membership);
            }
        }
    }
    membership
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_history_settles_and_repeats(
        start in 0_u64..80,
        steps in steps(),
        seed in any::<u64>(),
    ) {
        prop_assert_eq!(run(start, &steps, seed), run(start, &steps, seed));
    }

    /// One change at a time moves what the rules move, whatever history led there.
    #[test]
    fn one_change_after_any_history(
        start in 0_u64..80,
        steps in steps(),
        seed in any::<u64>(),
        who in any::<prop::sample::Index>(),
    ) {
        let mut membership = run(start, &steps, seed);
        membership.rebalance(&block_hash(seed, 1000));
        let settled = places(&membership);

        let mut grown = membership.clone();
        let joined = node(1 << 40);
        prop_assert_eq!(grown.register(joined), Ok(()));
        let before = places(&grown);
        let changes = grown.rebalance(&block_hash(seed, 1001));
        assert_join(joined.id, &before, &changes);

        if let Some((id, left)) = settled.iter().nth(who.index(settled.len().max(1))) {
            for leave in [
                |membership: &mut Membership, id: &NodeId| membership.leave(id).map(|_| ()),
                Membership::decommission,
            ] {
                let mut shrunk = membership.clone();
                prop_assert_eq!(leave(&mut shrunk, id), Ok(()));
                let before = places(&shrunk);
                let changes = shrunk.rebalance(&block_hash(seed, 1002));
                assert_leave(*left, &before, &changes);
            }
        }
    }
}
