//! Layouts that the committed cases do not have, written with our own crates: a node as the
//! destination, and the other cipher. That our bytes are the deployed ones is the vectors' proof;
//! here it is that the runners read these layouts, and would notice a change.

use data_encoding::HEXLOWER;
use leek_crypto::{DhSecret, Ephemeral, OnionHop, pure};
use leek_identity::NodeId;
use leek_machine::Seed;
use leek_onion::{EncPlan, EncType, Format as _, Hop, SessionV4, hop, limits::LAYER_ENTROPY_BYTES};
use serde_json::{Map, Value, json};

use super::{Case, check};
use crate::vectors::check::Outcome;

const HOPS: u8 = 3;

fn hex(bytes: impl AsRef<[u8]>) -> Value {
    Value::from(HEXLOWER.encode(bytes.as_ref()))
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Secret, and name, secret and key as a case has them.
fn node(number: u8) -> (DhSecret<OnionHop>, Value) {
    let (name, scalar) = ([number | 0x40; 32], [number; 32]);
    let secret = DhSecret::<OnionHop>::from_scalar(scalar);
    let keys = json!({
        "ed_pk": hex(name),
        "x_sk": hex(scalar),
        "x_pk": hex(secret.public().as_bytes()),
    });
    (secret, keys)
}

/// Bytes drawn from a stream that gives what `Seed::from_u64(7)` gives.
fn drawn(len: usize) -> Vec<u8> {
    use leek_machine::Entropy;
    let mut stream = Seed::from_u64(7).stream();
    let entropy: &mut dyn Entropy = &mut stream;
    let mut bytes = vec![0; len];
    entropy.fill_bytes(&mut bytes);
    bytes
}

/// A request to a node, whose `destination` the caller may write in another shape.
fn request(enc: EncType, shape: impl Fn(&Value) -> Value, framed: bool) -> Case {
    let approved = pure();
    let suite = &*approved.suite();
    let format = SessionV4::new(EncPlan::uniform(enc));
    let nodes: Vec<_> = (1..=HOPS + 1).map(node).collect();
    let hops: Vec<Hop> = nodes
        .iter()
        .zip(1..)
        .map(|((secret, _), number): (_, u8)| Hop {
            id: NodeId::from_bytes([number | 0x40; 32]),
            key: *secret.public(),
        })
        .collect();
    let (destination, path) = hops.split_last().unwrap();
    let payload = b"what for";
    let mut entropy = Seed::from_u64(7).stream();
    let (packet, _) = format
        .build(suite, &mut entropy, path, destination, payload)
        .unwrap();
    let scalars = drawn(LAYER_ENTROPY_BYTES * nodes.len());
    let layers: Vec<_> = scalars
        .chunks_exact(LAYER_ENTROPY_BYTES)
        .map(|l| &l[..32])
        .collect();
    let ephemeral =
        |layer: &[u8]| DhSecret::<Ephemeral>::one_time(suite, layer.try_into().unwrap());
    let routing: Vec<Value> = (1..nodes.len())
        .map(|next| {
            json!({
                "destination": nodes[next].1["ed_pk"],
                "enc_type": enc.name(),
                "ephemeral_key": hex(ephemeral(layers[next]).public().as_bytes()),
            })
        })
        .collect();
    let (secret, last) = nodes.last().unwrap();
    let client = ephemeral(layers.last().unwrap());
    let nonce = vec![9; enc.nonce_len()];
    let reply = hop::encrypt_reply_with_nonce(suite, enc, secret, client.public(), &nonce, b"ok");
    let plain = match framed {
        true => [&8_u32.to_le_bytes(), &payload[..], br#"{"headers":""}"#].concat(),
        false => payload.to_vec(),
    };
    let hop_keys: Vec<_> = nodes[..path.len()].iter().map(|(_, keys)| keys).collect();
    Case {
        area: "onion_request".into(),
        name: "to a node".into(),
        inputs: map(&json!({
            "enc_type": enc.name(),
            "hops": hop_keys,
            "destination": shape(last),
            "payload": hex(payload),
        })),
        outputs: map(&json!({
            "guard_blob": hex(packet.to_frame()),
            "routing_json_per_hop": routing,
            "destination_plaintext": hex(plain),
            "final_ephemeral_sk": hex(layers.last().unwrap()),
            "library_reply_ciphertext": hex(reply.unwrap()),
            "reply_plain": hex(b"ok"),
        })),
    }
}

fn nested(keys: &Value) -> Value {
    json!({
        "snode": { "ed_pk": keys["ed_pk"], "x_pk": keys["x_pk"] },
        "x_sk": keys["x_sk"],
    })
}

#[test]
fn requests_to_nodes_pass_in_every_shape() {
    for enc in [EncType::AesGcm, EncType::XChaCha20] {
        for framed in [false, true] {
            assert_eq!(
                check::run(&request(enc, Value::clone, framed)),
                Outcome::Passed
            );
            assert_eq!(check::run(&request(enc, nested, framed)), Outcome::Passed);
        }
    }
}

#[test]
fn requests_to_another_node_fail() {
    let elsewhere = |keys: &Value| {
        let mut keys = keys.clone();
        keys["ed_pk"] = hex([1; 32]);
        keys
    };
    let outcome = check::run(&request(EncType::AesGcm, elsewhere, false));
    let Outcome::Failed(mismatches) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        mismatches[0].message.contains("the inputs ask for"),
        "{mismatches:?}"
    );
}

#[test]
fn every_flipped_digit_of_a_request_to_a_node_fails() {
    let case = request(EncType::XChaCha20, nested, true);
    super::flips::assert_no_flip_passes(&case);
}

#[test]
fn hops_of_the_other_cipher_pass() {
    let approved = pure();
    let suite = &*approved.suite();
    let client = DhSecret::<Ephemeral>::from_scalar([8; 32]);
    let (server, keys) = node(9);
    let nonce = [7; 12];
    let enc = EncType::AesGcm;
    let sealed =
        hop::encrypt_with_nonce(suite, enc, &client, server.public(), &nonce, b"text").unwrap();
    let reply =
        hop::encrypt_reply_with_nonce(suite, enc, &server, client.public(), &nonce, b"reply");
    let mut case = Case {
        area: "onion_hop".into(),
        name: "aes-gcm".into(),
        inputs: map(&json!({
            "enc_type": "aes-gcm",
            "client_x_sk": hex([8; 32]),
            "server_x_sk": keys["x_sk"],
            "msg": hex(b"text"),
            "nonce": hex(nonce),
        })),
        outputs: map(&json!({
            "ciphertext_fixed_nonce": hex(&sealed),
            "library_ciphertext": hex(&sealed),
            "library_reply_ciphertext": hex(reply.unwrap()),
            "reply_plain": hex(b"reply"),
        })),
    };
    assert_eq!(check::run(&case), Outcome::Passed);
    super::flips::assert_no_flip_passes(&case);
    // Without a nonce there is nothing to compare with a fixed one.
    case.inputs["nonce"] = Value::Null;
    assert!(matches!(check::run(&case), Outcome::Failed(_)));
    case.outputs["ciphertext_fixed_nonce"] = Value::Null;
    assert_eq!(check::run(&case), Outcome::Passed);
}
