//! Copied vectors, and a history computed by an independent program.

#![expect(
    clippy::unwrap_used,
    reason = "a vector that does not parse fails its test"
)]

use std::net::Ipv4Addr;

use leek_crypto::XPublic;
use leek_identity::{AccountId, NodeAddress, NodeId, NodeRecord};
use leek_swarm::{Epoch, Membership, SwarmId, nearest, swarm_space};
use serde_json::Value;

fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap(), 16).unwrap()
}

#[test]
fn places_and_swarms() {
    let file: Value = serde_json::from_str(include_str!("../testdata/swarm_map.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let (inputs, out) = (&case["inputs"], &case["outputs"]);
        let account = AccountId::parse_hex(inputs["account_id"].as_str().unwrap()).unwrap();
        let ids = inputs["swarm_ids"].as_array().unwrap().iter();
        let mut ids: Vec<_> = ids.map(|id| SwarmId(number(id))).collect();
        ids.sort_unstable();
        let place = swarm_space(&account);
        assert_eq!(place, number(&out["swarm_space"]), "{}", case["name"]);
        let expected = SwarmId(number(&out["swarm_id"]));
        assert_eq!(nearest(&ids, place), Some(expected), "{}", case["name"]);
    }
}

#[test]
fn history_of_an_independent_program() {
    let file: Value = serde_json::from_str(include_str!("../testdata/history.json")).unwrap();
    let records: Vec<_> = file["ids"].as_array().unwrap().iter().map(record).collect();
    let node = |value: &Value| records[usize::try_from(value.as_u64().unwrap()).unwrap()];
    let mut membership = Membership::new();
    let (mut created, mut dissolved) = (0, 0);
    for (step, epoch) in file["steps"].as_array().unwrap().iter().zip(1..) {
        for operation in step["ops"].as_array().unwrap() {
            let node = node(&operation[1]);
            let done = match operation[0].as_str().unwrap() {
                "register" => membership.register(node),
                "leave" => membership
                    .leave(&node.id)
                    .map(|left| assert_eq!(left, node)),
                "decommission" => membership.decommission(&node.id),
                "recommission" => membership.recommission(&node.id),
                name => panic!("unknown operation {name}"),
            };
            assert_eq!(done, Ok(()));
        }
        let changes = membership.rebalance(&block_hash(&step["block_hash"]));
        created += changes.created.len();
        dissolved += changes.dissolved.len();

        let snapshot = membership.snapshot();
        assert_eq!(snapshot.epoch(), Epoch(epoch));
        let expected = step["swarms"].as_object().unwrap();
        assert_eq!(snapshot.swarm_ids().len(), expected.len(), "epoch {epoch}");
        for (swarm, nodes) in expected {
            let swarm = SwarmId(u64::from_str_radix(swarm, 16).unwrap());
            let mut nodes: Vec<_> = nodes.as_array().unwrap().iter().map(node).collect();
            nodes.sort_unstable_by_key(|node| node.id);
            let found: Vec<_> = snapshot.members(swarm).copied().collect();
            assert_eq!(found, nodes, "{swarm} of epoch {epoch}");
        }
    }
    // The history is worth its name only if it meets the rarer rules.
    assert_eq!((created, dissolved), (18, 5));
}

fn record(id: &Value) -> NodeRecord {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number(id).to_be_bytes());
    NodeRecord {
        id: NodeId::from_bytes(bytes),
        onion_key: XPublic::from_bytes([0; 32]),
        address: NodeAddress {
            ip: Ipv4Addr::new(192, 0, 2, 1),
            port: 22021,
        },
    }
}

fn block_hash(text: &Value) -> [u8; 32] {
    // A node id is the one 32-byte value that these crates read from hexadecimal text.
    *NodeId::parse_hex(text.as_str().unwrap())
        .unwrap()
        .as_bytes()
}
