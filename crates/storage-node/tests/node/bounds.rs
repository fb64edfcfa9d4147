//! How many writes may be under way.

use leek_storage_node::limits::FORWARDS_PENDING_MAX;
use leek_wire::{Outcome, Peer, Refusal, Request, Status, limits::WRITES_PENDING_MAX};

use crate::{replication::end_one, support::World};

#[test]
fn pending_writes_are_bounded() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for number in 0..WRITES_PENDING_MAX {
        let call = world.send(1, &owner.store(0, &number.to_le_bytes(), now));
        assert!(!world.is_answered(1, call));
    }
    assert_eq!(world.host(1).node.load().client_writes, WRITES_PENDING_MAX);
    let (rows, calls) = (world.host(1).store.rows().len(), world.host(1).calls.len());
    let call = world.send(1, &owner.store(0, b"one too many", now));
    let reply = world.reply(1, call);
    assert_eq!(reply.status, Status::UNAVAILABLE);
    assert_eq!(world.host(1).store.rows().len(), rows);
    assert_eq!(world.host(1).calls.len(), calls);
    // Reads and copies of peers go on, and so do writes once one is answered.
    let call = world.send(1, &owner.retrieve(0, now));
    assert_eq!(world.reply(1, call).status, Status::OK);
    let from = Peer::Node(world.ids[1]);
    let copy = Request::Forward(owner.store(0, b"from a peer", now));
    world.give(1, from, copy);
    assert_eq!(world.host(1).node.load().forwards, 1);
    world.host(1).commit();
    end_one(&mut world, Outcome::Lost);
    end_one(&mut world, Outcome::Lost);
    let call = world.send(1, &owner.store(0, b"room again", now));
    assert!(!world.is_answered(1, call));
    assert_eq!(world.host(1).node.load().client_writes, WRITES_PENDING_MAX);
}

#[test]
fn pending_copies_are_bounded() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let from = Peer::Node(world.ids[1]);
    // A copy of what is there changes nothing, but waits behind the batch before it.
    world.send(1, &owner.store(0, b"x", now));
    let copy = owner.store(0, b"x", now);
    for _ in 0..FORWARDS_PENDING_MAX {
        world.give(1, from, Request::Forward(copy.clone()));
    }
    assert_eq!(world.host(1).node.load().forwards, FORWARDS_PENDING_MAX);
    let refusal = world.give(1, from, Request::Forward(copy));
    assert_eq!(world.answer(1, refusal), Err(Refusal::busy()));
}
