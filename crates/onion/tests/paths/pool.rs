//! Following the pool, and choosing a path for a destination, by example.

use leek_identity::NodeId;
use leek_onion::{Diversity, GuardLoss, PathChange, PathError, PathLoss, PathPolicy, PathSet};

use crate::common::{at, first_path, network, path_of, ready, sorted, stream};

const POLICY: PathPolicy = PathPolicy::SESSION;
/// The session policy without rotation, so that only the pool changes paths.
const STILL: PathPolicy = PathPolicy {
    rotation_ms: None,
    ..POLICY
};
const ONE_GUARD: PathPolicy = PathPolicy { guards: 1, ..STILL };

#[test]
fn rotation_keeps_guards_and_changes_the_rest() {
    let pool = network(200, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(POLICY, &pool, entropy);
    let period = POLICY.rotation_ms.unwrap().get();
    assert_eq!(paths.poll_timeout(), Some(at(period)));
    let guards: Vec<NodeId> = paths.guards().collect();
    let before: Vec<_> = guards.iter().map(|guard| path_of(&paths, *guard)).collect();
    assert_eq!(paths.update(&pool, &[], at(period - 1), entropy), []);
    let changes = paths.update(&pool, &[], at(period), entropy);
    assert_eq!(changes.len(), 4);
    assert_eq!(paths.guards().collect::<Vec<_>>(), guards);
    for (path, hops) in before {
        assert!(changes.contains(&PathChange::PathLost {
            path,
            cause: PathLoss::Rotated
        }));
        let (new, after) = path_of(&paths, hops[0]);
        assert!(changes.contains(&PathChange::PathBuilt { path: new }));
        assert_ne!(after[1..], hops[1..]);
    }
    assert_eq!(paths.poll_timeout(), Some(at(2 * period)));
    assert_eq!(ready(STILL, &pool, entropy).poll_timeout(), None);
}

#[test]
fn nodes_that_leave_drop_out_at_once_and_others_stay_in_place() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(STILL, &pool, entropy);
    let (path, hops) = first_path(&paths);
    let without = |gone: NodeId| -> Vec<_> {
        pool.iter()
            .filter(|node| node.id != gone)
            .copied()
            .collect()
    };

    let changes = paths.update(&without(hops[1]), &[], at(1), entropy);
    assert_eq!(
        changes[0],
        PathChange::PathLost {
            path,
            cause: PathLoss::Left
        }
    );
    let (_, after) = path_of(&paths, hops[0]);
    assert_eq!((after[0], after[2]), (hops[0], hops[2]));
    assert_ne!(after[1], hops[1]);

    let (path, _) = path_of(&paths, hops[0]);
    let changes = paths.update(&without(hops[0]), &[], at(2), entropy);
    let lost = PathChange::GuardLost {
        guard: hops[0],
        cause: GuardLoss::Left,
    };
    let path_lost = PathChange::PathLost {
        path,
        cause: PathLoss::GuardLost,
    };
    assert_eq!(changes[..2], [lost, path_lost]);
    assert!(!paths.incomplete());
}

#[test]
fn new_keys_and_addresses_are_taken_over() {
    let mut pool = network(60, 1);
    let entropy = &mut stream(1);
    let mut paths = ready(STILL, &pool, entropy);
    let (path, hops) = first_path(&paths);
    let (_, others) = path_of(&paths, paths.guards().nth(1).unwrap());
    let place = |pool: &[leek_identity::NodeRecord], id| {
        pool.iter().position(|node| node.id == id).unwrap()
    };
    // A new key: the same path, the new key in it.
    let at_guard = place(&pool, hops[0]);
    pool[at_guard].onion_key = leek_crypto::XPublic::from_bytes([0xee; 32]);
    assert_eq!(paths.update(&pool, &[], at(1), entropy), []);
    let (same, new) = paths.paths().find(|(handle, _)| *handle == path).unwrap();
    assert_eq!((same, new[0].key), (path, pool[at_guard].onion_key));
    // A guard that moves into the /24 of the other path's last hop has to go.
    let neighbour = pool[place(&pool, others[2])].address;
    pool[at_guard].address = neighbour;
    let changes = paths.update(&pool, &[], at(2), entropy);
    let lost = PathChange::GuardLost {
        guard: hops[0],
        cause: GuardLoss::Moved,
    };
    assert_eq!(changes[0], lost);
    assert_eq!(
        path_of(&paths, others[0]).1,
        others,
        "the one that stayed put keeps its place"
    );
    assert!(!paths.incomplete());
}

#[test]
fn a_destination_on_a_path_is_reached_by_the_other() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let paths = ready(STILL, &pool, entropy);
    for (handle, hops) in paths.paths() {
        for hop in hops {
            for _ in 0..10 {
                let (picked, _) = paths.pick(&hop.id, entropy).unwrap();
                assert_ne!(picked, handle);
            }
        }
    }
}

#[test]
fn a_destination_on_the_only_path_is_passed_by_the_same_spare_every_time() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let paths = ready(ONE_GUARD, &pool, entropy);
    let (path, hops) = first_path(&paths);
    let mut spares = Vec::new();
    for place in [1, 2] {
        for _ in 0..10 {
            let (picked, detour) = paths.pick(&hops[place], entropy).unwrap();
            assert_eq!(picked, path);
            let ids: Vec<NodeId> = detour.iter().map(|hop| hop.id).collect();
            assert_eq!(ids[0], hops[0], "the guard stays");
            assert_eq!(ids[3 - place], hops[3 - place]);
            spares.push(ids[place]);
        }
    }
    spares.dedup();
    assert_eq!(spares.len(), 1);
    assert!(!hops.contains(&spares[0]));
    assert_eq!(
        paths.pick(&hops[0], entropy),
        Err(PathError::DestinationIsGuard)
    );
}

