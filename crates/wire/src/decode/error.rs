use core::fmt;

use leek_identity::{ParseAccountIdError, ParseNamespaceError};

/// Bytes are no message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    path: String,
    problem: Problem,
}

impl DecodeError {
    /// The field, from the outermost message in: `forward.batch[3].store.account`. Empty when the
    /// message as a whole is wrong.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same error seen from the message around: inside its field `name`.
    #[must_use]
    pub(super) fn within(mut self, name: &str) -> Self {
        if !self.path.is_empty() && !self.path.starts_with('[') {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, name);
        self
    }

    /// The same error seen from the list around.
    #[must_use]
    pub(super) fn at_index(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

impl From<Problem> for DecodeError {
    fn from(problem: Problem) -> Self {
        Self {
            path: String::new(),
            problem,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "message"
        } else {
            &self.path
        };
        write!(f, "decode {path}: {}", self.problem)
    }
}

impl core::error::Error for DecodeError {}

/// What is wrong with a field, and what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not protobuf: cut off, a number of more than 64 bits, or a group.
    #[error("malformed protobuf")]
    Malformed,
    /// Protobuf of another shape, such as bytes for a number.
    #[error("another wire type than the field has")]
    WireType,
    /// A field that must be there is not.
    #[error("missing")]
    Missing,
    /// A field that may be there once, or a second choice of a oneof.
    #[error("given twice")]
    Twice,
    /// Bytes of the wrong length.
    #[error("{found} bytes instead of {expected}")]
    Length {
        /// The field's length.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// Too many bytes.
    #[error("more than {max} bytes")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// Too many entries.
    #[error("more than {max} entries")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// A batch or sequence of nothing.
    #[error("no entries")]
    Empty,
    /// A number outside its range.
    #[error("{found} is outside {min} to {max}")]
    Range {
        /// The number found.
        found: u64,
        /// The smallest allowed.
        min: u64,
        /// The largest allowed.
        max: u64,
    },
    /// A number that stands for nothing, such as the unspecified 0 of an enumeration.
    #[error("{found} stands for nothing")]
    Unknown {
        /// The number found.
        found: u64,
    },
    /// Expiries are neither one for all messages nor one for each.
    #[error("{found} expiries for {messages} messages")]
    ExpiryCount {
        /// Expiries found.
        found: usize,
        /// Messages found.
        messages: usize,
    },
    /// A batch or sequence within another.
    #[error("a batch within a batch")]
    Nested,
    /// Text is not UTF-8.
    #[error("not UTF-8")]
    Text,
    /// The account.
    #[error(transparent)]
    Account(#[from] ParseAccountIdError),
    /// The namespace.
    #[error(transparent)]
    Namespace(#[from] ParseNamespaceError),
}
