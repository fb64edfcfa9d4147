#![doc = include_str!("../README.md")]

mod account;
mod account_id;
mod hex;
mod message_hash;
mod name;
mod namespace;
mod node;
pub mod phrase;
pub mod signed_text;

pub use account::{Account, AccountSeed, SEED_LONG_LEN, SEED_SHORT_LEN, SeedError};
pub use account_id::{ACCOUNT_ID_LEN, AccountId, ParseAccountIdError, Prefix};
pub use hex::ParseHexError;
pub use message_hash::{MESSAGE_HASH_TEXT_LEN, MessageHash, ParseMessageHashError, message_hash};
pub use name::{
    NAME_LEN_MAX, NAME_NONCE_LEN, NAME_VALUE_LEN, Name, NameError, NameHash, NameValue,
    OpenNameError, ParseNameValueError,
};
pub use namespace::{Namespace, ParseNamespaceError};
pub use node::{NodeAddress, NodeId, NodeKeys, NodeRecord, Slash24};
