//! `batch` and `sequence`.

use leek_storage_node::limits::FLOW_BYTES_MAX;
use leek_wire::{
    ExpiryMode, MemberChange, MemberFailure, Scope, Status, StorageBody, StorageReply,
    StorageRequest, WriteId, encode_storage_request,
    limits::{BATCH_MAX, RETRIEVE_BYTES_MAX, WRITES_PENDING_MAX},
};

use crate::support::{AWAY, Link, Owner, World, members, request, retrieved};

fn parts(reply: &StorageReply) -> &[StorageReply] {
    assert_eq!(reply.status, Status::OK);
    match &reply.body {
        StorageBody::Batch(parts) => parts,
        other => panic!("{other:?}"),
    }
}

fn statuses(reply: &StorageReply) -> Vec<u16> {
    parts(reply).iter().map(|part| part.status.0).collect()
}

#[test]
fn all_of_a_batch_run_and_their_codes_stand_inside_a_200() {
    let mut world = World::new();
    let (owner, away) = (world.owner(), world.owner_in(AWAY, 0));
    let now = world.now();
    let requests = vec![
        owner.store(0, b"a", now),
        away.retrieve(0, now),
        request::with_proof(owner.retrieve(0, now), None),
        owner.retrieve(0, now.before_ms(60_001)),
        owner.store(0, &[0; 76_801], now),
        StorageRequest::GetSwarm { account: away.id() },
        StorageRequest::Info,
        owner.retrieve(0, now),
    ];
    // The decoder refuses too much data for the whole batch, so that one is left out.
    let call = world.send(1, &StorageRequest::Batch(requests.clone()));
    assert_eq!(world.reply(1, call).status, Status::BAD_REQUEST);
    let mut requests = requests;
    requests.remove(4);
    let reply = world.ask(1, &StorageRequest::Batch(requests));
    assert_eq!(statuses(&reply), [200, 421, 401, 406, 200, 200, 200]);
    assert_eq!(retrieved(&parts(&reply)[6]).0, [b"a"]);
}

#[test]
fn steps_see_what_those_before_them_did() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let hash = owner.hash(0, b"a");
    let soon = now.after_ms(5_000);
    let requests = vec![
        owner.store(0, b"a", now),
        owner.retrieve(0, now),
        owner.expire(&[hash], &[soon], ExpiryMode::Set),
        owner.get_expiries(&[hash], now),
        owner.delete(&[hash]),
        owner.retrieve(0, now),
        owner.store(0, b"a", now),
        owner.store(0, b"a", now),
        owner.delete_all(Scope::All, now),
        owner.get_expiries(&[hash], now),
    ];
    let reply = world.ask(1, &StorageRequest::Batch(requests.clone()));
    let parts = parts(&reply);
    assert_eq!(parts.len(), 10);
    assert_eq!(retrieved(&parts[1]).0, [b"a"]);
    assert_eq!(parts[3].body, StorageBody::Expiries(vec![(hash, soon)]));
    assert!(retrieved(&parts[5]).0.is_empty());
    for (step, expected) in [(0, false), (6, false), (7, true)] {
        for member in members(&parts[step]) {
            let Ok(MemberChange::Stored { already, .. }) = member.result else {
                panic!("step {step}: {member:?}");
            };
            assert_eq!(already, expected, "step {step}");
        }
    }
    assert_eq!(parts[9].body, StorageBody::Expiries(vec![]));
    // The same as a sequence.
    let mut other = World::new();
    let sequence = other.ask(1, &StorageRequest::Sequence(requests));
    assert_eq!(sequence, reply);
}

/// Paging on from a message that an earlier step of the same batch deleted starts over, as it
/// would in another request.
#[test]
fn a_last_hash_that_was_just_deleted_is_unknown() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for data in [b"a", b"b", b"c"] {
        world.ask(1, &owner.store(0, data, now));
    }
    let deleted = owner.hash(0, b"b");
    let mut after = owner.retrieve(0, now);
    if let StorageRequest::Retrieve { last_hash, .. } = &mut after {
        *last_hash = Some(deleted);
    }
    let requests = vec![after.clone(), owner.delete(&[deleted]), after];
    let reply = world.ask(1, &StorageRequest::Batch(requests));
    assert_eq!(retrieved(&parts(&reply)[0]).0, [b"c"]);
    assert_eq!(retrieved(&parts(&reply)[2]).0, [b"a", b"c"]);
}

