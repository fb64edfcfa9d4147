//! A person's client as a process: the client machine and a directory follower over the driver,
//! with a blocking interface, and state that survives.

mod board;
mod config;
mod error;
mod hosts;
mod keeper;
mod session;

pub use board::{Progress, SendEnd};
pub use config::{POOL_MIN, Receiving, SessionConfig};
pub use error::SessionError;
pub use session::{CaughtUp, ClientSession, Sent};
