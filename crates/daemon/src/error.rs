use std::{io, path::PathBuf};

use leek_directory::ConfigError;
use leek_driver::{Fatal, StartError, ops::OpsError};
use leek_store::OpenError;

use crate::DataDirError;

/// A service did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Its directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Its database cannot be used, and was left as it is.
    #[error(transparent)]
    Messages(#[from] OpenError),
    /// What a directory must never forget cannot be read.
    #[error("{path} does not hold what this directory signed last: {what}", path = path.display())]
    Signed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// No address that others could reach.
    #[error("others cannot reach a node at {address}")]
    Unreachable {
        /// What was given.
        address: leek_identity::NodeAddress,
    },
    /// A directory cannot run like this: its key is not trusted, or a number makes no sense.
    #[error(transparent)]
    Directory(#[from] ConfigError),
    /// It cannot listen.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It cannot serve health and metrics.
    #[error(transparent)]
    Ops(#[from] OpsError),
    /// The operating system does not give what every process needs.
    #[error("{doing}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// The clock is wrong.
    #[error(
        "this machine's clock is off by {} s, say {answers} directories",
        offset_ms.unsigned_abs() / 1_000
    )]
    Clock {
        /// What to add to it, in ms.
        offset_ms: i64,
        /// Directories that said so.
        answers: u8,
        /// The `--clock-offset-ms` that would mend it.
        remedy_ms: i64,
    },
    /// It stopped working and gives up, so that nothing is acknowledged that is not stored.
    #[error(transparent)]
    Failed(#[from] Fatal),
    /// A file that must be written could not be.
    #[error("keep what this directory is about to sign")]
    Keep(#[source] DataDirError),
    /// What was to be printed at the start found no reader.
    #[error("write to standard output")]
    Output(#[source] io::Error),
}

impl ServiceError {
    /// Whether the caller can mend it by asking for something else (exit code 2); the rest is the
    /// environment (4).
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Ops(OpsError::NotLoopback(_)) => true,
            // A file on disk, not an argument.
            Self::Directory(ConfigError::State(_)) => false,
            Self::Directory(_) => true,
            _ => false,
        }
    }

    /// What to do about it, if that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::DataDir(error) | Self::Keep(error) => error.help(),
            Self::Signed { .. } | Self::Directory(ConfigError::State(_)) => Some(
                "restore the file from a backup; a directory that forgets what it signed could \
                 sign two memberships for one epoch"
                    .to_owned(),
            ),
            Self::Unreachable { .. } => {
                Some("give --listen the address that others reach this machine at".to_owned())
            }
            Self::Directory(ConfigError::NotTrusted) => Some(
                "`leek directory init` prints the URL to put into the network's file".to_owned(),
            ),
            Self::Start(StartError::Listen { cause, .. }) => listen_help(cause, "--listen"),
            Self::Ops(OpsError::Listen { cause, .. }) => listen_help(cause, "--ops"),
            Self::Ops(OpsError::NotLoopback(_)) => {
                Some("give --ops an address that begins with 127.".to_owned())
            }
            Self::Clock { remedy_ms, .. } => Some(format!(
                "set the clock (for example with chronyd or `timedatectl set-ntp true`); where \
                 that is not possible, give --clock-offset-ms {remedy_ms}"
            )),
            Self::Failed(Fatal::Storage(_)) => Some(
                "see to the disk, then start again: nothing that was acknowledged as durable is \
                 lost"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

fn listen_help(cause: &io::Error, option: &str) -> Option<String> {
    match cause.kind() {
        io::ErrorKind::AddrInUse => Some(format!(
            "end the process that has it, or give {option} another port"
        )),
        io::ErrorKind::AddrNotAvailable => Some(format!(
            "give {option} an address of this machine (`ip address` lists them)"
        )),
        io::ErrorKind::PermissionDenied => Some(format!(
            "give {option} a port above 1023, or the right to use low ones"
        )),
        _ => None,
    }
}
