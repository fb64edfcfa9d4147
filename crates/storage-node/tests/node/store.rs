//! `store`: limits, clocks, classes of namespaces, duplicates, outbox, a full store.

use leek_identity::Namespace;
use leek_machine::Wall;
use leek_wire::{
    MemberChange, MemberFailure, NodeEvent, Status, StorageBody, StorageReply, StorageRequest,
    limits::{DATA_BYTES_MAX, TTL_INBOX_MS_MAX, TTL_MS_MAX},
};

use leek_storage_node::{NodeConfig, sign};

use crate::support::{AWAY, HOUR_MS, Owner, World, members, request, retrieved};

#[test]
fn a_message_reaches_every_member_and_comes_back() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let reply = world.ask(2, &owner.store(0, b"hello", now));
    let hash = owner.hash(0, b"hello");
    assert_eq!(reply.status, Status::OK);
    assert_eq!(reply.clock, now);
    let StorageBody::Changed {
        hash: named,
        members,
    } = &reply.body
    else {
        panic!("{reply:?}");
    };
    assert_eq!(*named, Some(hash));
    let suite = leek_crypto::pure().suite();
    let mut home = world.ids[..3].to_vec();
    home.sort_unstable();
    assert_eq!(members.iter().map(|m| m.node).collect::<Vec<_>>(), home);
    for member in members {
        let Ok(MemberChange::Stored {
            signature,
            expiry,
            already,
            durable: true,
        }) = &member.result
        else {
            panic!("{member:?}");
        };
        assert_eq!((*expiry, *already), (now.after_ms(HOUR_MS), false));
        let text = sign::stored(&hash);
        assert_eq!(text.len(), 43);
        let held = suite.verify(member.node.key(), text.as_bytes(), signature);
        assert_eq!(held, Ok(()));
    }
    for number in 1..=3 {
        let reply = world.ask(number, &owner.retrieve(0, now));
        assert_eq!(retrieved(&reply), (vec![b"hello".to_vec()], false));
        let events = world.host(number).node_events();
        assert!(events.contains(&NodeEvent::Stored { hash, new: true }));
    }
    assert_eq!(world.host(1).node.load(), Default::default());
}

/// A store as (namespace, timestamp offset in ms, ttl in ms).
fn status(world: &mut World, owner: &Owner, namespace: i16, offset_ms: i64, ttl: u64) -> u16 {
    let now = world.now();
    let at = Wall::from_ms(now.ms().checked_add_signed(offset_ms).unwrap());
    let mut store = owner.store(namespace, b"x", at);
    if let StorageRequest::Store {
        ttl_ms,
        sig_timestamp,
        proof,
        ..
    } = &mut store
    {
        *ttl_ms = ttl;
        if proof.is_some() {
            let text = leek_identity::signed_text::store(Namespace::new(namespace), now.ms());
            (*sig_timestamp, *proof) = (Some(now), Some(owner.sign(&text)));
        }
    }
    world.status(1, &store)
}

#[test]
fn limits_of_ttl_and_clock() {
    let world = &mut World::new();
    let owner = &world.owner();
    let day = 24 * HOUR_MS;
    let back = |ms: u64| -i64::try_from(ms).unwrap();
    let table: [(i16, i64, u64, u16); 18] = [
        (0, 0, 10_000, 200),
        (0, 0, 9_999, 403),
        (0, 0, TTL_INBOX_MS_MAX, 200),
        (0, 0, TTL_INBOX_MS_MAX + 1, 403),
        (-10, 0, TTL_INBOX_MS_MAX + 1, 403),
        (-20, 0, TTL_INBOX_MS_MAX + 1, 403),
        (5, 0, TTL_INBOX_MS_MAX + 1, 200),
        (-1, 0, TTL_MS_MAX, 200),
        (5, 0, TTL_MS_MAX, 200),
        (5, 0, TTL_MS_MAX + 1, 403),
        (0, 10_000, HOUR_MS, 200),
        (0, 10_001, HOUR_MS, 406),
        (0, back(day), day + 1, 200),
        (0, back(day), day - 10_000, 200),
        (0, back(day), day - 10_001, 406),
        // The TTL is looked at before the clock.
        (0, 10_001, 9_999, 403),
        (0, 0, u64::MAX, 403),
        (5, back(day), day - 10_001, 406),
    ];
    for (namespace, offset_ms, ttl_ms, expected) in table {
        assert_eq!(
            status(world, owner, namespace, offset_ms, ttl_ms),
            expected,
            "namespace {namespace}, offset {offset_ms}, ttl {ttl_ms}"
        );
    }
}

#[test]
fn the_clock_comes_before_the_signature_and_the_swarm_before_all() {
    let mut world = World::new();
    let now = world.now();
    let owner = world.owner();
    let late = request::with_proof(owner.store(1, b"x", now.after_ms(10_001)), None);
    assert_eq!(world.status(1, &late), 406);
    let unsigned = request::with_proof(owner.store(1, b"x", now), None);
    assert_eq!(world.status(1, &unsigned), 401);
    // Fresh enough to be stored, signed too long ago, and by somebody else: the time is named.
    let stranger = world.owner_in(AWAY, 0);
    let old = owner.store(1, b"x", now.before_ms(60_001));
    let forged = request::with_proof(old, request::proof(&stranger.store(1, b"x", now)));
    assert_eq!(world.status(1, &forged), 406);
    let mut foreign = stranger.store(0, b"x", now);
    if let StorageRequest::Store { ttl_ms, .. } = &mut foreign {
        *ttl_ms = 1;
    }
    assert_eq!(world.status(1, &foreign), 421);
}

