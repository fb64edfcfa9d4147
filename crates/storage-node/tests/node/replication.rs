//! Writes across a swarm: order, failures, forged answers, limits.

use leek_machine::Now;
use leek_wire::{
    CallId, Input, Member, MemberChange, MemberFailure, NodeEvent, Outcome, Output, Peer, Refusal,
    Request, Response, Scope, Status, StorageBody, StorageReply, StorageRequest,
    limits::FORWARD_TIMEOUT_MS,
};

use crate::support::{AWAY, CLIENT, Link, Owner, World, members};

fn result(
    world: &World,
    reply: &StorageReply,
    number: usize,
) -> Result<MemberChange, MemberFailure> {
    let id = world.ids[number - 1];
    let member = members(reply).iter().find(|m| m.node == id);
    member.expect("one entry per member").result.clone()
}

fn begun() -> (World, Owner, Now, CallId) {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.host(1).now;
    let call = world.send(1, &owner.store(0, b"x", now.wall));
    (world, owner, now, call)
}

/// Ends the first open call of node 1.
pub(crate) fn end_one(world: &mut World, outcome: Outcome<Response>) {
    let Output::Call { call, .. } = world.host(1).calls.remove(0) else {
        panic!("not a call");
    };
    world.host(1).give(Input::Reply { call, outcome });
}

#[test]
fn peers_are_asked_at_once() {
    let (mut world, owner, now, _) = begun();
    let mut asked = Vec::new();
    for output in &world.host(1).calls {
        let Output::Call {
            to, body, deadline, ..
        } = output
        else {
            panic!("not a call");
        };
        assert_eq!(*body, Request::Forward(owner.store(0, b"x", now.wall)));
        assert_eq!(*deadline, now.tick.after_ms(FORWARD_TIMEOUT_MS));
        asked.push(*to);
    }
    let mut peers = world.ids[1..3].to_vec();
    peers.sort_unstable();
    assert_eq!(asked, peers);
    assert_eq!(world.host(1).store.pending(), 1);
    assert_eq!(world.host(1).node.load().client_writes, 1);
}

#[test]
fn the_answer_waits_for_all_peers_and_the_disk() {
    let (mut one, _, _, call) = begun();
    // Durable, then one peer, then the other.
    assert!(one.host(1).commit());
    assert!(!one.is_answered(1, call));
    end_one(&mut one, Outcome::Lost);
    assert!(!one.is_answered(1, call));
    end_one(&mut one, Outcome::Lost);
    assert!(one.is_answered(1, call));

    // Both peers, then durable; the answer names the batch.
    let (mut two, owner, _, call) = begun();
    end_one(&mut two, Outcome::Lost);
    end_one(&mut two, Outcome::Lost);
    assert!(!two.is_answered(1, call));
    assert!(
        !two.host(1)
            .node_events()
            .iter()
            .any(|e| matches!(e, NodeEvent::Stored { .. }))
    );
    assert!(two.host(1).commit());
    let (_, after, _) = two.host(1).answers[0];
    assert_eq!(after, Some(leek_wire::WriteId(1)));
    let reply = two.reply(1, call);
    assert_eq!(reply.status, Status::OK);
    assert_eq!(result(&two, &reply, 2), Err(MemberFailure::Timeout));
    assert_eq!(result(&two, &reply, 3), Err(MemberFailure::Timeout));
    assert!(matches!(
        result(&two, &reply, 1),
        Ok(MemberChange::Stored { .. })
    ));
    let events = two.host(1).node_events();
    let hash = owner.hash(0, b"x");
    assert_eq!(
        events,
        [
            NodeEvent::Stored { hash, new: true },
            NodeEvent::Served(Status::OK)
        ]
    );
    assert_eq!(two.host(1).node.load(), Default::default());
}

#[test]
fn one_success_is_enough_and_none_is_a_500() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let busy = Refusal::busy();
    world.links.insert(world.ids[1], Link::Lost);
    world.links.insert(world.ids[2], Link::Refuse(busy.clone()));
    let reply = world.ask(1, &owner.store(0, b"a", now));
    assert_eq!(reply.status, Status::OK);
    assert_eq!(result(&world, &reply, 2), Err(MemberFailure::Timeout));
    let refused = MemberFailure::Refused {
        status: busy.status,
        reason: busy.reason,
    };
    assert_eq!(result(&world, &reply, 3), Err(refused.clone()));

    // This node's own disk fails as well.
    let call = world.send(1, &owner.store(0, b"b", now));
    world.host(1).fail_writes();
    world.settle();
    let reply = world.reply(1, call);
    assert_eq!(reply.status, Status::INTERNAL);
    assert_eq!(result(&world, &reply, 1), Err(MemberFailure::QueryFailure));
    assert_eq!(result(&world, &reply, 3), Err(refused));
    let hash = owner.hash(0, b"b");
    let events = world.host(1).node_events();
    assert!(!events.contains(&NodeEvent::Stored { hash, new: true }));

    // Only this node's disk fails.
    world.links.clear();
    let call = world.send(1, &owner.store(0, b"c", now));
    world.host(1).fail_writes();
    world.settle();
    // An answer that waited for the failed batch would never be released.
    assert_eq!(world.host(1).answers[0].1, None);
    let reply = world.reply(1, call);
    assert_eq!(reply.status, Status::OK);
    assert_eq!(result(&world, &reply, 1), Err(MemberFailure::QueryFailure));
    assert!(matches!(
        result(&world, &reply, 2),
        Ok(MemberChange::Stored { already: false, .. })
    ));
}

