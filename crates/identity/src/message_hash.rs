use core::fmt;

use data_encoding::{BASE64_NOPAD, DecodeError, DecodeKind};
use leek_crypto::hash;

use crate::{AccountId, Namespace};

/// Characters of a message hash as text.
pub const MESSAGE_HASH_TEXT_LEN: usize = 43;

/// The name of a stored message: BLAKE2b-256, shown as 43 characters of unpadded base64.
///
/// Ordered by its bytes, which is not the order of the texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageHash([u8; 32]);

impl MessageHash {
    /// A hash from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 43 characters of unpadded base64 (standard alphabet).
    ///
    /// # Errors
    /// [`ParseMessageHashError`] naming the place that is wrong.
    pub fn parse(text: &str) -> Result<Self, ParseMessageHashError> {
        if text.len() != MESSAGE_HASH_TEXT_LEN {
            return Err(ParseMessageHashError::Length { len: text.len() });
        }
        let mut bytes = [0; 32];
        match BASE64_NOPAD.decode_mut(text.as_bytes(), &mut bytes) {
            Ok(_) => Ok(Self(bytes)),
            Err(partial) => Err(symbol_error(partial.error)),
        }
    }
}

fn symbol_error(error: DecodeError) -> ParseMessageHashError {
    match error.kind {
        DecodeKind::Trailing => ParseMessageHashError::TrailingBits,
        DecodeKind::Length | DecodeKind::Symbol | DecodeKind::Padding => {
            ParseMessageHashError::Symbol { at: error.position }
        }
    }
}

/// The 43 characters.
impl fmt::Display for MessageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; MESSAGE_HASH_TEXT_LEN];
        BASE64_NOPAD.encode_mut(&self.0, &mut text);
        match core::str::from_utf8(&text) {
            Ok(text) => f.pad(text),
            Err(_) => leek_machine::bug!("base64 is ASCII"),
        }
    }
}

impl fmt::Debug for MessageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageHash({self})")
    }
}

/// A text is no message hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseMessageHashError {
    /// Not 43 bytes of text.
    #[error("read message hash: {len} bytes of text instead of 43")]
    Length {
        /// Bytes given.
        len: usize,
    },
    /// A character outside the base64 alphabet.
    #[error("read message hash: byte {at} is outside the base64 alphabet")]
    Symbol {
        /// Where, counted from 0.
        at: usize,
    },
    /// The last character has bits beyond the 256: another spelling of some hash.
    #[error("read message hash: unused bits of the last character are set")]
    TrailingBits,
}

/// The hash that names `data` stored for `account` in `namespace`: BLAKE2b-256 of
/// `prefix || key || namespace || data`, the namespace as decimal text or nothing for 0
/// (network spec 2.8).
///
/// Neither time nor expiry enters, so the same bytes stored twice are one message. The border
/// between namespace and data is ambiguous, as deployed: namespace 1 with data `"0.."` hashes like
/// namespace 10 with data `".."`.
pub fn message_hash(account: &AccountId, namespace: Namespace, data: &[u8]) -> MessageHash {
    let number = namespace.signed().to_string();
    MessageHash(hash::blake2b_256(&[
        &account.to_bytes(),
        number.as_bytes(),
        data,
    ]))
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;
    use crate::Prefix;

    /// A message of the storage server's own tests (`unit_test/service_node.cpp`, network spec 2.8).
    const PUBLISHED_DATA: &str = concat!(
        "CAES1gIKA1BVVBIPL2FwaS92MS9tZXNzYWdlGrsCCAYovfqZv4YvQq8CVwutUBbhRzZw80TvR6uTYMKg",
        "9DSagrtpeEpY31L7VxawfS8aSya0SiDa4J025SkjP13YX8g5pxgQ8Z6hgfNArMqr/tSijJ9miVKVDJ63",
        "YWE85O8kyWF8tdtZR5j0Vxb+JH5U8Rg1bp7ftKk3OSf7JJMcrUUrDnctQHe540zJ2OTDJ03DfubkX5Nm",
        "KqEu5nhXGxeeDv3mTiL63fjtCvZYcikfjf6Nh1AX++HTgJ9SGoEIMastGUorFrmmXb2sbjHxNiJn0Rad",
        "j/VzcA9VxYwBW5+AbGQ2d9+vvm7X+8vh+jIenJfjxf+8CWER+9adNfb4YUH07I+godNCV0O0J05gzqfK",
        "dT7J8MBZzFBtKrbk8oCagPpTsq/wZyYFKFKKD+q+zh704dYBILvs5yXUA96pIAA=",
    );

    #[test]
    fn the_published_message_has_its_published_hash() {
        let account = "05ffba630924aa1224bb930dde21c0d11bf004608f2812217f8ac812d6c7e3ad48";
        let account = AccountId::parse_hex(account).unwrap();
        let data = BASE64.decode(PUBLISHED_DATA.as_bytes()).unwrap();
        assert_eq!(data.len(), 347);
        let hash = message_hash(&account, Namespace::DEFAULT, &data);
        let text = "4sMyAuaZlMwww3oFvfhazfw7ASx/7TDtO+TVc8aAjHs";
        assert_eq!(hash.to_string(), text);
        assert_eq!(MessageHash::parse(text), Ok(hash));
    }

    #[test]
    fn account_namespace_and_data_all_count() {
        let account = AccountId::new(Prefix::User, [1; 32]);
        let hash = message_hash(&account, Namespace::new(5), b"data");
        let group = AccountId::new(Prefix::Group, [1; 32]);
        assert_ne!(hash, message_hash(&group, Namespace::new(5), b"data"));
        assert_ne!(hash, message_hash(&account, Namespace::new(-5), b"data"));
        assert_ne!(hash, message_hash(&account, Namespace::new(5), b"Data"));
    }

    #[test]
    fn namespace_and_data_run_together_as_deployed() {
        let account = AccountId::new(Prefix::User, [1; 32]);
        assert_eq!(
            message_hash(&account, Namespace::new(1), b"0rest"),
            message_hash(&account, Namespace::new(10), b"rest"),
        );
    }

    #[test]
    fn other_spellings_are_refused() {
        let zero = "A".repeat(MESSAGE_HASH_TEXT_LEN);
        assert_eq!(MessageHash::parse(&zero), Ok(MessageHash([0; 32])));
        let padded = zero.clone() + "=";
        let length = ParseMessageHashError::Length { len: 44 };
        assert_eq!(MessageHash::parse(&padded), Err(length));
        for (at, symbol) in [(0, "-"), (7, "="), (41, " "), (42, "!")] {
            let mut text = zero.clone();
            text.replace_range(at..=at, symbol);
            let error = ParseMessageHashError::Symbol { at };
            assert_eq!(MessageHash::parse(&text), Err(error), "{text}");
        }
        // 43 characters hold 258 bits; the last two must be 0, or one hash had four names.
        let mut text = zero;
        text.replace_range(42.., "B");
        let error = ParseMessageHashError::TrailingBits;
        assert_eq!(MessageHash::parse(&text), Err(error));
    }
}
