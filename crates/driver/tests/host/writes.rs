use std::{sync::Arc, time::Duration};

use leek_driver::{Fatal, Signal, Stop};
use leek_machine::Tick;
use leek_wire::{Outcome, Response, Status, StoreError, WriteId};
use tokio::task::JoinSet;

use crate::{
    toy::{Disk, Do},
    world::{Node, SECOND, World, done, refused},
};

/// Asks for so many writes at once; how each ended, and when on the host's clock, in ms.
fn write_together(world: &World, node: &Node, n: usize) -> (Vec<Outcome<Response>>, u64) {
    let caller = world.caller();
    // The connection is there before the time is taken.
    assert_eq!(node.ask(&caller, Do::Echo(0)), done(0));
    let start = world.clock.now().tick;
    let outcomes = world.rt.block_on(async {
        let mut asked = JoinSet::new();
        for _ in 0..n {
            let (caller, id, at) = (caller.clone(), node.id, node.at);
            asked.spawn(async move {
                let request = Do::Write.request();
                caller.ask(id, at, request, 20 * SECOND).await
            });
        }
        asked.join_all().await
    });
    (outcomes, world.clock.now().tick.since_ns(start) / 1_000_000)
}

#[test]
fn an_answer_waits_for_the_group_and_the_group_for_its_time() {
    let world = World::paused();
    let disk = Disk::default();
    let commits = Arc::clone(&disk.commits);
    let node = world.node_with(1, disk);
    let (outcomes, ms) = write_together(&world, &node, 8);
    assert_eq!(outcomes, vec![done(0); 8]);
    assert_eq!(*commits.lock().unwrap(), [8]);
    // 5 ms, and up to two of tokio's timer steps of 1 ms.
    assert!((5..=7).contains(&ms), "{ms} ms");
    let toy = node.host.shutdown(SECOND).unwrap();
    let expected: Vec<_> = (0..8).map(|n| (WriteId(n), Ok(()))).collect();
    assert_eq!(toy.written, expected);
}

#[test]
fn a_full_group_does_not_wait() {
    let mut world = World::paused();
    world.limits.commit_batches = 4;
    let mut config = world.config(1);
    config.group_commit = 10 * SECOND;
    let disk = Disk::default();
    let commits = Arc::clone(&disk.commits);
    let node = world.node_of(1, config, disk);
    let (outcomes, ms) = write_together(&world, &node, 8);
    assert_eq!(outcomes, vec![done(0); 8]);
    assert!(ms < 5, "{ms} ms");
    assert_eq!(*commits.lock().unwrap(), [4, 4]);
}

#[test]
fn a_failed_batch_refuses_its_answer_and_those_behind_it() {
    let world = World::paused();
    let node = world.node_with(1, Disk::failing(1, StoreError::Full));
    let (outcomes, _) = write_together(&world, &node, 4);
    let count = |wanted: &Outcome<Response>| outcomes.iter().filter(|it| *it == wanted).count();
    assert_eq!(count(&done(0)), 1);
    assert_eq!(
        count(&refused(Status::INTERNAL, "commit: the store is full")),
        1
    );
    let aborted = refused(Status::INTERNAL, "commit: an earlier batch failed");
    assert_eq!(count(&aborted), 2);
    // What is written later stands on its own.
    let caller = world.caller();
    assert_eq!(node.ask(&caller, Do::Write), done(0));
    assert_eq!(node.host.ended(), None);
    let toy = node.host.shutdown(SECOND).unwrap();
    assert_eq!(
        toy.written,
        [
            (WriteId(0), Ok(())),
            (WriteId(1), Err(StoreError::Full)),
            (WriteId(2), Err(StoreError::Aborted)),
            (WriteId(3), Err(StoreError::Aborted)),
            (WriteId(4), Ok(())),
        ]
    );
}

/// After a failed fsync nobody knows what the disk holds, so nothing more is promised.
#[test]
fn a_broken_disk_ends_the_host() {
    let world = World::paused();
    let error = StoreError::Io("fsync".to_owned());
    let node = world.node_with(1, Disk::failing(0, error.clone()));
    let stop = Stop::new();
    node.host.stop_at_end(stop.clone());
    let caller = world.caller();
    assert_eq!(node.ask(&caller, Do::Write), Outcome::Lost);
    assert_eq!(node.host.ended(), Some(Fatal::Storage(error)));
    assert_eq!(stop.reason(), Some(Signal::Program));
    assert_eq!(node.ask(&caller, Do::Echo(1)), Outcome::Lost);
    assert!(node.host.shutdown(SECOND).is_none());
    assert!(node.host.with(|_| ()).is_none());
}

#[test]
fn what_a_look_makes_the_machine_write_is_committed() {
    let world = World::paused();
    let node = world.node(1);
    let write = node.host.with(|toy| toy.write()).unwrap();
    let before = world.clock.now().tick;
    world
        .rt
        .block_on(leek_driver::sleep(Duration::from_millis(20)));
    assert!(world.clock.now().tick > before.max(Tick::ZERO));
    let written = node.host.with(|toy| toy.written.clone());
    assert_eq!(written, Some(vec![(write, Ok(()))]));
}