#[test]
fn what_a_batch_read_falls_with_the_write_before_it() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let batch = StorageRequest::Batch(vec![
        owner.store(0, b"a", now),
        owner.retrieve(0, now),
        StorageRequest::Info,
    ]);
    let call = world.send(1, &batch);
    assert!(!world.is_answered(1, call));
    world.host(1).fail_writes();
    world.settle();
    let reply = world.reply(1, call);
    assert_eq!(statuses(&reply), [200, 500, 200]);
    let me = world.ids[0];
    let mine = members(&parts(&reply)[0])
        .iter()
        .find(|m| m.node == me)
        .unwrap();
    assert_eq!(mine.result, Err(MemberFailure::QueryFailure));
    assert_eq!(world.host(1).node.load(), Default::default());
}

#[test]
fn reads_alone_do_not_wait() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    world.send(1, &owner.store(0, b"a", now));
    let reads = vec![owner.retrieve(0, now), owner.retrieve(2, now)];
    for request in [
        StorageRequest::Batch(reads.clone()),
        StorageRequest::Sequence(reads),
    ] {
        world.send(1, &request);
        let (_, after, _) = world.host(1).answers.pop().unwrap();
        assert_eq!(after, Some(WriteId(1)));
    }
    assert_eq!(world.host(1).store.pending(), 1);
}

#[test]
fn a_sequence_stops_after_the_first_failure() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let (good, bad) = (
        owner.store(0, b"a", now),
        owner.retrieve(0, now.before_ms(60_001)),
    );
    let last = owner.store(0, b"last", now);
    let requests = vec![good.clone(), bad, last.clone()];
    let reply = world.ask(1, &StorageRequest::Sequence(requests));
    assert_eq!(statuses(&reply), [200, 406]);
    assert_eq!(world.host(1).store.rows().len(), 1);

    // A write that fails everywhere stops it too.
    for peer in [1, 2] {
        world.links.insert(world.ids[peer], Link::Lost);
    }
    let requests = vec![owner.store(0, b"b", now), last.clone()];
    let call = world.send(1, &StorageRequest::Sequence(requests));
    world.host(1).fail_writes();
    world.settle();
    assert_eq!(statuses(&world.reply(1, call)), [500]);

    // So does a required delete of nothing.
    world.links.clear();
    let mut delete = owner.delete(&[owner.hash(0, b"absent")]);
    if let StorageRequest::Delete { required, .. } = &mut delete {
        *required = true;
    }
    let reply = world.ask(1, &StorageRequest::Sequence(vec![good, delete, last]));
    assert_eq!(statuses(&reply), [200, 404]);
}

#[test]
fn a_sequence_goes_on_only_when_a_write_ended_everywhere() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let requests = vec![owner.store(0, b"a", now), owner.store(0, b"b", now)];
    let call = world.send(1, &StorageRequest::Sequence(requests));
    assert_eq!(
        (world.host(1).calls.len(), world.host(1).store.pending()),
        (2, 1)
    );
    assert_eq!(world.host(1).node.load().client_writes, 2);
    world.host(1).commit();
    assert_eq!(
        (world.host(1).calls.len(), world.host(1).store.pending()),
        (2, 0)
    );
    world.settle();
    assert_eq!(statuses(&world.reply(1, call)), [200, 200]);
    assert_eq!(world.host(3).store.rows().len(), 2);
}

#[test]
fn number_of_requests() {
    let mut world = World::new();
    for (count, expected) in [(0, 400), (1, 200), (BATCH_MAX, 200), (BATCH_MAX + 1, 400)] {
        let requests = vec![StorageRequest::Info; count];
        assert_eq!(
            world.status(1, &StorageRequest::Batch(requests.clone())),
            expected
        );
        assert_eq!(
            world.status(1, &StorageRequest::Sequence(requests)),
            expected
        );
    }
    let inner = StorageRequest::Sequence(vec![StorageRequest::Info]);
    assert_eq!(world.status(1, &StorageRequest::Batch(vec![inner])), 400);
}

