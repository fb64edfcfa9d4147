//! x
use std::{path::PathBuf, process::ExitCode};
pub(crate) fn main(_files: &[PathBuf], _json: bool) -> ExitCode { ExitCode::SUCCESS }
