//! What can go wrong with a run directory.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

use crate::tally::TallyError;

/// Writing or reading a run directory failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{doing} {path}", path = path.display())]
    Io {
        /// The step that failed.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The directory holds something already; runs are never mixed or overwritten.
    #[error(
        "create run directory {path}: it is not empty; name another directory, or remove this one",
        path = path.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// Every numbered name was taken.
    #[error(
        "create run directory {path}: that name and its numbers up to {tries} are taken; \
         remove old runs, or name another directory",
        path = path.display()
    )]
    NoFreeName {
        /// The first name tried.
        path: PathBuf,
        /// How many names were tried.
        tries: u32,
    },
    /// A JSON file could not be read or written.
    #[error("{doing} {path}", path = path.display())]
    Json {
        /// The step that failed.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// The file was written by a Leek with another idea of it.
    #[error(
        "read {path}: its schema version is {found}, this build reads {supported}",
        path = path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: String,
        /// Version this build reads.
        supported: u32,
    },
    /// A Parquet file could not be read or written.
    #[error("{doing} {path}", path = path.display())]
    Parquet {
        /// The step that failed.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the Parquet library said.
        #[source]
        source: ParquetError,
    },
    /// The columns are not the ones this table has.
    #[error("read {path}: its columns are not those of table {table:?}", path = path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// The table it should hold.
        table: &'static str,
    },
    /// A cell holds a word outside the vocabulary of its column.
    #[error("read {path}: column {column:?} holds {value:?}", path = path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// The rows contradict themselves or are too few.
    #[error("make the summary of {path}", path = path.display())]
    Tally {
        /// The run directory.
        path: PathBuf,
        /// The contradiction.
        #[source]
        source: TallyError,
    },
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn json(doing: &'static str, path: &Path) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn parquet(doing: &'static str, path: &Path) -> impl FnOnce(ParquetError) -> Self {
        move |source| Self::Parquet {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn tally(path: &Path) -> impl Fn(TallyError) -> Self {
        move |source| Self::Tally {
            path: path.to_owned(),
            source,
        }
    }
}
