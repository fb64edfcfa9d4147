#![doc = include_str!("../README.md")]

pub mod abuse;
pub mod bench;
pub mod crash;
mod error;
mod latency;
mod mailbox;
mod open_loop;
mod proc;
mod rig;
mod table;

pub use error::LoadError;
pub use latency::Latency;
pub use rig::Place;
