//! Each rule of ADR 3 by example.

use core::num::NonZeroU16;

use leek_identity::NodeId;
use leek_machine::Tick;
use leek_onion::{
    GuardLoss, HopError, Overlap, PathChange, PathEvidence, PathLoss, PathPolicy, PathSet,
    PolicyError,
};

use crate::common::{at, first_path, network, path_of, ready, stream};

const POLICY: PathPolicy = PathPolicy::SESSION;
/// The session policy without rotation, so that only evidence changes paths.
const STILL: PathPolicy = PathPolicy {
    rotation_ms: None,
    ..POLICY
};
const ONE_GUARD: PathPolicy = PathPolicy { guards: 1, ..STILL };

#[test]
fn three_failures_replace_the_hops_but_not_the_guard() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    for failure in [
        PathEvidence::Lost,
        PathEvidence::Garbled,
        PathEvidence::Hop(HopError::TimedOut),
        PathEvidence::Hop(HopError::Busy),
        PathEvidence::Hop(HopError::NotReady(NodeId::from_bytes([7; 32]))),
        PathEvidence::Hop(HopError::NextNodeNotFound(NodeId::from_bytes([7; 32]))),
        PathEvidence::Status(502),
    ] {
        let mut paths = ready(STILL, &pool, entropy);
        let (path, before) = first_path(&paths);
        assert_eq!(paths.report(path, failure, at(1)), []);
        assert_eq!(paths.report(path, failure, at(1)), []);
        let changes = paths.report(path, failure, at(1));
        assert_eq!(
            changes,
            [PathChange::PathLost {
                path,
                cause: PathLoss::Struck
            }]
        );
        assert!(paths.incomplete());
        paths.update(&pool, &[], at(1), entropy);
        let (new, after) = path_of(&paths, before[0]);
        assert_ne!(new, path);
        assert!(
            after[1..].iter().all(|hop| !before.contains(hop)),
            "{failure:?}"
        );
    }
}

#[test]
fn statuses_that_speak_about_the_request_never_strike() {
    let pool = network(60, 1);
    let mut paths = ready(STILL, &pool, &mut stream(1));
    let (path, _) = first_path(&paths);
    let untouched = paths.clone();
    let spoken = [
        PathEvidence::Hop(HopError::InvalidCiphertext),
        PathEvidence::Hop(HopError::InvalidJson),
        PathEvidence::Hop(HopError::TooManyHops),
        PathEvidence::Hop(HopError::TooLarge),
        PathEvidence::GuardReachable,
        PathEvidence::Answered,
    ];
    let codes = [
        400, 401, 403, 404, 406, 413, 421, 425, 429, 500, 200, 0, 501, 505,
    ];
    let codes = codes.map(PathEvidence::Status);
    let servers = [400, 425, 500, 502, 503, 504].map(PathEvidence::Server);
    for evidence in spoken.into_iter().chain(codes).chain(servers) {
        for _ in 0..10 {
            assert_eq!(paths.report(path, evidence, at(1)), [], "{evidence:?}");
        }
        assert_eq!(paths, untouched, "{evidence:?}");
    }
}

/// However often one hop names another, the named node is not touched for it.
#[test]
fn a_named_node_is_not_evicted_by_words() {
    let pool = network(60, 1);
    let mut paths = ready(
        PathPolicy {
            path_strikes: u8::MAX,
            ..STILL
        },
        &pool,
        &mut stream(1),
    );
    let (path, hops) = first_path(&paths);
    let (_, others) = path_of(&paths, paths.guards().nth(1).unwrap());
    for named in [hops[0], hops[1], hops[2], others[0], others[1], pool[0].id] {
        for error in [
            HopError::NextNodeNotFound(named),
            HopError::NextNodeUnreachable(named),
            HopError::NotReady(named),
        ] {
            for _ in 0..10 {
                assert_eq!(paths.report(path, PathEvidence::Hop(error), at(1)), []);
            }
        }
    }
    paths.update(&pool, &[], at(1), &mut stream(2));
    assert_eq!(path_of(&paths, hops[0]).1, hops);
    assert_eq!(path_of(&paths, others[0]).1, others);
}

