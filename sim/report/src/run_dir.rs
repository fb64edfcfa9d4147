//! The directory a run leaves behind. Every file appears complete or not at all.

mod pending;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use pending::PendingFile;

use crate::error::Error;
use crate::manifest::{MANIFEST_SCHEMA_VERSION, Manifest};
use crate::rows::{MessageRow, MetricRow, RequestRow};
use crate::summary::{Numbers, SUMMARY_SCHEMA_VERSION, Summary};
use crate::table::{Row, TableReader, TableWriter};
use crate::tally::Tally;

/// Name of the manifest in a run directory.
const MANIFEST: &str = "manifest.json";
/// Name of the scenario as it was given.
const SCENARIO: &str = "scenario.toml";
/// Name of the scenario with every field spelled out, in a run directory.
pub const EFFECTIVE_FILE: &str = "effective.toml";
/// Name of the trace that was replayed, in a run directory.
pub const TRACE_FILE: &str = "trace.txt";
/// Name of the summary.
const SUMMARY: &str = "summary.json";

/// Characters of a scenario's name that go into a directory's name: file systems allow 255 bytes,
/// and people read them in a listing.
const NAME_CHARS_MAX: usize = 64;
/// Numbered names tried before giving up: more runs of one seed than anybody keeps in one place.
const NAME_TRIES_MAX: u32 = 10_000;

