//! `retrieve`: how much, from where, in which order.

use leek_identity::MessageHash;
use leek_machine::Wall;
use leek_wire::{Status, StorageBody, StorageRequest};

use crate::support::{HOUR_MS, Owner, World, retrieved};

fn ask(
    owner: &Owner,
    now: Wall,
    last: Option<MessageHash>,
    count: Option<u32>,
    size: Option<i64>,
) -> StorageRequest {
    let mut request = owner.retrieve(0, now);
    if let StorageRequest::Retrieve {
        last_hash,
        max_count,
        max_size,
        ..
    } = &mut request
    {
        (*last_hash, *max_count, *max_size) = (last, count, size);
    }
    request
}

/// Fills node 1's mailbox with `count` messages of `len` bytes.
fn fill(world: &mut World, owner: &Owner, count: u8, len: usize) {
    let now = world.now();
    for number in 0..count {
        world.send(1, &owner.store(0, &vec![number; len], now));
        world.host(1).calls.clear();
        while world.host(1).commit() {}
    }
}

/// The numbers of network spec 2.6.
#[test]
fn sizes() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    fill(&mut world, &owner, 100, 70_000);
    let table = [
        (None, Some(-1), 83),
        (None, Some(-3), 27),
        (None, None, 16),
        (None, Some(-5), 16),
        (None, Some(500_000), 5),
        (None, Some(600_000), 6),
        (None, Some(i64::MAX), 83),
        (None, Some(i64::MIN), 1),
        (None, Some(1), 1),
        (None, Some(0), 16),
        (Some(1), None, 1),
        (Some(7), None, 7),
        (Some(100), None, 83),
        (Some(7), Some(500_000), 5),
        (Some(3), Some(500_000), 3),
        (Some(0), None, 16),
        (Some(u32::MAX), Some(-3), 27),
    ];
    for (count, size, expected) in table {
        let (messages, more) = retrieved(&world.ask(1, &ask(&owner, now, None, count, size)));
        assert_eq!(messages.len(), expected, "count {count:?}, size {size:?}");
        assert!(more, "count {count:?}, size {size:?}");
    }
}

#[test]
fn pages_by_the_last_hash() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    fill(&mut world, &owner, 5, 3);
    let (mut last, mut seen) = (None, Vec::new());
    loop {
        let reply = world.ask(1, &ask(&owner, now, last, Some(2), None));
        let StorageBody::Messages { messages, more } = reply.body else {
            panic!("{:?}", reply.body);
        };
        seen.extend(messages.iter().map(|m| m.data[0]));
        last = messages.last().map(|m| m.hash);
        if !more {
            break;
        }
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    let end = world.ask(1, &ask(&owner, now, last, None, None));
    assert_eq!(retrieved(&end), (vec![], false));
    // A hash nobody knows: from the beginning. So is one of another mailbox.
    let unknown = owner.hash(0, b"never stored");
    let reply = world.ask(1, &ask(&owner, now, Some(unknown), None, None));
    assert_eq!(retrieved(&reply).0.len(), 5);
    world.ask(1, &owner.store(10, b"elsewhere", now));
    let elsewhere = owner.hash(10, b"elsewhere");
    let reply = world.ask(1, &ask(&owner, now, Some(elsewhere), None, None));
    assert_eq!(retrieved(&reply).0.len(), 5);
}

#[test]
fn order_is_the_nodes_own_and_expired_messages_are_left_out() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    world.ask(1, &owner.store(0, b"newer", now));
    world.ask(
        1,
        &owner.store(0, b"older", now.before_ms(HOUR_MS - 20_000)),
    );
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(0, now)));
    assert_eq!(messages, [b"newer", b"older"]);
    world.sleep_ms(19_999);
    let now = world.now();
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(0, now)));
    assert_eq!(messages.len(), 2);
    world.sleep_ms(1);
    let now = world.now();
    let reply = world.ask(1, &ask(&owner, now, None, Some(1), None));
    assert_eq!(retrieved(&reply), (vec![b"newer".to_vec()], false));
}

#[test]
fn namespaces_and_accounts_do_not_mix() {
    let mut world = World::new();
    let (owner, other) = (world.owner(), world.owner_in(crate::support::HOME, 1));
    let now = world.now();
    for (who, namespace, data) in [(&owner, 0, b"a"), (&owner, 2, b"b"), (&other, 0, b"c")] {
        assert_eq!(world.status(1, &who.store(namespace, data, now)), 200);
    }
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(0, now)));
    assert_eq!(messages, [b"a"]);
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(2, now)));
    assert_eq!(messages, [b"b"]);
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(3, now)));
    assert!(messages.is_empty());
}

#[test]
fn a_read_depends_on_the_newest_write_that_is_not_durable() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    world.send(1, &owner.store(0, b"a", now));
    let call = world.send(1, &owner.retrieve(0, now));
    let pending = world.host(1).answers.iter().find(|(of, ..)| *of == call);
    let (_, after, _) = pending
        .expect("answered at once, to be released later")
        .clone();
    assert_eq!(after, Some(leek_wire::WriteId(1)));
    assert_eq!(retrieved(&world.reply(1, call)).0, [b"a"]);
    world.settle();
    let call = world.send(1, &owner.retrieve(0, now));
    let (_, after, _) = world.host(1).answers.last().unwrap().clone();
    assert_eq!(after, None);
    world.reply(1, call);
}

#[test]
fn a_broken_store_is_a_500() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    world.host(1).store.broken = true;
    let reply = world.ask(1, &owner.retrieve(0, now));
    assert_eq!(reply.status, Status::INTERNAL);
    let hash = owner.hash(0, b"a");
    assert_eq!(world.status(1, &owner.get_expiries(&[hash], now)), 500);
}
