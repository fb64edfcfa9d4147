//! The program as people and scripts use it: arguments in, streams, files and an exit code out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(
    clippy::string_slice,
    reason = "a test that cuts a character in two has failed"
)]
#![expect(clippy::disallowed_types, reason = "a port is taken to be found taken")]

#[cfg(unix)]
mod account;
#[cfg(unix)]
mod contacts;
mod docs;
#[cfg(unix)]
mod doctor;
mod help;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod messages;
#[cfg(target_os = "linux")]
mod prompts;
mod refusals;
mod reproduce;
mod run;
mod support;
#[cfg(unix)]
mod terminal;
#[cfg(target_os = "linux")]
mod transcript;
mod verify;
