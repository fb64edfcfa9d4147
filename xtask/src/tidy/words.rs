//! Text that may not be committed.

use super::{Finding, Tree};

/// What may not stand in a file, and why. Split, so that this file does not find itself.
const FORBIDDEN: [(&str, &str); 1] = [(
    concat!("/wo", "rk/"),
    "a path of one machine; name the file by its path in the repository",
)];

pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for (file, text) in tree.files() {
        for (at, line) in text.lines().enumerate() {
            for (word, why) in FORBIDDEN {
                if line.contains(word) {
                    findings.push(Finding::error(
                        "forbidden-text",
                        file,
                        at + 1,
                        format!("the line contains `{word}`"),
                        why,
                    ));
                }
            }
        }
    }
}
