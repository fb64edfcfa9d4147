//! The encoding: against vectors, against the generated messages, under hostile bytes, and pinned.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may unwrap, as tests may"
)]

mod hostile;
mod pinned;
mod refusals;
mod round_trip;
mod sample;
mod vectors;
