//! A command could not do what was asked: why, what to do, and the exit code that says which.

mod people;

use core::error::Error as _;
use std::{borrow::Cow, io, path::PathBuf};

use leek_daemon::client::SessionError;
use leek_lab::scenario::ScenarioError;
use leek_report::{EXIT_ENVIRONMENT, EXIT_USAGE, Verdict, escaped};

pub(crate) use people::PersonError;

use crate::{measure::MeasureError, render::render};

/// Why a command ended without a verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The scenario cannot be run as it stands.
    #[error(transparent)]
    Scenario(Box<ScenarioError>),
    /// The run directory cannot be written or read.
    #[error(transparent)]
    RunDir(#[from] leek_report::Error),
    /// There is no such run directory.
    #[error("{path} is not a directory", path = path.display())]
    NoRunDir {
        /// What was named.
        path: PathBuf,
    },
    /// A file of a run directory could not be read.
    #[error("read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Nobody takes the output.
    #[error("write to standard output")]
    Output(#[source] io::Error),
    /// Ctrl-C could not be caught.
    #[error("watch for Ctrl-C")]
    Signals(#[source] io::Error),
    /// What the run cost is not to be had.
    #[error("measure what the run costs")]
    Measure(#[from] MeasureError),
    /// A service did not start, or ended by itself.
    #[error(transparent)]
    Service(Box<leek_daemon::ServiceError>),
    /// A local network did not do what it should.
    #[error(transparent)]
    Net(#[from] leek_localnet::NetError),
    /// The supervisor of a detached network ended; its log says why.
    #[error("the network did not come up; its supervisor says")]
    Supervisor {
        /// Its exit code.
        code: u8,
        /// What it wrote.
        log: String,
    },
    /// Nobody confirmed that files may be removed.
    #[error("nothing was removed: nobody confirmed it")]
    NotConfirmed,
    /// This program cannot be started again as another process.
    #[error("start `leek` as another process")]
    Program(#[source] io::Error),
    /// The log cannot be set up.
    #[error(transparent)]
    Telemetry(leek_daemon::telemetry::TelemetryError),
    /// A load test could not be made.
    #[error(transparent)]
    Load(#[from] leek_load::LoadError),
    /// A scenario could not be run on real processes.
    #[error(transparent)]
    Tier(leek_tiers::runner::RunError),
    /// There is no place for temporary files.
    #[error("make a temporary directory")]
    Temporary(#[source] io::Error),
    /// A network file does not say what it should.
    #[error("{path}", path = path.display())]
    NetworkFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: leek_directory::NetworkFileError,
    },
    /// The directories given make no network.
    #[error(transparent)]
    Trust(leek_directory::TrustError),
    /// A person's files, secrets or names.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// A person's session with a network did not begin, or ended.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The result could not be put into words.
    #[error("write JSON")]
    Json(#[from] serde_json::Error),
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        Self::Scenario(Box::new(error))
    }
}

impl From<leek_tiers::runner::RunError> for Failure {
    fn from(error: leek_tiers::runner::RunError) -> Self {
        use leek_tiers::runner::RunError;
        match error {
            RunError::Scenario(error) => Self::Scenario(error),
            RunError::Net(error) => Self::Net(error),
            other => Self::Tier(other),
        }
    }
}

impl From<leek_daemon::ServiceError> for Failure {
    fn from(error: leek_daemon::ServiceError) -> Self {
        Self::Service(Box::new(error))
    }
}

impl Failure {
    /// 2 for what the caller can mend by asking for something else, 4 for the rest.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Scenario(_)
            | Self::NoRunDir { .. }
            | Self::RunDir(
                leek_report::Error::NotEmpty { .. } | leek_report::Error::NoFreeName { .. },
            ) => EXIT_USAGE,
            Self::NetworkFile { .. } | Self::Trust(_) | Self::NotConfirmed => EXIT_USAGE,
            Self::Service(error) if error.is_usage() => EXIT_USAGE,
            Self::Net(error) if error.is_usage() => EXIT_USAGE,
            Self::Net(leek_localnet::NetError::Interrupted)
            | Self::Tier(leek_tiers::runner::RunError::Interrupted) => {
                Verdict::Interrupted.exit_code()
            }
            Self::Supervisor { code, .. } => *code,
            Self::Person(error) => error.exit_code(),
            Self::Session(SessionError::Interrupted(_)) => Verdict::Interrupted.exit_code(),
            _ => EXIT_ENVIRONMENT,
        }
    }

    /// The message for people, each line with its line end.
    pub(crate) fn render(&self) -> String {
        if let Self::Scenario(error) = self {
            return render(&**error);
        }
        let mut line = format!("error: {self}");
        let mut source = self.source();
        while let Some(error) = source {
            line = format!("{line}: {error}");
            source = error.source();
        }
        let mut text = format!("{}\n", escaped(&line));
        for line in self.log().lines() {
            text += &format!("  {}\n", escaped(line));
        }
        if let Some(help) = self.help() {
            text += &format!("help: {}\n", escaped(&help));
        }
        text
    }

    /// What another process wrote before it ended.
    fn log(&self) -> &str {
        match self {
            Self::Supervisor { log, .. } => log,
            Self::Net(error) | Self::Load(leek_load::LoadError::Net(error)) => error.log(),
            _ => "",
        }
    }

    fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::NoRunDir { .. } => Some("`leek run` names it on its last line".into()),
            Self::RunDir(leek_report::Error::Io { source, .. }) if cannot_write(source) => {
                Some("name a directory you may write to with --out".into())
            }
            Self::Service(error) => error.help().map(Cow::Owned),
            Self::Net(error) => error.help().map(Cow::Borrowed),
            Self::NotConfirmed => Some("add --yes".into()),
            Self::Person(error) => error.help(),
            Self::Session(SessionError::Home(error)) => error.remedy().map(Cow::Owned),
            _ => None,
        }
    }
}

fn cannot_write(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
    matches!(
        error.kind(),
        NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem
    )
}
