//! Distributions, with fixed seeds: each number is the same in every run.

use std::collections::BTreeMap;

use leek_identity::NodeId;
use leek_machine::Seed;
use leek_onion::{Diversity, Overlap, PathChange, PathEvidence, PathLoss, PathPolicy};

use crate::common::{at, first_path, network, path_of, ready, stream};

/// Pearson's statistic against the uniform distribution over `cells` cells.
fn chi_square(counts: &BTreeMap<NodeId, u32>, cells: usize) -> f64 {
    let total: u32 = counts.values().sum();
    let expected = f64::from(total) / cells as f64;
    let seen: f64 = counts
        .values()
        .map(|n| (f64::from(*n) - expected).powi(2) / expected)
        .sum();
    seen + (cells - counts.len()) as f64 * expected
}

/// Every node is guard, middle and last hop equally often: in a network with one node per /24,
/// and in a crowded one where the rule binds.
#[test]
fn every_place_is_drawn_uniformly() {
    let nodes = 40;
    for (policy, per_net) in [
        (PathPolicy::SESSION, 1),
        (PathPolicy::SESSION, 4),
        (
            PathPolicy {
                overlap: Overlap::Shared,
                ..PathPolicy::SESSION
            },
            2,
        ),
        (
            PathPolicy {
                diversity: Diversity::Free,
                ..PathPolicy::SESSION
            },
            4,
        ),
    ] {
        let pool = network(nodes, per_net);
        let mut counts = vec![BTreeMap::new(); 3];
        for run in 0..4_000 {
            let entropy = &mut Seed::from_u64(5).child("run", run).stream();
            let paths = ready(policy, &pool, entropy);
            let (_, hops) = first_path(&paths);
            for (place, hop) in hops.into_iter().enumerate() {
                *counts[place].entry(hop).or_insert(0) += 1;
            }
        }
        for (place, counts) in counts.iter().enumerate() {
            // 39 degrees of freedom: 76.6 is exceeded once in 3,500 times (p = 0.0003).
            let statistic = chi_square(counts, nodes);
            assert!(statistic < 76.6, "{policy:?} place {place}: {statistic}");
        }
    }
}

#[test]
fn paths_are_picked_uniformly_even_when_one_fails() {
    let pool = network(60, 1);
    let entropy = &mut stream(3);
    let policy = PathPolicy {
        path_strikes: 3,
        ..PathPolicy::SESSION
    };
    let mut paths = ready(policy, &pool, entropy);
    let (struck, _) = first_path(&paths);
    // Two strikes do not shift the choice: failing must not push traffic to another path.
    paths.report(struck, PathEvidence::Lost, at(1));
    paths.report(struck, PathEvidence::Lost, at(1));
    let picks = 10_000;
    let mut first = 0_u32;
    for _ in 0..picks {
        let (picked, _) = paths.pick(&NodeId::from_bytes([0; 32]), entropy).unwrap();
        first += u32::from(picked == struck);
    }
    // Standard deviation 50; four of them.
    assert!(first.abs_diff(picks / 2) < 200, "{first}");
}