#[test]
fn without_room_for_a_spare_a_destination_on_the_path_is_an_error() {
    let policy = PathPolicy {
        pool_min: 3,
        ..ONE_GUARD
    };
    let pool = network(3, 1);
    let entropy = &mut stream(1);
    let paths = ready(policy, &pool, entropy);
    let (_, hops) = first_path(&paths);
    assert_eq!(paths.pick(&hops[1], entropy), Err(PathError::NoneAvoids));
    assert_eq!(
        paths
            .pick(&NodeId::from_bytes([0; 32]), entropy)
            .unwrap()
            .1
            .len(),
        3
    );
}

#[test]
fn pools_below_the_minimum_build_nothing_but_keep_what_is_built() {
    let entropy = &mut stream(1);
    let pool = network(60, 1);
    let small = network(11, 1);
    let anyone = NodeId::from_bytes([0; 32]);
    let mut paths = PathSet::new(POLICY).unwrap();
    assert_eq!(paths.pick(&anyone, entropy), Err(PathError::NotBuilt));
    assert_eq!(paths.update(&small, &[], at(0), entropy), []);
    let too_small = PathError::PoolTooSmall { have: 11, min: 12 };
    assert_eq!(paths.pick(&anyone, entropy), Err(too_small));

    paths.update(&pool, &[], at(0), entropy);
    let used: Vec<NodeId> = paths
        .paths()
        .flat_map(|(_, hops)| hops)
        .map(|hop| hop.id)
        .collect();
    let rest: Vec<_> = pool
        .iter()
        .filter(|node| used.contains(&node.id))
        .copied()
        .collect();
    // Even past its rotation: old hops are better than none.
    assert_eq!(paths.update(&rest, &[], at(10_000_000), entropy), []);
    assert!(paths.pick(&anyone, entropy).is_ok());
    let crowded = network(60, 60);
    paths.update(&crowded, &[], at(0), entropy);
    assert_eq!(
        paths.pick(&anyone, entropy),
        Err(PathError::TooFewFit { have: 60 })
    );
}

#[test]
fn nodes_without_a_usable_address_are_never_drawn() {
    let mut pool = network(40, 1);
    let bad: Vec<NodeId> = pool.iter().take(30).map(|node| node.id).collect();
    for (index, node) in pool.iter_mut().take(30).enumerate() {
        match index % 4 {
            0 => node.address.ip = [0, 0, 0, 0].into(),
            1 => node.address.ip = [255, 255, 255, 255].into(),
            2 => node.address.ip = [224, 0, 0, 1].into(),
            _ => node.address.port = 0,
        }
    }
    let entropy = &mut stream(1);
    for _ in 0..50 {
        let paths = ready(
            PathPolicy {
                diversity: Diversity::Free,
                ..POLICY
            },
            &pool,
            entropy,
        );
        for (_, hops) in paths.paths() {
            assert!(hops.iter().all(|hop| !bad.contains(&hop.id)));
        }
    }
}

#[test]
fn excluded_nodes_are_never_guards_but_may_serve_behind_one() {
    let pool = network(30, 1);
    let barred: Vec<NodeId> = pool.iter().take(20).map(|node| node.id).collect();
    let entropy = &mut stream(1);
    let mut behind = 0;
    for _ in 0..50 {
        let mut paths = PathSet::new(STILL).unwrap();
        paths.update(&pool, &barred, at(0), entropy);
        assert!(!paths.incomplete());
        assert!(paths.guards().all(|guard| !barred.contains(&guard)));
        let hops = paths.paths().flat_map(|(_, hops)| hops);
        behind += hops.filter(|hop| barred.contains(&hop.id)).count();
        // A guard that becomes excluded gives way, and the other one stays.
        let guards: Vec<NodeId> = paths.guards().collect();
        let changes = paths.update(&pool, &guards[..1], at(1), entropy);
        let lost = PathChange::GuardLost {
            guard: guards[0],
            cause: GuardLoss::Excluded,
        };
        assert_eq!(changes[0], lost);
        let after: Vec<NodeId> = paths.guards().collect();
        assert_ne!(after[0], guards[0]);
        assert_eq!(after[1], guards[1]);
    }
    assert!(behind > 50);
}

#[test]
fn guards_survive_a_restart() {
    let pool = network(60, 1);
    let entropy = &mut stream(1);
    let old = ready(POLICY, &pool, entropy);
    let guards: Vec<NodeId> = old.guards().collect();
    assert_eq!(old.guards_to_keep(), guards);
    let mut new = PathSet::with_guards(POLICY, &guards).unwrap();
    assert_eq!(
        new.guards_to_keep(),
        guards,
        "also before it knows the pool"
    );
    new.update(&pool[..5], &[], at(0), entropy);
    assert_eq!(
        new.guards_to_keep(),
        guards,
        "or while the pool is too small"
    );
    new.update(&pool, &[], at(0), entropy);
    assert_eq!(new.guards().collect::<Vec<_>>(), guards);
    // One that has left since is replaced.
    let rest = sorted(
        pool.iter()
            .filter(|node| node.id != guards[0])
            .copied()
            .collect(),
    );
    let mut new = PathSet::with_guards(POLICY, &guards).unwrap();
    new.update(&rest, &[], at(0), entropy);
    assert!(!new.incomplete());
    assert!(new.guards().any(|guard| guard == guards[1]));
    assert!(new.guards().all(|guard| guard != guards[0]));
}
