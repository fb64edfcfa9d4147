//! The forms that bytes may take in a text.

use std::net::Ipv4Addr;

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};

/// Shortest piece of a key that is looked for: four bytes, as ids are shortened to.
const PIECE: usize = 4;

/// Something that must not be written, in every spelling.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    name: String,
    /// Lower case; texts are searched in lower case too.
    folded: Vec<String>,
    /// Spellings in which case matters.
    exact: Vec<String>,
}

impl Canary {
    /// A key or an id.
    pub(crate) fn bytes(name: impl Into<String>, bytes: &[u8]) -> Self {
        let piece = &bytes[..PIECE];
        let decimal = |bytes: &[u8], separator: &str| {
            let all: Vec<String> = bytes.iter().map(u8::to_string).collect();
            all.join(separator)
        };
        let hexes: Vec<String> = piece.iter().map(|byte| format!("0x{byte:02x}")).collect();
        let escaped: String = piece.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        Self {
            name: name.into(),
            folded: vec![
                HEXLOWER.encode(piece),
                HEXLOWER.encode(&bytes[bytes.len() - PIECE..]),
                hexes.join(", "),
                escaped,
                decimal(piece, ", "),
                decimal(&bytes[..6], ","),
                BASE32_NOPAD.encode(&bytes[..5]).to_lowercase(),
            ],
            exact: [
                encoded(&BASE64_NOPAD, bytes),
                encoded(&BASE64URL_NOPAD, bytes),
                vec![base58(bytes).chars().take(12).collect()],
            ]
            .concat(),
        }
    }

    /// A text.
    pub(crate) fn text(name: impl Into<String>, text: &str) -> Self {
        let mut canary = Self::bytes(name, text.as_bytes());
        canary.folded.push(text.to_lowercase());
        canary
    }

    /// An address: as written, as a number, and as bytes.
    pub(crate) fn address(name: impl Into<String>, ip: Ipv4Addr) -> Self {
        let octets = ip.octets();
        let parts: Vec<String> = octets.iter().map(u8::to_string).collect();
        Self {
            name: name.into(),
            folded: vec![
                ip.to_string(),
                parts.join(", "),
                format!("0x{}", HEXLOWER.encode(&octets)),
                ip.to_bits().to_string(),
            ],
            exact: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Says which spelling stands in a text, if one does.
    pub(crate) fn found_in(&self, text: &str) -> Option<String> {
        let folded = text.to_lowercase();
        let found = self.folded.iter().find(|form| folded.contains(*form));
        let found = found.or_else(|| self.exact.iter().find(|form| text.contains(*form)));
        found.map(|form| format!("{} as {form:?}", self.name))
    }
}

/// The inner digits of an encoding at each of the three places bytes may have in a longer text:
/// what stands before and after changes the outer ones only.
fn encoded(encoding: &data_encoding::Encoding, bytes: &[u8]) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let shifted = [&vec![0; shift][..], bytes].concat();
            let digits = encoding.encode(&shifted);
            digits.chars().skip(4).take(12).collect()
        })
        .collect()
}

/// Base58 of Bitcoin, by long division.
fn base58(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut number = bytes.to_vec();
    let mut out = Vec::new();
    while number.iter().any(|digit| *digit != 0) {
        let mut rest: u16 = 0;
        for digit in &mut number {
            let value = rest * 256 + u16::from(*digit);
            // Below 256, since the rest is below 58.
            *digit = (value / 58).to_le_bytes()[0];
            rest = value % 58;
        }
        out.push(char::from(DIGITS[usize::from(rest)]));
    }
    out.iter().rev().collect()
}

/// Each spelling is found, also inside other things.
#[test]
fn every_spelling_is_found() {
    let bytes: [u8; 32] = core::array::from_fn(|i| 7 + 5 * u8::try_from(i).unwrap());
    let canary = Canary::bytes("key", &bytes);
    let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let shifted = [&[1, 2][..], &bytes].concat();
    for text in [
        HEXLOWER.encode(&bytes),
        HEXLOWER.encode(&bytes).to_uppercase(),
        format!("node:{}..", HEXLOWER.encode(&bytes[..4])),
        format!("{bytes:?}"),
        format!("{bytes:02x?}")
            .replace('[', "[0x")
            .replace(", ", ", 0x"),
        list.join(","),
        BASE64_NOPAD.encode(&bytes),
        BASE64URL_NOPAD.encode(&shifted),
        BASE32_NOPAD.encode(&bytes),
        base58(&bytes),
    ] {
        let text = format!("before {text} after");
        assert!(canary.found_in(&text).is_some(), "{text}");
    }
    assert_eq!(canary.found_in("a log that says nothing 070c 11"), None);
    // Bitcoin's own example.
    assert_eq!(base58(b"Hello World!"), "2NEpo7TZRRrLZSi2U");
}
