//! Real processes: nodes, directories, local networks, and what goes wrong with them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(
    clippy::string_slice,
    reason = "a test that cuts a character in two has failed"
)]
#![expect(
    clippy::disallowed_types,
    reason = "tests take ports and ask health ports over plain sockets"
)]

mod disk;
mod local;
mod owner;
mod refusals;
mod restart;
mod service;
mod units;
