//! A node that starts without its messages asks its swarm for them.

mod hostile;
mod patience;

use leek_identity::{MessageHash, NodeId};
use leek_machine::Wall;
use leek_storage_node::NodeConfig;
use leek_swarm::{Epoch, Snapshot};
use leek_wire::{
    CallId, Input, NodeEvent, Outcome, Output, PullPage, PulledRow, Request, Response, Scope,
    StoredRow,
    limits::{DATA_BYTES_MAX, FORWARDED_TOLERANCE_MS, TTL_MS_MAX},
};

use crate::{
    pull::{fill, row},
    support::{AWAY, HOME, HOUR_MS, Host, Owner, World},
};

const REJOIN: NodeConfig = NodeConfig {
    version: [0, 1, 0],
    store_bytes_max: 1 << 30,
    account_bytes_max: 1 << 30,
    rejoin: true,
    observe: false,
};

/// Replaces node 1 by one without messages; it is told the membership when `placed`.
fn restart(world: &mut World, config: NodeConfig, placed: bool) {
    let now = world.host(1).now;
    *world.host(1) = Host::new(1, config, now);
    if placed {
        let snapshot = world.snapshot.clone();
        world.host(1).give(Input::Membership(snapshot));
    }
}

/// A network whose node 1 has just started without messages.
fn restarted() -> (World, Owner) {
    let mut world = World::new();
    let owner = world.owner();
    restart(&mut world, REJOIN, true);
    (world, owner)
}

/// The one open call of node 1: whom it asks, and for what is behind which message.
fn asked(world: &mut World) -> (NodeId, CallId, Option<MessageHash>) {
    let calls = core::mem::take(&mut world.host(1).calls);
    let [Output::Call { to, call, body, .. }] = &calls[..] else {
        panic!("not one call: {calls:?}");
    };
    let Request::Pull { after } = body else {
        panic!("not a pull: {body:?}");
    };
    (*to, *call, *after)
}

fn answer(world: &mut World, call: CallId, outcome: Outcome<Response>) {
    world.host(1).give(Input::Reply { call, outcome });
}

/// Answers the open call with a page.
fn serve(world: &mut World, page: PullPage) {
    let (_, call, _) = asked(world);
    answer(world, call, Outcome::Done(Response::Pull(page)));
}

fn pulled(row: &StoredRow) -> PulledRow {
    PulledRow {
        hash: row.hash,
        account: row.account,
        namespace: row.namespace,
        timestamp: row.timestamp,
        expiry: row.expiry,
        data: row.data.clone(),
    }
}

/// A page of these, in order.
fn page(rows: &[StoredRow], next: Option<MessageHash>) -> PullPage {
    let mut rows: Vec<PulledRow> = rows.iter().map(pulled).collect();
    rows.sort_by_key(|row| row.hash);
    PullPage { rows, next }
}

fn held(world: &mut World) -> Vec<MessageHash> {
    let mut hashes: Vec<_> = world.host(1).store.rows().iter().map(|r| r.hash).collect();
    hashes.sort_unstable();
    hashes
}

fn sorted(rows: &[StoredRow]) -> Vec<MessageHash> {
    let mut hashes: Vec<_> = rows.iter().map(|row| row.hash).collect();
    hashes.sort_unstable();
    hashes
}

const fn rejoined(peers_answered: u16, peers: u16) -> NodeEvent {
    NodeEvent::Rejoined {
        peers_answered,
        peers,
    }
}

#[test]
fn everything_that_any_member_has() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.host(1).now;
    let rows: Vec<StoredRow> = (0..30_u8)
        .map(|n| row(&owner, &vec![n; DATA_BYTES_MAX], now))
        .collect();
    // Each member has what the other misses, and most have both.
    fill(world.host(2), &rows[..25]);
    fill(world.host(3), &rows[5..]);
    restart(&mut world, REJOIN, true);
    assert!(world.host(1).node.rejoining());
    world.settle();
    assert_eq!(held(&mut world), sorted(&rows));
    assert!(!world.host(1).node.rejoining());
    let events = world.host(1).node_events();
    let counts: Vec<u32> = events
        .iter()
        .filter_map(|event| match event {
            NodeEvent::Pulled { count } => Some(*count),
            _ => None,
        })
        .collect();
    assert_eq!(counts.iter().sum::<u32>(), 30, "each once: {counts:?}");
    assert_eq!(events.last(), Some(&rejoined(2, 2)));
    // What it serves is what a member has that never left.
    let reply = world.ask(1, &owner.get_expiries(&[rows[0].hash], now.wall));
    assert_eq!(
        reply.body,
        leek_wire::StorageBody::Expiries(vec![(rows[0].hash, rows[0].expiry)])
    );
}

