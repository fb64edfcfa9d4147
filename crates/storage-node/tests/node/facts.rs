//! What a node reports that it sees.

use leek_fact::{Fact, Item};
use leek_onion::{FormatId, Hop, format};
use leek_storage_node::{NodeConfig, limits::FACTS_PER_CALL_MAX};
use leek_wire::{
    Event, Input, OnionRequest, Peer, Request, StorageRequest, StoredRow, WriteBatch, WriteId,
    WriteOp, encode_storage_request, request_encoded_len,
};

use crate::support::{AWAY, CLIENT, HOUR_MS, Host, World};

fn watched() -> World {
    World::with(NodeConfig {
        observe: true,
        ..NodeConfig::default()
    })
}

fn facts(host: &Host) -> Vec<Fact> {
    let facts = host.events.iter().filter_map(|event| match event {
        Event::Saw(fact) => Some(*fact),
        Event::Node(_) | Event::Client(_) | Event::Directory(_) => None,
    });
    facts.collect()
}

fn items(host: &Host) -> Vec<Item> {
    facts(host).iter().map(|fact| fact.item).collect()
}

const ADDRESS: Item = Item::PreviousAddress {
    ip: [203, 0, 113, 7],
    port: 40_000,
};

/// `request` for node `entry` in an onion that goes over node `guard`.
fn one_hop(world: &World, guard: usize, entry: usize, request: &StorageRequest) -> Request {
    let suite = leek_crypto::pure().suite();
    let mut entropy = leek_machine::Seed::from_u64(1).stream();
    let hop = |number: usize| Hop::from(world.snapshot.node(&world.ids[number - 1]).unwrap());
    let payload = encode_storage_request(request);
    let format = format(FormatId::SessionV4);
    let built = format.build(&*suite, &mut entropy, &[hop(guard)], &hop(entry), &payload);
    Request::Onion(OnionRequest {
        format: FormatId::SessionV4,
        packet: built.unwrap().0,
    })
}

#[test]
fn what_each_hop_sees_of_a_store() {
    let mut world = watched();
    let owner = world.owner();
    let now = world.now();
    world.sleep_ms(5);
    let (guard, entry, peer) = (4, 1, 2);
    let request = owner.store(7, b"x", now);
    let body = one_hop(&world, guard, entry, &request);
    let len = u32::try_from(request_encoded_len(&body)).unwrap();
    let tick = world.host(guard).now.tick;
    world.give(guard, CLIENT, body);
    world.settle();

    let id = |number: usize| *world.ids[number - 1].as_bytes();
    let (guard_id, entry_id, mut peers) = (id(guard), id(entry), [id(2), id(3)]);
    peers.sort_unstable();
    let seen = facts(world.host(guard));
    assert!(
        seen.iter()
            .all(|fact| fact.request == 1 && fact.at_ns == tick.ns())
    );
    let Item::ReplyBytes(reply) = seen[3].item else {
        panic!("{seen:?}");
    };
    assert_eq!(
        items(world.host(guard)),
        [
            ADDRESS,
            Item::RequestBytes(len),
            Item::NextNode(entry_id),
            Item::ReplyBytes(reply)
        ]
    );

    let hash = Item::MessageHash(*owner.hash(7, b"x").as_bytes());
    let seen = items(world.host(entry));
    assert_eq!(seen[0], Item::PreviousNode(guard_id));
    assert!(matches!(seen[1], Item::RequestBytes(inner) if inner < len));
    assert_eq!(
        seen[2..],
        [
            Item::Account(owner.id().to_bytes()),
            Item::Namespace(7),
            Item::NextNode(peers[0]),
            Item::NextNode(peers[1]),
            hash,
            // Every hop passes on the very bytes the destination sealed.
            Item::ReplyBytes(reply),
        ]
    );
    let seen = items(world.host(peer));
    assert_eq!(seen[0], Item::PreviousNode(entry_id));
    assert_eq!(
        seen[2..5],
        [
            Item::Account(owner.id().to_bytes()),
            Item::Namespace(7),
            hash
        ]
    );
    assert!(matches!(seen[5..], [Item::ReplyBytes(_)]));
}

