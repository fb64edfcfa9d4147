#![doc = include_str!("../README.md")]

mod ci;
mod codegen;
mod command;
mod terminal;
mod tidy;
pub mod vectors;

pub use command::main;
