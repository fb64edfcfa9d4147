//! The encoding: against vectors, against the generated messages, under hostile bytes, and pinned.

mod hostile;
mod pinned;
mod refusals;
mod round_trip;
mod sample;
mod vectors;
