//! `info`, `get_swarm`, the wrong swarm, and nodes that are not ready.

use std::sync::Arc;

use leek_identity::{NodeAddress, NodeId, NodeKeys};
use leek_onion::HopError;
use leek_storage_node::VERSION;
use leek_swarm::{Epoch, Snapshot};
use leek_wire::{
    Input, Peer, Refusal, Request, Status, StorageBody, StorageReply, StorageRequest,
    limits::SWARM_NODES_MAX,
};

use crate::support::{AWAY, HOME, World};

fn swarm_ids(reply: &StorageReply) -> Vec<NodeId> {
    match &reply.body {
        StorageBody::Swarm { nodes, .. } => nodes.iter().map(|node| node.id).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn version_and_clock() {
    let mut world = World::new();
    world.sleep_ms(1_234);
    let now = world.now();
    let reply = world.ask(5, &StorageRequest::Info);
    assert_eq!((reply.status, reply.clock), (Status::OK, now));
    assert_eq!(reply.body, StorageBody::Info { version: VERSION });
}

#[test]
fn any_node_knows_every_swarm() {
    let mut world = World::new();
    for (swarm, members) in [(HOME, 0..3), (AWAY, 3..5)] {
        let account = world.owner_in(swarm, 0).id();
        assert_eq!(world.swarm_of(&account), swarm);
        let mut expected = world.ids[members].to_vec();
        expected.sort_unstable();
        for number in 1..=5 {
            let reply = world.ask(number, &StorageRequest::GetSwarm { account });
            assert_eq!(reply.status, Status::OK);
            assert!(
                matches!(reply.body, StorageBody::Swarm { swarm: named, .. } if named == swarm)
            );
            assert_eq!(swarm_ids(&reply), expected);
        }
    }
}

#[test]
fn another_swarms_account_is_a_421_with_the_right_swarm() {
    let mut world = World::new();
    let owner = world.owner_in(AWAY, 0);
    let now = world.now();
    let hash = owner.hash(0, b"x");
    let mut expected = world.ids[3..].to_vec();
    expected.sort_unstable();
    let all = leek_wire::Scope::All;
    for request in [
        owner.store(0, b"x", now),
        owner.retrieve(0, now),
        owner.delete(&[hash]),
        owner.delete_all(all, now),
        owner.delete_before(all, now),
        owner.expire(&[hash], &[now], leek_wire::ExpiryMode::Set),
        owner.expire_all(all, now),
        owner.get_expiries(&[hash], now),
    ] {
        let reply = world.ask(1, &request);
        assert_eq!(reply.status, Status::WRONG_SWARM, "{request:?}");
        assert_eq!(swarm_ids(&reply), expected);
        assert_eq!(world.status(4, &request), 200, "{request:?}");
    }
}

#[test]
fn a_node_that_left_its_swarm_sends_clients_to_the_right_one() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let rest = world.ids[1..].iter().map(|id| {
        let record = *world.snapshot.node(id).unwrap();
        (record, world.snapshot.swarm_of_node(id).unwrap())
    });
    let snapshot = Arc::new(Snapshot::new(Epoch(2), rest.collect()).unwrap());
    world.host(1).give(Input::Membership(snapshot));
    assert_eq!(world.host(1).node.swarm(), None);
    let reply = world.ask(1, &owner.retrieve(0, now));
    assert_eq!(reply.status, Status::WRONG_SWARM);
    assert_eq!(swarm_ids(&reply).len(), 2);
    // It passes nothing on and takes nothing from its former peers.
    let from = Peer::Node(world.ids[1]);
    let refusal = world
        .forward(1, from, owner.store(0, b"x", now))
        .unwrap_err();
    assert_eq!(refusal.status, Status::UNAUTHORIZED);
}

#[test]
fn without_swarms_or_without_a_membership() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let empty = Arc::new(Snapshot::new(Epoch(2), vec![]).unwrap());
    world.host(1).give(Input::Membership(empty));
    assert_eq!(world.status(1, &owner.retrieve(0, now)), 503);
    assert_eq!(
        world.status(
            1,
            &StorageRequest::GetSwarm {
                account: owner.id()
            }
        ),
        503
    );
    assert_eq!(world.status(1, &StorageRequest::Info), 200);

    let start = world.host(1).now;
    *world.host(1) = crate::support::Host::new(1, Default::default(), start);
    let error = HopError::NotReady(world.ids[0]);
    let expected = Refusal::new(Status(error.status()), error.text());
    assert_eq!(expected.status, Status::UNAVAILABLE);
    let call = world.send(1, &StorageRequest::Info);
    assert_eq!(world.answer(1, call), Err(expected.clone()));
    let from = Peer::Node(world.ids[1]);
    let copy = Request::Forward(owner.store(0, b"x", now));
    let call = world.give(1, from, copy);
    assert_eq!(world.answer(1, call), Err(expected));
}

/// No reply could list so many members; the node says so.
#[test]
fn a_swarm_too_large_to_list() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for (members, expected) in [(SWARM_NODES_MAX, 200), (SWARM_NODES_MAX + 1, 500)] {
        let mut nodes = vec![(world.host(1).record, HOME)];
        nodes.extend((1..members).map(|number| {
            let mut seed = [9; 32];
            seed[..8].copy_from_slice(&number.to_le_bytes());
            let address = NodeAddress {
                ip: [10, 9, 9, 9].into(),
                port: 1,
            };
            (NodeKeys::from_seed(seed).record(address), HOME)
        }));
        let snapshot = Arc::new(Snapshot::new(Epoch(3), nodes).unwrap());
        world.host(1).give(Input::Membership(snapshot));
        let request = StorageRequest::GetSwarm {
            account: owner.id(),
        };
        let call = world.send(1, &request);
        assert_eq!(world.reply(1, call).status.0, expected);
        let call = world.send(1, &owner.store(0, b"x", now));
        if expected == 500 {
            assert_eq!(world.reply(1, call).status.0, 500);
        } else {
            assert_eq!(world.host(1).calls.len(), SWARM_NODES_MAX - 1);
            world.host(1).calls.clear();
        }
    }
}
