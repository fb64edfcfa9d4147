//! Histories drawn at random, and what holds of all of them.

use leek_directory::{AuthorityConfig, Standing, SwarmRule};

use crate::{
    checker::Violation,
    support::{quick, trust},
    world::{Planted, World},
};

/// Things that happen in one history.
const STEPS: usize = 3_000;
/// Directories, and how many of them are enough.
const SHAPES: [(u8, usize); 4] = [(3, 2), (1, 1), (4, 3), (5, 3)];
/// Nodes of a world.
const NODES: u8 = 7;

fn history(seed: u64, count: u8, threshold: usize, planted: Planted) -> World {
    let config = AuthorityConfig {
        swarms: if seed % 4 == 3 {
            SwarmRule::Deployed
        } else {
            SwarmRule::Fixed { size: 3 }
        },
        ..quick()
    };
    let mut world = World::new(seed, trust(count, threshold), NODES, config, planted);
    for _ in 0..STEPS {
        world.chaos();
    }
    world
}

/// After trouble, everybody who is there agrees on who is there.
fn assert_heals(world: &mut World, seed: u64, up: &[usize]) {
    world.calm(90_000);
    let newest = up.iter().map(|actor| {
        let authority = world.authority(*actor).unwrap();
        authority.newest().map(|newest| newest.digest)
    });
    let newest: Vec<_> = newest.collect();
    assert!(newest[0].is_some(), "seed {seed}: no snapshot");
    assert!(
        newest.iter().all(|one| *one == newest[0]),
        "seed {seed}: {newest:?}"
    );
    let newest = world.authority(up[0]).unwrap().newest().unwrap();
    let listing = newest.listing.clone();
    // Two refreshes later everybody has it, or a newer one.
    world.calm(5_000);
    for actor in world.directories()..world.actors.len() {
        let id = world.actors[actor].id;
        assert!(listing.node(&id).is_some(), "seed {seed}: {id:?}");
        let standing = world.follower(actor).unwrap().standing(world.wall(actor));
        let good = matches!(standing, Standing::Valid { epoch, .. } if epoch >= listing.epoch);
        assert!(good, "seed {seed}: {standing:?} at {:?}", listing.epoch);
    }
}

#[test]
fn honest_directories_keep_their_promises_whatever_happens_and_agree_afterwards() {
    let mut certified = 0;
    for seed in 0..32 {
        let (count, threshold) = SHAPES[usize::try_from(seed % 4).unwrap()];
        let mut world = history(seed, count, threshold, Planted::default());
        assert_eq!(world.checker.violations, [], "seed {seed}");
        certified += world.checker.certified.len();
        world.heal();
        let all: Vec<usize> = (0..world.directories()).collect();
        assert_heals(&mut world, seed, &all);
        assert_eq!(world.checker.violations, [], "seed {seed}");
    }
    // Trouble does not keep them from working.
    assert!(certified > 100, "{certified}");
}

#[test]
fn a_threshold_of_directories_is_enough() {
    for seed in 0..12 {
        let mut world = history(seed, 3, 2, Planted::default());
        world.heal();
        let down = usize::try_from(seed % 3).unwrap();
        world.stop(down);
        let up: Vec<usize> = (0..3).filter(|actor| *actor != down).collect();
        assert_heals(&mut world, seed, &up);
        assert_eq!(world.checker.violations, [], "seed {seed}");
    }
}

#[test]
fn fewer_dishonest_directories_than_it_takes_change_nothing() {
    // Any two sets of 3 of 4 have two directories in common: one dishonest is not enough.
    let planted = Planted {
        byzantine: 1,
        ..Planted::default()
    };
    for seed in 0..16 {
        let mut world = history(seed, 4, 3, planted);
        assert_eq!(world.checker.violations, [], "seed {seed}");
        world.heal();
        assert_heals(&mut world, seed, &[1, 2, 3]);
        assert_eq!(world.checker.violations, [], "seed {seed}");
    }
}

/// The first seed whose history breaks a promise of this kind.
fn caught(
    count: u8,
    threshold: usize,
    planted: Planted,
    kind: fn(&Violation) -> bool,
) -> Option<u64> {
    (0..100).find(|seed| {
        let world = history(*seed, count, threshold, planted);
        world.checker.violations.iter().any(kind)
    })
}

#[test]
fn the_checker_catches_a_disk_that_lies() {
    let planted = Planted {
        lying_disks: true,
        ..Planted::default()
    };
    let twice = |one: &Violation| matches!(one, Violation::SignedTwice(..));
    assert!(caught(3, 2, planted, twice).is_some());
}

#[test]
fn the_checker_catches_directories_that_forget() {
    let planted = Planted {
        forgetful: true,
        ..Planted::default()
    };
    let older = |one: &Violation| matches!(one, Violation::SignedOlder(..));
    assert!(caught(3, 2, planted, older).is_some());
}

#[test]
fn the_checker_catches_as_many_dishonest_directories_as_it_takes() {
    // Any two sets of 2 of 3 have one directory in common: it can sign for both.
    let planted = Planted {
        byzantine: 1,
        ..Planted::default()
    };
    let two = |one: &Violation| matches!(one, Violation::TwoSnapshots(_));
    assert!(caught(3, 2, planted, two).is_some());
}
