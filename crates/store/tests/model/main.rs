//! The in-memory store against a naive model, and the conformance suite against planted bugs.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may unwrap, as tests may"
)]

mod naive;
mod planted;
mod property;
