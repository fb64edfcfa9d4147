//! What one account may keep.

use leek_machine::Wall;
use leek_storage_node::NodeConfig;
use leek_wire::{
    MemberFailure, Scope, Status, StorageBody, StorageReply, StorageRequest, StoredRow, WriteBatch,
    WriteId, WriteOp,
};

use crate::support::{HOME, HOUR_MS, Host, Owner, World, members};

fn world() -> (World, Owner, Wall) {
    let mut world = World::with(NodeConfig {
        account_bytes_max: 100,
        ..NodeConfig::default()
    });
    let (owner, now) = (world.owner(), world.now());
    (world, owner, now)
}

fn full() -> MemberFailure {
    MemberFailure::Refused {
        status: Status::INSUFFICIENT_STORAGE,
        reason: "the mailbox is full".to_owned(),
    }
}

fn is_full(reply: &StorageReply) -> bool {
    reply.status == Status::INSUFFICIENT_STORAGE
        && members(reply).len() == 3
        && members(reply).iter().all(|m| m.result == Err(full()))
}

/// Puts a message into one node's store, past the node.
fn put(host: &mut Host, owner: &Owner, data: &[u8]) {
    let row = StoredRow {
        hash: owner.hash(0, data),
        account: owner.id(),
        namespace: leek_identity::Namespace::DEFAULT,
        timestamp: host.now.wall,
        expiry: host.now.wall.after_ms(HOUR_MS),
        data: data.into(),
    };
    let ops = vec![WriteOp::Insert(row)];
    host.store.hand_out(WriteId(0), WriteBatch { ops });
    host.store.commit();
}

#[test]
fn a_full_mailbox_is_refused_and_no_other_is() {
    let (mut world, owner, now) = world();
    assert_eq!(world.status(1, &owner.store(0, &[1; 60], now)), 200);
    assert!(is_full(&world.ask(1, &owner.store(0, &[2; 41], now))));
    // To the last byte, over all namespaces together.
    assert_eq!(world.status(2, &owner.store(5, &[2; 40], now)), 200);
    assert!(is_full(&world.ask(3, &owner.store(0, &[3; 1], now))));
    let other = world.owner_in(HOME, 1);
    assert_eq!(world.status(1, &other.store(0, &[1; 100], now)), 200);
    // What is there may be stored again, and its life extended.
    let longer = owner.store(0, &[1; 60], now.after_ms(1_000));
    assert_eq!(world.status(1, &longer), 200);
    // Room comes back with a deletion.
    world.ask(1, &owner.delete(&[owner.hash(0, &[1; 60])]));
    assert_eq!(world.status(1, &owner.store(0, &[4; 60], now)), 200);
    assert!(is_full(&world.ask(1, &owner.store(0, &[5; 1], now))));
}

#[test]
fn what_the_same_batch_stores_counts() {
    let (mut world, owner, now) = world();
    let steps = [[1; 60], [2; 60], [1; 60]].map(|data| owner.store(0, &data, now));
    let mut steps = steps.to_vec();
    steps.push(owner.store(0, &[3; 40], now));
    let reply = world.ask(1, &StorageRequest::Batch(steps));
    let StorageBody::Batch(replies) = reply.body else {
        panic!("not a batch");
    };
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.0).collect();
    assert_eq!(statuses, [200, 507, 200, 200]);
    assert!(is_full(&replies[1]));
}

/// Members get the steps one by one: they must not judge otherwise than the node that runs them
/// in one go.
#[test]
fn what_the_same_batch_deletes_counts() {
    let (mut world, owner, now) = world();
    let store = |n: u8| owner.store(0, &[n; 100], now);
    world.ask(1, &store(1));
    let steps = vec![
        owner.delete_all(Scope::All, now),
        store(2),
        store(3),
        owner.delete(&[owner.hash(0, &[2; 100])]),
        store(4),
        owner.store(0, b"x", now),
    ];
    let reply = world.ask(1, &StorageRequest::Batch(steps));
    let StorageBody::Batch(replies) = reply.body else {
        panic!("not a batch");
    };
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status.0).collect();
    assert_eq!(statuses, [200, 200, 507, 200, 200, 507]);
    assert!(is_full(&replies[2]) && is_full(&replies[5]));
    for number in 1..=3 {
        let rows = world.host(number).store.rows();
        assert_eq!(rows.len(), 1, "node {number}");
        assert_eq!(rows[0].hash, owner.hash(0, &[4; 100]));
    }
}

#[test]
fn one_full_member_is_one_refusal() {
    let (mut world, owner, now) = world();
    put(world.host(2), &owner, &[9; 100]);
    let reply = world.ask(1, &owner.store(0, b"x", now));
    assert_eq!(reply.status, Status::OK);
    for member in members(&reply) {
        if member.node == world.ids[1] {
            assert_eq!(member.result, Err(full()));
        } else {
            assert!(member.result.is_ok(), "{member:?}");
        }
    }
    // The same when the full member is the one asked.
    let reply = world.ask(2, &owner.store(0, b"y", now));
    assert_eq!(reply.status, Status::OK);
    let refusals = members(&reply).iter().filter(|m| m.result.is_err());
    assert_eq!(refusals.count(), 1);
}

#[test]
fn an_outbox_is_replaced_within_the_quota() {
    let (mut world, _, now) = world();
    let owner = world.group();
    assert_eq!(world.status(1, &owner.store(-1, &[1; 90], now)), 200);
    // Its predecessor makes room.
    assert_eq!(world.status(1, &owner.store(-1, &[2; 100], now)), 200);
    assert!(is_full(&world.ask(1, &owner.store(-1, &[3; 101], now))));
    assert_eq!(world.host(1).store.rows().len(), 1);
}

#[test]
fn an_expired_message_of_the_same_name_makes_room() {
    let (mut world, owner, now) = world();
    world.ask(1, &owner.store(0, &[1; 100], now));
    world.sleep_ms(HOUR_MS + 1);
    let now = world.now();
    assert!(
        is_full(&world.ask(1, &owner.store(0, &[2; 100], now))),
        "until the cleaner has come by"
    );
    assert_eq!(world.status(1, &owner.store(0, &[1; 100], now)), 200);
}
