//! Paths and guards, through the public interface.

#![allow(clippy::unwrap_used, reason = "test code outside test functions")]

mod common;
mod invariants;
mod pool;
mod rules;
mod statistics;
