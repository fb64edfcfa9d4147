use core::{net::SocketAddrV4, time::Duration};
use std::path::PathBuf;

use leek_directory::Trust;
use leek_identity::NodeAddress;
use leek_store::Synchronous;

/// How a storage node runs.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Where its key, its messages and the membership it knows are.
    pub data_dir: PathBuf,
    /// Where it listens, and what it announces. Port 0 takes a free one.
    pub listen: NodeAddress,
    /// Where it serves health and metrics: a loopback address. Port 0 takes a free one.
    pub ops: SocketAddrV4,
    /// Whose word on the membership counts.
    pub trust: Trust,
    /// Bytes of messages after which new ones are refused.
    pub store_bytes_max: u64,
    /// Bytes of messages of one account after which new ones for it are refused.
    pub account_bytes_max: u64,
    /// Bytes of requests and answers that the clients of one /24 network may move each second
    /// (`leek_driver::Limits::bytes_per_prefix_s`).
    pub client_bytes_per_s: u64,
    /// Free space that the disk must have, in bytes.
    pub min_free: u64,
    /// What a commit waits for.
    pub sync: Synchronous,
    /// How long a batch waits for others that commit with it.
    pub group_commit: Duration,
    /// Milliseconds to add to the system's clock.
    pub clock_offset_ms: i64,
}
