#![doc = include_str!("../README.md")]

pub mod runner;
pub mod script;
pub mod suite;
