//! The committed vectors, see `testdata/README.md`.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use leek_crypto::Suite;
use leek_identity::{Account, AccountId, AccountSeed, Namespace};
use leek_message::{
    ConfigKind, DecryptError, decrypt, encrypt_deterministic, old_client_len, pad, padded_len,
    signed_plaintext, unpad, unwrap_config, wrap_config,
};
use serde_json::Value;

use crate::support::pure;

const VECTORS: &str = include_str!("../../testdata/v1.json");

struct Case(Value);

impl Case {
    fn value(&self, side: &str, key: &str) -> &Value {
        let value = &self.0[side][key];
        assert!(!value.is_null(), "{}: no {side}.{key}", self.name());
        value
    }

    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    fn area(&self) -> &str {
        self.0["area"].as_str().unwrap()
    }

    fn text(&self, side: &str, key: &str) -> &str {
        self.value(side, key).as_str().unwrap()
    }

    fn bytes(&self, side: &str, key: &str) -> Vec<u8> {
        HEXLOWER.decode(self.text(side, key).as_bytes()).unwrap()
    }

    fn number(&self, side: &str, key: &str) -> u64 {
        self.value(side, key).as_u64().unwrap()
    }

    /// The account of a libsodium secret: 32 bytes of seed, 32 of public key.
    fn account(&self, key: &str) -> Account {
        let secret = self.bytes("inputs", key);
        let (seed, public) = secret.split_first_chunk::<32>().unwrap();
        let account = Account::from_seed(&AccountSeed::long(seed));
        assert_eq!(account.signing().public().as_bytes().as_slice(), public);
        account
    }
}

fn check(suite: &dyn Suite, case: &Case) {
    match case.area() {
        "v1_deterministic" => check_deterministic(suite, case),
        "v1_message" => check_message(suite, case),
        "v1_decrypt" => check_decrypt(suite, case),
        "v1_reject" => check_reject(suite, case),
        "v1_padding" => check_padding(case),
        "v1_envelope_wrap_config" => check_wrap_config(suite, case),
        other => panic!("no check for {other}"),
    }
}

fn check_deterministic(suite: &dyn Suite, case: &Case) {
    let sender = case.account("sender_ed25519_sk");
    let recipient = AccountId::parse_hex(case.text("inputs", "recipient_account_id")).unwrap();
    let (signing, recipient) = (sender.signing(), recipient.x25519().unwrap());
    let message = case.bytes("inputs", "msg");
    assert_eq!(
        signed_plaintext(suite, signing, &recipient, &message),
        case.bytes("outputs", "signed_plaintext")
    );
    assert_eq!(
        encrypt_deterministic(suite, signing, &recipient, &message).unwrap(),
        case.bytes("outputs", "ciphertext")
    );
}

fn check_message(suite: &dyn Suite, case: &Case) {
    let seed = AccountSeed::import(&case.bytes("inputs", "sender_seed16")).unwrap();
    let sender = Account::from_seed(&seed);
    let recipient = AccountId::parse_hex(case.text("inputs", "recipient_account_id")).unwrap();
    let recipient = recipient.x25519().unwrap();
    let message = case.text("inputs", "msg_utf8").as_bytes();
    assert_eq!(
        encrypt_deterministic(suite, sender.signing(), &recipient, message).unwrap(),
        case.bytes("outputs", "ciphertext")
    );
}

fn check_decrypt(suite: &dyn Suite, case: &Case) {
    let recipient = case.account("recipient_ed25519_sk");
    let opened = decrypt(suite, recipient.dh(), &case.bytes("inputs", "ciphertext")).unwrap();
    assert_eq!(
        opened.sender.to_hex(),
        case.text("outputs", "sender_account_id")
    );
    assert_eq!(opened.padded, case.bytes("outputs", "padded_plaintext"));
    assert_eq!(unpad(&opened.padded), case.bytes("outputs", "unpadded"));
}

fn check_reject(suite: &dyn Suite, case: &Case) {
    let recipient = case.account("recipient_ed25519_sk");
    let error = decrypt(suite, recipient.dh(), &case.bytes("inputs", "ciphertext")).unwrap_err();
    let expected = match case.text("inputs", "kind") {
        "tamper" | "wrong_recipient" => matches!(error, DecryptError::Box(_)),
        "resealed_to_third_party" => matches!(error, DecryptError::Signature(_)),
        "short" => matches!(error, DecryptError::TooShort { .. }),
        other => panic!("no check for rejection of kind {other}"),
    };
    assert!(expected, "{}: {error:?}", case.name());
}

fn check_padding(case: &Case) {
    let message = case.bytes("inputs", "msg");
    let padded = pad(message.clone());
    assert_eq!(padded, case.bytes("outputs", "padded_libsession_2025plus"));
    let len = |key| usize::try_from(case.number("outputs", key)).unwrap();
    assert_eq!(padded_len(message.len()), len("padded_len"));
    assert_eq!(old_client_len(message.len()), len("old_client_len"));
    assert_eq!(unpad(&padded), case.bytes("outputs", "unpadded"));
}

fn check_wrap_config(suite: &dyn Suite, case: &Case) {
    let account = case.account("ed25519_sk");
    let namespace = i16::try_from(case.number("inputs", "namespace")).unwrap();
    let kind = ConfigKind::from_namespace(Namespace::new(namespace)).unwrap();
    let seqno = case.number("inputs", "seqno");
    let data = case.bytes("inputs", "data");
    let wrapped = wrap_config(suite, &account, kind, seqno, &data).unwrap();
    assert_eq!(wrapped, case.bytes("outputs", "websocket_message"));
    let config = unwrap_config(suite, &account, &wrapped).unwrap();
    assert_eq!(
        (config.kind, config.seqno, config.data),
        (kind, seqno, data)
    );
}

#[test]
fn every_vector_holds() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let mut checked = BTreeMap::new();
    for suite in [pure(), leek_crypto::fast().suite()] {
        for case in vectors["cases"].as_array().unwrap() {
            let case = Case(case.clone());
            check(suite.as_ref(), &case);
            *checked.entry(case.area().to_owned()).or_insert(0) += 1;
        }
    }
    let expected = [
        ("v1_decrypt", 8),
        ("v1_deterministic", 8),
        ("v1_envelope_wrap_config", 8),
        ("v1_message", 2),
        ("v1_padding", 8),
        ("v1_reject", 8),
    ];
    assert_eq!(
        checked,
        expected.map(|(area, n)| (area.to_owned(), n)).into()
    );
}
