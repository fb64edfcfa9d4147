//! The engine against closed forms, and against itself on other numbers of threads.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "test code, helpers outside of test functions included"
)]

mod clocks;
mod determinism;
mod hosts;
mod limits;
mod links;
mod puppet;
mod queues;
mod wakes;
