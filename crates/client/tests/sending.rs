//! Sends: attempts, redirections, refusals, limits.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use leek_client::{Command, limits::SENDS_MAX};
use leek_wire::{
    ClientEvent, FailReason, Outcome, Refusal, Response, Status, StorageBody, StorageRequest,
};
use support::{Arrived, Net, account, config};

fn data(arrived: &Arrived) -> &[u8] {
    match &arrived.request {
        StorageRequest::Store { data, .. } => data,
        other => panic!("no store: {other:?}"),
    }
}

fn last_failure(net: &Net) -> (u8, FailReason) {
    let failed = |event: &ClientEvent| match event {
        ClientEvent::SendFailed {
            attempts, reason, ..
        } => Some((*attempts, *reason)),
        _ => None,
    };
    net.events.iter().rev().find_map(failed).unwrap()
}

#[test]
fn a_send_passes_three_relays_and_reaches_the_recipients_swarm() {
    let mut net = Net::ready(config(false));
    let to = account(2).id();
    let out = net.send(7, to, "hello");
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].relays.len(), 3);
    assert!(net.swarm_of(&to).contains(&out[0].node));
    assert!(!out[0].relays.contains(&out[0].node));
    let body = net.stored(&out[0].request);
    net.answer(&out[0], Status::OK, body);
    let accepted = |event: &&ClientEvent| {
        matches!(
            event,
            ClientEvent::SendAccepted {
                attempts: 1,
                stored: 7,
                durable: 7,
                members: 7,
                ..
            }
        )
    };
    assert_eq!(net.events.iter().filter(accepted).count(), 1);
    assert_eq!(net.client.sends_open(), 0);
}

#[test]
fn without_an_onion_the_member_is_called_itself() {
    let mut net = Net::ready(config(true));
    let out = net.send(7, account(2).id(), "hello");
    assert!(out[0].relays.is_empty());
    assert_eq!(out[0].guard, out[0].node);
}

#[test]
fn a_retry_sends_the_same_bytes_to_another_member_and_attempts_are_bounded() {
    let mut net = Net::ready(config(false));
    let mut out = net.send(1, account(2).id(), "hello");
    let (first, mut nodes) = (data(&out[0]).to_vec(), vec![out[0].node]);
    for _ in 0..2 {
        assert!(net.lose(&out[0]).is_empty(), "a pause comes first");
        out = loop {
            let woken = net.wake();
            let stores: Vec<Arrived> = woken
                .into_iter()
                .filter(|a| matches!(a.request, StorageRequest::Store { .. }))
                .collect();
            if !stores.is_empty() {
                break stores;
            }
        };
        assert_eq!(data(&out[0]), first);
        assert!(!nodes.contains(&out[0].node));
        nodes.push(out[0].node);
    }
    net.lose(&out[0]);
    assert_eq!(last_failure(&net), (3, FailReason::AttemptsSpent));
    assert_eq!(net.client.sends_open(), 0);
}

#[test]
fn refusals_for_good_end_a_send_at_once() {
    for status in [Status::BAD_REQUEST, Status::UNAUTHORIZED, Status::FORBIDDEN] {
        let mut net = Net::ready(config(false));
        let out = net.send(1, account(2).id(), "hello");
        net.answer(&out[0], status, StorageBody::Error("no".into()));
        assert_eq!(last_failure(&net), (1, FailReason::Refused(status)));
    }
}

#[test]
fn a_200_that_stored_nothing_or_something_else_is_no_acceptance() {
    let mut net = Net::ready(config(false));
    let out = net.send(1, account(2).id(), "hello");
    let empty = StorageBody::Changed {
        hash: None,
        members: Vec::new(),
    };
    net.answer(&out[0], Status::OK, empty);
    assert!(
        !net.events
            .iter()
            .any(|e| matches!(e, ClientEvent::SendAccepted { .. }))
    );
    assert_eq!(net.client.sends_open(), 1, "it is tried again");
}

/// The members of another swarm than the recipient's.
fn elsewhere(net: &Net) -> Vec<leek_identity::NodeRecord> {
    let own = net.snapshot.swarm_of(&account(2).id()).unwrap();
    let other = net
        .snapshot
        .swarm_ids()
        .iter()
        .find(|id| **id != own)
        .unwrap();
    net.snapshot.members(*other).copied().collect()
}

#[test]
fn a_421_is_followed_for_the_account_as_far_as_the_snapshot_knows_the_nodes() {
    let mut net = Net::ready(config(false));
    let swarm = leek_swarm::SwarmId(1);
    let nodes = elsewhere(&net);
    let out = net.send(1, account(2).id(), "hello");
    let mut named = nodes.clone();
    let mut invented = nodes[0];
    invented.id = leek_identity::NodeId::from_bytes([9; 32]);
    named.push(invented);
    net.answer(
        &out[0],
        Status::WRONG_SWARM,
        StorageBody::Swarm {
            swarm,
            nodes: named,
        },
    );
    assert!(
        net.events
            .iter()
            .any(|e| matches!(e, ClientEvent::SwarmReplaced { .. }))
    );
    let again = loop {
        let out = net.wake();
        if let Some(store) = out
            .into_iter()
            .find(|a| matches!(a.request, StorageRequest::Store { .. }))
        {
            break store;
        }
    };
    assert!(nodes.iter().any(|node| node.id == again.node));
    // That one refuses too: back to what the snapshot says.
    let swarm_body = StorageBody::Swarm {
        swarm,
        nodes: Vec::new(),
    };
    net.answer(&again, Status::WRONG_SWARM, swarm_body);
    let third = loop {
        let out = net.wake();
        if let Some(store) = out
            .into_iter()
            .find(|a| matches!(a.request, StorageRequest::Store { .. }))
        {
            break store;
        }
    };
    assert!(net.swarm_of(&account(2).id()).contains(&third.node));
}