#[test]
fn the_retrieves_of_a_batch_share_one_budget() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for number in 0..60u8 {
        world.send(1, &owner.store(0, &[number; 70_000], now));
        world.host(1).calls.clear();
        while world.host(1).commit() {}
    }
    let mut all = owner.retrieve(0, now);
    if let StorageRequest::Retrieve { max_size, .. } = &mut all {
        *max_size = Some(-1);
    }
    let reply = world.ask(1, &StorageRequest::Batch(vec![all; 4]));
    let counts: Vec<usize> = parts(&reply)
        .iter()
        .map(|part| retrieved(part).0.len())
        .collect();
    // 83 fit into the whole budget; after that each still gets one.
    assert_eq!(counts, [60, 23, 1, 1]);
}

fn fill(owner: &Owner, from: usize, now: leek_machine::Wall) -> Vec<StorageRequest> {
    let numbers = from..from + BATCH_MAX;
    numbers
        .map(|n| owner.store(0, &n.to_le_bytes(), now))
        .collect()
}

#[test]
fn a_batch_counts_all_its_writes() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for number in 0..WRITES_PENDING_MAX / BATCH_MAX {
        let requests = fill(&owner, number * BATCH_MAX, now);
        world.send(1, &StorageRequest::Batch(requests));
    }
    assert_eq!(world.host(1).node.load().client_writes, WRITES_PENDING_MAX);
    let two = vec![owner.retrieve(0, now), owner.store(0, b"x", now)];
    for request in [
        StorageRequest::Batch(two.clone()),
        StorageRequest::Sequence(two),
    ] {
        let call = world.send(1, &request);
        assert_eq!(world.reply(1, call).status, Status::UNAVAILABLE);
    }
}

#[test]
fn pinned_bytes_are_bounded() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let mixed = StorageRequest::Batch(vec![owner.retrieve(0, now), owner.store(0, &[1; 100], now)]);
    let room = FLOW_BYTES_MAX / (RETRIEVE_BYTES_MAX + 100);
    for _ in 0..room {
        let call = world.send(1, &mixed);
        assert!(!world.is_answered(1, call));
    }
    assert_eq!(
        world.host(1).node.load().flow_bytes,
        room * (RETRIEVE_BYTES_MAX + 100)
    );
    let call = world.send(1, &mixed);
    assert_eq!(world.reply(1, call).status, Status::UNAVAILABLE);
    let call = world.send(1, &owner.store(0, b"single", now));
    assert!(!world.is_answered(1, call));
    world.settle();
    assert_eq!(world.host(1).node.load(), Default::default());
}

/// The largest batch of writes in the largest swarm stays within what one call may put out.
#[test]
fn outputs_of_one_call() {
    let mut world = World::with(leek_storage_node::NodeConfig {
        observe: true,
        ..Default::default()
    });
    let owner = world.owner();
    let now = world.now();
    let mut nodes = vec![(world.host(1).record, crate::support::HOME)];
    nodes.extend((1..leek_wire::limits::SWARM_NODES_MAX).map(|number| {
        let mut record = world.snapshot.nodes()[0];
        let mut id = [8; 32];
        id[..8].copy_from_slice(&number.to_le_bytes());
        record.id = leek_identity::NodeId::from_bytes(id);
        (record, crate::support::HOME)
    }));
    let snapshot = leek_swarm::Snapshot::new(leek_swarm::Epoch(3), nodes).unwrap();
    world
        .host(1)
        .give(leek_wire::Input::Membership(snapshot.into()));
    let requests = fill(&owner, 0, now);
    assert!(encode_storage_request(&requests[0]).len() > 40);
    world.send(1, &StorageRequest::Batch(requests));
    // The host asserts the limit; this is what it was close to.
    assert!(
        world.host(1).last_outputs > BATCH_MAX * 100,
        "{}",
        world.host(1).last_outputs
    );
}
