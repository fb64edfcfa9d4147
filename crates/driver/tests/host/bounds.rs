use std::{sync::Arc, time::Duration};

use leek_driver::{Memory, StartError, TellError};
use leek_identity::NodeAddress;
use leek_machine::Wall;
use leek_swarm::{Epoch, Snapshot};
use leek_wire::{Outcome, Status};

use crate::{
    toy::{Disk, Do, ToyInput},
    world::{SECOND, World, done, refused},
};

const SOON: Duration = Duration::from_millis(20);

#[test]
fn requests_beyond_the_bound_are_refused_as_busy() {
    let mut world = World::paused();
    world.limits.serving = 2;
    let node = world.node(1);
    let caller = world.caller();
    let busy = refused(Status::UNAVAILABLE, "busy");
    world.rt.block_on(async {
        for _ in 0..2 {
            // The callers give up; the machine still has their requests.
            assert_eq!(node.asked(&caller, Do::Silence, SOON).await, Outcome::Lost);
        }
        assert_eq!(node.asked(&caller, Do::Echo(1), SECOND).await, busy);
    });
    let load = node.host.load();
    assert_eq!((load.serving, load.inbox), (2, 0));
}

#[test]
fn places_are_given_back_with_the_answer() {
    let mut world = World::paused();
    world.limits.serving = 2;
    let node = world.node(1);
    let caller = world.caller();
    for _ in 0..20 {
        assert_eq!(node.ask(&caller, Do::Echo(1)), done(1));
        assert_eq!(node.ask(&caller, Do::Write), done(0));
    }
    assert_eq!(node.host.load().serving, 0);
}

/// `prepare` of one request does not wait for that of another: each waits for the other.
#[test]
fn requests_are_prepared_side_by_side() {
    let world = World::real(Arc::new(Memory::default()));
    let node = world.node(1);
    let caller = world.caller();
    let meet = || node.asked(&caller, Do::Meet, 10 * SECOND);
    let (a, b) = world.rt.block_on(async { tokio::join!(meet(), meet()) });
    assert_eq!((a, b), (done(0), done(0)));
}

#[test]
fn a_full_queue_of_commands_says_so() {
    let world = World::paused();
    let (a, b) = (world.node(1), world.node(2));
    let input = || ToyInput::Ask(b.id, Do::Echo(0).request(), 1_000);
    // The paused runtime runs nothing meanwhile.
    let told = (0..).take_while(|_| a.host.tell(input()).is_ok()).count();
    assert_eq!(told, 1_024);
    assert_eq!(a.host.tell(input()), Err(TellError::Full));
    world.rt.block_on(leek_driver::sleep(SOON));
    assert_eq!(a.host.tell(input()), Ok(()));
}

#[test]
fn calls_beyond_the_bound_are_lost_at_once() {
    let mut world = World::paused();
    let b = world.node(2);
    world.limits.calls = 3;
    let a = world.node(1);
    a.host.know(b.id, b.at);
    for _ in 0..5 {
        let input = ToyInput::Ask(b.id, Do::Silence.request(), 60_000);
        a.host.tell(input).unwrap();
    }
    world.rt.block_on(leek_driver::sleep(SOON));
    let lost = a.host.with(|toy| toy.replies.clone()).unwrap();
    assert_eq!(lost.len(), 2);
    assert!(lost.iter().all(|(_, outcome)| *outcome == Outcome::Lost));
    assert_eq!(a.host.load().calls, 3);
}

#[test]
fn a_machine_takes_the_newest_membership() {
    let world = World::paused();
    let (a, b) = (world.node(1), world.node(2));
    let snapshot = |epoch, nodes| Arc::new(Snapshot::new(Epoch(epoch), nodes).unwrap());
    let keys = leek_identity::NodeKeys::from_seed([2; 32]);
    let member = (keys.record(b.at), leek_swarm::SwarmId(0));
    a.host.membership(snapshot(1, vec![]));
    a.host.membership(snapshot(2, vec![member]));
    world.rt.block_on(leek_driver::sleep(SOON));
    assert_eq!(a.host.with(|toy| toy.epochs.clone()), Some(vec![2]));
    // The dialer knows its nodes.
    let input = ToyInput::Ask(b.id, Do::Echo(3).request(), 1_000);
    a.host.tell(input).unwrap();
    world.rt.block_on(leek_driver::sleep(SOON));
    let reply = a.host.with(|toy| toy.replies.pop()).unwrap().unwrap();
    assert_eq!(reply.1, done(3));
}

#[test]
fn what_cannot_start_says_why() {
    let world = World::paused();
    let node = world.node(1);
    let start = |change: &dyn Fn(&mut leek_driver::HostConfig)| {
        let mut config = world.config(2);
        change(&mut config);
        world.start(config, Disk::default()).map(drop).unwrap_err()
    };
    assert!(matches!(
        start(&|config| config.identity = None),
        StartError::NoIdentity
    ));
    assert!(matches!(
        start(&|config| config.own_thread = true),
        StartError::OwnThreadPaused
    ));
    let StartError::Listen { address, cause } = start(&|config| config.listen = Some(node.at))
    else {
        panic!("the address is taken");
    };
    assert_eq!(address, node.at);
    assert_eq!(cause.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn times_of_a_paused_host_are_the_runtimes() {
    let world = World::paused();
    let node = world.node(1);
    let caller = world.caller();
    let before = world.clock.now();
    assert_eq!(node.ask(&caller, Do::Wait(700)), done(0));
    let after = world.clock.now();
    let ms = after.tick.since_ns(before.tick) / 1_000_000;
    assert!((700..705).contains(&ms), "{ms} ms");
    assert!(after.wall >= Wall::from_ms(before.wall.ms() + ms));
    let at = NodeAddress { port: 1, ..node.at };
    // Nobody listens there.
    let lost = caller.call_wait(node.id, at, Do::Echo(0).request(), SECOND);
    assert_eq!(lost, Outcome::Lost);
}

/// While a commit holds the machine up, requests wait in the inbox, and those that find it full are
/// refused. Real threads: the commit blocks one.
#[test]
fn a_full_inbox_refuses() {
    let mut world = World::real(Arc::new(Memory::default()));
    world.limits.inbox = 3;
    let (disk, gate) = Disk::gated();
    let node = world.node_with(1, disk);
    let caller = world.caller();
    let (ended, ends) = std::sync::mpsc::channel();
    let ask = |what: Do| {
        let ended = ended.clone();
        caller.call(
            node.id,
            node.at,
            what.request(),
            20 * SECOND,
            move |outcome| {
                ended.send(outcome).unwrap();
            },
        );
    };
    ask(Do::Write);
    gate.begun.recv().unwrap();
    for _ in 0..10 {
        ask(Do::Echo(1));
    }
    // The commit has not ended, so these are the refusals.
    for _ in 0..7 {
        let busy = refused(Status::UNAVAILABLE, "busy");
        assert_eq!(ends.recv_timeout(10 * SECOND), Ok(busy));
    }
    gate.go.send(()).unwrap();
    let mut outcomes: Vec<_> = (0..4)
        .map(|_| ends.recv_timeout(10 * SECOND).unwrap())
        .collect();
    outcomes.sort_by_key(|outcome| *outcome != done(0));
    assert_eq!(outcomes, [done(0), done(1), done(1), done(1)]);
}
