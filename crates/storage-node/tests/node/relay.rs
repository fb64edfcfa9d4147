//! Onions passed on and served.

use leek_identity::NodeId;
use leek_machine::{Seed, Stream};
use leek_onion::{
    FormatId, Hop, HopError, Packet, Protocol, ReplyKey, ServerTarget, SessionV4, format,
};
use leek_wire::{
    CallId, Input, NodeEvent, OnionRequest, Outcome, Output, Peer, Refusal, Request, Response,
    Status, StorageBody, StorageReply, StorageRequest, decode_storage_reply,
    encode_storage_request,
    limits::{RELAY_TIMEOUT_MS, RELAYS_MAX},
};

use crate::support::{CLIENT, Link, World, retrieved};

fn entropy() -> Stream {
    Seed::from_u64(3).child("client", 0).stream()
}

fn hop(world: &World, number: usize) -> Hop {
    Hop::from(world.snapshot.node(&world.ids[number - 1]).unwrap())
}

/// A packet over the nodes of these numbers; the last one is the destination.
fn build(world: &World, route: &[usize], request: &StorageRequest) -> (Packet, ReplyKey) {
    let hops: Vec<Hop> = route.iter().map(|number| hop(world, *number)).collect();
    let (destination, path) = hops.split_last().unwrap();
    build_over(path, destination, request)
}

fn build_over(path: &[Hop], to: &Hop, request: &StorageRequest) -> (Packet, ReplyKey) {
    let suite = leek_crypto::pure().suite();
    let payload = encode_storage_request(request);
    let format = format(FormatId::SessionV4);
    format
        .build(&*suite, &mut entropy(), path, to, &payload)
        .unwrap()
}

fn onion(packet: Packet) -> Request {
    Request::Onion(OnionRequest {
        format: FormatId::SessionV4,
        packet,
    })
}

fn open(key: &ReplyKey, response: Response) -> StorageReply {
    let Response::Onion(bytes) = response else {
        panic!("not an onion reply");
    };
    let suite = leek_crypto::pure().suite();
    let payload = format(FormatId::SessionV4).open_reply(&*suite, key, &bytes);
    decode_storage_reply(&payload.unwrap()).unwrap()
}

fn refusal(error: HopError) -> Result<Response, Refusal> {
    Err(Refusal::new(Status(error.status()), error.text()))
}

/// Relays one packet from node 1 to node 4 and gives its call and the call onward.
fn relayed(world: &mut World) -> (CallId, CallId) {
    let (packet, _) = build(world, &[1, 4], &StorageRequest::Info);
    let call = world.give(1, CLIENT, onion(packet));
    match world.host(1).calls.pop() {
        Some(Output::Call { call: onward, .. }) => (call, onward),
        other => panic!("{other:?}"),
    }
}

#[test]
fn over_three_hops_to_a_mailbox_and_back() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for (route, request) in [
        (vec![4, 5, 2, 1], owner.store(0, b"x", now)),
        (vec![1], owner.retrieve(0, now)),
        (vec![2, 4, 5, 3], owner.retrieve(0, now)),
    ] {
        let (packet, key) = build(&world, &route, &request);
        let call = world.give(route[0], CLIENT, onion(packet));
        world.settle();
        let reply = open(&key, world.answer(route[0], call).unwrap());
        assert_eq!(reply.status, Status::OK, "{reply:?}");
        if let StorageBody::Messages { .. } = reply.body {
            assert_eq!(retrieved(&reply).0, [b"x"]);
        }
    }
    let events = world.host(4).node_events();
    assert_eq!(events, [NodeEvent::Relayed, NodeEvent::Relayed]);
    for number in 1..=5 {
        assert_eq!(world.host(number).node.load(), Default::default());
    }
}

#[test]
fn the_call_onward() {
    let mut world = World::new();
    let tick = world.host(1).now.tick;
    let (packet, _) = build(&world, &[1, 4], &StorageRequest::Info);
    let mut claimed = packet.clone();
    claimed.hop_no = 7;
    world.give(1, CLIENT, onion(claimed));
    let Some(Output::Call {
        to, body, deadline, ..
    }) = world.host(1).calls.pop()
    else {
        panic!("no call");
    };
    assert_eq!(to, world.ids[3]);
    assert_eq!(deadline, tick.after_ms(RELAY_TIMEOUT_MS));
    let Request::Onion(inner) = body else {
        panic!("{body:?}");
    };
    assert_eq!(
        (inner.format, inner.packet.hop_no),
        (FormatId::SessionV4, 8)
    );
    assert_ne!(inner.packet.ephemeral, packet.ephemeral);
    assert!(inner.packet.blob.len() < packet.blob.len());
    assert_eq!(world.host(1).node.load().relays, 1);
}

#[test]
fn replies_and_refusals_pass_unchanged_whoever_made_them() {
    let mut world = World::new();
    let junk = Response::Onion((0..=255).collect());
    let forged = Refusal::new(Status(502), "Next node not found: somebody else");
    let odd = Refusal::new(Status(418), "");
    for (outcome, expected) in [
        (Outcome::Done(junk.clone()), Ok(junk)),
        (
            Outcome::Done(Response::Onion(vec![])),
            Ok(Response::Onion(vec![])),
        ),
        (Outcome::Refused(forged.clone()), Err(forged)),
        (Outcome::Refused(odd.clone()), Err(odd)),
        (Outcome::Lost, refusal(HopError::TimedOut)),
        (
            Outcome::Done(Response::Forward(StorageReply::error(
                Status::OK,
                leek_machine::Wall::from_ms(0),
                "",
            ))),
            refusal(HopError::NextNodeUnreachable(world.ids[3])),
        ),
    ] {
        let (call, onward) = relayed(&mut world);
        world.host(1).give(Input::Reply {
            call: onward,
            outcome,
        });
        let (_, after, _) = world.host(1).answers[0].clone();
        assert_eq!(after, None);
        assert_eq!(world.answer(1, call), expected);
    }
}

