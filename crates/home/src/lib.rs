#![doc = include_str!("../README.md")]

mod account;
mod bytes;
mod contacts;
mod dir;
mod error;
mod file;
mod passphrase;
mod state;

pub use account::{
    AccountFile, AccountFileError, PlainAccount, SealAccountError, SealedAccount, UnlockError,
    Unlocked,
};
pub use contacts::{CONTACT_NAME_BYTES_MAX, CONTACTS_MAX, ContactName, ContactNameError, Contacts};
pub use contacts::{ContactsError, ContactsFileError};
pub use dir::{Home, HomeLock, default_dir};
pub use error::{HomeError, Trouble};
pub use passphrase::{Passphrase, PassphraseError};
pub use state::{StateError, StateKey};
