//! The account file: the seed of an account, sealed under a passphrase.
//!
//! Version 1, every field of fixed length, integers little-endian:
//!
//! ```text
//! bytes  field
//!    12  "leek-account"
//!     1  version, 1
//!     1  protection: 0 none, 1 passphrase
//!    33  account id
//!        with a passphrase only:
//!     4    Argon2id memory in KiB
//!     4    Argon2id passes
//!     4    Argon2id lanes
//!    16    Argon2id salt
//!    24    XChaCha20-Poly1305 nonce
//!    33  bytes of the seed that count (16 or 32), then 32 bytes of seed; encrypted with a passphrase
//!    16  with a passphrase only: Poly1305 tag
//!    32  SHA-256 of everything before
//! ```
//!
//! Everything before the encrypted part is the associated data: it goes into the key
//! ([`PasswordKey::aead_key`](leek_crypto::password::PasswordKey::aead_key)). The hash at the end is
//! no secret; it tells a damaged file from a wrong passphrase.

mod layout;
mod sealed;
#[cfg(test)]
mod tests;

use core::fmt;
use std::sync::Arc;

use leek_crypto::password::{PasswordCostError, PasswordError};
use leek_identity::{Account, AccountId, AccountSeed, ParseAccountIdError, phrase};

use crate::state::StateKey;

pub use sealed::SealedAccount;

/// Bytes of the longest account file of any version: what is read at most.
pub(crate) const ACCOUNT_FILE_BYTES_MAX: u64 = 4_096;

/// An account as it lies on disk.
pub enum AccountFile {
    /// Without a passphrase: whoever reads the file has the account.
    Plain(PlainAccount),
    /// Under a passphrase.
    Sealed(SealedAccount),
}

impl AccountFile {
    /// An account without a passphrase.
    pub fn plain(seed: AccountSeed) -> Self {
        let id = Account::from_seed(&seed).id();
        Self::Plain(PlainAccount { id, seed })
    }

    /// The account's id. Unlocking checks it against the seed.
    pub const fn id(&self) -> AccountId {
        match self {
            Self::Plain(plain) => plain.id,
            Self::Sealed(sealed) => sealed.id(),
        }
    }
}

/// Nothing of what is inside.
impl fmt::Debug for AccountFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Plain(_) => "Plain",
            Self::Sealed(_) => "Sealed",
        };
        write!(f, "AccountFile::{name}({:?})", self.id())
    }
}

/// An account that lies open. No `Clone`, no `Debug` of its seed.
pub struct PlainAccount {
    id: AccountId,
    seed: AccountSeed,
}

impl PlainAccount {
    /// The account: nothing is asked for.
    pub fn unlock(self) -> Unlocked {
        Unlocked { seed: self.seed }
    }
}

impl fmt::Debug for PlainAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainAccount({:?})", self.id)
    }
}

/// An account in use: its seed, and what follows from it. No `Clone`, no `Debug` of its seed.
pub struct Unlocked {
    seed: AccountSeed,
}

impl Unlocked {
    /// The account's keys.
    pub fn account(&self) -> Arc<Account> {
        Arc::new(Account::from_seed(&self.seed))
    }

    /// The recovery phrase.
    pub fn phrase(&self) -> phrase::Phrase {
        phrase::encode(&self.seed)
    }

    /// The key that the client's state is kept under.
    pub fn state_key(&self) -> StateKey {
        StateKey::of(&self.seed)
    }
}

impl fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unlocked(..)")
    }
}

/// Bytes are no account file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFileError {
    /// It does not begin as one.
    #[error("it is not an account file")]
    NotAnAccount,
    /// Another version.
    #[error("it is of version {version}, and this program reads version 1")]
    Version {
        /// The version found.
        version: u8,
    },
    /// The hash at its end does not match: it was damaged or cut off.
    #[error("it is damaged: its hash does not match")]
    Damaged,
    /// The hash matches and the fields make no sense: made by another program.
    #[error("it says nothing that this program understands")]
    Nonsense,
    /// The id in it is no account id.
    #[error("its account id is none")]
    Id(#[source] ParseAccountIdError),
    /// The id in it is not that of the seed in it.
    #[error("its account id is not that of its seed")]
    OtherSeed,
    /// It asks for more work than anybody should be made to do.
    #[error("its passphrase is out of bounds")]
    Cost(#[source] PasswordCostError),
}

/// A seed could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealAccountError {
    /// Argon2 could not run.
    #[error("seal the account")]
    Password(#[source] PasswordError),
}

/// A sealed account did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The tag does not match under this passphrase. (A file changed on purpose, with its hash made
    /// anew, looks the same.)
    #[error("unlock the account: wrong passphrase")]
    WrongPassphrase,
    /// Argon2 could not run.
    #[error("unlock the account")]
    Password(#[source] PasswordError),
    /// The passphrase was right and what it sealed is no seed of this id: made by another program.
    #[error("unlock the account: what the passphrase opens is not the seed of this account")]
    OtherSeed,
}
