#![doc = include_str!("../README.md")]

pub mod conformance;
mod durable;
mod memory;

pub use durable::DurableStore;
pub use memory::MemoryStore;
