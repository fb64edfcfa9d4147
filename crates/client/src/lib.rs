#![doc = include_str!("../README.md")]

mod ask;
mod clock;
mod config;
pub mod limits;
mod machine;
mod outbox;
mod poll;
mod reply;
mod request;
mod seen;
mod state;
mod swarms;

pub use ask::{Answer, Asked, Opener};
pub use config::{ClientConfig, Command, Input};
pub use machine::Client;
pub use state::{ClientState, Cursor, SeenMessage, StateError};
