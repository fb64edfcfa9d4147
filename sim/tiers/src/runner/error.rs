use std::{io, path::PathBuf};

use leek_driver::{Fatal, StartError, TellError};
use leek_lab::scenario::ScenarioError;
use leek_localnet::NetError;

/// A script or a plan could not be run on the driver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The scenario asks for what a real network cannot do, or cannot be drawn.
    #[error(transparent)]
    Scenario(Box<ScenarioError>),
    /// The system gives no threads or no event queue.
    #[error("start the runtime")]
    Runtime(#[source] io::Error),
    /// A host did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A host ended by itself.
    #[error("a host of the run ended")]
    Ended(#[source] Option<Fatal>),
    /// A client could not be told what to send.
    #[error("tell a client what to send")]
    Tell(#[from] TellError),
    /// The network of processes did what it should not.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The file that names the directories is not there, or is no such file.
    #[error("read {path}: {why}", path = path.display())]
    NetworkFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No directory gave a membership that holds.
    #[error("ask the directories for the membership: none gave one that holds")]
    NoMembership,
    /// Somebody asked to stop before the network was up.
    #[error("stopped before the network was up")]
    Interrupted,
}

impl From<ScenarioError> for RunError {
    fn from(error: ScenarioError) -> Self {
        Self::Scenario(Box::new(error))
    }
}
