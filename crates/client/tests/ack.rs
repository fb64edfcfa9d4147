//! How far a message must come before a send is accepted.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::num::NonZeroU16;

use leek_client::{ClientConfig, Input};
use leek_identity::NodeId;
use leek_wire::{
    AckLevel, CallId, ClientEvent, Input as WireInput, Member, MemberChange, MemberFailure, Output,
    Peer, Refusal, Request, Status, StorageBody, StorageRequest,
};
use support::{Arrived, Net, account, config};

fn quorum(members: u16) -> AckLevel {
    AckLevel::Quorum(NonZeroU16::new(members).unwrap())
}

fn at(ack: AckLevel) -> (Net, Arrived) {
    let mut net = Net::ready(ClientConfig {
        ack,
        ..config(false)
    });
    let mut out = net.send(1, account(2).id(), "hello");
    (net, out.remove(0))
}

/// Stored, durable, members.
type Accepted = Option<(u16, u16, u16)>;

/// What is reported when these members, in this order, say this: stored and durable.
fn accepted(net: &mut Net, out: &Arrived, said: &[(NodeId, Said)]) -> Accepted {
    let StorageBody::Changed { hash, members } = net.stored(&out.request) else {
        panic!("a store changes");
    };
    let Ok(MemberChange::Stored {
        signature, expiry, ..
    }) = members[0].result
    else {
        panic!("a store stores");
    };
    let member = |&(node, said): &(NodeId, Said)| Member {
        node,
        result: match said {
            Failed => Err(MemberFailure::Timeout),
            Received | Durable => Ok(MemberChange::Stored {
                signature,
                expiry,
                already: false,
                durable: said == Durable,
            }),
        },
    };
    let members = said.iter().map(member).collect();
    net.answer(out, Status::OK, StorageBody::Changed { hash, members });
    net.events.iter().find_map(|event| match event {
        ClientEvent::SendAccepted {
            stored,
            durable,
            members,
            ..
        } => Some((*stored, *durable, *members)),
        _ => None,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Said {
    Failed,
    Received,
    Durable,
}

use Said::{Durable, Failed, Received};

#[test]
fn the_level_travels_with_the_request() {
    for level in [
        AckLevel::Received,
        AckLevel::Durable,
        quorum(3),
        AckLevel::All,
    ] {
        let (_, out) = at(level);
        let StorageRequest::Store { ack, .. } = out.request else {
            panic!("no store");
        };
        assert_eq!(ack, level);
    }
}

#[test]
fn a_send_is_accepted_when_its_level_is_reached() {
    // Level, what members say, (stored, durable, members) if accepted.
    let table: [(AckLevel, &[Said], Accepted); 11] = [
        (AckLevel::Received, &[Received], Some((1, 0, 1))),
        (AckLevel::Received, &[Failed], None),
        (AckLevel::Durable, &[Durable], Some((1, 1, 1))),
        (AckLevel::Durable, &[Received], None),
        (AckLevel::Durable, &[Failed, Durable], Some((1, 1, 2))),
        (quorum(2), &[Received, Durable, Durable], Some((3, 2, 3))),
        (quorum(2), &[Received, Durable, Failed], None),
        (quorum(1), &[Received, Received], None),
        (quorum(9), &[Durable; 7], None),
        (AckLevel::All, &[Durable, Failed], Some((1, 1, 2))),
        (AckLevel::All, &[Received, Failed], Some((1, 0, 2))),
    ];
    for (level, said, expected) in table {
        let (mut net, out) = at(level);
        let swarm = net.swarm_of(&account(2).id());
        let said: Vec<_> = swarm.into_iter().zip(said.iter().copied()).collect();
        assert_eq!(accepted(&mut net, &out, &said), expected, "{level:?}");
        // What was not accepted is tried again, with the same bytes.
        assert_eq!(net.client.sends_open(), usize::from(expected.is_none()));
    }
}

/// The asked node could name anybody, and anybody twice.
#[test]
fn only_nodes_of_the_swarm_count_as_durable_and_once() {
    let (mut net, out) = at(quorum(2));
    let swarm = net.swarm_of(&account(2).id());
    let invented = NodeId::from_bytes([9; 32]);
    let elsewhere = net.snapshot.nodes().iter();
    let elsewhere = elsewhere
        .map(|node| node.id)
        .find(|id| !swarm.contains(id))
        .unwrap();
    let said = [
        (swarm[0], Durable),
        (swarm[0], Durable),
        (invented, Durable),
        (elsewhere, Durable),
    ];
    assert_eq!(accepted(&mut net, &out, &said), None);

    let (mut net, out) = at(AckLevel::All);
    assert_eq!(accepted(&mut net, &out, &said), Some((4, 1, 4)));
}

#[test]
fn a_full_mailbox_is_tried_at_other_members() {
    let (mut net, out) = at(AckLevel::All);
    let body = StorageBody::Error("the mailbox is full".into());
    net.answer(&out, Status::INSUFFICIENT_STORAGE, body);
    assert_eq!(net.client.sends_open(), 1);
}

#[test]
fn a_client_serves_nothing() {
    let mut net = Net::ready(config(false));
    let from = Peer::Node(net.snapshot.nodes()[0].id);
    for body in [
        Request::Pull { after: None },
        Request::Announce(vec![]),
        Request::Forward(StorageRequest::Info),
    ] {
        let call = CallId(77);
        let output = net.output_of(Input::Wire(WireInput::Request { from, call, body }));
        let Some(Output::Answer {
            call,
            after: None,
            body,
        }) = output
        else {
            panic!("not an answer: {output:?}");
        };
        assert_eq!((call, body), (CallId(77), Err(Refusal::not_served())));
    }
}
