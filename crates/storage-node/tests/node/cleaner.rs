//! The expiry cleaner, the only timer of a node.

use leek_machine::Machine as _;
use leek_storage_node::limits::CLEAN_SLEEP_MS_MAX;
use leek_wire::{
    ExpiryMode, Input, NodeEvent, StorageRequest, StoredRow, WriteBatch, WriteId, WriteOp,
    limits::CLEAN_PERIOD_MS,
};

use crate::support::{HOUR_MS, Owner, World};

/// Milliseconds from now until node 1 wants to wake up.
fn wait_ms(world: &mut World) -> Option<u64> {
    let host = world.host(1);
    let (tick, who) = host.node.poll_timeout()?;
    assert_eq!(who, "expiry cleaner");
    Some(tick.since_ns(host.now.tick) / 1_000_000)
}

fn store(world: &mut World, owner: &Owner, data: &[u8], ttl: u64) {
    let now = world.now();
    let mut request = owner.store(0, data, now);
    if let StorageRequest::Store { ttl_ms, .. } = &mut request {
        *ttl_ms = ttl;
    }
    assert_eq!(world.status(1, &request), 200);
}

#[test]
fn nothing_stored_no_timer() {
    let mut world = World::new();
    assert_eq!(wait_ms(&mut world), None);
    world.ask(1, &StorageRequest::Info);
    assert_eq!(wait_ms(&mut world), None);
}

#[test]
fn removes_what_expired_and_sleeps_again() {
    let mut world = World::new();
    let owner = world.owner();
    store(&mut world, &owner, b"a", 20_000);
    store(&mut world, &owner, b"b", 2 * HOUR_MS);
    assert_eq!(wait_ms(&mut world), Some(20_000));
    // Too early: nothing happens.
    world.sleep_ms(19_999);
    world.host(1).wake();
    assert_eq!(world.host(1).store.pending(), 0);
    assert_eq!(wait_ms(&mut world), Some(1));
    world.sleep_ms(1);
    world.host(1).wake();
    assert_eq!(
        world.host(1).node_events().last(),
        Some(&NodeEvent::Cleaned { count: 1 })
    );
    assert_eq!(world.host(1).store.rows().len(), 1);
    world.host(1).commit();
    assert_eq!(wait_ms(&mut world), Some(CLEAN_PERIOD_MS));
    world.sleep_ms(CLEAN_PERIOD_MS);
    world.host(1).wake();
    assert_eq!(wait_ms(&mut world), Some(CLEAN_SLEEP_MS_MAX));
    world.sleep_ms(2 * HOUR_MS);
    world.host(1).wake();
    world.sleep_ms(CLEAN_PERIOD_MS);
    world.host(1).wake();
    assert!(world.host(1).store.rows().is_empty());
    assert_eq!(wait_ms(&mut world), None);
}

#[test]
fn never_more_often_than_its_period() {
    let mut world = World::new();
    let owner = world.owner();
    store(&mut world, &owner, b"a", 10_000);
    world.sleep_ms(6_000);
    let now = world.now();
    let hash = owner.hash(0, b"a");
    world.ask(
        1,
        &owner.expire(&[hash], &[now.after_ms(1)], ExpiryMode::Set),
    );
    assert_eq!(wait_ms(&mut world), Some(4_000));
    world.sleep_ms(4_000);
    world.host(1).wake();
    assert!(world.host(1).store.rows().is_empty());
}

#[test]
fn a_shortened_expiry_brings_it_forward() {
    let mut world = World::new();
    let owner = world.owner();
    store(&mut world, &owner, b"a", HOUR_MS / 2);
    assert_eq!(wait_ms(&mut world), Some(HOUR_MS / 2));
    let now = world.now();
    world.ask(
        1,
        &owner.expire_all(leek_wire::Scope::All, now.after_ms(60_000)),
    );
    assert_eq!(wait_ms(&mut world), Some(60_000));
}

#[test]
fn a_jump_of_the_wall_clock_is_noticed_within_an_hour() {
    let mut world = World::new();
    let owner = world.owner();
    store(&mut world, &owner, b"a", 14 * 24 * HOUR_MS);
    let wait = wait_ms(&mut world).unwrap();
    assert_eq!(wait, CLEAN_SLEEP_MS_MAX);
    let host = world.host(1);
    host.now.tick = host.now.tick.after_ms(wait);
    host.now.wall = host.now.wall.after_ms(20 * 24 * HOUR_MS);
    host.wake();
    assert!(host.store.rows().is_empty());
}

#[test]
fn asks_the_store_it_was_started_with_and_again_if_that_fails() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let start = world.host(1).now;
    let mut fresh = crate::support::Host::new(1, Default::default(), start);
    let ops = vec![WriteOp::Insert(StoredRow {
        hash: owner.hash(0, b"a"),
        account: owner.id(),
        namespace: leek_identity::Namespace::DEFAULT,
        timestamp: now,
        expiry: now.after_ms(60_000),
        data: b"a".as_slice().into(),
    })];
    fresh.store.hand_out(WriteId(0), WriteBatch { ops });
    fresh.store.commit();
    *world.host(1) = fresh;
    assert_eq!(wait_ms(&mut world), None);
    let snapshot = world.snapshot.clone();
    world.host(1).store.broken = true;
    world.host(1).give(Input::Membership(snapshot));
    assert_eq!(wait_ms(&mut world), Some(CLEAN_PERIOD_MS));
    world.sleep_ms(CLEAN_PERIOD_MS);
    world.host(1).wake();
    assert_eq!(wait_ms(&mut world), Some(CLEAN_PERIOD_MS));
    world.host(1).store.broken = false;
    world.sleep_ms(CLEAN_PERIOD_MS);
    world.host(1).wake();
    assert_eq!(wait_ms(&mut world), Some(40_000));
}
