//! Ids, phrases and names, as people and other programs write them.

use leek_crypto::fast;
use leek_identity::{AccountId, MessageHash, Name, NameValue, NodeId, phrase};

use crate::Verdict;

/// An account id in hexadecimal.
pub fn account_id(data: &[u8]) -> Verdict {
    let read = text(data).and_then(|text| AccountId::parse_hex(text).ok().zip(Some(text)));
    if let Some((id, text)) = &read {
        assert_eq!(id.to_hex(), text.to_ascii_lowercase());
        assert_eq!(AccountId::from_bytes(id.to_bytes()), Ok(*id));
    }
    Verdict::of(&read)
}

/// A node id in hexadecimal.
pub fn node_id(data: &[u8]) -> Verdict {
    let read = text(data).and_then(|text| NodeId::parse_hex(text).ok().zip(Some(text)));
    if let Some((id, text)) = &read {
        assert_eq!(id.to_hex(), text.to_ascii_lowercase());
    }
    Verdict::of(&read)
}

/// A message's hash in base64.
pub fn message_hash(data: &[u8]) -> Verdict {
    let read = text(data).and_then(|text| MessageHash::parse(text).ok().zip(Some(text)));
    if let Some((hash, text)) = &read {
        assert_eq!(hash.to_string(), *text, "each hash has one spelling");
    }
    Verdict::of(&read)
}

/// A recovery phrase.
pub fn recovery_phrase(data: &[u8]) -> Verdict {
    let read = text(data).and_then(|text| phrase::decode(text).ok().zip(Some(text)));
    if let Some((seed, text)) = &read {
        let written = phrase::encode(seed);
        let again = phrase::decode(written.dangerously_expose());
        let reference = phrase::decode_reference(text);
        for other in [again, reference] {
            let other = other.as_ref().map(|seed| seed.dangerously_expose());
            assert_eq!(other, Ok(seed.dangerously_expose()));
        }
    }
    Verdict::of(&read)
}

/// A registered name and what the registry holds for it: name, ciphertext and nonce, each in a
/// line.
pub fn name_value(data: &[u8]) -> Verdict {
    let read = text(data).and_then(|text| {
        let mut lines = text.splitn(3, '\n');
        let name = Name::parse(lines.next()?).ok()?;
        assert_eq!(Name::parse(name.as_str()).as_ref(), Ok(&name));
        let value = NameValue::parse_hex(lines.next()?, lines.next()?).ok()?;
        let suite = fast().suite();
        let account = name.open(&value, &*suite).ok()?;
        assert_eq!(name.seal(&account, &*suite, value.nonce), value);
        Some(account)
    });
    Verdict::of(&read)
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