#[test]
fn requests_are_numbered_and_refused_ones_are_seen_too() {
    let mut world = watched();
    let away = world.owner_in(AWAY, 0);
    let now = world.now();
    world.ask(1, &StorageRequest::Info);
    world.ask(1, &away.retrieve(-1, now));
    world.ask(1, &away.store(5, b"x", now));
    assert_eq!(world.host(1).node.requests(), 3);
    let seen = facts(world.host(1));
    let of = |number| -> Vec<Item> {
        let of = seen.iter().filter(|fact| fact.request == number);
        of.map(|fact| fact.item).collect()
    };
    assert!(matches!(
        of(1)[..],
        [ADDRESS, Item::RequestBytes(_), Item::ReplyBytes(_)]
    ));
    assert_eq!(
        of(2)[2..4],
        [Item::Account(away.id().to_bytes()), Item::Namespace(-1)]
    );
    // Not stored, so not named.
    assert!(matches!(
        of(3)[2..],
        [Item::Account(_), Item::Namespace(5), Item::ReplyBytes(_)]
    ));
}

#[test]
fn messages_returned_removed_and_changed_are_named() {
    let mut world = watched();
    let owner = world.owner();
    let now = world.now();
    let (a, b) = (owner.hash(0, b"a"), owner.hash(0, b"b"));
    world.ask(1, &owner.store(0, b"a", now));
    let named = |hash: leek_identity::MessageHash| Item::MessageHash(*hash.as_bytes());
    for (request, expected) in [
        (owner.retrieve(0, now), vec![named(a)]),
        (owner.get_expiries(&[a, b], now), vec![named(a)]),
        (
            owner.expire_all(leek_wire::Scope::All, now.after_ms(9)),
            vec![named(a)],
        ),
        (owner.delete(&[b, a]), vec![named(a)]),
        (owner.retrieve(0, now), vec![]),
    ] {
        world.host(1).events.clear();
        world.ask(1, &request);
        let seen = items(world.host(1));
        let messages = seen
            .into_iter()
            .filter(|item| matches!(item, Item::MessageHash(_)));
        assert_eq!(messages.collect::<Vec<_>>(), expected, "{request:?}");
    }
}

/// Watching changes nothing else.
#[test]
fn an_observer_makes_no_difference() {
    let run = |mut world: World| {
        let owner = world.owner();
        let now = world.now();
        let from = Peer::Node(world.ids[1]);
        let mut said = Vec::new();
        for request in [
            owner.store(0, b"a", now),
            owner.retrieve(0, now),
            StorageRequest::Info,
        ] {
            said.push(format!("{:?}", world.ask(1, &request)));
        }
        said.push(format!(
            "{:?}",
            world.forward(1, from, owner.store(0, b"b", now))
        ));
        let host = world.host(1);
        said.push(format!("{:?} {:?}", host.node_events(), host.node.load()));
        (said, host.node.requests(), facts(host).len())
    };
    let (said, requests, seen) = run(World::new());
    let (said_watched, requests_watched, seen_watched) = run(watched());
    assert_eq!((said, requests), (said_watched, requests_watched));
    assert_eq!(seen, 0);
    assert!(seen_watched > 10, "{seen_watched}");
}

#[test]
fn facts_of_one_call_are_bounded() {
    let mut world = watched();
    let owner = world.owner();
    let now = world.now();
    let total = FACTS_PER_CALL_MAX + 50;
    let ops = (0..total).map(|number| {
        let data = number.to_le_bytes();
        WriteOp::Insert(StoredRow {
            hash: owner.hash(0, &data),
            account: owner.id(),
            namespace: leek_identity::Namespace::DEFAULT,
            timestamp: now,
            expiry: now.after_ms(HOUR_MS),
            data: data.as_slice().into(),
        })
    });
    let batch = WriteBatch { ops: ops.collect() };
    world.host(1).store.hand_out(WriteId(0), batch);
    world.host(1).store.commit();
    world.ask(1, &owner.retrieve(0, now));
    assert_eq!(facts(world.host(1)).len(), FACTS_PER_CALL_MAX);
    // Five more: address, request, account, namespace, reply.
    assert_eq!(world.host(1).node.facts_dropped(), 55);
    // The next call starts afresh.
    world.host(1).events.clear();
    let snapshot = world.snapshot.clone();
    world.host(1).give(Input::Membership(snapshot));
    world.ask(1, &StorageRequest::Info);
    assert_eq!(facts(world.host(1)).len(), 3);
}
