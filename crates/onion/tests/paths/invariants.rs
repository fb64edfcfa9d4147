//! Invariants of paths under any pool, any evidence and any order (reliability spec I9).

use std::collections::BTreeSet;

use crate::common::{network, sorted, stream};
use leek_identity::{NodeId, NodeRecord};
use leek_machine::{Stream, Tick};
use leek_onion::{
    Diversity, Hop, HopError, Overlap, PathChange, PathError, PathEvidence, PathHandle, PathLoss,
    PathPolicy, PathSet,
};
use proptest::prelude::*;

fn record<'p>(pool: &'p [NodeRecord], id: &NodeId) -> &'p NodeRecord {
    pool.iter()
        .find(|node| node.id == *id)
        .expect("a node of a path is in the pool")
}

/// What must hold for one path, however it came about.
fn check_path(policy: &PathPolicy, pool: &[NodeRecord], hops: &[Hop]) {
    assert_eq!(hops.len(), usize::from(policy.hops), "never fewer hops");
    let ids: BTreeSet<NodeId> = hops.iter().map(|hop| hop.id).collect();
    assert_eq!(ids.len(), hops.len(), "no node twice");
    let records = hops.iter().map(|hop| record(pool, &hop.id));
    let nets: BTreeSet<_> = records.map(|node| node.address.slash24()).collect();
    if policy.diversity == Diversity::OnePerSlash24 {
        assert_eq!(nets.len(), hops.len(), "one node per /24");
    }
    for hop in hops {
        assert_eq!(hop.key, record(pool, &hop.id).onion_key);
    }
}

/// What must hold for all paths of a client together.
fn check(paths: &PathSet, pool: &[NodeRecord]) {
    let policy = paths.policy();
    let all: Vec<Vec<Hop>> = paths.paths().map(|(_, hops)| hops).collect();
    for hops in &all {
        check_path(policy, pool, hops);
    }
    let guards: BTreeSet<NodeId> = paths.guards().collect();
    assert_eq!(guards.len(), paths.guards().count(), "guards are distinct");
    if policy.overlap == Overlap::Disjoint {
        let nodes: Vec<&NodeRecord> = all
            .iter()
            .flatten()
            .map(|hop| record(pool, &hop.id))
            .collect();
        let ids: BTreeSet<NodeId> = nodes.iter().map(|node| node.id).collect();
        assert_eq!(ids.len(), nodes.len(), "no node on two paths");
        let nets: BTreeSet<_> = nodes.iter().map(|node| node.address.slash24()).collect();
        if policy.diversity == Diversity::OnePerSlash24 {
            assert_eq!(nets.len(), nodes.len(), "one node per /24 over all paths");
        }
    }
}

