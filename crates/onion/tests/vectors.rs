//! Vectors of the deployed implementation, copied to `testdata/` (provenance in its README).

#![allow(clippy::unwrap_used, reason = "test code outside test functions")]

use data_encoding::HEXLOWER_PERMISSIVE;
use leek_crypto::{DhSecret, Ephemeral, OnionHop, XPublic, pure};
use leek_onion::{EncType, Format as _, HopError, Packet, PeelError, Peeled, SessionV4, hop};
use serde_json::Value;

const FORMATS: &str = include_str!("../testdata/session_formats_onion.json");
const PUBLISHED: &str = include_str!("../testdata/session_published_onion.json");

/// The cases of one area; their number is checked, so that none goes missing.
fn cases(file: &str, area: &str, count: usize) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let cases: Vec<Value> = cases.filter(|case| case["area"] == area).cloned().collect();
    assert_eq!(cases.len(), count, "{area}");
    cases
}

fn text<'a>(case: &'a Value, pointer: &str) -> &'a str {
    case.pointer(pointer).and_then(Value::as_str).unwrap()
}

fn hex(case: &Value, pointer: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE
        .decode(text(case, pointer).as_bytes())
        .unwrap()
}

fn hex32(case: &Value, pointer: &str) -> [u8; 32] {
    hex(case, pointer).try_into().unwrap()
}

fn hop_key(case: &Value, pointer: &str) -> DhSecret<OnionHop> {
    DhSecret::from_scalar(hex32(case, pointer))
}

#[test]
fn hops_of_the_library() {
    let suite = &*pure().suite();
    for case in cases(FORMATS, "onion_hop", 8) {
        let name = text(&case, "/name");
        let enc = EncType::parse(text(&case, "/inputs/enc_type")).unwrap();
        let client = DhSecret::<Ephemeral>::from_scalar(hex32(&case, "/inputs/client_x_sk"));
        let server = hop_key(&case, "/inputs/server_x_sk");
        let (message, nonce) = (hex(&case, "/inputs/msg"), hex(&case, "/inputs/nonce"));

        let sealed =
            hop::encrypt_with_nonce(suite, enc, &client, server.public(), &nonce, &message)
                .unwrap();
        assert_eq!(
            sealed,
            hex(&case, "/outputs/ciphertext_fixed_nonce"),
            "{name}"
        );
        for pointer in [
            "/outputs/ciphertext_fixed_nonce",
            "/outputs/library_ciphertext",
        ] {
            let blob = hex(&case, pointer);
            let opened = hop::decrypt_request(suite, enc, &server, client.public(), &blob);
            assert_eq!(opened.unwrap(), message, "{name} {pointer}");
        }

        let reply = hex(&case, "/outputs/library_reply_ciphertext");
        let plain = hex(&case, "/outputs/reply_plain");
        let opened = hop::decrypt_reply(suite, enc, &client, server.public(), &reply);
        assert_eq!(opened.unwrap(), plain, "{name} reply");
        let nonce = &reply[..enc.nonce_len()];
        let sealed =
            hop::encrypt_reply_with_nonce(suite, enc, &server, client.public(), nonce, &plain);
        assert_eq!(sealed.unwrap(), reply, "{name} reply");
    }
}

#[test]
fn hops_as_published() {
    let suite = &*pure().suite();
    for case in cases(PUBLISHED, "onion_hop", 2) {
        let name = text(&case, "/name");
        let enc = EncType::parse(name).unwrap();
        let server = hop_key(&case, "/inputs/server_sk");
        let client = DhSecret::<Ephemeral>::from_scalar(hex32(&case, "/inputs/client_sk"));
        assert_eq!(
            server.public().as_bytes(),
            &hex32(&case, "/inputs/server_pk")
        );
        assert_eq!(
            client.public().as_bytes(),
            &hex32(&case, "/inputs/client_pk")
        );
        let blob = hex(&case, "/inputs/ciphertext");
        let expected = text(&case, "/outputs/plaintext_utf8").as_bytes();
        let opened = hop::decrypt_request(suite, enc, &server, client.public(), &blob).unwrap();
        assert_eq!(opened, expected, "{name}");
        let nonce = &blob[..enc.nonce_len()];
        let sealed =
            hop::encrypt_with_nonce(suite, enc, &client, server.public(), nonce, expected).unwrap();
        assert_eq!(sealed, blob, "{name}");
    }
}

#[test]
fn frames_as_published() {
    let suite = &*pure().suite();
    for case in cases(PUBLISHED, "onion_parse", 2) {
        let name = text(&case, "/name");
        let packet = Packet::parse_frame(hex(&case, "/inputs/request")).unwrap();
        assert_eq!(packet.enc.name(), name);
        assert_eq!(
            packet.ephemeral.as_bytes(),
            &hex32(&case, "/inputs/client_pk")
        );
        let server = hop_key(&case, "/inputs/server_sk");
        let opened =
            hop::decrypt_request(suite, packet.enc, &server, &packet.ephemeral, &packet.blob);
        assert_eq!(
            opened.unwrap(),
            text(&case, "/outputs/payload_utf8").as_bytes(),
            "{name}"
        );
        // Not an onion layer inside, so a node says what is wrong with it.
        let refused = SessionV4::DEFAULT.peel(suite, &server, packet).unwrap_err();
        assert!(matches!(refused, PeelError::Frame(_)), "{name}: {refused}");
        assert_eq!(refused.refusal(), HopError::InvalidJson);
    }
}