#[test]
fn data_up_to_the_limit() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let largest = owner.store(0, &vec![7; DATA_BYTES_MAX], now);
    assert_eq!(world.status(1, &largest), 200);
    let too_large = owner.store(0, &vec![7; DATA_BYTES_MAX + 1], now);
    assert_eq!(world.status(1, &too_large), 400);
    // A peer that passes on too much is refused by the node itself, not by the decoder.
    let from = leek_wire::Peer::Node(world.ids[1]);
    let reply = world.forward(1, from, too_large).unwrap();
    assert_eq!(reply.status, Status::BAD_REQUEST);
}

fn stored_here(world: &World, number: usize, reply: &StorageReply) -> (Wall, bool) {
    let me = world.ids[number - 1];
    let member = members(reply).iter().find(|m| m.node == me).unwrap();
    match &member.result {
        Ok(MemberChange::Stored {
            expiry, already, ..
        }) => (*expiry, *already),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_duplicate_keeps_its_place_and_is_only_ever_extended() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let first = owner.store(0, b"a", now);
    world.ask(1, &first);
    world.ask(1, &owner.store(0, b"b", now));
    let reply = world.ask(1, &first);
    assert_eq!(
        stored_here(&world, 1, &reply),
        (now.after_ms(HOUR_MS), true)
    );
    let longer = owner.store(0, b"a", now.after_ms(5_000));
    let reply = world.ask(1, &longer);
    assert_eq!(
        stored_here(&world, 1, &reply),
        (now.after_ms(HOUR_MS + 5_000), true)
    );
    let shorter = owner.store(0, b"a", now.before_ms(5_000));
    let reply = world.ask(1, &shorter);
    assert_eq!(
        stored_here(&world, 1, &reply),
        (now.after_ms(HOUR_MS + 5_000), true)
    );
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(0, now)));
    assert_eq!(messages, [b"a", b"b"]);
    let hash = owner.hash(0, b"a");
    let events = world.host(1).node_events();
    let news: Vec<bool> = events
        .iter()
        .filter_map(|event| match event {
            NodeEvent::Stored { hash: of, new } if *of == hash => Some(*new),
            _ => None,
        })
        .collect();
    assert_eq!(news, [true, false, false, false]);
}

#[test]
fn what_expired_comes_back_as_a_new_message() {
    let mut world = World::new();
    let owner = world.owner();
    let start = world.now();
    world.ask(1, &owner.store(0, b"a", start));
    world.sleep_ms(10_000);
    let now = world.now();
    world.ask(1, &owner.store(0, b"b", now));
    world.sleep_ms(HOUR_MS - 10_000);
    let now = world.now();
    assert_eq!(now, start.after_ms(HOUR_MS), "the cleaner has not come by");
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(0, now)));
    assert_eq!(messages, [b"b"]);
    let reply = world.ask(1, &owner.store(0, b"a", now));
    assert_eq!(
        stored_here(&world, 1, &reply),
        (now.after_ms(HOUR_MS), false)
    );
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(0, now)));
    assert_eq!(messages, [b"b", b"a"]);
}

#[test]
fn an_outbox_holds_one_message() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for namespace in [-1, -21, -41] {
        for data in [b"a", b"b", b"c"] {
            assert_eq!(world.status(1, &owner.store(namespace, data, now)), 200);
        }
        let anybody = request::with_proof(owner.retrieve(namespace, now), None);
        let (messages, _) = retrieved(&world.ask(3, &anybody));
        assert_eq!(messages, [b"c"]);
        // The same message again stays.
        world.ask(1, &owner.store(namespace, b"c", now));
        let (messages, _) = retrieved(&world.ask(2, &anybody));
        assert_eq!(messages, [b"c"]);
    }
    // -11 is no outbox.
    for data in [b"a", b"b"] {
        assert_eq!(world.status(1, &owner.store(-11, data, now)), 200);
    }
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(-11, now)));
    assert_eq!(messages.len(), 2);
}

#[test]
fn a_full_store_takes_nothing_new_but_extends() {
    let mut world = World::with(NodeConfig {
        store_bytes_max: 10,
        ..NodeConfig::default()
    });
    let owner = world.owner();
    let now = world.now();
    assert_eq!(world.status(1, &owner.store(0, &[1; 10], now)), 200);
    let reply = world.ask(1, &owner.store(0, &[2; 1], now));
    assert_eq!(reply.status, Status::INTERNAL);
    let all_full = members(&reply)
        .iter()
        .all(|m| m.result == Err(MemberFailure::QueryFailure));
    assert!(all_full && members(&reply).len() == 3, "{reply:?}");
    let longer = owner.store(0, &[1; 10], now.after_ms(1_000));
    let reply = world.ask(1, &longer);
    assert_eq!(
        stored_here(&world, 1, &reply),
        (now.after_ms(HOUR_MS + 1_000), true)
    );
}

/// Namespace 1 with data `0..` and namespace 10 with data `..` have one hash (network spec 2.8).
/// The second one is not stored, and it does not touch the first.
#[test]
fn a_name_taken_by_another_mailbox_is_a_failure() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    assert_eq!(owner.hash(1, b"0x"), owner.hash(10, b"x"));
    assert_eq!(world.status(1, &owner.store(1, b"0x", now)), 200);
    let reply = world.ask(1, &owner.store(10, b"x", now.after_ms(5_000)));
    assert_eq!(reply.status, Status::INTERNAL);
    assert_eq!(world.host(1).store.rows().len(), 1);
    assert_eq!(world.host(1).store.rows()[0].expiry, now.after_ms(HOUR_MS));
}
