//! Sealing a seed under a passphrase, and opening it.

use core::fmt;

use leek_crypto::{
    Aead, Approved, Tag,
    password::{PASSWORD_SALT_LEN, PasswordCost, PasswordKey},
};
use leek_identity::{Account, AccountId, AccountSeed};
use leek_machine::Entropy;
use zeroize::Zeroizing;

use super::{
    AccountFile, SealAccountError, UnlockError, Unlocked,
    layout::{BODY_LEN, body_of, seed_of},
};
use crate::Passphrase;

const CIPHER: Aead = Aead::XChaCha20Poly1305;

/// Bytes of the nonce.
pub(super) const NONCE_LEN: usize = CIPHER.nonce_len();

/// What stands in front of the encrypted seed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SealedHeader {
    pub(super) id: AccountId,
    pub(super) cost: PasswordCost,
    pub(super) salt: [u8; PASSWORD_SALT_LEN],
    pub(super) nonce: [u8; NONCE_LEN],
}

/// An account under a passphrase. Nothing in it is secret without the passphrase.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedAccount {
    pub(super) header: SealedHeader,
    pub(super) body: [u8; BODY_LEN],
    pub(super) tag: Tag,
}

impl AccountFile {
    /// Seals `seed` under `passphrase` at `cost`, which takes as long as one guess does.
    ///
    /// # Errors
    /// [`SealAccountError`] when the memory for it is not to be had.
    pub fn seal(
        seed: &AccountSeed,
        passphrase: &Passphrase,
        cost: PasswordCost,
        suite: &Approved,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, SealAccountError> {
        let mut header = SealedHeader {
            id: Account::from_seed(seed).id(),
            cost,
            salt: [0; PASSWORD_SALT_LEN],
            nonce: [0; NONCE_LEN],
        };
        entropy.fill_bytes(&mut header.salt);
        entropy.fill_bytes(&mut header.nonce);
        let key = PasswordKey::derive(passphrase.bytes(), &header.salt, cost)
            .map_err(SealAccountError::Password)?
            .aead_key(&header.to_bytes());
        let mut body = body_of(seed);
        let tag = suite
            .suite()
            .seal(CIPHER, &key, &header.nonce, body.as_mut_slice());
        Ok(Self::Sealed(SealedAccount {
            header,
            body: *body,
            tag,
        }))
    }
}

impl SealedAccount {
    /// The account's id.
    pub const fn id(&self) -> AccountId {
        self.header.id
    }

    /// What one guess at the passphrase costs.
    pub const fn cost(&self) -> PasswordCost {
        self.header.cost
    }

    /// Opens the account.
    ///
    /// # Errors
    /// [`UnlockError`]; the file and this value stay as they are.
    pub fn unlock(
        &self,
        passphrase: &Passphrase,
        suite: &Approved,
    ) -> Result<Unlocked, UnlockError> {
        let header = &self.header;
        let key = PasswordKey::derive(passphrase.bytes(), &header.salt, header.cost)
            .map_err(UnlockError::Password)?
            .aead_key(&header.to_bytes());
        let mut body = Zeroizing::new(self.body);
        suite
            .suite()
            .open(CIPHER, &key, &header.nonce, body.as_mut_slice(), &self.tag)
            .map_err(|_| UnlockError::WrongPassphrase)?;
        let seed = seed_of(&body).ok_or(UnlockError::OtherSeed)?;
        if Account::from_seed(&seed).id() != header.id {
            return Err(UnlockError::OtherSeed);
        }
        Ok(Unlocked { seed })
    }
}

impl fmt::Debug for SealedAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedAccount({:?})", self.id())
    }
}