#[test]
fn a_burst_of_failures_is_blamed_on_the_path_it_happened_on() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(STILL, &pool, entropy);
    let (path, hops) = first_path(&paths);
    for _ in 0..10 {
        paths.report(path, PathEvidence::Lost, at(1));
    }
    paths.update(&pool, &[], at(1), entropy);
    let fresh = paths.clone();
    for _ in 0..10 {
        assert_eq!(paths.report(path, PathEvidence::Lost, at(2)), []);
    }
    assert_eq!(paths, fresh);
    assert_ne!(path_of(&paths, hops[0]).0, path);
}

#[test]
fn strikes_are_forgiven_by_enough_answers_in_a_row() {
    let pool = network(60, 1);
    let policy = PathPolicy {
        forgive_after: NonZeroU16::new(5),
        ..STILL
    };
    let mut paths = ready(policy, &pool, &mut stream(1));
    let (path, _) = first_path(&paths);
    let answers = |paths: &mut PathSet, count| {
        for _ in 0..count {
            assert_eq!(paths.report(path, PathEvidence::Answered, at(1)), []);
        }
    };
    for round in 0..10 {
        // Two failures in seven: never enough.
        paths.report(path, PathEvidence::Lost, at(1));
        paths.report(path, PathEvidence::Lost, at(1));
        answers(&mut paths, 5);
        assert!(!paths.incomplete(), "{round}");
    }
    // Three failures with four answers after each: the run was broken each time.
    for _ in 0..3 {
        assert!(!paths.incomplete());
        paths.report(path, PathEvidence::Lost, at(1));
        answers(&mut paths, 4);
    }
    assert!(paths.incomplete());

    let mut never = ready(
        PathPolicy {
            forgive_after: None,
            ..STILL
        },
        &pool,
        &mut stream(1),
    );
    let (path, _) = first_path(&never);
    for _ in 0..2 {
        never.report(path, PathEvidence::Lost, at(1));
        for _ in 0..1_000 {
            never.report(path, PathEvidence::Answered, at(1));
        }
    }
    never.report(path, PathEvidence::Lost, at(1));
    assert!(never.incomplete());
}

#[test]
fn draws_that_failures_force_are_counted() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(ONE_GUARD, &pool, entropy);
    let guard = paths.guards().next().unwrap();
    let window = ONE_GUARD.rebuild_window_ms;
    let mut strike_out = |now| {
        let (path, _) = path_of(&paths, guard);
        for _ in 0..3 {
            paths.report(path, PathEvidence::Lost, now);
        }
        let lost = paths.incomplete();
        paths.update(&pool, &[], now, entropy);
        lost
    };
    assert!(strike_out(at(5)));
    assert!(strike_out(at(6)));
    for _ in 0..10 {
        assert!(
            !strike_out(at(4 + window)),
            "the budget of two is spent, the path stays in use"
        );
    }
    assert!(strike_out(at(5 + window)));
}

#[test]
fn struck_nodes_are_avoided_and_then_taken_when_nothing_else_is_left() {
    // Seven nodes for one path of three and a spare: few enough that strikes exhaust the pool.
    let policy = PathPolicy {
        pool_min: 7,
        rebuilds_max: u8::MAX,
        ..ONE_GUARD
    };
    let pool = network(7, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(policy, &pool, entropy);
    let (_, first) = first_path(&paths);
    let mut set_aside = 0;
    for round in 0..20 {
        let (path, before) = first_path(&paths);
        for _ in 0..3 {
            let changes = paths.report(path, PathEvidence::Lost, at(round));
            set_aside += changes
                .iter()
                .filter(|change| matches!(change, PathChange::NodeSetAside { .. }))
                .count();
        }
        paths.update(&pool, &[], at(round), entropy);
        let (_, after) = first_path(&paths);
        assert_eq!(after[0], first[0]);
        assert_eq!(after.len(), 3);
        if set_aside == 0 {
            assert!(
                after[1..].iter().all(|hop| !before.contains(hop)),
                "avoided at once"
            );
        }
    }
    assert!(
        set_aside >= 6,
        "all six others were struck three times: {set_aside}"
    );
}

#[test]
fn only_our_own_failures_to_connect_replace_a_guard() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(STILL, &pool, entropy);
    let (path, hops) = first_path(&paths);
    let down = PathEvidence::GuardUnreachable;
    for reset in [PathEvidence::Answered, PathEvidence::GuardReachable] {
        for _ in 0..5 {
            assert_eq!(paths.report(path, down, at(1)), []);
            assert_eq!(paths.report(path, down, at(1)), []);
            assert_eq!(paths.report(path, reset, at(1)), []);
        }
    }
    assert_eq!(paths.report(path, down, at(1)), []);
    assert_eq!(paths.report(path, down, at(1)), []);
    let changes = paths.report(path, down, at(1));
    let guard = hops[0];
    let until = at(1 + STILL.node_strike_ttl_ms);
    assert_eq!(
        changes,
        [
            PathChange::GuardLost {
                guard,
                cause: GuardLoss::Unreachable
            },
            PathChange::PathLost {
                path,
                cause: PathLoss::GuardLost
            },
            PathChange::NodeSetAside { node: guard, until },
        ]
    );
    paths.update(&pool, &[], at(1), entropy);
    assert!(!paths.incomplete());
    let new = paths.guards().next().unwrap();
    // The new guard is drawn as one; no hop of the old path moves up (network spec 3.7).
    assert!(!hops.contains(&new));
}

