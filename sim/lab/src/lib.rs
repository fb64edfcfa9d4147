#![doc = include_str!("../README.md")]

mod actor;
mod body;
mod build;
mod meter;
mod model;
mod network;
mod run;
pub mod scenario;
mod shell;
mod workload;

pub use leek_kernel::Control;
pub use run::{Ran, run};
