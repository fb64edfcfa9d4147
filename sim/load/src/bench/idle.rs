use std::{net::Ipv4Addr, thread, time::Duration};

use leek_client::Answer;
use leek_driver::Caller;
use leek_identity::NodeRecord;
use leek_wire::StorageRequest;
use serde::Serialize;

use crate::{LoadError, proc::Usage, rig::Rig};

/// Connections from one source: below what a node takes from one prefix.
const EACH_SOURCE: u32 = 50;
/// How long they must stand.
const STAND: Duration = Duration::from_secs(5);

/// What idle connections cost a node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdleCost {
    /// TLS connections asked for.
    pub wanted: u32,
    /// Those over which the node answered once.
    pub opened: u32,
    /// Those that still stood after five seconds.
    pub held: u32,
    /// Growth of the node's resident memory, for each.
    pub bytes_each: u64,
    /// The node's open descriptors while it held them.
    pub descriptors: u64,
    /// Whether the node answered a request meanwhile.
    pub answers: bool,
}

/// Opens `wanted` connections from as many prefixes as that takes, asks one thing over each, and
/// waits. The node's own descriptors say how many stand: a caller that lost its connection would
/// quietly make another.
pub(super) fn hold(
    rig: &Rig,
    node: &NodeRecord,
    pid: u32,
    wanted: u32,
) -> Result<IdleCost, LoadError> {
    let before = Usage::of(pid)?;
    let mut callers: Vec<Caller> = Vec::new();
    for number in 0..wanted {
        let [_, _, high, low] = (number / EACH_SOURCE).to_be_bytes();
        // A /24 of its own for each source: 127.100.0.1, 127.100.1.1, ...
        let caller = rig.caller_from(Ipv4Addr::new(127, 100 + high, low, 1));
        if let Answer::Reply(_) = rig.ask_over(&caller, node, &StorageRequest::Info)? {
            callers.push(caller);
        }
    }
    thread::sleep(STAND);
    let during = Usage::of(pid)?;
    let held = during.descriptors.saturating_sub(before.descriptors);
    let answers = matches!(rig.ask(node, &StorageRequest::Info)?, Answer::Reply(_));
    let opened = u32::try_from(callers.len()).unwrap_or(u32::MAX);
    let grown = during.rss_bytes.saturating_sub(before.rss_bytes);
    Ok(IdleCost {
        wanted,
        opened,
        held: u32::try_from(held).unwrap_or(u32::MAX).min(opened),
        bytes_each: grown / u64::from(opened.max(1)),
        descriptors: during.descriptors,
        answers,
    })
}
