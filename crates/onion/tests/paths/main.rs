//! Paths and guards, through the public interface.

#![allow(clippy::unwrap_used, reason = "helpers of tests may, as tests do")]

mod common;
mod invariants;
mod pool;
mod rules;
mod statistics;
