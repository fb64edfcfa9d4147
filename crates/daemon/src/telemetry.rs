//! Logs: what a process says about itself while it runs, and what it never says.
//!
//! Nothing that tells who talks to whom may reach a log line: no address, account id, node id, key,
//! hash or text, at any level. Our own events carry kinds, counts, durations and statuses only.
//! Libraries follow no such rule, so theirs are off. Both hold until somebody asks for
//! [`Identifiers::Shown`], which no default, no level and no environment filter does.

mod panics;
#[cfg(test)]
mod tests;

use core::{fmt, str::FromStr};
use std::{
    env,
    io::{self, IsTerminal as _},
    sync::atomic::{AtomicBool, Ordering},
};

use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt::{MakeWriter, layer},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

pub use panics::{panic_report, report_panics};

/// What the targets of all our crates begin with; a target is a module path.
const OWN_TARGETS: &str = "leek";

/// How much is logged: everything at this level and above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What is a bug or ends the process.
    Error,
    /// What somebody should look at.
    Warn,
    /// Start, stop, and what changes rarely.
    #[default]
    Info,
    /// One line per request, without who.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// All levels, from quiet to loud.
    pub const ALL: [Self; 6] = [
        Self::Off,
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    const fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text names no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log level is one of off, error, warn, info, debug and trace")]
pub struct ParseLogLevelError;

impl FromStr for LogLevel {
    type Err = ParseLogLevelError;

    fn from_str(text: &str) -> Result<Self, ParseLogLevelError> {
        let named = |level: &Self| level.name() == text;
        Self::ALL.into_iter().find(named).ok_or(ParseLogLevelError)
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Whether logs may tell who talks to whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identifiers {
    /// Never. Targets of libraries are off, panics tell their place only.
    #[default]
    Hidden,
    /// As it comes: `--unsafe-log-identifiers`, for a network of one's own.
    Shown,
}

/// What the command line asks of the logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// How much.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
    /// Whether identifiers may be in it.
    pub identifiers: Identifiers,
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("set up logging: this process has a subscriber already")]
pub struct TelemetryError;

impl Telemetry {
    /// Sends log lines to stderr from here on, and reports panics without their words. Once per
    /// process.
    ///
    /// # Errors
    /// [`TelemetryError`] when it was done before.
    pub fn start(self) -> Result<(), TelemetryError> {
        SHOWN.store(self.identifiers == Identifiers::Shown, Ordering::Relaxed);
        let colors =
            io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Registry::default()
            .with(self.lines(io::stderr, colors))
            .try_init()
            .map_err(|_| TelemetryError)?;
        report_panics(self.identifiers);
        Ok(())
    }

    /// The layer that writes lines: filtered, in the form asked for.
    fn lines<W>(self, writer: W, colors: bool) -> Box<dyn Layer<Registry> + Send + Sync>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let filter = self.targets();
        let lines = layer().with_writer(writer).with_ansi(colors);
        match self.format {
            LogFormat::Text => lines.with_filter(filter).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).with_filter(filter).boxed(),
        }
    }

    /// Which targets speak, and from which level.
    fn targets(self) -> Targets {
        match self.identifiers {
            Identifiers::Hidden => Targets::new().with_target(OWN_TARGETS, self.level.filter()),
            Identifiers::Shown => Targets::new().with_default(self.level.filter()),
        }
    }
}

/// Whether [`Redacted`] shows what it holds. Set once, by [`Telemetry::start`].
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Something that tells who: shown in a log line only under [`Identifiers::Shown`].
///
/// ```
/// use leek_daemon::telemetry::Redacted;
/// assert_eq!(format!("{} {:?}", Redacted("192.0.2.7"), Redacted(7)), "[hidden] [hidden]");
/// ```
#[derive(Clone, Copy)]
pub struct Redacted<T>(pub T);

impl<T: fmt::Display> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, |f| self.0.fmt(f))
    }
}

impl<T: fmt::Debug> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, |f| self.0.fmt(f))
    }
}

fn show(
    f: &mut fmt::Formatter<'_>,
    inner: impl FnOnce(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if SHOWN.load(Ordering::Relaxed) {
        inner(f)
    } else {
        f.write_str("[hidden]")
    }
}