/// What a hostile guard gains by failing requests until its path ends at an accomplice
/// (reliability spec row 38). A tenth of the nodes are hostile, the guard is one of them.
///
/// Share of rotation periods that end with a hostile last hop: 0.1 without the attack;
/// `1 - 0.9^3 = 0.27` with three draws per period; unbounded draws would give 1.
#[test]
fn what_a_hostile_guard_can_steer_is_bounded() {
    let pool = network(500, 1);
    let hostile: Vec<NodeId> = pool.iter().step_by(10).map(|node| node.id).collect();
    let policy = PathPolicy {
        guards: 1,
        ..PathPolicy::SESSION
    };
    let period = policy.rotation_ms.unwrap().get();
    let share = |attack: bool, seed: u64| {
        let entropy = &mut stream(seed);
        let mut ends = 0_u32;
        let periods = 3_000;
        let mut paths = ready(policy, &pool, entropy);
        let guard = paths.guards().next().unwrap();
        for n in 0..periods {
            let now = at(period * n);
            paths.update(&pool, &[], now, entropy);
            // As many tries as it likes; the client draws anew whenever it asks for it.
            for _ in 0..30 {
                let (path, hops) = path_of(&paths, guard);
                if attack && !hostile.contains(&hops[2]) {
                    let changes = paths.report(path, PathEvidence::Status(504), now);
                    let lost = PathLoss::Struck;
                    if changes.contains(&PathChange::PathLost { path, cause: lost }) {
                        paths.update(&pool, &[], now, entropy);
                    }
                }
            }
            ends += u32::from(hostile.contains(&path_of(&paths, guard).1[2]));
        }
        f64::from(ends) / periods as f64
    };
    // Standard deviations 0.0055 and 0.0081; four of them.
    let (honest, attacked) = (share(false, 1), share(true, 2));
    assert!((honest - 0.1).abs() < 0.022, "{honest}");
    assert!((attacked - 0.271).abs() < 0.033, "{attacked}");
}

/// One node against one session (metrics spec V18): the share of clients whose guard is also a
/// member of the swarm they poll, `1 - C(N - U, g) / C(N, g)`, and zero when they are excluded.
#[test]
fn a_guard_in_the_own_swarm_is_as_likely_as_the_closed_form_says() {
    let pool = network(300, 1);
    let swarm: Vec<NodeId> = pool.iter().take(7).map(|node| node.id).collect();
    let clients = 4_000;
    let entropy = &mut stream(8);
    let mut exposed = 0_u32;
    for _ in 0..clients {
        let paths = ready(PathPolicy::SESSION, &pool, entropy);
        exposed += u32::from(paths.guards().any(|guard| swarm.contains(&guard)));
        let mut excluding = leek_onion::PathSet::new(PathPolicy::SESSION).unwrap();
        excluding.update(&pool, &swarm, at(0), entropy);
        assert!(excluding.guards().all(|guard| !swarm.contains(&guard)));
    }
    let share = f64::from(exposed) / f64::from(clients);
    // 1 - (293 * 292) / (300 * 299) = 0.0462; standard deviation 0.0033, four of them.
    assert!((share - 0.046_2).abs() < 0.013_3, "{share}");
}

/// Requests between two replaced paths when 5 % are lost independently, without rotation. With
/// `q = 0.95^20` the chance of 20 answers in a row, `c = (1 - q) / 0.05` the mean wait for a loss
/// or for them, and `a = 1 - q`: `(1 / 0.05 + c (1 + a)) / a^2` = 99.8.
#[test]
fn random_loss_replaces_paths_as_rarely_as_the_closed_form_says() {
    let pool = network(60, 1);
    let policy = PathPolicy {
        guards: 1,
        rotation_ms: None,
        ..PathPolicy::SESSION
    };
    let policy = PathPolicy {
        rebuilds_max: u8::MAX,
        ..policy
    };
    let entropy = &mut stream(4);
    let mut losses = stream(5);
    let mut paths = ready(policy, &pool, entropy);
    let (mut requests, mut replaced) = (0_u32, 0_u32);
    while replaced < 2_000 {
        requests += 1;
        let now = at(u64::from(requests) * 10_000);
        let lost = losses.below(20) == 0;
        let evidence = if lost {
            PathEvidence::Lost
        } else {
            PathEvidence::Answered
        };
        let (path, _) = first_path(&paths);
        paths.report(path, evidence, now);
        if paths.incomplete() {
            replaced += 1;
            paths.update(&pool, &[], now, entropy);
        }
    }
    let mean = f64::from(requests) / f64::from(replaced);
    // The standard deviation of one interval is below its mean; of the mean, below 2.3.
    assert!((mean - 99.8).abs() < 9.2, "{mean}");
}
