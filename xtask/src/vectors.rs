//! `cargo xtask vectors`: runs every case of files in the layout `vectors-1`, whatever their
//! provenance, and counts per area.
//!
//! An area is what a case says it is about, such as `onion_hop`. A case passes only when all its
//! inputs were used and all its outputs compared; what cannot be compared fails. Areas without a
//! runner, and the few variants of cases that have no counterpart in this repository, count as
//! unsupported.

use std::{fs, path::PathBuf, process::ExitCode};

mod areas;
mod check;
mod file;
mod report;

#[cfg(test)]
mod tests;

pub use file::{Case, Malformed, VectorFile};
pub use report::{Counts, Failure, Report};

use crate::terminal;

/// Exit code for a file that cannot be read.
const UNREADABLE: u8 = 2;

/// Runs `files` and prints the result; see [`Report`] for the two forms.
pub(crate) fn main(files: &[PathBuf], json: bool) -> ExitCode {
    let mut report = Report::default();
    for path in files {
        let parsed = fs::read(path)
            .map_err(|e| format!("{e}\n    remedy: give the path of a vector file"))
            .and_then(|bytes| VectorFile::parse(&bytes).map_err(|e| e.to_string()));
        match parsed {
            Ok(file) => report.add(&file),
            Err(error) => {
                terminal::complain(&format!("xtask: read {}: {error}", path.display()));
                return ExitCode::from(UNREADABLE);
            }
        }
    }
    terminal::say(&if json {
        report.to_json()
    } else {
        report.to_text()
    });
    if json {
        for failure in &report.failures {
            terminal::complain(&failure.to_string());
        }
    }
    if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
