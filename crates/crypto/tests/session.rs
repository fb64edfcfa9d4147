//! The primitives and derivations that the deployed Session formats rest on, against vectors
//! printed by its library (provenance in `testdata/README.md`), for both backends.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use data_encoding::HEXLOWER;
use leek_crypto::{
    AccountKey, Aead, AeadKey, DhSecret, OnionHop, SigningKey, Suite, TAG_LEN, XPublic, hash,
    seal_box_deterministic,
};
use serde_json::Value;

struct Case(Value);

impl Case {
    fn field(&self, name: &str) -> &Value {
        ["inputs", "outputs"]
            .into_iter()
            .find_map(|side| self.0[side].get(name))
            .unwrap_or_else(|| panic!("{}: no field {name}", self.name()))
    }

    fn has(&self, name: &str) -> bool {
        ["inputs", "outputs"]
            .into_iter()
            .any(|side| self.0[side].get(name).is_some())
    }

    fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap()
    }

    fn number(&self, name: &str) -> u64 {
        self.field(name).as_u64().unwrap()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        HEXLOWER.decode(self.text(name).as_bytes()).unwrap()
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }

    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }
}

/// The cases of `area`; fails when there are fewer than `at_least`, so that no test passes empty.
fn cases(area: &str, at_least: usize) -> Vec<Case> {
    let all: Value = serde_json::from_str(include_str!("../testdata/session.json")).unwrap();
    let found: Vec<_> = all["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["area"] == area)
        .cloned()
        .map(Case)
        .collect();
    assert!(
        found.len() >= at_least,
        "{area}: only {} cases",
        found.len()
    );
    found
}

fn suites() -> [Arc<dyn Suite>; 2] {
    [leek_crypto::pure().suite(), leek_crypto::fast().suite()]
}

/// 16-byte seeds are padded with zeros to 32 (crypto spec 1).
fn seed(case: &Case) -> [u8; 32] {
    let name = ["seed32", "seed32_zero_padded", "seed"]
        .into_iter()
        .find(|name| case.has(name));
    let bytes = name.map_or_else(
        || case.bytes("ed25519_sk64")[..32].to_vec(),
        |name| case.bytes(name),
    );
    let mut seed = [0; 32];
    seed[..bytes.len()].copy_from_slice(&bytes);
    seed
}

#[test]
fn account_keys() {
    for case in cases("account", 10) {
        let key = SigningKey::<AccountKey>::from_seed(seed(&case));
        let dh: DhSecret<AccountKey> = key.to_dh();
        if case.has("ed25519_pk") {
            assert_eq!(*key.public().as_bytes(), case.array("ed25519_pk"));
            // The two ways to the X25519 public key meet.
            assert_eq!(key.public().to_x25519().unwrap(), *dh.public());
        }
        if case.has("x25519_pk") {
            assert_eq!(*dh.public().as_bytes(), case.array("x25519_pk"));
        }
        if case.has("x25519_sk") {
            assert_eq!(
                *dh.raw().dangerously_expose_scalar(),
                case.array("x25519_sk"),
                "{}",
                case.name()
            );
        }
    }
}

#[test]
fn ed25519_signature() {
    for case in cases("ed25519", 1) {
        let key = SigningKey::<AccountKey>::from_seed(case.array("seed32"));
        let message = case.text("msg_utf8").as_bytes();
        for suite in suites() {
            let signature = key.sign(&*suite, message);
            assert_eq!(*signature.as_bytes(), case.array("sig"));
            suite.verify(key.public(), message, &signature).unwrap();
        }
    }
}

fn blake2b_of_length(length: u64, key: &[u8], message: &[u8]) -> Vec<u8> {
    match length {
        16 => hash::blake2b::<16>(key, &[], &[message]).to_vec(),
        24 => hash::blake2b::<24>(key, &[], &[message]).to_vec(),
        32 => hash::blake2b::<32>(key, &[], &[message]).to_vec(),
        56 => hash::blake2b::<56>(key, &[], &[message]).to_vec(),
        64 => hash::blake2b::<64>(key, &[], &[message]).to_vec(),
        other => panic!("no case has length {other}"),
    }
}

#[test]
fn blake2b_lengths_and_keys() {
    for case in cases("hash_blake2b", 4) {
        let digest = blake2b_of_length(case.number("size"), &[], &case.bytes("msg"));
        assert_eq!(digest, case.bytes("hash"), "{}", case.name());
    }
    for case in cases("hash", 4) {
        let key = case.text("key_utf8").as_bytes();
        let message = case.text("msg_utf8").as_bytes();
        let digest = blake2b_of_length(case.number("size"), key, message);
        assert_eq!(digest, case.bytes("hash"), "{}", case.name());
    }
}

#[test]
fn blake2b_key_only() {
    for case in cases("pro_master_key", 2) {
        let seed = case.bytes("account_ed25519_seed");
        let master: [u8; 32] = hash::blake2b(b"SessionProRandom", &[], &[&seed]);
        assert_eq!(master, case.array("pro_master_seed"));
        let key = SigningKey::<AccountKey>::from_seed(master);
        assert_eq!(*key.public().as_bytes(), case.array("pro_master_pk"));
    }
}

#[test]
fn blake2b_personal_only() {
    for case in cases("pro_rotating_seed", 2) {
        let seed = case.bytes("master_seed");
        let start = case.number("period_start").to_string();
        let parts: [&[u8]; 2] = [&seed, start.as_bytes()];
        let rotating: [u8; 32] = hash::blake2b(&[], b"ProRotatingSeed_", &parts);
        assert_eq!(rotating, case.array("rotating_seed"));
    }
}

#[test]
fn blake2b_key_and_personal() {
    for case in cases("attachment_deterministic", 2) {
        let personal = case.text("domain_personal");
        let keys: [u8; 56] = hash::blake2b(
            &case.bytes("seed"),
            personal.as_bytes(),
            &[&case.bytes("data")],
        );
        assert_eq!(keys[24..], case.bytes("key"), "{}", case.name());
    }
}

#[test]
fn sealed_boxes_of_the_deterministic_variant() {
    for case in cases("v1_deterministic", 4) {
        let sender: [u8; 64] = case.array("sender_ed25519_sk");
        let recipient: [u8; 33] = case.array("recipient_account_id");
        let recipient = XPublic::from_bytes(recipient[1..].try_into().unwrap());
        let parts: [&[u8]; 3] = [&sender[..32], recipient.as_bytes(), &case.bytes("msg")];
        let ephemeral: [u8; 32] = hash::blake2b(b"SessionBoxEphemeralHashKey", &[], &parts);
        for suite in suites() {
            let plaintext = case.bytes("signed_plaintext");
            let sealed = seal_box_deterministic(&*suite, &recipient, &ephemeral, &plaintext);
            assert_eq!(sealed.unwrap(), case.bytes("ciphertext"), "{}", case.name());
        }
    }
}

/// Opens `nonce || ciphertext || tag`.
fn open(suite: &dyn Suite, aead: Aead, key: [u8; 32], sealed: &[u8]) -> Vec<u8> {
    let (nonce, rest) = sealed.split_at(aead.nonce_len());
    let (body, tag) = rest.split_at(rest.len() - TAG_LEN);
    let mut body = body.to_vec();
    suite
        .open(
            aead,
            &AeadKey::from_bytes(key),
            nonce,
            &mut body,
            tag.try_into().unwrap(),
        )
        .unwrap();
    body
}

#[test]
fn onion_hops_published() {
    for case in cases("onion_hop", 5).iter().filter(|c| c.has("server_pk")) {
        let client = DhSecret::<OnionHop>::from_scalar(case.array("client_sk"));
        let server = DhSecret::<OnionHop>::from_scalar(case.array("server_sk"));
        assert_eq!(*client.public().as_bytes(), case.array("client_pk"));
        assert_eq!(*server.public().as_bytes(), case.array("server_pk"));
        let sealed = case.bytes("ciphertext");
        for suite in suites() {
            let shared = server.agree(&*suite, client.public()).unwrap();
            let shared = shared.dangerously_expose();
            let plaintext = if case.name() == "aes-gcm" {
                let key = hash::hmac_sha256(b"LOKI", &[shared]);
                open(&*suite, Aead::Aes256Gcm, key, &sealed)
            } else {
                let parts: [&[u8]; 3] = [
                    shared,
                    client.public().as_bytes(),
                    server.public().as_bytes(),
                ];
                let key = hash::blake2b_256(&parts);
                open(&*suite, Aead::XChaCha20Poly1305, key, &sealed)
            };
            assert_eq!(plaintext, case.text("plaintext_utf8").as_bytes());
        }
    }
}

#[test]
fn onion_hops_with_a_fixed_nonce() {
    for case in cases("onion_hop", 5).iter().filter(|c| c.has("nonce")) {
        let client = DhSecret::<OnionHop>::from_scalar(case.array("client_x_sk"));
        let server = DhSecret::<OnionHop>::from_scalar(case.array("server_x_sk"));
        for suite in suites() {
            let shared = client.agree(&*suite, server.public()).unwrap();
            let key = AeadKey::from_bytes(hash::blake2b_256(&[
                shared.dangerously_expose(),
                client.public().as_bytes(),
                server.public().as_bytes(),
            ]));
            let nonce = case.bytes("nonce");
            let mut body = case.bytes("msg");
            let tag = suite.seal(Aead::XChaCha20Poly1305, &key, &nonce, &mut body);
            let sealed = [&nonce[..], &body, &tag].concat();
            assert_eq!(
                sealed,
                case.bytes("ciphertext_fixed_nonce"),
                "{}",
                case.name()
            );
        }
    }
}
