//! Drives storage nodes by hand: no kernel, no driver, a store of a few lines.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside test functions"
)]

mod ack;
mod authn;
mod batch;
mod bounds;
mod cleaner;
mod delete;
mod expire;
mod facts;
mod info;
mod junk;
mod overlay;
mod pull;
mod quota;
mod rejoin;
mod relay;
mod replication;
mod retrieve;
mod store;
mod support;
