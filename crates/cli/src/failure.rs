//! A command could not do what was asked: why, what to do, and the exit code that says which.

use core::error::Error as _;
use std::{io, path::PathBuf};

use leek_lab::scenario::ScenarioError;
use leek_report::{EXIT_ENVIRONMENT, EXIT_USAGE, escaped};

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
    /// The result could not be put into words.
    #[error("write JSON")]
    Json(#[from] serde_json::Error),
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        Self::Scenario(Box::new(error))
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
        format!("{}\n{}", escaped(&line), self.help().unwrap_or_default())
    }

    fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoRunDir { .. } => Some("help: `leek run` names it on its last line\n"),
            Self::RunDir(leek_report::Error::Io { source, .. }) if cannot_write(source) => {
                Some("help: name a directory you may write to with --out\n")
            }
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
