#![doc = include_str!("../README.md")]

mod accept;
mod book;
mod caller;
mod calls;
mod clock;
mod codec;
mod dialer;
mod drive;
mod entropy;
mod host;
mod limits;
mod meters;
mod network;
pub mod ops;
mod refusal;
mod rpc;
mod runtime;
mod service;
mod storage;
mod tls;
mod workers;

pub use accept::Traffic;
pub use caller::{CallError, Caller, CallerConfig, Held};
pub use clock::Clock;
pub use entropy::SystemEntropy;
pub use host::{Fatal, Host, HostConfig, Load, StartError, TellError, host, host_knowing};
pub use limits::Limits;
pub use network::{ByteStream, Listener, Memory, Network, Pending, Stream, Tcp};
pub use runtime::{Runtime, Signal, Stop, sleep};
pub use storage::{Durable, NoStorage, Storage};
pub use tls::Identity;
