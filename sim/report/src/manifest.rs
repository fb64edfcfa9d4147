//! `manifest.json`: which build ran what, on which machine, under which limits.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SUMMARY_SCHEMA_VERSION, TABLE_SCHEMA_VERSION};

/// Version of `manifest.json`; it grows when a field changes its meaning or goes away.
pub const MANIFEST_SCHEMA_VERSION: u32 = 1;

/// Everything needed to know what a run directory is and to run it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Version of each kind of file in the directory: `manifest`, `summary`, `tables`.
    pub schema_versions: BTreeMap<String, u32>,
    /// Version of Leek.
    pub tool_version: String,
    /// Source commit of the build, when the build knew it.
    pub commit: Option<String>,
    /// Compiler of the build.
    pub rustc: String,
    /// Name of the scenario.
    pub scenario: String,
    /// SHA-256, hex, of `effective.toml` without its `seed` line, followed by `trace.txt` if there
    /// is one: equal for runs that differ in nothing but their seed.
    pub scenario_hash: String,
    /// Root seed of the run.
    pub seed: u64,
    /// Digest of everything that happened, 16 hex digits.
    pub digest: String,
    /// Digest of times, kinds and sizes only, 16 hex digits.
    pub shape: String,
    /// The machine that ran it.
    pub host: Host,
    /// Limits in force (names as in the sources, lower case), each in the unit its name says.
    pub limits: BTreeMap<String, u64>,
    /// Worker threads used.
    pub threads: u32,
    /// When the run started, seconds since the Unix epoch.
    pub started_unix_s: u64,
}

/// The machine a run was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Processors available to the process.
    pub cpus: u32,
    /// Operating system, as Rust names it (`linux`).
    pub os: String,
    /// Processor architecture, as Rust names it (`x86_64`).
    pub arch: String,
}

impl Host {
    /// The machine this process runs on.
    #[must_use]
    pub fn current() -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, |n| n.get());
        Self {
            cpus: u32::try_from(cpus).unwrap_or(u32::MAX),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
        }
    }
}

impl Manifest {
    /// The versions this build writes, for [`Manifest::schema_versions`].
    #[must_use]
    pub fn current_schema_versions() -> BTreeMap<String, u32> {
        [
            ("manifest", MANIFEST_SCHEMA_VERSION),
            ("summary", SUMMARY_SCHEMA_VERSION),
            ("tables", TABLE_SCHEMA_VERSION),
        ]
        .map(|(name, version)| (name.to_owned(), version))
        .into()
    }
}