#[test]
fn a_list_of_invented_nodes_is_not_believed() {
    let mut net = Net::ready(config(false));
    let mut nodes = elsewhere(&net);
    for node in &mut nodes {
        node.onion_key = leek_crypto::XPublic::from_bytes([7; 32]);
    }
    let out = net.send(1, account(2).id(), "hello");
    let body = StorageBody::Swarm {
        swarm: leek_swarm::SwarmId(1),
        nodes,
    };
    net.answer(&out[0], Status::WRONG_SWARM, body);
    assert!(
        !net.events
            .iter()
            .any(|e| matches!(e, ClientEvent::SwarmReplaced { .. }))
    );
}

#[test]
fn endless_421s_end() {
    let mut net = Net::ready(config(false));
    let mut out = net.send(1, account(2).id(), "hello");
    for _ in 0..20 {
        let Some(store) = out
            .iter()
            .find(|a| matches!(a.request, StorageRequest::Store { .. }))
        else {
            if net.client.sends_open() == 0 {
                break;
            }
            out = net.wake();
            continue;
        };
        let body = StorageBody::Swarm {
            swarm: leek_swarm::SwarmId(1),
            nodes: elsewhere(&net),
        };
        out = net.answer(store, Status::WRONG_SWARM, body);
    }
    assert_eq!(last_failure(&net), (5, FailReason::AttemptsSpent));
}

#[test]
fn a_forged_error_costs_an_attempt_and_never_the_guard() {
    let mut net = Net::ready(config(false));
    let guards: Vec<_> = net
        .events
        .iter()
        .filter_map(|event| match event {
            ClientEvent::PathBuilt { guard } => Some(*guard),
            _ => None,
        })
        .collect();
    assert_eq!(guards.len(), 2);
    for tag in 0..12 {
        let mut out = net.send(tag, account(2).id(), "hello");
        while net.client.sends_open() > 0 {
            for arrived in &out {
                let refusal = Refusal::new(
                    Status::BAD_GATEWAY,
                    format!("Next node not found: {}", arrived.node.to_hex()),
                );
                // A guard answers tests of its own connection; everything else is forged.
                if arrived.relays.is_empty() {
                    let info = StorageBody::Info { version: [0, 1, 0] };
                    net.answer(arrived, Status::OK, info);
                } else {
                    assert!(
                        guards.contains(&arrived.guard),
                        "the guard was steered away"
                    );
                    net.outcome(arrived.call, Outcome::Refused(refusal));
                }
            }
            out = if net.client.sends_open() > 0 {
                net.wake()
            } else {
                Vec::new()
            };
        }
    }
    assert!(
        !net.events
            .iter()
            .any(|e| matches!(e, ClientEvent::GuardDropped { .. }))
    );
    assert!(
        net.events
            .iter()
            .any(|e| matches!(e, ClientEvent::Strike(_)))
    );
}

#[test]
fn the_queue_is_bounded_and_a_stop_ends_it() {
    let mut net = Net::ready(config(false));
    for tag in 0..=SENDS_MAX as u64 {
        net.send(tag, account(2).id(), "hello");
    }
    assert_eq!(last_failure(&net), (0, FailReason::QueueFull));
    assert_eq!(net.client.sends_open(), SENDS_MAX);
    net.tell(Command::Stop.into());
    assert_eq!(net.client.sends_open(), 0);
    assert_eq!(last_failure(&net).1, FailReason::Stopped);
}

#[test]
fn junk_replies_are_lost_replies() {
    let mut net = Net::ready(config(false));
    for (tag, junk) in (0u64..).zip([vec![], vec![0; 39], vec![7; 40], vec![255; 5_000]]) {
        let out = net.send(tag, account(2).id(), "hello");
        net.outcome(out[0].call, Outcome::Done(Response::Onion(junk)));
        assert!(
            !net.events
                .iter()
                .any(|e| matches!(e, ClientEvent::SendAccepted { .. }))
        );
        net.tell(Command::Stop.into());
        net = Net::ready(config(false));
    }
}

#[test]
fn a_dead_guard_is_tested_directly_and_replaced_and_the_other_stays() {
    let mut net = Net::ready(config(false));
    let built = |net: &Net| -> Vec<leek_identity::NodeId> {
        let guard = |event: &ClientEvent| match event {
            ClientEvent::PathBuilt { guard } => Some(*guard),
            _ => None,
        };
        net.events.iter().filter_map(guard).collect()
    };
    let (dead, alive) = (built(&net)[0], built(&net)[1]);
    let mut tests = 0;
    let mut waiting: Vec<Arrived> = Vec::new();
    for _ in 0..400 {
        if net
            .events
            .contains(&ClientEvent::GuardDropped { guard: dead })
        {
            break;
        }
        waiting.extend(net.wake());
        let due: Vec<Arrived> = std::mem::take(&mut waiting);
        for arrived in due {
            tests += u32::from(arrived.relays.is_empty());
            let more = if arrived.guard == dead {
                net.advance_to(arrived.deadline);
                net.lose(&arrived)
            } else {
                let body = net.batch(Vec::new(), false);
                net.answer(&arrived, Status::OK, body)
            };
            waiting.extend(more);
        }
    }
    assert!(
        net.events
            .contains(&ClientEvent::GuardDropped { guard: dead })
    );
    assert!(
        !net.events
            .contains(&ClientEvent::GuardDropped { guard: alive })
    );
    assert!(tests >= 3, "{tests}");
    assert_ne!(built(&net).last(), Some(&dead));
}
