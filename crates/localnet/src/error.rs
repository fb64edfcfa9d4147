use std::{io, path::PathBuf, time::Duration};

use crate::Target;

/// Something about a local network did not go as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The network asked for cannot be.
    #[error("set up a network: {what}")]
    Config {
        /// Why not.
        what: String,
    },
    /// The directory holds another network than the one asked for.
    #[error("{dir} holds another network: {what}", dir = dir.display())]
    OtherNetwork {
        /// The directory.
        dir: PathBuf,
        /// What is different.
        what: String,
    },
    /// A supervisor works here already.
    #[error("a network is up in {dir}", dir = dir.display())]
    Up {
        /// The directory.
        dir: PathBuf,
    },
    /// There is no network in this directory.
    #[error("there is no network in {dir}", dir = dir.display())]
    NoNetwork {
        /// The directory.
        dir: PathBuf,
    },
    /// The network is there, but no supervisor runs it.
    #[error("the network in {dir} is not up", dir = dir.display())]
    NotUp {
        /// The directory.
        dir: PathBuf,
    },
    /// A file or directory could not be used.
    #[error("{doing} {path}", path = path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A file of ours does not hold what it should.
    #[error("read {path}: {what}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Every range of loopback addresses belongs to a network that is up.
    #[error("every loopback range is in use")]
    NoAddresses,
    /// The range that this network has always had is in use.
    #[error("127.{block}.0.0/16 is in use by another network")]
    RangeTaken {
        /// The second octet.
        block: u8,
    },
    /// Loopback addresses cannot be used.
    #[error("listen on {address}")]
    Address {
        /// Which.
        address: std::net::SocketAddrV4,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The program does not start.
    #[error("start {program}", program = program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A process ended while the network came up.
    #[error("{target} {how} while the network came up; its log ends with")]
    Ended {
        /// Which.
        target: Target,
        /// How it ended.
        how: String,
        /// The end of its log.
        log: String,
    },
    /// The network did not get ready in time.
    #[error("the network was not ready within {after:?}: {what}")]
    NotReady {
        /// How long it was given.
        after: Duration,
        /// Who was not ready, and why.
        what: String,
    },
    /// Somebody asked to stop while the network came up.
    #[error("interrupted while the network came up")]
    Interrupted,
    /// No process of this name.
    #[error("there is no {target} in this network")]
    NoSuch {
        /// Which.
        target: Target,
    },
    /// The process does not run.
    #[error("{target} is not running")]
    NotRunning {
        /// Which.
        target: Target,
    },
    /// The process runs already.
    #[error("{target} is running already")]
    Running {
        /// Which.
        target: Target,
    },
    /// A signal could not be sent.
    #[error("signal {target}")]
    Signal {
        /// Whom.
        target: Target,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The supervisor refused or did not answer.
    #[error("ask the supervisor: {what}")]
    Control {
        /// What happened.
        what: String,
    },
    /// A thread or the network's runtime does not start.
    #[error("start the supervisor")]
    Supervisor(#[source] io::Error),
}

impl NetError {
    /// Whether the caller can mend it by asking for something else (exit code 2); the rest is the
    /// environment (4) or an interruption (130).
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Config { .. }
                | Self::OtherNetwork { .. }
                | Self::NoNetwork { .. }
                | Self::NoSuch { .. }
        )
    }

    /// What to do about it, if that is known.
    pub const fn help(&self) -> Option<&'static str> {
        match self {
            Self::OtherNetwork { .. } => Some(
                "ask for the same again, name another directory with --dir, or remove this \
                 network with `leek net down --wipe`",
            ),
            Self::Up { .. } => Some("`leek net status` shows it, `leek net down` ends it"),
            Self::NoNetwork { .. } => Some("`leek net up` makes one; --dir names its directory"),
            Self::NotUp { .. } => Some("`leek net up` starts it again"),
            Self::NoAddresses | Self::RangeTaken { .. } => {
                Some("end the other network with `leek net down --dir DIR`")
            }
            Self::NotReady { .. } => Some("the logs are in the network's directory under logs/"),
            _ => None,
        }
    }

    /// What another process wrote before it ended.
    pub fn log(&self) -> &str {
        match self {
            Self::Ended { log, .. } => log,
            _ => "",
        }
    }

    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}
