//! Handing messages to a member of the swarm.

use leek_identity::{MessageHash, Namespace, NodeId};
use leek_machine::Now;
use leek_storage_node::{NodeConfig, limits::PULL_VISITS_MAX};
use leek_wire::{
    Input, Peer, PullPage, Refusal, Request, Response, Status, StoredRow, WriteBatch, WriteId,
    WriteOp,
    limits::{DATA_BYTES_MAX, PULL_PAGE_BYTES_MAX, PULL_ROWS_MAX, WRITE_OPS_MAX},
    response_encoded_len,
};

use crate::support::{AWAY, CLIENT, HOUR_MS, Host, Owner, World};

pub(crate) fn row(owner: &Owner, data: &[u8], now: Now) -> StoredRow {
    StoredRow {
        hash: owner.hash(0, data),
        account: owner.id(),
        namespace: Namespace::DEFAULT,
        timestamp: now.wall,
        expiry: now.wall.after_ms(HOUR_MS),
        data: data.into(),
    }
}

/// Puts messages into a node's store, past the node.
pub(crate) fn fill(host: &mut Host, rows: &[StoredRow]) {
    for rows in rows.chunks(WRITE_OPS_MAX) {
        let ops = rows.iter().cloned().map(WriteOp::Insert).collect();
        host.store.hand_out(WriteId(0), WriteBatch { ops });
        host.store.commit();
    }
}

/// Asks node 1 as node 2.
fn pull(world: &mut World, after: Option<MessageHash>) -> PullPage {
    let from = Peer::Node(world.ids[1]);
    let call = world.give(1, from, Request::Pull { after });
    match world.answer(1, call) {
        Ok(Response::Pull(page)) => page,
        other => panic!("not a page: {other:?}"),
    }
}

/// All pages.
fn pull_all(world: &mut World) -> Vec<PullPage> {
    let mut pages = vec![pull(world, None)];
    while let Some(after) = pages.last().and_then(|page| page.next) {
        pages.push(pull(world, Some(after)));
    }
    pages
}

fn hashes(pages: &[PullPage]) -> Vec<MessageHash> {
    let rows = pages.iter().flat_map(|page| &page.rows);
    rows.map(|row| row.hash).collect()
}

fn sorted(rows: &[StoredRow]) -> Vec<MessageHash> {
    let mut hashes: Vec<_> = rows.iter().map(|row| row.hash).collect();
    hashes.sort_unstable();
    hashes
}

#[test]
fn members_of_the_swarm_and_nobody_else() {
    let mut world = World::new();
    let stranger = NodeId::from_bytes([3; 32]);
    for from in [
        CLIENT,
        Peer::Node(world.ids[0]),
        Peer::Node(world.ids[3]),
        Peer::Node(stranger),
    ] {
        let call = world.give(1, from, Request::Pull { after: None });
        let refusal = world.answer(1, call).unwrap_err();
        assert_eq!(refusal.status, Status::UNAUTHORIZED, "{from:?}");
    }
    assert_eq!(pull(&mut world, None), PullPage::default());

    let now = world.host(1).now;
    *world.host(1) = Host::new(1, NodeConfig::default(), now);
    let from = Peer::Node(world.ids[1]);
    let call = world.give(1, from, Request::Pull { after: None });
    let refusal = world.answer(1, call).unwrap_err();
    assert_eq!(refusal.status, Status::UNAVAILABLE, "no membership");
}

#[test]
fn pages_hold_everything_once_in_order_within_their_size() {
    let mut world = World::new();
    let (owner, now) = (world.owner(), world.host(1).now);
    let rows: Vec<StoredRow> = (0..40_u8)
        .map(|n| row(&owner, &vec![n; DATA_BYTES_MAX], now))
        .collect();
    fill(world.host(1), &rows);
    let pages = pull_all(&mut world);
    assert_eq!(hashes(&pages), sorted(&rows));
    // 13 messages of the largest size fit into a page.
    let counts: Vec<usize> = pages.iter().map(|page| page.rows.len()).collect();
    assert_eq!(counts, [13, 13, 13, 1]);
    let framing = 8;
    for page in &pages {
        let len = response_encoded_len(&Response::Pull(page.clone()));
        assert!(len <= PULL_PAGE_BYTES_MAX + framing, "{len}");
    }
    let first = &pages[0].rows[0];
    let stored = rows.iter().find(|row| row.hash == first.hash).unwrap();
    assert_eq!(
        (first.account, first.namespace, &first.data),
        (stored.account, stored.namespace, &stored.data)
    );
    assert_eq!(
        (first.timestamp, first.expiry),
        (stored.timestamp, stored.expiry)
    );
}

