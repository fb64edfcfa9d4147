//! The interpreters: one script or one plan, run in three ways.

mod error;
mod ground;
mod processes;
mod simulated;
mod wire;

pub use error::RunError;
pub use ground::Ground;
pub use processes::{NotApplied, ProcessConfig, Processes};
pub use simulated::{script_in_simulation, script_on_stage};
pub use wire::Wire;