#[test]
fn only_when_told_to_and_once() {
    let mut world = World::new();
    assert!(!world.host(1).node.rejoining());
    restart(&mut world, NodeConfig::default(), true);
    assert!(world.host(1).calls.is_empty());

    restart(&mut world, REJOIN, false);
    assert!(world.host(1).node.rejoining());
    // A membership without this node does not place it.
    let nodes = world.snapshot.nodes().iter();
    let others = nodes.filter(|node| node.id != world.ids[0]);
    let pairs = others.map(|node| (*node, HOME));
    let without = Snapshot::new(Epoch(2), pairs.collect()).unwrap();
    world.host(1).give(Input::Membership(without.into()));
    assert!(world.host(1).calls.is_empty() && world.host(1).node.rejoining());
    let snapshot = world.snapshot.clone();
    world.host(1).give(Input::Membership(snapshot.clone()));
    assert_eq!(world.host(1).calls.len(), 1);
    world.settle();
    assert_eq!(world.host(1).node_events(), [rejoined(2, 2)]);
    world.host(1).give(Input::Membership(snapshot));
    assert!(world.host(1).calls.is_empty() && !world.host(1).node.rejoining());
}

#[test]
fn alone_there_is_nobody_to_ask() {
    let mut world = World::new();
    let nodes = world.snapshot.nodes().iter();
    let pairs = nodes.map(|node| (*node, if node.id == world.ids[0] { HOME } else { AWAY }));
    let alone = Snapshot::new(Epoch(2), pairs.collect()).unwrap();
    restart(&mut world, REJOIN, false);
    world.host(1).give(Input::Membership(alone.into()));
    assert_eq!(world.host(1).node_events(), [rejoined(0, 0)]);
}

/// The next page is asked for once the last one is durable, and behind it.
#[test]
fn page_after_page() {
    let (mut world, owner) = restarted();
    let now = world.host(1).now;
    let rows = [row(&owner, b"1", now), row(&owner, b"2", now)];
    let mut in_order = rows.to_vec();
    in_order.sort_by_key(|row| row.hash);
    let (first, call, after) = asked(&mut world);
    assert_eq!(after, None);
    let next = Some(in_order[0].hash);
    let response = Response::Pull(page(&in_order[..1], next));
    answer(&mut world, call, Outcome::Done(response));
    assert!(world.host(1).calls.is_empty(), "not durable yet");
    assert!(world.host(1).node_events().is_empty());
    world.host(1).commit();
    assert_eq!(
        world.host(1).node_events(),
        [NodeEvent::Pulled { count: 1 }]
    );
    let (again, call, after) = asked(&mut world);
    assert_eq!((again, after), (first, next));
    // A page of nothing new needs no write.
    let response = Response::Pull(PullPage::default());
    answer(&mut world, call, Outcome::Done(response));
    let (other, _, after) = asked(&mut world);
    assert!(other != first && after.is_none());
}

