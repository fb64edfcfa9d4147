#![doc = include_str!("../README.md")]

mod clock;
mod config;
pub mod limits;
mod machine;
mod outbox;
mod poll;
mod reply;
mod request;
mod seen;
mod swarms;

pub use config::{ClientConfig, Command, Input};
pub use machine::Client;
