//! Bytes of `wire.proto` as our values.
//!
//! Written by hand: it allocates at most a small multiple of what it was given (the generated
//! messages take 70 times that for a batch of empty requests), stops at the first field that is
//! wrong, and names it. Stricter than protobuf where two readers might differ: a field given
//! twice, a number too large for its field, and groups are refused. Fields with unknown tags are
//! skipped, and order does not matter.

mod error;
mod fields;
mod reply;
mod request;

pub use error::{DecodeError, Problem};

use crate::{Request, Response, StorageReply, StorageRequest, limits};

/// Reads a request; checks every length, count and range in [`limits`].
///
/// # Errors
/// [`DecodeError`] naming the field and what is wrong with it.
pub fn decode_request(bytes: &[u8]) -> Result<Request, DecodeError> {
    check_len(bytes)?;
    request::request(bytes)
}

/// Reads a response; checks every length, count and range in [`limits`].
///
/// # Errors
/// [`DecodeError`] naming the field and what is wrong with it.
pub fn decode_response(bytes: &[u8]) -> Result<Response, DecodeError> {
    check_len(bytes)?;
    reply::response(bytes)
}

/// Reads a storage request; checks every length, count and range in [`limits`].
///
/// # Errors
/// [`DecodeError`] naming the field and what is wrong with it.
pub fn decode_storage_request(bytes: &[u8]) -> Result<StorageRequest, DecodeError> {
    check_len(bytes)?;
    request::storage_request(bytes)
}

/// Reads a storage reply; checks every length, count and range in [`limits`].
///
/// # Errors
/// [`DecodeError`] naming the field and what is wrong with it.
pub fn decode_storage_reply(bytes: &[u8]) -> Result<StorageReply, DecodeError> {
    check_len(bytes)?;
    reply::storage_reply(bytes)
}

fn check_len(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.len() > limits::BODY_BYTES_MAX {
        return Err(Problem::TooLong {
            max: limits::BODY_BYTES_MAX,
        }
        .into());
    }
    Ok(())
}
