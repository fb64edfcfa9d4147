#![doc = include_str!("../README.md")]

mod arrive;
mod auth;
mod cleaner;
mod config;
mod flows;
mod input;
pub mod limits;
mod load;
mod local;
mod machine;
mod out;
mod overlay;
mod plan;
mod prep;
mod pull;
mod rejoin;
mod relay;
mod serve;
pub mod sign;
mod steps;
mod swarm_write;
mod writes;

pub use config::{NodeConfig, VERSION};
pub use input::NodeInput;
pub use load::NodeLoad;
pub use machine::StorageNode;
pub use prep::NodePrep;
