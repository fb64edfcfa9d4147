//! The program as people and scripts use it: arguments in, streams, files and an exit code out.

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
