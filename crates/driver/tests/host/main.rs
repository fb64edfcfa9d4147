//! Hosts over the public face of the crate: toy machines, in-memory streams, a paused clock.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside test functions"
)]

mod bounds;
mod calls;
mod endings;
mod losses;
mod metered;
mod toy;
mod world;
mod writes;