/// Clocks, memberships and room differ between honest members: such rows are left out, and the
/// rest is taken.
#[test]
fn rows_on_which_members_may_differ_are_left_out() {
    let mut world = World::new();
    let (owner, away) = (world.owner(), world.owner_in(AWAY, 0));
    let other = world.owner_in(HOME, 1);
    let config = NodeConfig {
        account_bytes_max: 1_000,
        store_bytes_max: 1_500,
        ..REJOIN
    };
    restart(&mut world, config, true);
    let now = world.host(1).now;
    let timed = |data: &[u8], timestamp: Wall, expiry: Wall| StoredRow {
        timestamp,
        expiry,
        ..row(&owner, data, now)
    };
    let soon = now.wall.after_ms(FORWARDED_TOLERANCE_MS);
    let longest = soon.after_ms(TTL_MS_MAX);
    let good = [
        row(&owner, b"good", now),
        timed(b"latest", soon, longest),
        timed(b"soonest", Wall::from_ms(0), now.wall.after_ms(1)),
    ];
    let bad = [
        row(&away, b"another swarm's", now),
        timed(b"expired", now.wall, now.wall),
        timed(b"too long", now.wall, longest.after_ms(1)),
        timed(b"from the future", soon.after_ms(1), longest),
        row(&owner, &[1; 1_001], now),
    ];
    serve(&mut world, page(&[&good[..], &bad].concat(), None));
    world.host(1).commit();
    assert_eq!(held(&mut world), sorted(&good));
    // Room: 985 bytes are left to this account, and 1,485 to all.
    let left = 1_000 - 4 - 6 - 7;
    let exact = row(&owner, &vec![2; left], now);
    let one_more = row(&owner, b"1", now);
    let others = row(&other, &[3; 501], now);
    let mut by_hash = [exact.clone(), one_more.clone()];
    by_hash.sort_by_key(|row| row.hash);
    serve(&mut world, page(&[exact, one_more, others], None));
    world.host(1).commit();
    let used: usize = world
        .host(1)
        .store
        .rows()
        .iter()
        .map(|r| r.data.len())
        .sum();
    assert!(used <= 1_500, "{used}");
    let mine: usize = world
        .host(1)
        .store
        .rows()
        .iter()
        .filter(|row| row.account == owner.id())
        .map(|row| row.data.len())
        .sum();
    assert!(mine <= 1_000 && mine > 17, "{mine}");
    assert_eq!(world.host(1).node_events().last(), Some(&rejoined(2, 2)));
}

#[test]
fn what_is_here_stays_as_it_is() {
    let (mut world, owner) = restarted();
    let now = world.host(1).now;
    let mut mine = row(&owner, b"x", now);
    mine.expiry = now.wall.after_ms(5_000);
    let mut dead = row(&owner, b"y", now);
    dead.expiry = now.wall;
    fill(world.host(1), &[mine.clone(), dead]);
    let alive = row(&owner, b"y", now);
    serve(
        &mut world,
        page(&[row(&owner, b"x", now), alive.clone()], None),
    );
    world.host(1).commit();
    let rows = world.host(1).store.rows();
    assert_eq!(rows, [mine, alive], "an expired one comes back as new");
    assert_eq!(
        world.host(1).node_events(),
        [NodeEvent::Pulled { count: 1 }]
    );
}

/// An owner deletes while pages are under way: nothing of it comes back.
#[test]
fn a_deleted_message_does_not_come_back() {
    let (mut world, owner) = restarted();
    let now = world.host(1).now;
    let by_hash = row(&owner, b"by hash", now);
    let mut before = row(&owner, b"before", now);
    before.timestamp = now.wall.before_ms(HOUR_MS / 2);
    let mut inbox = row(&owner, b"newer", now);
    inbox.timestamp = now.wall.before_ms(1_000);
    let other = world.owner_in(HOME, 1);
    let all = row(&other, b"all", now);
    let (_, call, _) = asked(&mut world);
    for request in [
        owner.delete(&[by_hash.hash]),
        owner.delete_before(Scope::All, now.wall.before_ms(HOUR_MS / 2)),
        other.delete_all(Scope::One(leek_identity::Namespace::DEFAULT), now.wall),
    ] {
        let delete = world.send(1, &request);
        // The other members miss it.
        for output in core::mem::take(&mut world.host(1).calls) {
            let Output::Call { call, .. } = output else {
                panic!("not a call");
            };
            answer(&mut world, call, Outcome::Lost);
        }
        world.host(1).commit();
        assert!(world.is_answered(1, delete));
    }
    let rows = [by_hash, before, inbox.clone(), all];
    answer(
        &mut world,
        call,
        Outcome::Done(Response::Pull(page(&rows, None))),
    );
    world.host(1).commit();
    assert_eq!(held(&mut world), [inbox.hash]);
}
