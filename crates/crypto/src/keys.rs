//! Keys as types: public keys are plain values, secrets are tied to one purpose and wiped on drop.

#[cfg(feature = "fast")]
mod imported;
mod public;
mod purpose;
mod secret;
mod small_order;

#[cfg(feature = "fast")]
pub(crate) use imported::Imported;
pub use public::{EdPublic, Signature, XPublic};
pub use purpose::{AccountKey, Ephemeral, NodeKey, OnionHop, Purpose};
pub use secret::{DhSecret, RawDh, RawEd, SharedSecret, SigningKey};
pub(crate) use small_order::{SMALL_ORDER_U, SMALL_ORDER_Y};
