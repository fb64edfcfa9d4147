//! Tests of the whole crate, by way of its public interface.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
mod properties;
mod support;
mod vectors;
