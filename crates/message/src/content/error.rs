use leek_identity::ParseAccountIdError;

use super::{FieldTag, KeyLengthError};
use crate::{
    limits::{CONTENT_MAX, STORED_MAX},
    proto_scan::BadField,
};

/// Content cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Of a kind that this crate only reports.
    #[error("write content: field {} is not supported", tag.0)]
    Unsupported {
        /// The field.
        tag: FieldTag,
    },
    /// More of something than a message has.
    #[error("write content: {count} {what} are more than {max}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// More bytes than fit a stored message.
    #[error("write content: {len} bytes are more than fit a stored message ({CONTENT_MAX})")]
    TooLong {
        /// Bytes encoded.
        len: usize,
    },
}

/// Bytes are no content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// More bytes than a stored message has.
    #[error("read content: {len} bytes are more than a stored message has ({STORED_MAX})")]
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// Not a sequence of fields.
    #[error("read content: not a sequence of fields")]
    NotFields,
    /// Not the encoding of content.
    #[error("read content")]
    Malformed(#[source] prost::DecodeError),
    /// Says nothing.
    #[error("read content: it says nothing")]
    Empty,
    /// Says two things at once.
    #[error("read content: fields {} and {} exclude each other", first.0, second.0)]
    Several {
        /// One field.
        first: FieldTag,
        /// Another.
        second: FieldTag,
    },
    /// A field is absent.
    #[error("read content: no {field}")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A number stands for nothing known.
    #[error("read content: no {field} is {value}")]
    UnknownValue {
        /// The field.
        field: &'static str,
        /// Its value.
        value: i32,
    },
    /// A field does not name an account.
    #[error("read content: {field}")]
    Account {
        /// The field.
        field: &'static str,
        /// What is wrong.
        #[source]
        source: ParseAccountIdError,
    },
    /// A key has a wrong length.
    #[error("read content")]
    Key(#[from] KeyLengthError),
    /// A digest has a wrong length.
    #[error("read content: an attachment digest of {len} bytes, not 32")]
    Digest {
        /// Bytes given.
        len: usize,
    },
    /// More of something than a message has.
    #[error("read content: {count} {what} are more than {max}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
}

impl From<BadField> for ContentError {
    fn from(_: BadField) -> Self {
        Self::NotFields
    }
}