#[test]
fn a_peers_failures_are_passed_on() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    // Node 2 cannot read its store; node 3's clock is wrong by an hour.
    world.host(2).store.broken = true;
    let behind = world.host(3).now.wall.before_ms(3_600_000);
    world.host(3).now.wall = behind;
    let reply = world.ask(1, &owner.store(0, b"a", now));
    assert_eq!(reply.status, Status::OK);
    assert_eq!(result(&world, &reply, 2), Err(MemberFailure::QueryFailure));
    assert!(matches!(
        result(&world, &reply, 3),
        Err(MemberFailure::Refused {
            status: Status::NOT_ACCEPTABLE,
            ..
        })
    ));
    // Node 3 believes in another swarm.
    let lagging = leek_swarm::Snapshot::new(
        leek_swarm::Epoch(0),
        world
            .snapshot
            .nodes()
            .iter()
            .map(|node| (*node, AWAY))
            .collect(),
    );
    let owner_there = world.owner_in(AWAY, 0);
    world
        .host(3)
        .give(Input::Membership(lagging.unwrap().into()));
    let reply = world.ask(4, &owner_there.store(0, b"a", now));
    assert_eq!(members(&reply).len(), 2);
    let reply = world.ask(1, &owner.delete(&[owner.hash(0, b"a")]));
    assert!(matches!(
        result(&world, &reply, 3),
        Ok(MemberChange::Deleted { .. })
    ));
}

fn changed(members: Vec<Member>, of: &Owner) -> Response {
    Response::Forward(StorageReply {
        status: Status::OK,
        clock: leek_machine::Wall::from_ms(0),
        body: StorageBody::Changed {
            hash: Some(of.hash(0, b"x")),
            members,
        },
    })
}

#[test]
fn answers_that_are_not_the_peers_to_this_write() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let good = world
        .forward(2, Peer::Node(world.ids[0]), owner.store(0, b"x", now))
        .unwrap();
    let [honest] = <[Member; 1]>::try_from(members(&good).to_vec()).unwrap();
    let (me, other) = (honest.node, world.ids[2]);
    let signature = leek_crypto::Signature::from_bytes([1; 64]);
    let clock = now;
    let of = |node, result| Member { node, result };
    let deleted = MemberChange::Deleted {
        signature,
        deleted: vec![],
    };
    let body = |status, body| {
        Response::Forward(StorageReply {
            status,
            clock,
            body,
        })
    };
    let bad = [
        Response::Onion(vec![1, 2, 3]),
        changed(vec![], &owner),
        changed(vec![honest.clone(), honest.clone()], &owner),
        changed(vec![of(other, honest.result.clone())], &owner),
        changed(vec![of(me, Ok(deleted))], &owner),
        changed(vec![of(me, Err(MemberFailure::Timeout))], &owner),
        changed(vec![honest.clone()], &Owner::user(250)),
        body(Status::OK, StorageBody::Error("fine".into())),
        body(Status::OK, StorageBody::Batch(vec![])),
        body(
            Status::OK,
            StorageBody::Swarm {
                swarm: AWAY,
                nodes: vec![],
            },
        ),
        body(
            Status::OK,
            StorageBody::Messages {
                messages: vec![],
                more: false,
            },
        ),
    ];
    for response in bad {
        world.links.insert(me, Link::Forge(response.clone()));
        let reply = world.ask(1, &owner.store(0, b"x", now));
        assert_eq!(
            result(&world, &reply, 2),
            Err(MemberFailure::BadResponse),
            "{response:?}"
        );
    }
}

#[test]
fn refusals_and_honest_answers_of_a_peer() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let from = Peer::Node(world.ids[0]);
    let good = world.forward(2, from, owner.store(0, b"x", now)).unwrap();
    let honest = members(&good)[0].clone();
    let me = honest.node;
    let body = |status, body| {
        let clock = now;
        Response::Forward(StorageReply {
            status,
            clock,
            body,
        })
    };
    let wrong_swarm = body(
        Status::WRONG_SWARM,
        StorageBody::Swarm {
            swarm: AWAY,
            nodes: vec![],
        },
    );
    for (response, expected) in [
        (wrong_swarm, Status::WRONG_SWARM),
        (
            body(Status(429), StorageBody::Error("slow".into())),
            Status(429),
        ),
    ] {
        world.links.insert(me, Link::Forge(response));
        let reply = world.ask(1, &owner.store(0, b"x", now));
        let refused = result(&world, &reply, 2);
        assert!(
            matches!(refused, Err(MemberFailure::Refused { status, .. }) if status == expected)
        );
    }
    world
        .links
        .insert(me, Link::Forge(changed(vec![honest.clone()], &owner)));
    let reply = world.ask(1, &owner.store(0, b"x", now));
    assert_eq!(result(&world, &reply, 2), honest.result);
}