#[test]
fn texts_of_refusals() {
    let mut world = World::new();
    let id = world.ids[3];
    let hex = id.to_hex();
    let (call, onward) = relayed(&mut world);
    world.host(1).give(Input::Reply {
        call: onward,
        outcome: Outcome::Lost,
    });
    let lost = world.answer(1, call).unwrap_err();
    assert_eq!(
        (lost.status, &*lost.reason),
        (Status(504), "Request time out")
    );
    let text = HopError::NextNodeNotFound(id).text();
    assert_eq!(text, format!("Next node not found: {hex}"));
}

#[test]
fn where_a_packet_cannot_go() {
    let mut world = World::new();
    let unknown = NodeId::from_bytes([0xab; 32]);
    let me = hop(&world, 1);
    let to_unknown = Hop {
        id: unknown,
        key: hop(&world, 2).key,
    };
    let info = StorageRequest::Info;
    let mut tired = build(&world, &[1, 4], &info).0;
    tired.hop_no = 16;
    let mut last = build(&world, &[1, 4], &info).0;
    last.hop_no = 15;
    let mut damaged = build(&world, &[1, 4], &info).0;
    damaged.blob[30] ^= 1;
    let target = ServerTarget::new("example.org", Protocol::Https, 443, "/oxen/v4/lsrpc");
    let suite = leek_crypto::pure().suite();
    let to_server = SessionV4::DEFAULT
        .build_to_server(
            &*suite,
            &mut entropy(),
            &[me],
            &target.unwrap(),
            &me.key,
            b"x",
        )
        .unwrap();
    let table = [
        (
            build_over(&[me], &to_unknown, &info).0,
            HopError::NextNodeNotFound(unknown),
        ),
        (build_over(&[me], &me, &info).0, HopError::InvalidJson),
        (build(&world, &[2], &info).0, HopError::InvalidCiphertext),
        (damaged, HopError::InvalidCiphertext),
        (tired, HopError::TooManyHops),
        (to_server.0, HopError::InvalidUrl),
    ];
    for (packet, error) in table {
        let call = world.give(1, CLIENT, onion(packet));
        assert_eq!(world.answer(1, call), refusal(error), "{error:?}");
        let refused = NodeEvent::HopRefused(Status(error.status()));
        assert_eq!(world.host(1).node_events().last(), Some(&refused));
        assert!(world.host(1).calls.is_empty());
    }
    // The hop number the limit allows is passed on, and the next node refuses.
    let call = world.give(1, CLIENT, onion(last));
    world.settle();
    assert_eq!(world.answer(1, call), refusal(HopError::TooManyHops));
}

#[test]
fn a_payload_that_is_no_request_is_refused_inside_the_onion() {
    let mut world = World::new();
    let suite = leek_crypto::pure().suite();
    let (packet, key) = format(FormatId::SessionV4)
        .build(
            &*suite,
            &mut entropy(),
            &[],
            &hop(&world, 1),
            b"\xff\xff not a request",
        )
        .unwrap();
    let call = world.give(1, CLIENT, onion(packet));
    let reply = open(&key, world.answer(1, call).unwrap());
    assert_eq!(reply.status, Status::BAD_REQUEST);
    assert!(matches!(reply.body, StorageBody::Error(_)));
}

#[test]
fn a_direct_packet_with_a_layer_is_refused() {
    let mut world = World::new();
    let (packet, _) = build(&world, &[1], &StorageRequest::Info);
    let body = Request::Onion(OnionRequest {
        format: FormatId::Direct,
        packet,
    });
    let call = world.give(1, CLIENT, body);
    assert_eq!(world.answer(1, call), refusal(HopError::InvalidCiphertext));
}

#[test]
fn relays_are_bounded() {
    let mut world = World::new();
    let mut onwards = Vec::new();
    for _ in 0..RELAYS_MAX {
        onwards.push(relayed(&mut world).1);
    }
    let (packet, _) = build(&world, &[1, 4], &StorageRequest::Info);
    let call = world.give(1, CLIENT, onion(packet));
    assert_eq!(world.answer(1, call), refusal(HopError::Busy));
    assert_eq!(world.host(1).node.load().relays, RELAYS_MAX);
    // Storage requests are served all the same, and one answer makes room for one packet.
    assert_eq!(world.status(1, &StorageRequest::Info), 200);
    let outcome = Outcome::Lost;
    world.host(1).give(Input::Reply {
        call: onwards[7],
        outcome,
    });
    relayed(&mut world);
    assert_eq!(world.host(1).node.load().relays, RELAYS_MAX);
}

#[test]
fn a_lost_node_on_the_way() {
    let mut world = World::new();
    world.links.insert(world.ids[4], Link::Lost);
    let (packet, _) = build(&world, &[4, 2, 5, 1], &StorageRequest::Info);
    let call = world.give(4, Peer::Node(world.ids[2]), onion(packet));
    world.settle();
    assert_eq!(world.answer(4, call), refusal(HopError::TimedOut));
    // The hop that waited says so; the one before it only passes the refusal on.
    let refused = NodeEvent::HopRefused(Status::GATEWAY_TIMEOUT);
    assert_eq!(world.host(2).node_events(), [NodeEvent::Relayed, refused]);
    assert_eq!(world.host(4).node_events(), [NodeEvent::Relayed]);
}
