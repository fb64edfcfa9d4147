use core::fmt;

use data_encoding::BASE64;
use leek_crypto::{Aead, AeadKey, BadTag, Suite, TAG_LEN, hash};

use crate::{
    ACCOUNT_ID_LEN, AccountId, ParseAccountIdError,
    hex::{self, ParseHexError},
};

/// Longest name, in characters (network spec 7).
pub const NAME_LEN_MAX: usize = 64;

/// Bytes of the nonce that a name's value is encrypted with.
pub const NAME_NONCE_LEN: usize = 24;

/// Bytes of a name's encrypted value: an account id and a tag.
pub const NAME_VALUE_LEN: usize = ACCOUNT_ID_LEN + TAG_LEN;

/// A name that the registry maps to an account (ONS or SNS, network spec 7), in lower case.
///
/// 1 to 64 word characters (letters, digits, `_`); inside, also `-`. ASCII only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Reads a name, in any case.
    ///
    /// # Errors
    /// [`NameError`] naming the place that is wrong.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let len = text.chars().count();
        if !(1..=NAME_LEN_MAX).contains(&len) {
            return Err(NameError::Length { len });
        }
        for (at, character) in text.chars().enumerate() {
            let inner = at != 0 && at != len - 1;
            match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => {}
                '-' if inner => {}
                '-' => return Err(NameError::OuterHyphen { at }),
                _ => return Err(NameError::Character { at }),
            }
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the registry knows the name by: BLAKE2b-256 of it, without salt, so names can be
    /// guessed from their hashes.
    pub fn hash(&self) -> NameHash {
        NameHash(hash::blake2b_256(&[self.0.as_bytes()]))
    }

    /// Encrypts `account` under a key that follows from the name alone.
    pub fn seal(
        &self,
        account: &AccountId,
        suite: &dyn Suite,
        nonce: [u8; NAME_NONCE_LEN],
    ) -> NameValue {
        let mut ciphertext = [0; NAME_VALUE_LEN];
        let (body, tail) = ciphertext.split_at_mut(ACCOUNT_ID_LEN);
        body.copy_from_slice(&account.to_bytes());
        let tag = suite.seal(Aead::XChaCha20Poly1305, &self.key(), &nonce, body);
        tail.copy_from_slice(&tag);
        NameValue { ciphertext, nonce }
    }

    /// Decrypts what the registry stores under this name.
    ///
    /// # Errors
    /// [`OpenNameError`] when the value belongs to another name, is damaged, or holds no account
    /// id.
    pub fn open(&self, value: &NameValue, suite: &dyn Suite) -> Result<AccountId, OpenNameError> {
        let mut body = [0; ACCOUNT_ID_LEN];
        let mut tag = [0; TAG_LEN];
        let (sealed, tail) = value.ciphertext.split_at(ACCOUNT_ID_LEN);
        body.copy_from_slice(sealed);
        tag.copy_from_slice(tail);
        suite
            .open(
                Aead::XChaCha20Poly1305,
                &self.key(),
                &value.nonce,
                &mut body,
                &tag,
            )
            .map_err(OpenNameError::Tag)?;
        AccountId::from_bytes(body).map_err(OpenNameError::Account)
    }

    /// BLAKE2b-256 of the name, keyed with the hash of the name (crypto spec 7).
    fn key(&self) -> AeadKey {
        AeadKey::from_bytes(hash::blake2b::<32>(
            &self.hash().0,
            &[],
            &[self.0.as_bytes()],
        ))
    }
}

/// A text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty or too long.
    #[error("read name: {len} characters, not 1 to {NAME_LEN_MAX}")]
    Length {
        /// Characters given.
        len: usize,
    },
    /// A character that no name has.
    #[error("read name: character {at} is no ASCII letter, digit, underscore or hyphen")]
    Character {
        /// Where, counted from 0.
        at: usize,
    },
    /// A hyphen as the first or last character.
    #[error("read name: character {at} is a hyphen at an end")]
    OuterHyphen {
        /// Where, counted from 0.
        at: usize,
    },
}

/// What the registry knows a name by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameHash([u8; 32]);

impl NameHash {
    /// A hash from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 44 characters of padded base64, as requests carry it.
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }
}

impl fmt::Debug for NameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameHash({})", self.to_base64())
    }
}

/// The encrypted account id that the registry stores under a name, with its nonce.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NameValue {
    /// The encrypted 33 bytes and their 16-byte tag.
    pub ciphertext: [u8; NAME_VALUE_LEN],
    /// The nonce, which replies carry beside the ciphertext.
    pub nonce: [u8; NAME_NONCE_LEN],
}

impl NameValue {
    /// Reads the two hexadecimal texts of a registry's reply.
    ///
    /// # Errors
    /// [`ParseNameValueError`] naming the text and the place that is wrong.
    pub fn parse_hex(ciphertext: &str, nonce: &str) -> Result<Self, ParseNameValueError> {
        Ok(Self {
            ciphertext: hex::parse(ciphertext).map_err(ParseNameValueError::Ciphertext)?,
            nonce: hex::parse(nonce).map_err(ParseNameValueError::Nonce)?,
        })
    }

    /// The ciphertext as 98 lower-case hexadecimal digits.
    pub fn ciphertext_hex(&self) -> String {
        hex::encode(&self.ciphertext)
    }

    /// The nonce as 48 lower-case hexadecimal digits.
    pub fn nonce_hex(&self) -> String {
        hex::encode(&self.nonce)
    }
}

impl fmt::Debug for NameValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameValue({})", self.ciphertext_hex())
    }
}

/// A registry's reply is no name value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseNameValueError {
    /// The ciphertext is not 98 hexadecimal digits.
    #[error("read ciphertext of name value")]
    Ciphertext(#[source] ParseHexError),
    /// The nonce is not 48 hexadecimal digits.
    #[error("read nonce of name value")]
    Nonce(#[source] ParseHexError),
}

/// Decrypting a name's value failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenNameError {
    /// Another name's value, or a damaged one.
    #[error("decrypt value of name")]
    Tag(#[source] BadTag),
    /// The value opened, but holds no account id.
    #[error("read account id in value of name")]
    Account(#[source] ParseAccountIdError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_word_characters_with_inner_hyphens() {
        let long = "a".repeat(NAME_LEN_MAX);
        for good in [
            "a",
            "_",
            "7",
            "a-b",
            "a--b",
            "_-_",
            "Jager_Man-2",
            long.as_str(),
        ] {
            let name = Name::parse(good).unwrap();
            assert_eq!(name.as_str(), good.to_lowercase());
        }
        let too_long = "a".repeat(NAME_LEN_MAX + 1);
        for (bad, error) in [
            ("", NameError::Length { len: 0 }),
            (too_long.as_str(), NameError::Length { len: 65 }),
            ("-", NameError::OuterHyphen { at: 0 }),
            ("-a", NameError::OuterHyphen { at: 0 }),
            ("a-", NameError::OuterHyphen { at: 1 }),
            ("a b", NameError::Character { at: 1 }),
            ("a.loki", NameError::Character { at: 1 }),
            ("na\u{ef}ve", NameError::Character { at: 2 }),
            // Lower-cases to an ASCII k, but is none.
            ("\u{212a}", NameError::Character { at: 0 }),
        ] {
            assert_eq!(Name::parse(bad), Err(error), "{bad}");
        }
    }
}
