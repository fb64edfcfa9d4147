//! Polls: whom, what, what comes of it; and the clock.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use leek_client::limits::FOLLOW_UPS_MAX;
use leek_identity::{Namespace, signed_text};
use leek_machine::Wall;
use leek_wire::{ClientEvent, Input, Status, StorageBody, StorageRequest};
use support::{Arrived, EPOCH_MS, Net, account, config};

/// Wakes the client until it polls.
fn poll(net: &mut Net) -> Vec<Arrived> {
    loop {
        let out = net.wake();
        if out
            .iter()
            .any(|a| matches!(a.request, StorageRequest::Batch(_)))
        {
            return out;
        }
    }
}

fn retrieves(arrived: &Arrived) -> &[StorageRequest] {
    match &arrived.request {
        StorageRequest::Batch(requests) => requests,
        other => panic!("no batch: {other:?}"),
    }
}

#[test]
fn a_poll_asks_two_members_of_the_own_swarm_for_five_signed_namespaces() {
    let mut net = Net::ready(config(false));
    let out = poll(&mut net);
    assert_eq!(out.len(), 2);
    assert_ne!(out[0].node, out[1].node);
    let me = net.client.account().id();
    let swarm = net.swarm_of(&me);
    for arrived in &out {
        assert!(swarm.contains(&arrived.node));
        let mut numbers = Vec::new();
        for request in retrieves(arrived) {
            let StorageRequest::Retrieve {
                account,
                namespace,
                timestamp,
                proof,
                last_hash,
                ..
            } = request
            else {
                panic!("no retrieve: {request:?}")
            };
            assert_eq!((*account, *last_hash), (me, None));
            let proof = proof.unwrap();
            let text = signed_text::retrieve(*namespace, timestamp.ms());
            let key = proof.ed25519.unwrap();
            net.suite
                .verify(&key, text.as_bytes(), &proof.signature)
                .unwrap();
            numbers.push(namespace.number());
        }
        assert_eq!(numbers, [0, 2, 3, 4, 5]);
    }
}

#[test]
fn a_message_from_both_members_is_delivered_once_with_its_sender() {
    let mut net = Net::ready(config(false));
    let letter = net.letter("hello", 1);
    for _ in 0..3 {
        for arrived in poll(&mut net) {
            let body = net.batch(vec![letter.clone()], false);
            net.answer(&arrived, Status::OK, body);
        }
    }
    assert_eq!(net.delivered(), [letter.hash]);
    let sender = net.events.iter().find_map(|event| match event {
        ClientEvent::Delivered(delivered) => Some(delivered.sender),
        _ => None,
    });
    assert_eq!(sender, Some(account(2).id()));
}

#[test]
fn the_place_reached_is_kept_for_each_node() {
    let mut net = Net::ready(config(false));
    let out = poll(&mut net);
    let letter = net.letter("hello", 1);
    let body = net.batch(vec![letter.clone()], false);
    let (told, untold) = (out[0].node, out[1].node);
    net.answer(&out[0], Status::OK, body);
    let body = net.batch(Vec::new(), false);
    net.answer(&out[1], Status::OK, body);
    let mut seen = [false; 2];
    while seen != [true; 2] {
        for arrived in poll(&mut net) {
            let StorageRequest::Retrieve {
                last_hash,
                namespace,
                ..
            } = &retrieves(&arrived)[0]
            else {
                panic!("no retrieve")
            };
            assert_eq!(*namespace, Namespace::DEFAULT);
            if arrived.node == told {
                assert_eq!(*last_hash, Some(letter.hash));
                seen[0] = true;
            } else if arrived.node == untold {
                assert_eq!(*last_hash, None);
                seen[1] = true;
            }
            net.lose(&arrived);
        }
    }
}

#[test]
fn altered_and_misdirected_messages_are_reported_and_not_delivered() {
    let mut net = Net::ready(config(false));
    let mut altered = net.letter("hello", 1);
    altered.data[50] ^= 1;
    let misdirected = net.letter_to(&account(3).id(), "hello", 2);
    let out = poll(&mut net);
    let body = net.batch(vec![altered, misdirected], false);
    net.answer(&out[0], Status::OK, body);
    assert_eq!((net.delivered().len(), net.undecryptable()), (0, 2));
}

#[test]
fn a_node_with_more_is_asked_again_at_once_but_not_for_ever() {
    let mut net = Net::ready(config(false));
    let mut out = poll(&mut net);
    let node = out[0].node;
    for round in 0..u64::from(FOLLOW_UPS_MAX) {
        let letter = net.letter("hello", 100 + round);
        let body = net.batch(vec![letter], true);
        out = net.answer(&out[0], Status::OK, body);
        assert_eq!(out.len(), 1, "round {round}");
        assert_eq!(out[0].node, node);
    }
    let letter = net.letter("hello", 999);
    let body = net.batch(vec![letter], true);
    assert!(net.answer(&out[0], Status::OK, body).is_empty());
    assert_eq!(net.delivered().len(), usize::from(FOLLOW_UPS_MAX) + 1);
}

#[test]
fn more_without_messages_is_not_followed() {
    let mut net = Net::ready(config(false));
    let out = poll(&mut net);
    let body = net.batch(Vec::new(), true);
    assert!(net.answer(&out[0], Status::OK, body).is_empty());
}

#[test]
fn the_clock_follows_the_median_and_signs_with_it() {
    let mut net = Net::new(config(false));
    let snapshot = net.snapshot.clone();
    let out = net.wire(Input::Membership(snapshot));
    // An hour ahead, two honest nodes and one liar.
    for (arrived, off) in out.iter().zip([3_600_000, 3_600_200, 90_000_000]) {
        let clock = Wall::from_ms(EPOCH_MS + off);
        net.answer_at(
            arrived,
            Status::OK,
            StorageBody::Info { version: [0, 1, 0] },
            clock,
        );
    }
    assert!(net.events.contains(&ClientEvent::ClockCorrected {
        offset_ms: 3_600_200
    }));
    let out = net.send(1, account(2).id(), "hello");
    let StorageRequest::Store { timestamp, .. } = out[0].request else {
        panic!("no store")
    };
    assert_eq!(timestamp, Wall::from_ms(EPOCH_MS + 3_600_200));
}

#[test]
fn a_client_whose_clock_questions_are_lost_goes_on_with_the_clock_it_has() {
    let mut net = Net::new(config(false));
    let snapshot = net.snapshot.clone();
    let mut out = net.wire(Input::Membership(snapshot));
    let mut rounds = 0;
    while !out.is_empty() {
        // Direct requests test guards; what goes through relays asks for clocks.
        rounds += u32::from(out.iter().any(|arrived| !arrived.relays.is_empty()));
        let asked = std::mem::take(&mut out);
        for arrived in asked {
            out.extend(net.lose(&arrived));
        }
    }
    assert_eq!(rounds, 3);
    assert_eq!(net.send(1, account(2).id(), "hello").len(), 1);
}

#[test]
fn an_older_snapshot_changes_nothing() {
    let mut net = Net::ready(config(false));
    let snapshot = net.snapshot.clone();
    assert!(net.wire(Input::Membership(snapshot)).is_empty());
}
