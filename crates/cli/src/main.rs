//! The `leek` program.

fn main() {}
