//! How a run ended, and the exit code that says so.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Exit code for a command line or a scenario that could not be understood.
pub const EXIT_USAGE: u8 = 2;
/// Exit code for a machine that could not carry out the run (disk, memory, permissions).
pub const EXIT_ENVIRONMENT: u8 = 4;

/// How a run ended. Upper case in JSON and on the last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Every check passed.
    Pass,
    /// At least one check failed.
    Fail,
    /// Nothing failed, but the run did not do enough to prove anything.
    Inconclusive,
    /// Every check passed, but a threshold of the scenario was crossed.
    Breached,
    /// Stopped before its end; what is in the run directory is partial.
    Interrupted,
}

impl Verdict {
    /// The exit code of the process: 0 pass, 1 fail, 3 inconclusive, 99 breached, 130 interrupted.
    /// Codes 2 and 4 ([`EXIT_USAGE`], [`EXIT_ENVIRONMENT`]) belong to runs without a verdict.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Inconclusive => 3,
            Self::Breached => 99,
            Self::Interrupted => 130,
        }
    }

    /// The word on the last line, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Breached => "BREACHED",
            Self::Interrupted => "INTERRUPTED",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(Verdict, u8); 5] = [
        (Verdict::Pass, 0),
        (Verdict::Fail, 1),
        (Verdict::Inconclusive, 3),
        (Verdict::Breached, 99),
        (Verdict::Interrupted, 130),
    ];

    #[test]
    fn exit_codes_are_the_published_ones() {
        for (verdict, code) in ALL {
            assert_eq!(verdict.exit_code(), code, "{verdict}");
        }
        assert_eq!((EXIT_USAGE, EXIT_ENVIRONMENT), (2, 4));
    }

    #[test]
    fn json_and_text_use_the_same_word() {
        for (verdict, _) in ALL {
            let json = serde_json::to_string(&verdict).unwrap();
            assert_eq!(json, format!("\"{verdict}\""));
            assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
        }
    }
}
