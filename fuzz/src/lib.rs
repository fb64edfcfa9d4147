//! Finds the body of a fuzz program.

use leek_fuzz_bodies::TARGETS;

/// Runs the body of this name.
pub fn run(name: &str, data: &[u8]) {
    match TARGETS.iter().find(|target| target.name == name) {
        Some(target) => {
            (target.run)(data);
        }
        None => panic!("no target {name}"),
    }
}
