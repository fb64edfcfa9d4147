use std::{sync::Arc, time::Duration};

use leek_driver::{Fatal, Memory, TellError, sleep};
use leek_wire::{Outcome, Response};

use crate::{
    toy::{Disk, Do, ToyInput},
    world::{SECOND, World, done},
};

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_shutdown_answers_what_is_in_flight() {
    let world = World::paused();
    let mut config = world.config(1);
    // Longer than the grace: the flush must not wait for it.
    config.group_commit = 60 * SECOND;
    let node = world.node_of(1, config, Disk::default());
    let caller = world.caller();
    assert_eq!(node.ask(&caller, Do::Echo(0)), done(0));
    let stopping = async {
        sleep(10 * MS).await;
        node.host.stopped(10 * SECOND).await
    };
    let (wait, write, toy) = world.rt.block_on(async {
        tokio::join!(
            node.asked(&caller, Do::Wait(300), SECOND),
            node.asked(&caller, Do::Write, SECOND),
            stopping
        )
    });
    assert_eq!((wait, write), (done(0), done(0)));
    let toy = toy.unwrap();
    assert_eq!((toy.asked, toy.written.len()), (3, 1));
    assert_eq!(node.host.ended(), None);
    assert_eq!(node.ask(&caller, Do::Echo(0)), Outcome::Lost);
    let input = ToyInput::Ask(node.id, Do::Echo(0).request(), 1);
    assert_eq!(node.host.tell(input), Err(TellError::Ended));
    assert!(node.host.shutdown(SECOND).is_none(), "the machine is gone");
}

#[test]
fn a_shutdown_waits_no_longer_than_its_grace() {
    let world = World::paused();
    let node = world.node(1);
    let caller = world.caller();
    let start = world.clock.now().tick;
    let stopping = async {
        sleep(10 * MS).await;
        assert!(node.host.stopped(200 * MS).await.is_some());
        world.clock.now().tick.since_ns(start) / 1_000_000
    };
    let (lost, ms) = world
        .rt
        .block_on(async { tokio::join!(node.asked(&caller, Do::Silence, 60 * SECOND), stopping) });
    assert_eq!(lost, Outcome::Lost);
    assert!((200..300).contains(&ms), "{ms} ms");
}

/// The host says why it ended, its callers lose their calls, and nobody hangs.
#[test]
fn a_panic_ends_the_host() {
    for (what, words) in [
        (Do::Panic, "as asked"),
        (Do::PanicEarly, "early, as asked"),
        (Do::Flood, "bug: a machine left more than 4096 outputs"),
    ] {
        let world = World::paused();
        let node = world.node(1);
        let caller = world.caller();
        let outcome = node.ask(&caller, what);
        assert!(!matches!(outcome, Outcome::Done(_)), "{outcome:?}");
        let Some(Fatal::Panicked(said)) = node.host.ended() else {
            panic!("{what:?} ended with {:?}", node.host.ended());
        };
        assert!(said.starts_with(words), "{said}");
        assert_eq!(node.ask(&caller, Do::Echo(0)), Outcome::Lost);
        assert!(node.host.shutdown(SECOND).is_none());
    }
}

#[test]
fn a_panic_of_the_one_who_looks_ends_the_host_too() {
    let world = World::paused();
    let node = world.node(1);
    let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        node.host.with(|_| panic!("while looking"))
    }));
    assert!(looked.is_err());
    world.rt.block_on(sleep(10 * MS));
    assert!(matches!(node.host.ended(), Some(Fatal::Panicked(_))));
    assert!(node.host.with(|_| ()).is_none());
}

/// The disk goes with the host, after it has what was written; a killed host's has not.
#[test]
fn a_dropped_host_keeps_its_writes_and_a_killed_one_does_not() {
    for (killed, commits) in [(false, vec![1]), (true, vec![])] {
        let world = World::paused();
        let disk = Disk::default();
        let seen = Arc::clone(&disk.commits);
        let node = world.node_with(1, disk);
        node.host.with(|toy| toy.write()).unwrap();
        // Its output is taken, its group's time has not come.
        world.rt.block_on(sleep(2 * MS));
        assert_eq!(node.host.load().writes, 1);
        if killed {
            node.host.kill();
        }
        drop(node);
        world.rt.block_on(sleep(50 * MS));
        assert_eq!(Arc::strong_count(&seen), 1, "the disk is still held");
        assert_eq!(*seen.lock().unwrap(), commits);
    }
}

/// A runtime that ends first takes the disk with it.
#[test]
fn a_host_without_a_runtime_holds_nothing() {
    let disk = Disk::default();
    let seen = Arc::clone(&disk.commits);
    {
        let world = World::paused();
        let _node = world.node_with(1, disk);
    }
    assert_eq!(Arc::strong_count(&seen), 1);
}

#[test]
fn a_thread_of_its_own_ends_as_well() {
    let world = World::real(Arc::new(Memory::default()));
    let node = world.node(1);
    let caller = world.caller();
    assert_eq!(node.ask(&caller, Do::Write), done(0));
    let toy = node.host.shutdown(SECOND).unwrap();
    assert_eq!(toy.written.len(), 1);

    let node = world.node(2);
    assert_eq!(node.ask(&caller, Do::Panic), Outcome::<Response>::Lost);
    assert_eq!(
        node.host.ended(),
        Some(Fatal::Panicked("as asked".to_owned()))
    );
    let node = world.node(3);
    node.host.kill();
    assert_eq!(node.ask(&caller, Do::Echo(0)), Outcome::Lost);
}
