use core::{fmt, str::FromStr};

use crate::limits::NETWORK_NAME_BYTES_MAX;

/// The name of a network: lower-case letters, digits and `-`, at most
/// [`NETWORK_NAME_BYTES_MAX`] of them.
///
/// It is signed with every descriptor and snapshot, so that those of one network mean nothing in
/// another, even where keys are used twice. The default is `local`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkName(String);

impl NetworkName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`ParseNameError`] when it is empty, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, ParseNameError> {
        let bytes = text.len();
        if bytes == 0 || bytes > NETWORK_NAME_BYTES_MAX {
            return Err(ParseNameError::Length { bytes });
        }
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match text.bytes().position(|byte| !fits(byte)) {
            Some(at) => Err(ParseNameError::Character { at }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for NetworkName {
    fn default() -> Self {
        Self("local".to_owned())
    }
}

impl FromStr for NetworkName {
    type Err = ParseNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "network:{}", self.0)
    }
}

/// A text is no name of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseNameError {
    /// Empty or too long.
    #[error("read network name: {bytes} bytes instead of 1 to {NETWORK_NAME_BYTES_MAX}")]
    Length {
        /// Bytes given.
        bytes: usize,
    },
    /// A character that no name has.
    #[error("read network name: byte {at} is no lower-case letter, digit or `-`")]
    Character {
        /// Where, counted from 0.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for good in ["a", "local", "main-2", &"x".repeat(32)] {
            assert_eq!(NetworkName::parse(good).unwrap().as_str(), good);
        }
        let length = |bytes| Err(ParseNameError::Length { bytes });
        assert_eq!(NetworkName::parse(""), length(0));
        assert_eq!(NetworkName::parse(&"x".repeat(33)), length(33));
        for bad in ["Local", "a b", "a_b", "é", "a.b", "a\0"] {
            assert!(NetworkName::parse(bad).is_err(), "{bad}");
        }
        let at = Err(ParseNameError::Character { at: 2 });
        assert_eq!(NetworkName::parse("ab.c"), at);
        assert_eq!(NetworkName::parse("local"), Ok(NetworkName::default()));
    }
}