/// Picks for a destination, and checks what must hold for the path of one request.
fn check_pick(paths: &PathSet, pool: &[NodeRecord], destination: NodeId, entropy: &mut Stream) {
    match paths.pick(&destination, entropy) {
        Ok((handle, hops)) => {
            check_path(paths.policy(), pool, &hops);
            assert!(
                hops.iter().all(|hop| hop.id != destination),
                "not on its own path"
            );
            assert_eq!(handle.guard(), hops.first().map(|hop| hop.id));
            assert!(paths.guards().any(|guard| Some(guard) == handle.guard()));
            assert!(paths.paths().any(|(ready, _)| ready == handle));
        }
        Err(PathError::NotBuilt | PathError::PoolTooSmall { .. } | PathError::TooFewFit { .. }) => {
            assert_eq!(paths.paths().count(), 0, "a ready path is used");
        }
        Err(PathError::DestinationIsGuard) => {
            assert!(
                paths
                    .paths()
                    .all(|(handle, _)| handle.guard() == Some(destination))
            );
        }
        Err(PathError::NoneAvoids) => {
            assert!(
                paths
                    .paths()
                    .all(|(_, hops)| hops.iter().any(|hop| hop.id == destination))
            );
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    /// Evidence about a path: a ready one, or one that was.
    Report(prop::sample::Index, PathEvidence),
    /// A node leaves the network; a path's when `true`.
    Leave(prop::sample::Index, bool),
    /// A node that left returns.
    Return,
    Wait(u64),
    Pick(prop::sample::Index),
}

fn evidence(guard_too: bool) -> impl Strategy<Value = PathEvidence> {
    let node = any::<u8>().prop_map(|n| NodeId::from_bytes([n; 32]));
    let forged = prop_oneof![
        Just(PathEvidence::Answered),
        Just(PathEvidence::Lost),
        Just(PathEvidence::Garbled),
        node.clone()
            .prop_map(|node| PathEvidence::Hop(HopError::NextNodeNotFound(node))),
        node.prop_map(|node| PathEvidence::Hop(HopError::NotReady(node))),
        Just(PathEvidence::Hop(HopError::TimedOut)),
        Just(PathEvidence::Hop(HopError::InvalidCiphertext)),
        any::<u16>().prop_map(PathEvidence::Status),
        any::<u16>().prop_map(PathEvidence::Server),
    ];
    let own = if guard_too {
        PathEvidence::GuardUnreachable
    } else {
        PathEvidence::GuardReachable
    };
    prop_oneof![4 => forged, 1 => Just(own)]
}

fn op(guard_too: bool) -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (any::<prop::sample::Index>(), evidence(guard_too)).prop_map(|(at, e)| Op::Report(at, e)),
        1 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(at, used)| Op::Leave(at, used)),
        1 => Just(Op::Return),
        2 => (0_u64..700_000).prop_map(Op::Wait),
        4 => any::<prop::sample::Index>().prop_map(Op::Pick),
    ]
}

fn policy() -> impl Strategy<Value = PathPolicy> {
    (
        1_u8..=4,
        1_u8..=3,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(hops, guards, free, shared, fixed)| PathPolicy {
            hops,
            guards,
            diversity: if free {
                Diversity::Free
            } else {
                Diversity::OnePerSlash24
            },
            overlap: if shared {
                Overlap::Shared
            } else {
                Overlap::Disjoint
            },
            rotation_ms: PathPolicy::SESSION.rotation_ms.filter(|_| !fixed),
            ..PathPolicy::SESSION
        })
}

