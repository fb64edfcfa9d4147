use core::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One process of a network. As text `node-3` and `directory-0`; a bare number is a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A directory, counted from 0.
    Directory(u16),
    /// A storage node, counted from 0.
    Node(u16),
}

impl From<u16> for Target {
    fn from(node: u16) -> Self {
        Self::Node(node)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(number) => write!(f, "directory-{number}"),
            Self::Node(number) => write!(f, "node-{number}"),
        }
    }
}

/// The text names no process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a node's number, or a name such as node-3 or directory-0")]
pub struct ParseTargetError;

impl FromStr for Target {
    type Err = ParseTargetError;

    fn from_str(text: &str) -> Result<Self, ParseTargetError> {
        let number = |digits: &str| digits.parse().map_err(|_| ParseTargetError);
        if let Some(digits) = text.strip_prefix("directory-") {
            number(digits).map(Self::Directory)
        } else {
            number(text.strip_prefix("node-").unwrap_or(text)).map(Self::Node)
        }
    }
}

/// What to do with one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// SIGKILL: as a power cut would.
    Kill,
    /// SIGTERM, and SIGKILL if it does not end in time.
    Stop,
    /// SIGSTOP: it keeps its connections and does nothing.
    Pause,
    /// SIGCONT.
    Resume,
    /// Starts it again where it was.
    Start,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_written() {
        for (text, target) in [
            ("3", Target::Node(3)),
            ("node-3", Target::Node(3)),
            ("directory-0", Target::Directory(0)),
        ] {
            assert_eq!(text.parse(), Ok(target), "{text}");
        }
        assert_eq!(Target::Node(3).to_string(), "node-3");
        assert_eq!(Target::Directory(1).to_string(), "directory-1");
        for text in [
            "",
            "node",
            "node-",
            "-1",
            "directory",
            "directory-x",
            "70000",
        ] {
            assert_eq!(text.parse::<Target>(), Err(ParseTargetError), "{text}");
        }
    }
}
