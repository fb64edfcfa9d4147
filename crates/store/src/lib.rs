#![doc = include_str!("../README.md")]

pub mod conformance;
mod memory;
mod sqlite;

pub use leek_wire::DurableStore;
pub use memory::MemoryStore;
pub use sqlite::{OpenError, Opened, SqliteStore, StoreConfig, Synchronous};