/// Runs operations, checking all invariants after each; returns the guards lost that were still
/// in the pool.
fn run(policy: PathPolicy, nodes: usize, per_net: usize, ops: &[Op], seed: u64) -> usize {
    let entropy = &mut stream(seed);
    let all = network(nodes, per_net);
    let mut gone: Vec<NodeRecord> = Vec::new();
    let mut pool = all;
    let mut paths = PathSet::new(policy).unwrap();
    let mut now = Tick::ZERO;
    let mut handles: Vec<PathHandle> = Vec::new();
    let mut lost = 0;
    paths.update(&pool, &[], now, entropy);
    for op in ops {
        let before: Vec<NodeId> = paths.guards().collect();
        handles.extend(paths.paths().map(|(handle, _)| handle));
        match op {
            Op::Report(at, evidence) if !handles.is_empty() => {
                paths.report(handles[at.index(handles.len())], *evidence, now);
            }
            Op::Leave(at, used) => {
                let in_use: Vec<NodeId> = paths
                    .paths()
                    .flat_map(|(_, hops)| hops)
                    .map(|hop| hop.id)
                    .collect();
                let at = if *used && !in_use.is_empty() {
                    let id = in_use[at.index(in_use.len())];
                    pool.iter().position(|node| node.id == id).unwrap()
                } else if pool.is_empty() {
                    continue;
                } else {
                    at.index(pool.len())
                };
                gone.push(pool.remove(at));
            }
            Op::Return => {
                pool.extend(gone.pop());
                pool = sorted(pool);
            }
            Op::Wait(ms) => now = now.after_ms(*ms),
            Op::Pick(at) => {
                if !pool.is_empty() {
                    check_pick(&paths, &pool, pool[at.index(pool.len())].id, entropy);
                    for hop in paths.paths().flat_map(|(_, hops)| hops).collect::<Vec<_>>() {
                        check_pick(&paths, &pool, hop.id, entropy);
                    }
                }
            }
            Op::Report(..) => {}
        }
        paths.update(&pool, &[], now, entropy);
        check(&paths, &pool);
        let after: BTreeSet<NodeId> = paths.guards().collect();
        let still = |id: &&NodeId| pool.iter().any(|node| node.id == **id);
        lost += before
            .iter()
            .filter(still)
            .filter(|id| !after.contains(id))
            .count();
        assert!(
            pool.len() < policy.pool_min.max(nodes / 2) || !paths.incomplete(),
            "half of a network large enough gives all paths"
        );
    }
    lost
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn paths_are_sound_whatever_happens(
        policy in policy(), ops in prop::collection::vec(op(true), 1..60), seed: u64,
    ) {
        run(policy, 60, 1, &ops, seed);
    }

    #[test]
    fn paths_are_sound_in_crowded_networks(
        policy in policy(), ops in prop::collection::vec(op(true), 1..60), seed: u64,
    ) {
        // 90 nodes in 30 networks; 12 places at most.
        run(policy, 90, 3, &ops, seed);
    }

    /// Whatever hops forge, damage or drop, and however often paths rotate: a guard in the pool
    /// stays.
    #[test]
    fn guards_stay_under_any_forgery(
        policy in policy(), ops in prop::collection::vec(op(false), 1..80), seed: u64,
    ) {
        prop_assert_eq!(run(policy, 60, 1, &ops, seed), 0);
    }

    /// Strikes force no more draws than the budget, whatever the evidence.
    #[test]
    fn forced_draws_are_bounded(
        evidence in prop::collection::vec(evidence(false), 1..200), seed: u64,
    ) {
        let policy = PathPolicy { rotation_ms: None, ..PathPolicy::SESSION };
        let pool = network(60, 1);
        let entropy = &mut stream(seed);
        let mut paths = PathSet::new(policy).unwrap();
        paths.update(&pool, &[], Tick::ZERO, entropy);
        let mut struck = 0;
        for evidence in evidence {
            for (handle, _) in paths.paths().collect::<Vec<_>>() {
                let changes = paths.report(handle, evidence, Tick::ZERO);
                struck += changes.iter().filter(|change| {
                    matches!(change, PathChange::PathLost { cause: PathLoss::Struck, .. })
                }).count();
            }
            paths.update(&pool, &[], Tick::ZERO, entropy);
        }
        prop_assert!(struck <= usize::from(policy.rebuilds_max * policy.guards));
    }

    #[test]
    fn too_small_a_network_is_an_error_and_never_a_shorter_path(
        policy in policy(), nodes in 0_usize..12, per_net in 1_usize..4, seed: u64,
    ) {
        let policy = PathPolicy { pool_min: 0, ..policy };
        let pool = network(nodes, per_net);
        let entropy = &mut stream(seed);
        let mut paths = PathSet::new(policy).unwrap();
        paths.update(&pool, &[], Tick::ZERO, entropy);
        check(&paths, &pool);
        let nets = nodes.div_ceil(per_net);
        let places = if policy.diversity == Diversity::Free { nodes } else { nets };
        let fits = places >= policy.nodes_needed();
        // With shared paths several guards of one /24 are fine, so only a lower bound holds.
        prop_assert!(paths.incomplete() != fits || policy.overlap == Overlap::Shared);
        prop_assert!(!fits || !paths.incomplete());
        let picked = paths.pick(&NodeId::from_bytes([0; 32]), entropy);
        if paths.paths().count() == 0 {
            prop_assert_eq!(picked.unwrap_err(), PathError::TooFewFit { have: nodes });
        }
    }
}
