//! The stores against a naive model, against crashes and against damage; the conformance suite
//! against planted bugs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may unwrap and print, as tests may"
)]

mod access;
mod damage;
mod full;
mod kill;
mod naive;
mod on_disk;
mod planted;
mod process;
mod property;
mod torn;
mod world;