#[test]
fn pages_are_bounded_in_messages_too() {
    let mut world = World::new();
    let (owner, now) = (world.owner(), world.host(1).now);
    let rows: Vec<StoredRow> = (0..=PULL_ROWS_MAX)
        .map(|n| row(&owner, &n.to_le_bytes(), now))
        .collect();
    fill(world.host(1), &rows);
    let pages = pull_all(&mut world);
    let counts: Vec<usize> = pages.iter().map(|page| page.rows.len()).collect();
    assert_eq!(counts, [PULL_ROWS_MAX, 1]);
    assert_eq!(hashes(&pages), sorted(&rows));
}

#[test]
fn what_is_over_or_belongs_elsewhere_stays() {
    let mut world = World::new();
    let (owner, away) = (world.owner(), world.owner_in(AWAY, 0));
    let now = world.host(1).now;
    let mut over = row(&owner, b"over", now);
    over.expiry = now.wall;
    let alive = row(&owner, b"alive", now);
    let rows = [over, alive.clone(), row(&away, b"elsewhere", now)];
    fill(world.host(1), &rows);
    assert_eq!(hashes(&pull_all(&mut world)), [alive.hash]);
}

/// A page ends after so many looks, and says where to go on, so the asker gets past them.
#[test]
fn many_messages_to_leave_out_cost_pages_not_one_long_look() {
    let mut world = World::new();
    let (owner, now) = (world.owner(), world.host(1).now);
    let alive = row(&owner, b"alive", now);
    // Names drawn by hand: all of the store's dead come first.
    let dead = |n: usize| {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&n.to_be_bytes());
        StoredRow {
            hash: MessageHash::from_bytes(hash),
            expiry: now.wall,
            ..alive.clone()
        }
    };
    let mut rows: Vec<StoredRow> = (0..=PULL_VISITS_MAX).map(dead).collect();
    rows.push(alive.clone());
    fill(world.host(1), &rows);
    let pages = pull_all(&mut world);
    let counts: Vec<usize> = pages.iter().map(|page| page.rows.len()).collect();
    assert_eq!(counts, [0, 1]);
    assert_eq!(pages[0].next, Some(dead(PULL_VISITS_MAX - 1).hash));
    assert_eq!(hashes(&pages), [alive.hash]);
}

#[test]
fn an_answer_waits_for_what_it_tells_of() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    world.send(1, &owner.store(0, b"x", now));
    let from = Peer::Node(world.ids[1]);
    let call = world.give(1, from, Request::Pull { after: None });
    let answers = &world.host(1).answers;
    let (_, after, _) = answers.iter().find(|(of, ..)| *of == call).unwrap();
    assert_eq!(*after, Some(WriteId(1)));
    let Ok(Response::Pull(page)) = world.answer(1, call) else {
        panic!("not a page");
    };
    assert_eq!(page.rows.len(), 1);
}

#[test]
fn a_store_that_cannot_be_read_is_a_refusal() {
    let mut world = World::new();
    world.host(1).store.broken = true;
    let from = Peer::Node(world.ids[1]);
    let call = world.give(1, from, Request::Pull { after: None });
    assert_eq!(
        world.answer(1, call),
        Err(Refusal::new(Status::INTERNAL, "the store failed"))
    );
}

/// Members are those of the membership this node goes by now.
#[test]
fn a_member_that_left_gets_nothing() {
    let mut world = World::new();
    let nodes = world.snapshot.nodes().iter();
    let leaver = world.ids[1];
    let stay = nodes.filter(|node| node.id != leaver);
    let pairs = stay.map(|node| (*node, world.snapshot.swarm_of_node(&node.id).unwrap()));
    let snapshot = leek_swarm::Snapshot::new(leek_swarm::Epoch(2), pairs.collect()).unwrap();
    world.host(1).give(Input::Membership(snapshot.into()));
    let call = world.give(1, Peer::Node(leaver), Request::Pull { after: None });
    let refusal = world.answer(1, call).unwrap_err();
    assert_eq!(refusal.status, Status::UNAUTHORIZED);
}
