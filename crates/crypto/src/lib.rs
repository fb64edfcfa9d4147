#![doc = include_str!("../README.md")]

mod aead;
#[doc(hidden)]
pub mod conformance;
mod ct;
mod error;
pub mod hash;
mod keys;
pub mod password;
mod real;
mod sealed_box;
mod suite;

pub use aead::{Aead, AeadKey, TAG_LEN, Tag};
pub use ct::ct_eq;
pub use error::{BadSignature, BadTag, CryptoError, DhError, ParseKeyError};
pub use keys::{
    AccountKey, DhSecret, EdPublic, Ephemeral, NodeKey, OnionHop, Purpose, RawDh, RawEd,
    SharedSecret, Signature, SigningKey, XPublic,
};
pub use real::{Approved, fast, pure};
pub use sealed_box::{SEALED_BOX_OVERHEAD, open_sealed_box, seal_box, seal_box_deterministic};
pub use suite::Suite;
