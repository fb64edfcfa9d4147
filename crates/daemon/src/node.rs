//! A storage node as a process.

mod measured;
mod options;
mod run;

pub use leek_store::Synchronous;
pub use options::NodeOptions;
pub use run::{run, run_in};
