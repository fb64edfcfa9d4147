//! The program as people and scripts use it: arguments in, streams, files and an exit code out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod docs;
mod help;
#[cfg(unix)]
mod interrupt;
mod refusals;
mod reproduce;
mod run;
mod support;
#[cfg(unix)]
mod terminal;
mod verify;
