//! How far a message has come when a store is answered, and what the answer says about it.

use std::num::NonZeroU16;

use leek_storage_node::sign;
use leek_wire::{
    AckLevel, CallId, Input, Member, MemberChange, MemberFailure, NodeEvent, Outcome, Output, Peer,
    Request, Response, Status, StorageBody, StorageReply, StorageRequest,
    limits::WRITES_PENDING_MAX,
};
use proptest::prelude::*;

use crate::support::{CLIENT, Link, Owner, World, members};

const fn quorum(members: u16) -> AckLevel {
    AckLevel::Quorum(NonZeroU16::new(members).unwrap())
}

fn begun(level: AckLevel) -> (World, Owner, CallId) {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let call = world.send(1, &owner.store_at(level, b"x", now));
    (world, owner, call)
}

/// Ends node 1's open call to node `number`: as that node answers, or lost.
fn end_call(world: &mut World, number: usize, answered: bool) {
    let id = world.ids[number - 1];
    let calls = &mut world.host(1).calls;
    let to = |output: &Output| matches!(output, Output::Call { to, .. } if *to == id);
    let at = calls.iter().position(to).expect("a call to the member");
    let Output::Call { call, body, .. } = calls.remove(at) else {
        unreachable!("found by its kind");
    };
    let outcome = if answered {
        let from = Peer::Node(world.ids[0]);
        let inner = world.give(number, from, body);
        while world.host(number).commit() {}
        Outcome::Done(world.answer(number, inner).unwrap())
    } else {
        Outcome::Lost
    };
    world.host(1).give(Input::Reply { call, outcome });
}

/// What node `number` says in a reply; `None` when it is not mentioned.
fn entry(
    world: &World,
    reply: &StorageReply,
    number: usize,
) -> Option<Result<MemberChange, MemberFailure>> {
    let id = world.ids[number - 1];
    let member = members(reply).iter().find(|member| member.node == id);
    member.map(|member| member.result.clone())
}

/// Whether node `number` says durable; checks that it signed just that.
fn durable(world: &World, owner: &Owner, reply: &StorageReply, number: usize) -> bool {
    let Some(Ok(MemberChange::Stored {
        signature, durable, ..
    })) = entry(world, reply, number)
    else {
        panic!("node {number} did not store: {reply:?}");
    };
    let hash = owner.hash(0, b"x");
    let suite = leek_crypto::pure().suite();
    let signed = |text: &str| {
        let key = *world.ids[number - 1].key();
        suite.verify(&key, text.as_bytes(), &signature).is_ok()
    };
    assert_eq!(signed(&sign::stored(&hash)), durable, "node {number}");
    assert_eq!(signed(&sign::received(&hash)), !durable, "node {number}");
    durable
}

fn stored_events(world: &mut World) -> Vec<NodeEvent> {
    let mut events = world.host(1).node_events();
    events.retain(|event| matches!(event, NodeEvent::Stored { .. }));
    events
}

#[test]
fn received_is_answered_at_once() {
    let (mut world, owner, call) = begun(AckLevel::Received);
    assert_eq!(world.host(1).store.pending(), 1, "not durable");
    assert_eq!(world.host(1).answers[0].1, None, "and it does not wait");
    let reply = world.reply(1, call);
    assert_eq!((reply.status, members(&reply).len()), (Status::OK, 1));
    assert!(!durable(&world, &owner, &reply, 1));
    assert!(
        stored_events(&mut world).is_empty(),
        "not before it is durable"
    );

    // The copies go out all the same, and ask for all.
    let now = world.now();
    let copies = world.host(1).calls.len();
    assert_eq!(copies, 2);
    for output in &world.host(1).calls {
        assert!(
            matches!(output, Output::Call { body, .. } if *body == Request::Forward(owner.store(0, b"x", now)))
        );
    }
    let load = world.host(1).node.load();
    assert_eq!((load.client_writes, load.trailing_writes), (0, 1));
    world.settle();
    assert_eq!(world.host(1).node.load(), Default::default());
    let hash = owner.hash(0, b"x");
    assert_eq!(
        stored_events(&mut world),
        [NodeEvent::Stored { hash, new: true }]
    );
    for number in 1..=3 {
        assert_eq!(world.host(number).store.rows().len(), 1, "node {number}");
    }
}

