#![doc = include_str!("../README.md")]

pub mod client;
mod data_dir;
pub mod directory;
mod disk;
mod error;
mod follow;
mod health;
pub mod node;
mod notice;
mod parent;
mod service;
pub mod telemetry;

pub use data_dir::{DataDir, DataDirError, KeySeed};
pub use error::ServiceError;
pub use notice::{Notice, ServiceRole};
pub use parent::die_with_parent;
pub use service::{Process, Say};
