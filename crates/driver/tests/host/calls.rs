use std::sync::Arc;

use leek_driver::{Memory, Tcp};
use leek_wire::{CallId, Outcome, Refusal, Status};

use crate::{
    toy::{Do, ToyInput},
    world::{SECOND, World, done},
};

/// Two machines that call each other, over anything.
fn both_ways(world: &World) {
    let (a, b) = (world.node(1), world.node(2));
    a.host.know(b.id, b.at);
    b.host.know(a.id, a.at);
    a.host
        .tell(ToyInput::Ask(b.id, Do::Echo(9).request(), 1_000))
        .unwrap();
    b.host
        .tell(ToyInput::Ask(a.id, Do::Refuse(421).request(), 1_000))
        .unwrap();
    let caller = world.caller();
    // Longer than any frame and window.
    assert_eq!(a.ask(&caller, Do::Echo(3_000_000)), done(3_000_000));
    assert_eq!(b.ask(&caller, Do::Echo(0)), done(0));
    let a = a.host.shutdown(SECOND).unwrap();
    let b = b.host.shutdown(SECOND).unwrap();
    assert_eq!(a.replies, [(CallId(0), done(9))]);
    let refusal = Refusal::new(Status::WRONG_SWARM, "refused with 421");
    assert_eq!(b.replies, [(CallId(0), Outcome::Refused(refusal))]);
    assert_eq!((a.asked, b.asked), (2, 2));
}

#[test]
fn over_memory_with_a_paused_clock() {
    both_ways(&World::paused());
}

#[test]
fn over_memory_on_threads() {
    both_ways(&World::real(Arc::new(Memory::default())));
}

#[test]
fn over_tcp_on_loopback() {
    both_ways(&World::real(Arc::new(Tcp)));
}