#[test]
fn received_and_then_lost_was_never_called_durable() {
    let (mut world, owner, call) = begun(AckLevel::Received);
    world.host(1).fail_writes();
    let reply = world.reply(1, call);
    assert!(!durable(&world, &owner, &reply, 1));
    world.settle();
    assert!(stored_events(&mut world).is_empty());
    assert_eq!(world.host(1).node.load(), Default::default());
}

/// What this node cannot take it did not receive: the answer waits for the others' part.
#[test]
fn a_node_that_cannot_store_has_not_received() {
    for level in [AckLevel::Received, AckLevel::Durable] {
        let mut world = World::new();
        let owner = world.owner();
        let now = world.now();
        world.host(1).store.broken = true;
        let call = world.send(1, &owner.store_at(level, b"x", now));
        assert!(!world.is_answered(1, call));
        end_call(&mut world, 2, true);
        assert!(!world.is_answered(1, call));
        end_call(&mut world, 3, false);
        let reply = world.reply(1, call);
        assert_eq!(
            entry(&world, &reply, 1),
            Some(Err(MemberFailure::QueryFailure))
        );
        assert!(durable(&world, &owner, &reply, 2));
        assert_eq!(entry(&world, &reply, 3), Some(Err(MemberFailure::Timeout)));
    }
}

#[test]
fn durable_waits_for_the_own_disk_only() {
    let (mut world, owner, call) = begun(AckLevel::Durable);
    end_call(&mut world, 2, true);
    assert!(!world.is_answered(1, call), "another's disk is not ours");
    world.host(1).commit();
    let reply = world.reply(1, call);
    assert_eq!(members(&reply).len(), 2, "who has not ended is not named");
    assert!(durable(&world, &owner, &reply, 1) && durable(&world, &owner, &reply, 2));
    let load = world.host(1).node.load();
    assert_eq!((load.trailing_writes, load.member_calls), (1, 1));
    end_call(&mut world, 3, false);
    assert_eq!(world.host(1).node.load(), Default::default());
}

#[test]
fn durable_that_fails_here_is_told_by_the_entries() {
    let (mut world, owner, call) = begun(AckLevel::Durable);
    end_call(&mut world, 2, true);
    world.host(1).fail_writes();
    assert!(!world.is_answered(1, call), "not reached: all must end");
    end_call(&mut world, 3, true);
    let reply = world.reply(1, call);
    assert_eq!(
        entry(&world, &reply, 1),
        Some(Err(MemberFailure::QueryFailure))
    );
    assert!(durable(&world, &owner, &reply, 2) && durable(&world, &owner, &reply, 3));
}

#[test]
fn a_quorum_counts_disks_own_included() {
    let (mut world, owner, call) = begun(quorum(2));
    world.host(1).commit();
    assert!(!world.is_answered(1, call));
    end_call(&mut world, 3, true);
    let reply = world.reply(1, call);
    assert_eq!(members(&reply).len(), 2);
    assert!(durable(&world, &owner, &reply, 1) && durable(&world, &owner, &reply, 3));

    // Two others are a quorum too; this node says that it has only received it.
    let (mut world, owner, call) = begun(quorum(2));
    end_call(&mut world, 2, true);
    end_call(&mut world, 3, true);
    let reply = world.reply(1, call);
    assert!(durable(&world, &owner, &reply, 2) && durable(&world, &owner, &reply, 3));
    assert!(!durable(&world, &owner, &reply, 1));
    world.settle();
    assert_eq!(world.host(1).node.load(), Default::default());
}

