//! The conformance suite: what the deployed storage server tests against a live network (network
//! spec 5.3), as cases.

mod ack;
mod auth;
mod batch;
mod delete;
mod expire;
mod namespace;
mod onion;
mod quota;
mod retrieve;
mod store;
mod swarm;

use crate::script::Case;

/// Every case that holds on a network whose nodes have the usual limits.
pub fn conformance() -> Vec<Case> {
    [
        batch::cases(),
        retrieve::cases(),
        delete::cases(),
        expire::cases(),
        namespace::cases(),
        auth::cases(),
        store::cases(),
        swarm::cases(),
        onion::cases(),
        ack::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Cases of a network whose nodes keep [`SMALL_QUOTA_BYTES`] for one account.
pub fn small_mailboxes() -> Vec<Case> {
    quota::cases()
}

/// The quota of [`small_mailboxes`]: four messages of the largest size and a little more.
pub const SMALL_QUOTA_BYTES: u64 = 4 * leek_wire::limits::DATA_BYTES_MAX as u64 + 100;
