#![doc = include_str!("../README.md")]

mod bug;
mod seam;
mod seed;
mod time;

pub use seam::{Cx, Entropy, Machine, OUTPUTS_MAX};
pub use seed::{Seed, Stream, below, unit};
pub use time::{Now, Tick, Wall};
