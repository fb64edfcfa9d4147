#![doc = include_str!("../README.md")]

mod address;
mod config;
mod control;
mod error;
mod files;
mod make;
mod net;
mod order;
mod probe;
mod process;
mod slot;
mod state;
mod status;
mod supervisor;
mod table;
mod watcher;

pub use config::{
    BASE_PORT_DEFAULT, Config, DIRECTORIES_MAX, NODES_MAX, NodeSeed, READY_WITHIN, Swarms,
};
pub use control::Control;
pub use error::NetError;
pub use files::{Wiped, supervisor_log, wipe};
pub use net::{LocalNet, NodeInfo};
pub use order::{Action, ParseTargetError, Target};
pub use process::ProcessId;
pub use state::{NetState, ProcessState};
pub use status::{Life, ProcessStatus, Role, Status};
pub use table::table;