/// The report may come under the handle of a path that was rebuilt meanwhile: the guard is the
/// same.
#[test]
fn a_guards_failures_count_across_rebuilds() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(STILL, &pool, entropy);
    let (path, hops) = first_path(&paths);
    for _ in 0..3 {
        paths.report(path, PathEvidence::Lost, at(1));
    }
    paths.update(&pool, &[], at(1), entropy);
    assert_ne!(path_of(&paths, hops[0]).0, path);
    for _ in 0..3 {
        paths.report(path, PathEvidence::GuardUnreachable, at(2));
    }
    assert!(paths.guards().all(|guard| guard != hops[0]));
}

#[test]
fn guards_replaced_as_unreachable_are_counted() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(ONE_GUARD, &pool, entropy);
    let mut seen = vec![paths.guards().next().unwrap()];
    for _ in 0..20 {
        let (path, _) = first_path(&paths);
        for _ in 0..3 {
            paths.report(path, PathEvidence::GuardUnreachable, at(1));
        }
        paths.update(&pool, &[], at(1), entropy);
        seen.extend(paths.guards());
        seen.dedup();
    }
    assert_eq!(seen.len(), 1 + usize::from(ONE_GUARD.guard_changes_max));
}

#[test]
fn no_paths_for_the_direct_format() {
    let mut paths = PathSet::new(PathPolicy::DIRECT).unwrap();
    assert_eq!(paths.update(&[], &[], at(0), &mut stream(1)), []);
    let (handle, hops) = paths
        .pick(&NodeId::from_bytes([1; 32]), &mut stream(1))
        .unwrap();
    assert_eq!((hops.len(), handle.guard()), (0, None));
    assert_eq!(paths.report(handle, PathEvidence::Lost, at(0)), []);
    assert!(!paths.incomplete());
    assert_eq!(paths.poll_timeout(), None);
}

/// With a guard alone there is nothing behind it that strikes could replace.
#[test]
fn a_path_of_one_hop_survives_strikes() {
    let pool = network(60, 1);
    let mut paths = ready(PathPolicy { hops: 1, ..STILL }, &pool, &mut stream(1));
    let (path, hops) = first_path(&paths);
    for _ in 0..10 {
        assert_eq!(paths.report(path, PathEvidence::Lost, Tick::ZERO), []);
    }
    assert_eq!(first_path(&paths), (path, hops));
}

#[test]
fn policies_are_checked() {
    let error = |policy| PathSet::new(policy).unwrap_err();
    assert_eq!(
        error(PathPolicy { hops: 16, ..POLICY }),
        PolicyError::Hops { hops: 16 }
    );
    assert_eq!(
        error(PathPolicy {
            guards: 9,
            ..POLICY
        }),
        PolicyError::Guards { guards: 9 }
    );
    assert_eq!(
        error(PathPolicy {
            guards: 0,
            ..POLICY
        }),
        PolicyError::HopsWithoutGuards { hops: 3, guards: 0 }
    );
    assert_eq!(
        error(PathPolicy { hops: 0, ..POLICY }),
        PolicyError::HopsWithoutGuards { hops: 0, guards: 2 }
    );
    assert_eq!(
        error(PathPolicy {
            path_strikes: 0,
            ..POLICY
        }),
        PolicyError::NoStrikes
    );
    assert_eq!(POLICY.nodes_needed(), 6);
    assert_eq!(
        PathPolicy {
            overlap: Overlap::Shared,
            ..POLICY
        }
        .nodes_needed(),
        3
    );
}