/// The directory of one run.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Makes the directory `out`, and its parents, for a new run. An empty directory is taken as
    /// it is.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] if it holds anything, another run included; [`Error::Io`].
    pub fn create(out: &Path) -> Result<Self, Error> {
        fs::create_dir_all(out).map_err(Error::io("create run directory", out))?;
        let mut entries = fs::read_dir(out).map_err(Error::io("look into run directory", out))?;
        if entries.next().is_some() {
            return Err(Error::NotEmpty {
                path: out.to_owned(),
            });
        }
        Ok(Self {
            path: out.to_owned(),
        })
    }

    /// Makes a directory that did not exist under `parent`: [`default_name`], or that with the
    /// first number from 2 on that is free. Two processes never get the same one.
    ///
    /// # Errors
    /// [`Error::NoFreeName`], [`Error::Io`].
    pub fn create_under(parent: &Path, scenario: &str, seed: u64) -> Result<Self, Error> {
        fs::create_dir_all(parent).map_err(Error::io("create directory of runs", parent))?;
        let name = default_name(scenario, seed);
        for number in 1..=NAME_TRIES_MAX {
            let path = match number {
                1 => parent.join(&name),
                _ => parent.join(format!("{name}-{number}")),
            };
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("create run directory", &path)(error)),
            }
        }
        Err(Error::NoFreeName {
            path: parent.join(name),
            tries: NAME_TRIES_MAX,
        })
    }

    /// The directory of a run that was made before. Says nothing about what is in it.
    #[must_use]
    pub fn open(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Where it is, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the scenario, byte for byte as it was given, and with every field spelled out.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_scenario(&self, as_given: &str, effective: &str) -> Result<(), Error> {
        self.write(SCENARIO, as_given.as_bytes())?;
        self.write(EFFECTIVE_FILE, effective.as_bytes())
    }

    /// Writes the trace that was replayed, so that `effective.toml` can name it next to itself.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_trace(&self, text: &str) -> Result<(), Error> {
        self.write(TRACE_FILE, text.as_bytes())
    }

    /// Writes `manifest.json`.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Json`].
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), Error> {
        self.write_json(MANIFEST, manifest)
    }

    /// Writes the tables and counts what was written.
    ///
    /// # Errors
    /// [`Error::Tally`] for rows that contradict themselves, [`Error::Io`], [`Error::Parquet`].
    pub fn write_tables<'a>(
        &self,
        messages: impl IntoIterator<Item = &'a MessageRow>,
        requests: impl IntoIterator<Item = &'a RequestRow>,
        metrics: impl IntoIterator<Item = &'a MetricRow>,
    ) -> Result<Numbers, Error> {
        let mut tally = Tally::new();
        let wrong = Error::tally(&self.path);
        self.write_table(messages, |row| tally.message(row).map_err(&wrong))?;
        self.write_table(requests, |row| tally.request(row).map_err(&wrong))?;
        self.write_table(metrics, |row| tally.metric(row).map_err(&wrong))?;
        tally.finish().map_err(wrong)
    }

    /// Writes `summary.json`. It is the last file of a run: where it is, the run is complete.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Json`].
    pub fn write_summary(&self, summary: &Summary) -> Result<(), Error> {
        self.write_json(SUMMARY, summary)
    }

    /// Begins a table, for rows that are too many to be held at once. Count them with a
    /// [`Tally`] of your own.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Parquet`].
    pub fn table_writer<R: Row>(&self) -> Result<TableWriter<R>, Error> {
        TableWriter::create(&self.path)
    }

    /// Opens a table.
    ///
    /// # Errors
    /// [`Error::Io`] if it is not there, [`Error::Parquet`], [`Error::Version`],
    /// [`Error::Columns`] if it is not one of ours.
    pub fn table_reader<R: Row>(&self) -> Result<TableReader<R>, Error> {
        TableReader::open(&self.path)
    }

    /// Reads `summary.json`.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Json`], [`Error::Version`].
    pub fn read_summary(&self) -> Result<Summary, Error> {
        self.read_json(SUMMARY, "/schema_version", SUMMARY_SCHEMA_VERSION)
    }

    /// Reads `manifest.json`.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Json`], [`Error::Version`].
    pub fn read_manifest(&self) -> Result<Manifest, Error> {
        self.read_json(
            MANIFEST,
            "/schema_versions/manifest",
            MANIFEST_SCHEMA_VERSION,
        )
    }

    fn write_table<'a, R: Row + 'a>(
        &self,
        rows: impl IntoIterator<Item = &'a R>,
        mut count: impl FnMut(&R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut table = self.table_writer::<R>()?;
        for row in rows {
            count(row)?;
            table.push(row)?;
        }
        table.finish()
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        let path = self.path.join(name);
        let mut text = serde_json::to_vec_pretty(value).map_err(Error::json("write", &path))?;
        text.push(b'\n');
        self.write(name, &text)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path.join(name);
        let mut file = PendingFile::create(&path)?;
        file.write_all(bytes).map_err(Error::io("write", &path))?;
        file.commit()
    }

    /// The version is read first, so that a file of another version is called that.
    fn read_json<T: DeserializeOwned>(
        &self,
        name: &str,
        version_at: &str,
        supported: u32,
    ) -> Result<T, Error> {
        let path = self.path.join(name);
        let text = fs::read(&path).map_err(Error::io("read", &path))?;
        let value: serde_json::Value =
            serde_json::from_slice(&text).map_err(Error::json("read", &path))?;
        let version = value.pointer(version_at);
        if version.and_then(serde_json::Value::as_u64) != Some(u64::from(supported)) {
            let found = version.map_or_else(|| "missing".to_owned(), ToString::to_string);
            return Err(Error::Version {
                path,
                found,
                supported,
            });
        }
        serde_json::from_value(value).map_err(Error::json("read", &path))
    }
}

/// The name of a run's directory when nobody names one: `<scenario>-seed<seed>`, with everything
/// but ASCII letters, digits, `.`, `_` and `-` of the scenario's name turned into `-`.
#[must_use]
pub fn default_name(scenario: &str, seed: u64) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = scenario.chars().take(NAME_CHARS_MAX).map(safe).collect();
    // A leading dot hides the directory or climbs out of its parent, a leading dash reads as an
    // option.
    let name = name.trim_start_matches(['.', '-']);
    let name = if name.is_empty() { "run" } else { name };
    format!("{name}-seed{seed}")
}

#[cfg(test)]
mod tests;