#[test]
fn a_quorum_out_of_reach_waits_for_all_and_shows() {
    for (level, lost) in [(quorum(3), true), (quorum(4), false), (quorum(9), false)] {
        let (mut world, owner, call) = begun(level);
        world.host(1).commit();
        end_call(&mut world, 2, true);
        assert!(!world.is_answered(1, call));
        end_call(&mut world, 3, !lost);
        let reply = world.reply(1, call);
        assert_eq!(members(&reply).len(), 3);
        assert!(durable(&world, &owner, &reply, 1) && durable(&world, &owner, &reply, 2));
        if lost {
            assert_eq!(entry(&world, &reply, 3), Some(Err(MemberFailure::Timeout)));
        }
    }
}

#[test]
fn a_member_that_has_only_received_does_not_count() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let hash = owner.hash(0, b"x");
    let node = world.ids[1];
    let received = MemberChange::Stored {
        signature: leek_crypto::Signature::from_bytes([1; 64]),
        expiry: now,
        already: false,
        durable: false,
    };
    let body = StorageBody::Changed {
        hash: Some(hash),
        members: vec![Member {
            node,
            result: Ok(received.clone()),
        }],
    };
    let reply = StorageReply {
        status: Status::OK,
        clock: now,
        body,
    };
    world
        .links
        .insert(node, Link::Forge(Response::Forward(reply)));
    world.links.insert(world.ids[2], Link::Lost);
    let reply = world.ask(1, &owner.store_at(quorum(2), b"x", now));
    assert_eq!(members(&reply).len(), 3, "all ended");
    assert_eq!(entry(&world, &reply, 2), Some(Ok(received)));
    assert_eq!(entry(&world, &reply, 3), Some(Err(MemberFailure::Timeout)));
}

/// Whatever a copy asks for: a member that passes it on counts on a durable one.
#[test]
fn a_copy_is_answered_once_durable() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let from = Peer::Node(world.ids[1]);
    let copy = owner.store_at(AckLevel::Received, b"x", now);
    let call = world.give(1, from, Request::Forward(copy));
    assert!(!world.is_answered(1, call));
    world.host(1).commit();
    let Response::Forward(reply) = world.answer(1, call).unwrap() else {
        panic!("not a forwarded reply");
    };
    assert!(durable(&world, &owner, &reply, 1));
}

#[test]
fn what_is_durable_already_is_said_to_be() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    world.ask(1, &owner.store(0, b"x", now));
    let call = world.send(1, &owner.store_at(AckLevel::Received, b"x", now));
    let reply = world.reply(1, call);
    assert!(durable(&world, &owner, &reply, 1));
    assert!(matches!(
        entry(&world, &reply, 1),
        Some(Ok(MemberChange::Stored { already: true, .. }))
    ));
}

#[test]
fn a_sequence_goes_on_at_the_level_asked_and_a_batch_waits_for_all_its_steps() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let first = owner.store_at(AckLevel::Received, b"x", now);
    let second = owner.store_at(AckLevel::Durable, b"y", now);
    let steps = vec![first, second];
    let call = world.send(1, &StorageRequest::Sequence(steps.clone()));
    assert_eq!(world.host(1).store.pending(), 2, "the second runs at once");
    world.host(1).commit();
    assert!(!world.is_answered(1, call));
    world.host(1).commit();
    let StorageBody::Batch(replies) = world.reply(1, call).body else {
        panic!("not a batch");
    };
    assert!(!durable(&world, &owner, &replies[0], 1));
    assert_eq!(replies.len(), 2);
    world.settle();

    let twin = world.ask(2, &StorageRequest::Batch(steps));
    assert!(matches!(twin.body, StorageBody::Batch(replies) if replies.len() == 2));
    for number in 1..=3 {
        assert_eq!(world.host(number).node.load(), Default::default());
    }
}

