//! The copied test vectors: accounts, names, signed texts and hashes.

#![expect(
    clippy::unwrap_used,
    reason = "a vector that does not parse fails its test"
)]

use data_encoding::{BASE64, HEXLOWER};
use leek_crypto::{AccountKey, EdPublic, SigningKey, hash, pure};
use leek_identity::{
    Account, AccountId, AccountSeed, Name, NameValue, Namespace,
    signed_text::{self as text, ExpiryMode, InfoChange, MemberChange, PushBody, Scope},
};
use serde_json::Value;

const FORMATS: &str = include_str!("../testdata/formats.json");
const PUBLISHED: &str = include_str!("../testdata/published.json");

fn cases(file: &str, area: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    assert_eq!(file["format"], "vectors-1");
    let cases = file["cases"].as_array().unwrap().iter();
    let cases: Vec<_> = cases.filter(|c| c["area"] == area).cloned().collect();
    assert!(!cases.is_empty(), "no case of {area}");
    cases
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(string(value).as_bytes()).unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn account_id(value: &Value) -> AccountId {
    AccountId::parse_hex(string(value)).unwrap()
}

/// The first half of libsodium's 64-byte secret key, whose second half is the public key.
fn key_of_sk64(value: &Value) -> SigningKey<AccountKey> {
    let sk: [u8; 64] = array(value);
    let (seed, public) = sk.split_at(32);
    let key = SigningKey::from_seed(seed.try_into().unwrap());
    assert_eq!(key.public().as_bytes(), public);
    key
}

#[test]
fn accounts() {
    for case in cases(FORMATS, "account") {
        let (inputs, out) = (&case["inputs"], &case["outputs"]);
        let seed = AccountSeed::parse_hex(string(&inputs["seed"])).unwrap();
        let account = Account::from_seed(&seed);
        assert_eq!(seed.dangerously_expose().len(), inputs["seed_len"]);
        assert_eq!(account.id().to_hex(), out["account_id"]);
        assert_eq!(account.id(), account_id(&out["account_id"]));
        let ed: [u8; 32] = array(&out["ed25519_pk"]);
        assert_eq!(*account.signing().public().as_bytes(), ed);
        let sk64 = [seed.dangerously_expose_padded().as_slice(), &ed].concat();
        assert_eq!(sk64, bytes(&out["ed25519_sk"]));
        let x: [u8; 32] = array(&out["x25519_pk"]);
        assert_eq!(*account.dh().public().as_bytes(), x);
        let x_sk: [u8; 32] = array(&out["x25519_sk"]);
        assert_eq!(*account.dh().raw().dangerously_expose_scalar(), x_sk);
        assert!(account.id().is_key(&EdPublic::parse(ed).unwrap()));
    }
}

#[test]
fn published_accounts() {
    for case in cases(PUBLISHED, "account") {
        let (inputs, out) = (&case["inputs"], &case["outputs"]);
        if let Some(sk64) = inputs.get("ed25519_sk64") {
            let dh = key_of_sk64(sk64).to_dh::<AccountKey>();
            let scalar: [u8; 32] = array(&out["x25519_sk"]);
            assert_eq!(*dh.raw().dangerously_expose_scalar(), scalar);
            continue;
        }
        let seed = inputs.get("seed16").or(inputs.get("seed32")).unwrap();
        let seed = AccountSeed::parse_hex(string(seed)).unwrap();
        let account = Account::from_seed(&seed);
        let padded = HEXLOWER.encode(seed.dangerously_expose_padded());
        let ed = HEXLOWER.encode(account.signing().public().as_bytes());
        let mut checked = 0;
        for (key, found) in [
            ("ed25519_pk", ed.clone()),
            (
                "x25519_pk",
                HEXLOWER.encode(account.dh().public().as_bytes()),
            ),
            ("account_id", account.id().to_hex()),
            ("ed25519_sk64", padded.clone() + &ed),
        ] {
            if let Some(expected) = out.get(key) {
                assert_eq!(found, string(expected), "{} of {}", key, case["name"]);
                checked += 1;
            }
        }
        assert_eq!(checked, out.as_object().unwrap().len(), "{}", case["name"]);
        if let Some(expected) = inputs.get("seed32_zero_padded") {
            assert_eq!(padded, string(expected));
        }
    }
}

#[test]
fn names() {
    let suite = pure().suite();
    for case in cases(FORMATS, "ons") {
        let (inputs, out) = (&case["inputs"], &case["outputs"]);
        let name = Name::parse(string(&inputs["name"])).unwrap();
        let account = account_id(&inputs["account_id"]);
        assert_eq!(name.hash().to_base64(), out["name_hash_b64"]);
        let value = name.seal(&account, &*suite, array(&inputs["nonce"]));
        assert_eq!(value.ciphertext_hex(), out["ciphertext"]);
        assert_eq!(name.open(&value, &*suite), Ok(account));
    }
}

#[test]
fn published_names() {
    let suite = pure().suite();
    let mut published: Vec<_> = cases(PUBLISHED, "ons")
        .into_iter()
        .map(|case| (case["inputs"].clone(), case["outputs"].clone()))
        .collect();
    // From the documentation of the registry's RPC (network spec 7).
    published.push((
        serde_json::json!({
            "name": "jagerman",
            "ciphertext": concat!(
                "d9bca6752665f2254ec7522f98aa5f2dfb13c9fa1ad1e39cd3d7a89a0df04719",
                "e348da537bc310a53e3b59ca24639b9b42"
            ),
            "nonce": "73e8243f3fadd471be36c6df3d62f863f9bb3a9d1cc696c0",
        }),
        serde_json::json!({
            "account_id": "05fb466d312e1666ad1c84c4ee55b7e034151c0e366a313d95d11436a5f36e1e75",
            "name_hash_b64": "yB7mbm2q1MaczqNZCYguH+71z5jooEMeXA0sncfni+g=",
        }),
    ));
    for (inputs, out) in published {
        let name = Name::parse(string(&inputs["name"])).unwrap();
        let (ciphertext, nonce) = (string(&inputs["ciphertext"]), string(&inputs["nonce"]));
        let value = NameValue::parse_hex(ciphertext, nonce).unwrap();
        let account = name.open(&value, &*suite).unwrap();
        assert_eq!(account, account_id(&out["account_id"]));
        assert_eq!(name.seal(&account, &*suite, value.nonce), value);
        if let Some(hash) = out.get("name_hash_b64") {
            assert_eq!(name.hash().to_base64(), string(hash));
        }
    }
}

#[test]
fn signed_texts_and_their_signatures() {
    let suite = pure().suite();
    for case in cases(FORMATS, "signature_strings") {
        let (inputs, out) = (&case["inputs"], &case["outputs"]);
        let key = key_of_sk64(&inputs["ed25519_sk"]);
        let now = inputs["timestamp_ms"].as_u64().unwrap();
        let hashes = inputs["hashes"].as_array().unwrap();
        let hashes: Vec<&str> = hashes.iter().map(string).collect();
        let account = account_id(&inputs["account_id"]);
        let member = account_id(&inputs["member_id"]);
        let pushes = [0, 2, 3].map(Namespace::new);
        let built = [
            ("retrieve_ns0", text::retrieve(Namespace::DEFAULT, now)),
            ("retrieve_ns5", text::retrieve(Namespace::USER_GROUPS, now)),
            ("store_ns11", text::store(Namespace::GROUP_MESSAGES, now)),
            ("delete", text::delete(&hashes)),
            ("delete_all_all", text::delete_all(Scope::All, now)),
            (
                "expire_extend",
                text::expire(ExpiryMode::Extend, &[now], &hashes),
            ),
            ("get_expiries", text::get_expiries(now, &hashes)),
            (
                "push_monitor",
                text::monitor(&account, now / 1000, PushBody::Include, &pushes),
            ),
            ("group_invite", text::group_invite(&member, now)),
            (
                "group_info_change",
                text::group_info_change(InfoChange::Name, now),
            ),
            (
                "group_member_change",
                text::group_member_change(MemberChange::Removed, now),
            ),
            (
                "group_delete_content",
                text::group_delete_content(now, &[member], &hashes),
            ),
        ];
        assert_eq!(built.len(), out.as_object().unwrap().len());
        for (name, text) in built {
            assert_eq!(text, string(&out[name]["string"]), "{name}");
            let signature = key.sign(&*suite, text.as_bytes());
            let encoded = BASE64.encode(signature.as_bytes());
            assert_eq!(encoded, string(&out[name]["sig_b64"]), "{name}");
        }
    }
}

#[test]
fn hashes() {
    let from_formats = cases(FORMATS, "hash_blake2b").into_iter().map(|case| {
        let inputs = &case["inputs"];
        let message = bytes(&inputs["msg"]);
        (case.clone(), message, Vec::new())
    });
    let published = cases(PUBLISHED, "hash").into_iter().map(|case| {
        let inputs = &case["inputs"];
        let utf8 = |key| string(&inputs[key]).as_bytes().to_vec();
        (case.clone(), utf8("msg_utf8"), utf8("key_utf8"))
    });
    for (case, message, key) in from_formats.chain(published) {
        let size = case["inputs"]["size"].as_u64().unwrap();
        let hash = match size {
            16 => hash::blake2b::<16>(&key, &[], &[&message]).to_vec(),
            24 => hash::blake2b::<24>(&key, &[], &[&message]).to_vec(),
            32 => hash::blake2b::<32>(&key, &[], &[&message]).to_vec(),
            56 => hash::blake2b::<56>(&key, &[], &[&message]).to_vec(),
            64 => hash::blake2b::<64>(&key, &[], &[&message]).to_vec(),
            _ => panic!("a case of a size without a test: {size}"),
        };
        assert_eq!(hash, bytes(&case["outputs"]["hash"]), "{}", case["name"]);
    }
}