#[test]
fn copies_come_from_members_only_and_go_no_further() {
    let mut world = World::new();
    let (owner, away) = (world.owner(), world.owner_in(AWAY, 0));
    let now = world.now();
    let store = owner.store(0, b"x", now);
    let member = Peer::Node(world.ids[1]);
    let stranger = Peer::Node(leek_identity::NodeId::from_bytes([3; 32]));
    let refusals = [
        (CLIENT, store.clone(), 401),
        (Peer::Node(world.ids[3]), store.clone(), 401),
        (Peer::Node(world.ids[0]), store.clone(), 401),
        (stranger, store.clone(), 401),
        (member, owner.retrieve(0, now), 400),
        (member, StorageRequest::Info, 400),
        (member, StorageRequest::Batch(vec![store.clone()]), 400),
        (member, StorageRequest::Sequence(vec![store.clone()]), 400),
    ];
    for (from, request, expected) in refusals {
        let refusal = world.forward(1, from, request.clone()).unwrap_err();
        assert_eq!(refusal.status.0, expected, "{from:?} {request:?}");
    }
    assert!(world.host(1).store.rows().is_empty());
    let reply = world.forward(1, member, away.store(0, b"x", now)).unwrap();
    assert_eq!(reply.status, Status::WRONG_SWARM);

    let call = world.give(1, member, Request::Forward(store));
    assert!(world.host(1).calls.is_empty());
    assert_eq!(world.host(1).node.load().forwards, 1);
    assert!(!world.is_answered(1, call), "not before it is durable");
    world.host(1).commit();
    let Response::Forward(reply) = world.answer(1, call).unwrap() else {
        panic!("not a forwarded reply");
    };
    assert_eq!((reply.status, members(&reply).len()), (Status::OK, 1));
    assert_eq!(members(&reply)[0].node, world.ids[0]);
    assert_eq!(world.host(1).node.load(), Default::default());
}

#[test]
fn whether_something_had_to_be_deleted_is_not_the_peers_business() {
    let mut world = World::new();
    let owner = world.owner();
    let mut request = owner.delete(&[owner.hash(0, b"x")]);
    if let StorageRequest::Delete { required, .. } = &mut request {
        *required = true;
    }
    world.send(1, &request);
    let calls = &world.host(1).calls;
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert!(matches!(
            call,
            Output::Call {
                body: Request::Forward(StorageRequest::Delete {
                    required: false,
                    ..
                }),
                ..
            }
        ));
    }
}

#[test]
fn a_write_that_changes_nothing_waits_for_what_it_found() {
    let (mut world, owner, now, first) = begun();
    // The same message again, while the first is not durable.
    let again = world.send(1, &owner.store(0, b"x", now.wall));
    world.host(1).calls.clear();
    assert_eq!(world.host(1).store.pending(), 2);
    world.host(1).fail_writes();
    assert_eq!(world.host(1).node.load().awaited_batches, 0);
    assert!(!world.is_answered(1, first) && !world.is_answered(1, again));
    // Once durable, it needs no batch of its own.
    world.ask(1, &owner.store(0, b"x", now.wall));
    world.send(1, &owner.store(0, b"x", now.wall));
    assert_eq!(world.host(1).store.pending(), 0);
}

#[test]
fn outcomes_of_unknown_calls_and_batches_are_ignored() {
    let (mut world, _, _, call) = begun();
    let before = world.host(1).node.load();
    for name in [0, 3, 99, u64::MAX] {
        let outcome = Outcome::Lost;
        world.host(1).give(Input::Reply {
            call: CallId(name),
            outcome,
        });
    }
    assert_eq!(world.host(1).node.load(), before);
    // An outcome counts once.
    let Output::Call { call: first, .. } = world.host(1).calls[0] else {
        panic!("not a call");
    };
    for _ in 0..2 {
        world.host(1).give(Input::Reply {
            call: first,
            outcome: Outcome::Lost,
        });
    }
    world.host(1).commit();
    assert!(
        !world.is_answered(1, call),
        "the other peer has not answered"
    );
}

#[test]
fn a_store_and_a_delete_in_one_window_leave_nothing() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    world.send(1, &owner.store(0, b"x", now));
    world.send(1, &owner.delete_all(Scope::All, now));
    assert_eq!(world.host(1).store.pending(), 2);
    world.settle();
    for number in 1..=3 {
        assert!(world.host(number).store.rows().is_empty(), "node {number}");
    }
}

#[test]
fn a_clone_goes_the_same_way() {
    let (mut world, _, _, call) = begun();
    for peer in [1, 2] {
        world.links.insert(world.ids[peer], Link::Lost);
    }
    let twin = world.host(1).clone();
    let run = |world: &mut World| {
        world.settle();
        (world.answer(1, call), world.host(1).node_events())
    };
    let first = run(&mut world);
    *world.host(1) = twin;
    assert_eq!(run(&mut world), first);
    let shown = format!("{:?}", world.host(1).node);
    assert!(shown.contains("StorageNode") && shown.contains("NodePrep"));
}