/// An answer does not free the place of a write: its copies are still under way.
#[test]
fn answered_writes_are_bounded_too() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for number in 0..WRITES_PENDING_MAX {
        let request = owner.store_at(AckLevel::Received, &number.to_le_bytes(), now);
        let call = world.send(1, &request);
        assert_eq!(world.reply(1, call).status, Status::OK);
    }
    let load = world.host(1).node.load();
    assert_eq!(
        (load.client_writes, load.trailing_writes),
        (0, WRITES_PENDING_MAX)
    );
    let call = world.send(1, &owner.store_at(AckLevel::Received, b"x", now));
    assert_eq!(world.reply(1, call).status, Status::UNAVAILABLE);
}

#[test]
fn what_a_node_does_not_do() {
    let mut world = World::new();
    let member = Peer::Node(world.ids[1]);
    for from in [CLIENT, member] {
        for body in [
            Request::Announce(vec![1]),
            Request::Cosign(vec![1]),
            Request::Snapshot { newer_than: None },
        ] {
            let call = world.give(1, from, body);
            let refusal = world.answer(1, call).unwrap_err();
            assert_eq!(refusal.status, Status::BAD_REQUEST);
            assert_eq!(refusal.reason, "not served here");
        }
    }
}

/// What may happen to a write after its copies left.
#[derive(Clone, Copy, Debug)]
enum Step {
    Commit,
    Fail,
    Peer { number: usize, answers: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let own = prop_oneof![Just(Step::Commit), Just(Step::Fail)];
    let peer = |number| any::<bool>().prop_map(move |answers| Step::Peer { number, answers });
    (own, peer(2), peer(3))
        .prop_flat_map(|(own, two, three)| Just(vec![own, two, three]).prop_shuffle())
}

fn levels() -> impl Strategy<Value = AckLevel> {
    prop_oneof![
        Just(AckLevel::Received),
        Just(AckLevel::Durable),
        (1..5_u16).prop_map(quorum),
        Just(AckLevel::All),
    ]
}

fn reached(level: AckLevel, own_durable: bool, durable: usize) -> bool {
    match level {
        AckLevel::Received => true,
        AckLevel::Durable => own_durable,
        AckLevel::Quorum(members) => durable >= usize::from(members.get()),
        AckLevel::All => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// In any order of ends: the answer comes with the step that reaches the level, else with the
    /// last, and calls durable what is.
    #[test]
    fn an_answer_comes_when_its_level_is_reached_and_never_lies(
        level in levels(),
        steps in steps(),
    ) {
        let (mut world, owner, call) = begun(level);
        let (mut own_durable, mut disks, mut ended) = (false, Vec::new(), 0);
        let mut steps = steps.into_iter();
        while !world.is_answered(1, call) {
            prop_assert!(!reached(level, own_durable, disks.len()));
            match steps.next() {
                None => prop_assert!(false, "all ended without an answer"),
                Some(Step::Commit) => {
                    world.host(1).commit();
                    own_durable = true;
                    disks.push(1);
                }
                Some(Step::Fail) => world.host(1).fail_writes(),
                Some(Step::Peer { number, answers }) => {
                    end_call(&mut world, number, answers);
                    disks.extend(answers.then_some(number));
                }
            }
            ended += 1;
        }
        prop_assert!(reached(level, own_durable, disks.len()) || ended == 3);
        let reply = world.reply(1, call);
        for number in 1..=3 {
            let stored = matches!(entry(&world, &reply, number), Some(Ok(_)));
            let said = stored && durable(&world, &owner, &reply, number);
            prop_assert_eq!(said, disks.contains(&number), "node {}", number);
        }
        for step in steps {
            match step {
                Step::Commit => {
                    world.host(1).commit();
                }
                Step::Fail => world.host(1).fail_writes(),
                Step::Peer { number, answers } => end_call(&mut world, number, answers),
            }
        }
        prop_assert_eq!(world.host(1).node.load(), Default::default());
    }
}
