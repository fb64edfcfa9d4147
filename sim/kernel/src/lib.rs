#![doc = include_str!("../README.md")]

mod actor;
mod calendar;
mod clock;
mod config;
mod counters;
mod digest;
mod draw;
mod effects;
mod event;
mod host;
mod link;
mod net;
mod parcel;
mod pipe;
mod run;
mod shard;
mod shared;
mod slab;
mod wake;

pub use actor::{Actor, ActorCx, ActorId, Body, MESSAGE_BYTES_MAX};
pub use clock::{Clock, DRIFT_PPM_MAX};
pub use config::{ACTORS_MAX, Config, ConfigError, HostConfig};
pub use counters::Counters;
pub use digest::{Digest, Digester, Shape};
pub use link::{Cut, Jitter, LATENCY_NS_MAX, Latency, Links};
pub use pipe::{Pipe, RATE_BITS_PER_S_MAX};
pub use run::{Control, Ended, Kernel, Outcome, PostError, Progress};
pub use shared::{SHARED_WAITING_MAX, SharedLink};
