use std::time::Duration;

use leek_driver::sleep;
use leek_wire::{CallId, Outcome, Status};

use crate::{
    toy::{Do, Toy, ToyInput},
    world::{Node, SECOND, World, done, refused},
};

const MS: Duration = Duration::from_millis(1);

/// Nodes 1 and 2, of which 1 knows 2.
fn pair(world: &World) -> (Node, Node) {
    let (a, b) = (world.node(1), world.node(2));
    a.host.know(b.id, b.at);
    (a, b)
}

fn tell(from: &Node, to: &Node, what: Do, ms: u64) {
    let input = ToyInput::Ask(to.id, what.request(), ms);
    from.host.tell(input).unwrap();
}

fn replies(node: &Node) -> Vec<(CallId, Outcome<leek_wire::Response>)> {
    node.host.with(|toy: &mut Toy| toy.replies.clone()).unwrap()
}

#[test]
fn a_deadline_loses_the_call_and_a_late_answer_is_dropped() {
    let world = World::paused();
    let (a, b) = pair(&world);
    tell(&a, &b, Do::Wait(400), 300);
    world.rt.block_on(sleep(299 * MS));
    assert_eq!(replies(&a), []);
    assert_eq!(a.host.load().calls, 1);
    world.rt.block_on(sleep(3 * MS));
    assert_eq!(replies(&a), [(CallId(0), Outcome::Lost)]);
    // The answer leaves b at 400 ms.
    world.rt.block_on(sleep(200 * MS));
    assert_eq!(replies(&a), [(CallId(0), Outcome::Lost)]);
    assert_eq!(a.host.load().calls, 0);
    // The connection outlives it.
    tell(&a, &b, Do::Echo(1), 300);
    world.rt.block_on(sleep(10 * MS));
    assert_eq!(replies(&a)[1..], [(CallId(1), done(1))]);
}

#[test]
fn a_peer_killed_in_a_call_loses_it_once_and_at_once() {
    let world = World::paused();
    let (a, b) = pair(&world);
    tell(&a, &b, Do::Silence, 60_000);
    world.rt.block_on(sleep(50 * MS));
    assert_eq!(b.host.load().serving, 1);
    b.host.kill();
    world.rt.block_on(sleep(50 * MS));
    assert_eq!(replies(&a), [(CallId(0), Outcome::Lost)]);
    world.rt.block_on(sleep(61 * SECOND));
    assert_eq!(replies(&a).len(), 1);
}

#[test]
fn a_peer_that_comes_back_is_found_again() {
    let world = World::paused();
    let (a, b) = pair(&world);
    tell(&a, &b, Do::Echo(1), 1_000);
    world.rt.block_on(sleep(SECOND));
    b.host.kill();
    tell(&a, &b, Do::Echo(2), 1_000);
    world.rt.block_on(sleep(2 * SECOND));
    let mut config = world.config(2);
    config.listen = Some(b.at);
    let b = world.node_of(2, config, crate::toy::Disk::default());
    // The dialer's longest pause after failures.
    world.rt.block_on(sleep(world.limits.dial_backoff_max));
    tell(&a, &b, Do::Echo(3), 1_000);
    world.rt.block_on(sleep(SECOND));
    let ends: Vec<_> = replies(&a)
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect();
    assert_eq!(ends, [done(1), Outcome::Lost, done(3)]);
}

#[test]
fn nobody_there_and_nobody_known_are_lost() {
    let world = World::paused();
    let (a, b) = (world.node(1), world.node(2));
    tell(&a, &b, Do::Echo(1), 60_000);
    world.rt.block_on(sleep(50 * MS));
    assert_eq!(replies(&a), [(CallId(0), Outcome::Lost)]);
    a.host.know(b.id, b.at);
    b.host.kill();
    tell(&a, &b, Do::Echo(1), 60_000);
    world.rt.block_on(sleep(10 * SECOND));
    assert_eq!(replies(&a)[1..], [(CallId(1), Outcome::Lost)]);
}

/// The node at an address must be the one that is called.
#[test]
fn another_node_at_the_address_gets_nothing() {
    let world = World::paused();
    let (a, b) = (world.node(1), world.node(2));
    let c = world.node(3);
    a.host.know(c.id, b.at);
    tell(&a, &c, Do::Echo(1), 1_000);
    world.rt.block_on(sleep(2 * SECOND));
    assert_eq!(replies(&a), [(CallId(0), Outcome::Lost)]);
    assert_eq!(b.host.with(|toy| toy.asked), Some(0));
}

#[test]
fn every_status_comes_back_as_it_was() {
    let world = World::paused();
    let node = world.node(1);
    let caller = world.caller();
    for status in [
        400, 401, 403, 404, 406, 421, 429, 500, 502, 503, 504, 507, 418, 7, 65_535,
    ] {
        let expected = refused(Status(status), &format!("refused with {status}"));
        assert_eq!(node.ask(&caller, Do::Refuse(status)), expected);
    }
}
