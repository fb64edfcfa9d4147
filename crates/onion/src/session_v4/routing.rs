//! The JSON behind a ciphertext: writers in the exact order of deployed clients (keys sorted, no
//! blanks), a reader that ignores unknown keys, since newer clients may add some.

use std::borrow::Cow;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use leek_crypto::XPublic;
use leek_identity::NodeId;
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{Protocol, ServerTarget};
use crate::{EncType, RoutingError, limits::ROUTING_BYTES_MAX};

/// What makes a layer the last one: the key `headers`, whatever its value.
pub(crate) const HERE: &[u8] = br#"{"headers":""}"#;

/// Port and protocol of a server whose JSON leaves them out (network spec 3.2).
const PORT_WHEN_ABSENT: u16 = 443;
const PROTOCOL_WHEN_ABSENT: &str = Protocol::Https.name();

/// Digits of a 32-byte key.
const KEY_DIGITS: usize = 64;

/// How to open the ciphertext in front of the JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) ephemeral: XPublic,
    pub(crate) enc: EncType,
    pub(crate) hop_no: u8,
}

/// What to do with the ciphertext in front of the JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Routing {
    Here,
    Server(ServerTarget),
    Relay { next: NodeId, entry: Entry },
}

/// Every key that is read. A known key with a value of the wrong type, or given twice, is refused
/// even where it would not be used.
#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(default, deserialize_with = "present")]
    headers: bool,
    #[serde(borrow, default)]
    host: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    target: Option<Cow<'a, str>>,
    #[serde(default)]
    port: Option<u16>,
    #[serde(borrow, default)]
    protocol: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    destination: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    ephemeral_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    enc_type: Option<Cow<'a, str>>,
    #[serde(default)]
    hop_no: Option<u64>,
}

/// Notes that a key is there, with any value.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

fn keys(json: &[u8]) -> Result<Keys<'_>, RoutingError> {
    if json.len() > ROUTING_BYTES_MAX {
        return Err(RoutingError::TooLarge {
            len: json.len(),
            max: ROUTING_BYTES_MAX,
        });
    }
    // A derived reader also takes an array, by position; routing is an object.
    if json.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(RoutingError::BadJson);
    }
    serde_json::from_slice(json).map_err(|_| RoutingError::BadJson)
}

/// Reads what a node finds behind its layer: `headers` wins over `host`, `host` over
/// `destination` (network spec 3.2).
pub(crate) fn parse(json: &[u8]) -> Result<Routing, RoutingError> {
    let mut keys = keys(json)?;
    if keys.headers {
        return Ok(Routing::Here);
    }
    if let Some(host) = keys.host.take() {
        let target = keys.target.ok_or(RoutingError::Missing("target"))?;
        let protocol = keys.protocol.as_deref().unwrap_or(PROTOCOL_WHEN_ABSENT);
        let port = keys.port.unwrap_or(PORT_WHEN_ABSENT);
        let server = ServerTarget::new(host, Protocol::parse(protocol)?, port, target)?;
        return Ok(Routing::Server(server));
    }
    let destination = keys.destination.take();
    let destination = destination.ok_or(RoutingError::Missing("destination"))?;
    let next = NodeId::from_bytes(key("destination", &destination)?);
    let entry = entry(keys)?;
    Ok(Routing::Relay { next, entry })
}

/// Reads the JSON of a guard's request.
pub(crate) fn parse_entry(json: &[u8]) -> Result<Entry, RoutingError> {
    entry(keys(json)?)
}

fn entry(keys: Keys<'_>) -> Result<Entry, RoutingError> {
    let ephemeral = keys.ephemeral_key;
    let ephemeral = ephemeral.ok_or(RoutingError::Missing("ephemeral_key"))?;
    let enc = keys.enc_type.as_deref().map(EncType::parse).transpose()?;
    Ok(Entry {
        ephemeral: XPublic::from_bytes(key("ephemeral_key", &ephemeral)?),
        enc: enc.unwrap_or(EncType::WHEN_ABSENT),
        // Too large for the field is too many hops as well: every node refuses it.
        hop_no: u8::try_from(keys.hop_no.unwrap_or(0)).unwrap_or(u8::MAX),
    })
}

fn key(name: &'static str, digits: &str) -> Result<[u8; 32], RoutingError> {
    let mut key = [0; 32];
    if digits.len() != KEY_DIGITS {
        return Err(RoutingError::BadKey(name));
    }
    match HEXLOWER_PERMISSIVE.decode_mut(digits.as_bytes(), &mut key) {
        Ok(_) => Ok(key),
        Err(_) => Err(RoutingError::BadKey(name)),
    }
}

