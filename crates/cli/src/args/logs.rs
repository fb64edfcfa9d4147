//! Options of commands that log.

use clap::{Args, ValueEnum};
use leek_daemon::telemetry::{Identifiers, LogFormat, LogLevel, Telemetry};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Where `--help` lists them. Of each option, since one of the group would head what follows too.
const HEADING: &str = "Logs";

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Log this much on stderr.
    #[arg(
        long,
        env = "LEEK_LOG",
        value_name = "LEVEL",
        value_enum,
        help_heading = HEADING
    )]
    log: Option<Level>,
    /// How a log line looks.
    #[arg(
        long,
        env = "LEEK_LOG_FORMAT",
        value_name = "FORM",
        value_enum,
        default_value_t = Form::Text,
        help_heading = HEADING
    )]
    log_format: Form,
    /// Let logs tell who talks to whom, and libraries log what they like.
    ///
    /// For a network of your own. Without it no line, at any level, holds an address, an account,
    /// a node, a key or a text.
    #[arg(long, help_heading = HEADING)]
    unsafe_log_identifiers: bool,
}

impl LogArgs {
    /// What they ask for; `level` when nobody says how much.
    pub(crate) fn telemetry(&self, level: LogLevel) -> Telemetry {
        Telemetry {
            level: self.log.map_or(level, Level::level),
            format: match self.log_format {
                Form::Text => LogFormat::Text,
                Form::Json => LogFormat::Json,
            },
            identifiers: if self.unsafe_log_identifiers {
                Identifiers::Shown
            } else {
                Identifiers::Hidden
            },
        }
    }
}

impl Level {
    const fn level(self) -> LogLevel {
        match self {
            Self::Off => LogLevel::Off,
            Self::Error => LogLevel::Error,
            Self::Warn => LogLevel::Warn,
            Self::Info => LogLevel::Info,
            Self::Debug => LogLevel::Debug,
            Self::Trace => LogLevel::Trace,
        }
    }
}
