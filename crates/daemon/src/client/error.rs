use std::io;

use leek_client::StateError;
use leek_driver::{Fatal, Signal, StartError};
use leek_home::HomeError;

/// A session could not begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The operating system does not give what every process needs.
    #[error("{doing}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// A host did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The person's files.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The state that was kept is no client's.
    #[error(transparent)]
    State(#[from] StateError),
    /// A machine stopped.
    #[error(transparent)]
    Ended(#[from] Fatal),
    /// Messages came faster than they were taken. None is lost: they come again in a new session.
    #[error("receive messages: more of them wait than memory is set aside for")]
    Overrun,
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted(Signal),
}