// The pieces the writers put together.
const DESTINATION: &[u8] = br#"{"destination":""#;
const ENC_AFTER_KEY: &[u8] = br#"","enc_type":""#;
const ENC_FIRST: &[u8] = br#"{"enc_type":""#;
const EPHEMERAL: &[u8] = br#"","ephemeral_key":""#;
const HOP_NO: &[u8] = br#"","hop_no":"#;
const END_TEXT: &[u8] = br#""}"#;
const END_NUMBER: &[u8] = b"}";

/// `{"enc_type":"..","ephemeral_key":".."[,"hop_no":n]}`; `hop_no` is left out when 0.
pub(crate) fn push_entry(out: &mut Vec<u8>, enc: EncType, ephemeral: &XPublic, hop_no: u8) {
    out.extend_from_slice(ENC_FIRST);
    out.extend_from_slice(enc.name().as_bytes());
    out.extend_from_slice(EPHEMERAL);
    push_hex(out, ephemeral.as_bytes());
    if hop_no == 0 {
        out.extend_from_slice(END_TEXT);
    } else {
        out.extend_from_slice(HOP_NO);
        out.extend_from_slice(hop_no.to_string().as_bytes());
        out.extend_from_slice(END_NUMBER);
    }
}

/// Bytes [`push_entry`] appends.
pub(crate) const fn entry_len(enc: EncType, hop_no: u8) -> usize {
    let end = match hop_no {
        0 => END_TEXT.len(),
        1..=9 => HOP_NO.len() + 1 + END_NUMBER.len(),
        10..=99 => HOP_NO.len() + 2 + END_NUMBER.len(),
        100..=255 => HOP_NO.len() + 3 + END_NUMBER.len(),
    };
    ENC_FIRST.len() + enc.name().len() + EPHEMERAL.len() + KEY_DIGITS + end
}

/// `{"destination":"..","enc_type":"..","ephemeral_key":".."}`.
pub(crate) fn push_relay(out: &mut Vec<u8>, next: &NodeId, enc: EncType, ephemeral: &XPublic) {
    out.extend_from_slice(DESTINATION);
    push_hex(out, next.as_bytes());
    out.extend_from_slice(ENC_AFTER_KEY);
    out.extend_from_slice(enc.name().as_bytes());
    out.extend_from_slice(EPHEMERAL);
    push_hex(out, ephemeral.as_bytes());
    out.extend_from_slice(END_TEXT);
}

/// Bytes [`push_relay`] appends.
pub(crate) const fn relay_len(enc: EncType) -> usize {
    DESTINATION.len()
        + KEY_DIGITS
        + ENC_AFTER_KEY.len()
        + enc.name().len()
        + EPHEMERAL.len()
        + KEY_DIGITS
        + END_TEXT.len()
}

/// `{"enc_type":"..","ephemeral_key":"..","host":"..","method":"POST","port":n,"protocol":"..",
/// "target":".."}`.
pub(crate) fn push_server(
    out: &mut Vec<u8>,
    server: &ServerTarget,
    enc: EncType,
    ephemeral: &XPublic,
) {
    out.extend_from_slice(ENC_FIRST);
    out.extend_from_slice(enc.name().as_bytes());
    out.extend_from_slice(EPHEMERAL);
    push_hex(out, ephemeral.as_bytes());
    out.extend_from_slice(server_tail(server).as_bytes());
}

/// Bytes [`push_server`] appends.
pub(crate) fn server_len(server: &ServerTarget, enc: EncType) -> usize {
    ENC_FIRST.len() + enc.name().len() + EPHEMERAL.len() + KEY_DIGITS + server_tail(server).len()
}

fn server_tail(server: &ServerTarget) -> String {
    format!(
        r#"","host":{},"method":"POST","port":{},"protocol":"{}","target":{}}}"#,
        quoted(server.host()),
        server.port(),
        server.protocol().name(),
        quoted(server.target()),
    )
}

/// `text` as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn push_hex(out: &mut Vec<u8>, key: &[u8; 32]) {
    let at = out.len();
    out.resize(at + KEY_DIGITS, 0);
    HEXLOWER.encode_mut(key, &mut out[at..]);
}

#[cfg(test)]
mod tests;
