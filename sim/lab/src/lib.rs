#![doc = include_str!("../README.md")]

mod actor;
mod body;
mod build;
mod cast;
mod guest;
mod judge;
mod meter;
mod model;
mod network;
mod run;
pub mod scenario;
mod shell;
mod stage;
mod witness;
mod workload;

pub use cast::{Cast, NodeSetup};
pub use judge::{Ending, Judged, PlanOutcome, judge};
pub use leek_kernel::Control;
pub use run::{Ran, run};
pub use stage::{GuestId, Stage, Staged};
pub use witness::Witness;
pub use workload::{Plan, Send as PlannedSend};