#[test]
fn requests_peel_hop_by_hop() {
    let suite = &*pure().suite();
    for case in cases(FORMATS, "onion_request", 4) {
        let name = text(&case, "/name").to_owned();
        let mut packet = Packet::parse_frame(hex(&case, "/outputs/guard_blob")).unwrap();
        assert_eq!(
            packet.to_frame(),
            hex(&case, "/outputs/guard_blob"),
            "{name}"
        );
        let hops = case["inputs"]["hops"].as_array().unwrap();
        let routing = case["outputs"]["routing_json_per_hop"].as_array().unwrap();
        let (last, relays) = hops.split_last().unwrap();
        for (index, node) in relays.iter().enumerate() {
            let key = hop_key(node, "/x_sk");
            let Peeled::Relay {
                next,
                packet: inner,
            } = SessionV4::DEFAULT.peel(suite, &key, packet).unwrap()
            else {
                panic!("{name}: hop {index} is a relay")
            };
            let expected = &routing[index];
            assert_eq!(next.to_hex(), expected["destination"].as_str().unwrap());
            assert_eq!(
                inner.ephemeral.as_bytes(),
                &hex32(expected, "/ephemeral_key")
            );
            assert_eq!(inner.enc.name(), expected["enc_type"].as_str().unwrap());
            assert_eq!(usize::from(inner.hop_no), index + 1);
            packet = inner;
        }
        let key = hop_key(last, "/x_sk");
        let Peeled::Server { target, body } = SessionV4::DEFAULT.peel(suite, &key, packet).unwrap()
        else {
            panic!("{name}: the last hop is an exit")
        };
        let expected = &routing[relays.len()];
        assert_eq!(target.host(), expected["host"].as_str().unwrap());
        assert_eq!(target.target(), expected["target"].as_str().unwrap());
        assert_eq!(
            target.protocol().name(),
            expected["protocol"].as_str().unwrap()
        );
        assert_eq!(u64::from(target.port()), expected["port"].as_u64().unwrap());

        // The exit posts its whole plaintext, which the server reads as a frame of its own.
        let posted = Packet::parse_frame(body).unwrap();
        assert_eq!(
            posted.ephemeral.as_bytes(),
            &hex32(expected, "/ephemeral_key")
        );
        let server = hop_key(&case, "/inputs/destination/x_sk");
        let opened =
            hop::decrypt_request(suite, posted.enc, &server, &posted.ephemeral, &posted.blob);
        assert_eq!(
            opened.unwrap(),
            hex(&case, "/outputs/destination_plaintext"),
            "{name}"
        );

        // The reply, under the key of the innermost layer.
        let client =
            DhSecret::<Ephemeral>::from_scalar(hex32(&case, "/outputs/final_ephemeral_sk"));
        assert_eq!(client.public(), &posted.ephemeral);
        let reply = hex(&case, "/outputs/library_reply_ciphertext");
        let opened = hop::decrypt_reply(suite, posted.enc, &client, server.public(), &reply);
        assert_eq!(
            opened.unwrap(),
            hex(&case, "/outputs/reply_plain"),
            "{name}"
        );
    }
}

/// Sizes and asymmetry of roles, as the deployed node's own test states them (network spec 3.3).
#[test]
fn sizes_and_roles() {
    let suite = &*pure().suite();
    let text = b"Grumpy cat says no!";
    let alice = [0x7d; 32];
    let bob = [0xf5; 32];
    for (enc, len) in [(EncType::AesGcm, 47), (EncType::XChaCha20, 59)] {
        let client = DhSecret::<Ephemeral>::from_scalar(alice);
        let server = DhSecret::<OnionHop>::from_scalar(bob);
        let nonce = vec![7; enc.nonce_len()];
        let sealed =
            hop::encrypt_with_nonce(suite, enc, &client, server.public(), &nonce, text).unwrap();
        assert_eq!(sealed.len(), len);
        // The sender of the request cannot open it in the role of a hop, though it holds the same
        // shared secret: under xchacha20 the roles are part of the key.
        let alice_as_hop = DhSecret::<OnionHop>::from_scalar(alice);
        let swapped = hop::decrypt_request(suite, enc, &alice_as_hop, server.public(), &sealed);
        assert_eq!(swapped.is_err(), enc == EncType::XChaCha20);
        let wrong_nonce =
            hop::encrypt_with_nonce(suite, enc, &client, server.public(), &nonce[1..], text);
        assert!(wrong_nonce.is_err());
        let zero = XPublic::from_bytes([0; 32]);
        assert!(hop::decrypt_request(suite, enc, &server, &zero, &sealed).is_err());
    }
}
