//! What survives a restart.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;

use leek_client::{
    Client, ClientState, Cursor, SeenMessage, StateError,
    limits::{CURSORS_MAX, SEEN_MAX},
};
use leek_identity::{MessageHash, Namespace, NodeId};
use leek_machine::Wall;
use leek_onion::{GUARDS_MAX, PathPolicy};
use leek_wire::{ClientEvent, Status, StorageRequest};
use proptest::prelude::*;
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

fn last_hash(arrived: &Arrived) -> Option<MessageHash> {
    let StorageRequest::Batch(requests) = &arrived.request else {
        panic!("no batch");
    };
    let StorageRequest::Retrieve { last_hash, .. } = &requests[0] else {
        panic!("no retrieve");
    };
    *last_hash
}

fn guards(net: &Net) -> Vec<NodeId> {
    let built = |event: &ClientEvent| match event {
        ClientEvent::PathBuilt { guard } => Some(*guard),
        _ => None,
    };
    net.events.iter().filter_map(built).collect()
}

fn hash(n: usize) -> MessageHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
    MessageHash::from_bytes(bytes)
}

fn client(state: ClientState) -> Result<Client, StateError> {
    let suite = leek_crypto::pure().suite();
    Client::with_state(Arc::new(config(false)), Arc::new(account(1)), suite, state)
}

#[test]
fn the_same_guards_are_used_again() {
    let mut net = Net::ready(config(false));
    let before = guards(&net);
    assert_eq!(before.len(), 2);
    let state = net.client.state();
    assert_eq!(state.guards, before);
    for _ in 0..3 {
        // Also when it stops before it knows the network.
        let unplaced = client(net.client.state()).unwrap();
        assert_eq!(unplaced.state().guards, before);
        net.restart(config(false), unplaced.state());
        assert_eq!(guards(&net), before);
        assert_eq!(net.client.state().guards, before);
        let out = net.send(1, account(2).id(), "hello");
        assert!(before.contains(&out[0].guard));
    }
}

#[test]
fn a_guard_that_left_is_replaced_and_the_other_stays() {
    let mut net = Net::ready(config(false));
    let before = guards(&net);
    let state = net.client.state();
    let snapshot = &net.snapshot;
    let nodes = snapshot.nodes().iter().filter(|n| n.id != before[0]);
    let pairs = nodes.map(|node| (*node, snapshot.swarm_of_node(&node.id).unwrap()));
    let smaller = leek_swarm::Snapshot::new(leek_swarm::Epoch(2), pairs.collect()).unwrap();
    net.snapshot = Arc::new(smaller);
    net.restart(config(false), state);
    let after = net.client.state().guards;
    assert_eq!(after.len(), 2);
    assert!(after.contains(&before[1]) && !after.contains(&before[0]));
}

#[test]
fn messages_are_not_delivered_again_and_reading_goes_on_where_it_was() {
    let mut net = Net::ready(config(false));
    let letter = net.letter("hello", 1);
    let mut places = Vec::new();
    for arrived in poll(&mut net) {
        let body = net.batch(vec![letter.clone()], false);
        net.answer(&arrived, Status::OK, body);
        places.push(arrived.node);
    }
    assert_eq!(net.delivered(), [letter.hash]);
    places.sort_unstable();

    let state = net.client.state();
    let cursor = |&node: &NodeId| Cursor {
        node,
        namespace: Namespace::DEFAULT,
        last: letter.hash,
    };
    let cursors: Vec<Cursor> = places.iter().map(cursor).collect();
    assert_eq!(state.cursors, cursors);
    let (hash, expiry) = (letter.hash, letter.expiry);
    assert_eq!(state.seen, [SeenMessage { hash, expiry }]);

    net.restart(config(false), state);
    for _ in 0..6 {
        for arrived in poll(&mut net) {
            let read = places.contains(&arrived.node);
            assert_eq!(last_hash(&arrived), read.then_some(letter.hash));
            // A member that was not asked before still has it.
            let body = net.batch(vec![letter.clone()], false);
            net.answer(&arrived, Status::OK, body);
            places.push(arrived.node);
        }
    }
    assert!(net.delivered().is_empty());
}

#[test]
fn a_state_is_bounded_both_ways() {
    let cursor = |n: usize| Cursor {
        node: NodeId::from_bytes(*hash(n).as_bytes()),
        namespace: Namespace::DEFAULT,
        last: hash(n),
    };
    let seen = |n: usize| SeenMessage {
        hash: hash(n),
        expiry: Wall::from_ms(EPOCH_MS),
    };
    let state = |more: [usize; 3]| ClientState {
        guards: (0..usize::from(GUARDS_MAX) + more[0])
            .map(|n| NodeId::from_bytes(*hash(n).as_bytes()))
            .collect(),
        cursors: (0..CURSORS_MAX + more[1]).map(cursor).collect(),
        seen: (0..SEEN_MAX + more[2]).map(seen).collect(),
    };
    let largest = client(state([0; 3])).unwrap().state();
    assert_eq!(largest.cursors.len(), CURSORS_MAX);
    assert_eq!(largest.seen.len(), SEEN_MAX);
    assert_eq!(
        largest.guards.len(),
        usize::from(config(false).paths.guards),
        "no more than the policy uses"
    );
    for (more, what, max) in [
        ([1, 0, 0], "guards", usize::from(GUARDS_MAX)),
        ([0, 1, 0], "cursors", CURSORS_MAX),
        ([0, 0, 1], "messages", SEEN_MAX),
    ] {
        let found = max + 1;
        let error = client(state(more)).unwrap_err();
        assert_eq!(error, StateError::TooMany { what, found, max });
    }
}

#[test]
fn a_policy_that_does_not_fit_together_is_refused() {
    let mut bad = config(false);
    bad.paths = PathPolicy {
        guards: 0,
        ..bad.paths
    };
    let suite = leek_crypto::pure().suite();
    let made = Client::with_state(
        Arc::new(bad),
        Arc::new(account(1)),
        suite,
        ClientState::default(),
    );
    assert!(matches!(made, Err(StateError::Policy(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a state names, a client made from it names again: sorted, each thing once.
    #[test]
    fn a_state_comes_back(
        guards in prop::collection::btree_set(any::<[u8; 32]>(), 0..=2),
        cursors in prop::collection::btree_map(
            (any::<[u8; 32]>(), any::<i16>()),
            any::<[u8; 32]>(),
            0..20,
        ),
        seen in prop::collection::btree_map(any::<[u8; 32]>(), any::<u64>(), 0..50),
    ) {
        let state = ClientState {
            guards: guards.into_iter().map(NodeId::from_bytes).collect(),
            cursors: cursors
                .into_iter()
                .map(|((node, namespace), last)| Cursor {
                    node: NodeId::from_bytes(node),
                    namespace: Namespace::new(namespace),
                    last: MessageHash::from_bytes(last),
                })
                .collect(),
            seen: seen
                .into_iter()
                .map(|(hash, expiry)| SeenMessage {
                    hash: MessageHash::from_bytes(hash),
                    expiry: Wall::from_ms(expiry),
                })
                .collect(),
        };
        prop_assert_eq!(client(state.clone()).unwrap().state(), state);
    }
}
