//! Bytes of an account file, in and out.

use leek_crypto::{
    TAG_LEN, ct_eq,
    hash::sha256,
    password::{PASSWORD_SALT_LEN, PasswordCost},
};
use leek_identity::{
    ACCOUNT_ID_LEN, Account, AccountId, AccountSeed, SEED_LONG_LEN, SEED_SHORT_LEN,
};
use zeroize::Zeroizing;

use super::{
    AccountFile, AccountFileError, PlainAccount,
    sealed::{NONCE_LEN, SealedAccount, SealedHeader},
};
use crate::bytes::{Fields, Short};

const MAGIC: &[u8; 12] = b"leek-account";
const VERSION: u8 = 1;
const PROTECTION_NONE: u8 = 0;
const PROTECTION_PASSPHRASE: u8 = 1;
const HASH_LEN: usize = 32;
/// The first byte of the encrypted part: bytes of the seed that count.
const SHORT: u8 = 16;
const LONG: u8 = 32;
const _: () = assert!(SHORT as usize == SEED_SHORT_LEN && LONG as usize == SEED_LONG_LEN);
const INTRO_LEN: usize = MAGIC.len() + 2 + ACCOUNT_ID_LEN;

/// Bytes of the part that is encrypted.
pub(super) const BODY_LEN: usize = 1 + SEED_LONG_LEN;

/// Bytes in front of the encrypted part.
const SEALED_HEADER_LEN: usize = INTRO_LEN + 3 * 4 + PASSWORD_SALT_LEN + NONCE_LEN;

/// Bytes of the whole file: without a passphrase, and with one.
pub(super) const PLAIN_LEN: usize = INTRO_LEN + BODY_LEN + HASH_LEN;
pub(super) const SEALED_LEN: usize = SEALED_HEADER_LEN + BODY_LEN + TAG_LEN + HASH_LEN;

impl AccountFile {
    /// The bytes of the file. Of a plain account they hold the seed.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Never grown, so that no copy of a seed is left behind.
        let mut out = Zeroizing::new(Vec::with_capacity(PLAIN_LEN.max(SEALED_LEN)));
        match self {
            Self::Plain(plain) => {
                push_intro(&mut out, PROTECTION_NONE, &plain.id);
                out.extend_from_slice(&*body_of(&plain.seed));
            }
            Self::Sealed(sealed) => {
                out.extend_from_slice(&sealed.header.to_bytes());
                out.extend_from_slice(&sealed.body);
                out.extend_from_slice(&sealed.tag);
            }
        }
        let hash = sha256(&[&out]);
        out.extend_from_slice(&hash);
        out
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`AccountFileError`] for everything that [`AccountFile::to_bytes`] does not write.
    pub fn parse(bytes: &[u8]) -> Result<Self, AccountFileError> {
        let mut fields = Fields(bytes);
        if fields.array() != Ok(*MAGIC) {
            return Err(AccountFileError::NotAnAccount);
        }
        match fields.u8() {
            Ok(VERSION) => {}
            Ok(version) => return Err(AccountFileError::Version { version }),
            Err(Short) => return Err(AccountFileError::Damaged),
        }
        let (content, hash) = bytes
            .split_last_chunk::<HASH_LEN>()
            .ok_or(AccountFileError::Damaged)?;
        if sha256(&[content]) != *hash {
            return Err(AccountFileError::Damaged);
        }
        match (fields.u8(), bytes.len()) {
            (Ok(PROTECTION_NONE), PLAIN_LEN) => parse_plain(fields),
            (Ok(PROTECTION_PASSPHRASE), SEALED_LEN) => parse_sealed(fields),
            _ => Err(AccountFileError::Nonsense),
        }
    }
}

impl From<Short> for AccountFileError {
    fn from(Short: Short) -> Self {
        Self::Nonsense
    }
}

fn parse_id(fields: &mut Fields<'_>) -> Result<AccountId, AccountFileError> {
    AccountId::from_bytes(fields.array()?).map_err(AccountFileError::Id)
}

fn parse_plain(mut fields: Fields<'_>) -> Result<AccountFile, AccountFileError> {
    let id = parse_id(&mut fields)?;
    let body = Zeroizing::new(fields.array::<BODY_LEN>()?);
    let seed = seed_of(&body).ok_or(AccountFileError::Nonsense)?;
    if Account::from_seed(&seed).id() != id {
        return Err(AccountFileError::OtherSeed);
    }
    Ok(AccountFile::Plain(PlainAccount { id, seed }))
}

fn parse_sealed(mut fields: Fields<'_>) -> Result<AccountFile, AccountFileError> {
    let id = parse_id(&mut fields)?;
    let cost = PasswordCost::new(fields.u32()?, fields.u32()?, fields.u32()?)
        .map_err(AccountFileError::Cost)?;
    let header = SealedHeader {
        id,
        cost,
        salt: fields.array()?,
        nonce: fields.array()?,
    };
    Ok(AccountFile::Sealed(SealedAccount {
        header,
        body: fields.array()?,
        tag: fields.array()?,
    }))
}

impl SealedHeader {
    /// Everything in front of the encrypted part.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEALED_HEADER_LEN);
        push_intro(&mut out, PROTECTION_PASSPHRASE, &self.id);
        for number in [
            self.cost.memory_kib(),
            self.cost.passes(),
            self.cost.lanes(),
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.nonce);
        out
    }
}

fn push_intro(out: &mut Vec<u8>, protection: u8, id: &AccountId) {
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[VERSION, protection]);
    out.extend_from_slice(&id.to_bytes());
}

/// The part that is encrypted: how many bytes of the seed count, and all 32.
pub(super) fn body_of(seed: &AccountSeed) -> Zeroizing<[u8; BODY_LEN]> {
    let mut body = Zeroizing::new([0; BODY_LEN]);
    let (len, padded) = body.split_at_mut(1);
    len.fill(match seed.dangerously_expose().len() {
        SEED_SHORT_LEN => SHORT,
        _ => LONG,
    });
    padded.copy_from_slice(seed.dangerously_expose_padded());
    body
}

/// The seed in a decrypted part, if it is one.
pub(super) fn seed_of(body: &[u8; BODY_LEN]) -> Option<AccountSeed> {
    let (&[len], padded) = body.split_first_chunk()?;
    let padded: &[u8; SEED_LONG_LEN] = padded.try_into().ok()?;
    match len {
        SHORT => {
            let (front, zeros) = padded.split_first_chunk()?;
            let filled = ct_eq(zeros, &[0; SEED_LONG_LEN - SEED_SHORT_LEN]);
            filled.then(|| AccountSeed::short(front))
        }
        LONG => Some(AccountSeed::long(padded)),
        _ => None,
    }
}
