use core::fmt;

use leek_crypto::{EdPublic, XPublic};

use crate::hex::{self, ParseHexError};

/// Bytes of an account id: the prefix and a 32-byte key.
pub const ACCOUNT_ID_LEN: usize = 33;

/// What kind of account an id names, and what kind of key it carries (crypto spec 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Prefix {
    /// `03`: a group; the key is a raw Ed25519 key.
    Group = 0x03,
    /// `05`: a user (or a legacy closed group); the key is an X25519 key.
    User = 0x05,
    /// `15`: a user blinded for one community, first scheme; the key is an Ed25519 point.
    Blinded15 = 0x15,
    /// `25`: a user blinded for one community, second scheme; the key is an Ed25519 point.
    Blinded25 = 0x25,
}

impl Prefix {
    /// The prefix that `byte` stands for, if any.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x03 => Some(Self::Group),
            0x05 => Some(Self::User),
            0x15 => Some(Self::Blinded15),
            0x25 => Some(Self::Blinded25),
            _ => None,
        }
    }

    /// The byte in front of the key.
    pub const fn byte(self) -> u8 {
        self as u8
    }
}

/// The public name of an account: a prefix and 32 key bytes, written as 66 hexadecimal digits.
///
/// The key bytes are not checked to be a point: ids are compared and hashed; use of the key
/// refuses what is unfit. Ordered as its 33 bytes are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId {
    prefix: Prefix,
    key: [u8; 32],
}

impl AccountId {
    /// An id from its two parts.
    pub const fn new(prefix: Prefix, key: [u8; 32]) -> Self {
        Self { prefix, key }
    }

    /// The id of the user with this X25519 key.
    pub const fn user(key: &XPublic) -> Self {
        Self::new(Prefix::User, *key.as_bytes())
    }

    /// The id of the group with this Ed25519 key.
    pub const fn group(key: &EdPublic) -> Self {
        Self::new(Prefix::Group, *key.as_bytes())
    }

    /// Reads 33 bytes.
    ///
    /// # Errors
    /// [`ParseAccountIdError::Prefix`] when the first byte is no known prefix.
    pub fn from_bytes(bytes: [u8; ACCOUNT_ID_LEN]) -> Result<Self, ParseAccountIdError> {
        let [prefix, key @ ..] = bytes;
        let prefix =
            Prefix::from_byte(prefix).ok_or(ParseAccountIdError::Prefix { byte: prefix })?;
        Ok(Self { prefix, key })
    }

    /// Reads 66 hexadecimal digits of either case.
    ///
    /// # Errors
    /// [`ParseAccountIdError`] naming the place that is wrong.
    pub fn parse_hex(text: &str) -> Result<Self, ParseAccountIdError> {
        Self::from_bytes(hex::parse(text)?)
    }

    /// What kind of account this is.
    pub const fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The 32 bytes behind the prefix.
    pub const fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The 33 bytes.
    pub fn to_bytes(&self) -> [u8; ACCOUNT_ID_LEN] {
        let mut bytes = [0; ACCOUNT_ID_LEN];
        let (prefix, key) = bytes.split_at_mut(1);
        prefix.copy_from_slice(&[self.prefix.byte()]);
        key.copy_from_slice(&self.key);
        bytes
    }

    /// 66 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(&self.to_bytes())
    }

    /// The key to encrypt to; only users have one.
    pub const fn x25519(&self) -> Option<XPublic> {
        match self.prefix {
            Prefix::User => Some(XPublic::from_bytes(self.key)),
            Prefix::Group | Prefix::Blinded15 | Prefix::Blinded25 => None,
        }
    }

    /// Whether signatures by `key` speak for this account: for a user its X25519 image is the id's
    /// key, for the others it is the id's key itself (network spec 2.4).
    pub fn is_key(&self, key: &EdPublic) -> bool {
        match self.prefix {
            Prefix::User => key.has_image(&XPublic::from_bytes(self.key)),
            Prefix::Group | Prefix::Blinded15 | Prefix::Blinded25 => *key.as_bytes() == self.key,
        }
    }
}

/// Shortened, since a full id in a log line names a person.
impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, ..] = self.key;
        write!(f, "{:02x}{a:02x}{b:02x}{c:02x}..", self.prefix.byte())
    }
}

/// Bytes or text are no account id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseAccountIdError {
    /// The text is not 66 hexadecimal digits.
    #[error("read account id")]
    Hex(#[from] ParseHexError),
    /// The first byte is none of 03, 05, 15 and 25.
    #[error("read account id: no account has prefix {byte:02x}")]
    Prefix {
        /// The byte found.
        byte: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Account, AccountSeed};

    const HEX: &str = "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";

    #[test]
    fn hex_is_read_in_both_cases_and_written_in_lower_case() {
        let id = AccountId::parse_hex(&HEX.to_uppercase()).unwrap();
        assert_eq!(id, AccountId::parse_hex(HEX).unwrap());
        assert_eq!(id.to_hex(), HEX);
        assert_eq!(id.prefix(), Prefix::User);
    }

    #[test]
    fn errors_name_the_place() {
        let mut short = HEX.to_owned();
        short.pop();
        let length = ParseHexError::Length {
            digits: 65,
            expected: 66,
        };
        assert_eq!(AccountId::parse_hex(&short), Err(length.into()));
        let bad_digit = HEX.replace("2ad", "2gd");
        let digit = ParseHexError::Digit { at: 4 };
        assert_eq!(AccountId::parse_hex(&bad_digit), Err(digit.into()));
        for byte in 0..=u8::MAX {
            let mut bytes = [0; ACCOUNT_ID_LEN];
            bytes[0] = byte;
            let parsed = AccountId::from_bytes(bytes);
            if [0x03, 0x05, 0x15, 0x25].contains(&byte) {
                assert_eq!(parsed.map(|id| id.to_bytes()), Ok(bytes));
            } else {
                assert_eq!(parsed, Err(ParseAccountIdError::Prefix { byte }));
            }
        }
    }

    #[test]
    fn order_is_that_of_the_bytes() {
        let ids = [0x25, 0x15, 0x05, 0x03].map(|prefix| {
            let mut bytes = [0x77; ACCOUNT_ID_LEN];
            bytes[0] = prefix;
            AccountId::from_bytes(bytes).unwrap()
        });
        for a in ids {
            for b in ids {
                assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
            }
        }
    }

    #[test]
    fn debug_is_shortened() {
        let id = AccountId::parse_hex(HEX).unwrap();
        assert_eq!(format!("{id:?}"), "05d2ad01..");
    }

    #[test]
    fn only_the_right_key_speaks_for_an_account() {
        let account = Account::from_seed(&AccountSeed::short(&[1; 16]));
        let other = Account::from_seed(&AccountSeed::short(&[2; 16]));
        let key = *account.signing().public();
        assert!(account.id().is_key(&key));
        assert!(!other.id().is_key(&key));
        assert!(AccountId::group(&key).is_key(&key));
        assert!(!AccountId::group(&key).is_key(other.signing().public()));
        // A user's id is the image of the key, not the key.
        let confused = AccountId::new(Prefix::User, *key.as_bytes());
        assert!(!confused.is_key(&key));
        assert_eq!(account.id().x25519(), Some(*account.dh().public()));
        assert_eq!(AccountId::group(&key).x25519(), None);
    }
}
