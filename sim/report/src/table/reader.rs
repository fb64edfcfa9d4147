//! Reading a table back.

use std::fs::File;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::cells::{BadCell, Row};
use super::columns::Chunk;
use super::writer::schema;
use super::{TABLE_SCHEMA_VERSION, VERSION_KEY};
use crate::error::Error;

/// Reads one table of a run directory, a row group at a time.
pub struct TableReader<R> {
    file: SerializedFileReader<File>,
    path: PathBuf,
    next_group: usize,
    row: PhantomData<fn() -> R>,
}

impl<R: Row> TableReader<R> {
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(format!("{}.parquet", R::TABLE));
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        let file = SerializedFileReader::new(file).map_err(Error::parquet("open", &path))?;
        let about = file.metadata().file_metadata();
        let version = about
            .key_value_metadata()
            .and_then(|pairs| pairs.iter().find(|pair| pair.key == VERSION_KEY))
            .and_then(|pair| pair.value.clone());
        if version.as_deref() != Some(&*TABLE_SCHEMA_VERSION.to_string()) {
            let found = version.unwrap_or_else(|| "missing".to_owned());
            return Err(Error::Version {
                path,
                found,
                supported: TABLE_SCHEMA_VERSION,
            });
        }
        let expected = schema::<R>().map_err(Error::parquet("open", &path))?;
        if *about.schema() != expected {
            return Err(Error::Columns {
                path,
                table: R::TABLE,
            });
        }
        Ok(Self {
            file,
            path,
            next_group: 0,
            row: PhantomData,
        })
    }

    /// The next rows, at most a row group of them; `None` after the last.
    ///
    /// # Errors
    /// [`Error::Parquet`] for a damaged file, [`Error::Cell`] for a word outside its vocabulary.
    pub fn next_rows(&mut self) -> Result<Option<Vec<R>>, Error> {
        if self.next_group == self.file.num_row_groups() {
            return Ok(None);
        }
        let rows = self
            .read_group(self.next_group)
            .map_err(|failure| match failure {
                Failure::Parquet(source) => Error::Parquet {
                    doing: "read",
                    path: self.path.clone(),
                    source,
                },
                Failure::Cell((column, value)) => Error::Cell {
                    path: self.path.clone(),
                    column,
                    value,
                },
            })?;
        self.next_group += 1;
        Ok(Some(rows))
    }

    /// Every row that is left, in one list.
    ///
    /// # Errors
    /// As [`TableReader::next_rows`].
    pub fn read_to_end(mut self) -> Result<Vec<R>, Error> {
        let mut all = Vec::new();
        while let Some(rows) = self.next_rows()? {
            all.extend(rows);
        }
        Ok(all)
    }

    fn read_group(&self, group: usize) -> Result<Vec<R>, Failure> {
        let group = self.file.get_row_group(group)?;
        let rows = usize::try_from(group.metadata().num_rows())
            .map_err(|_| ParquetError::General("a row group has no length".to_owned()))?;
        let mut chunks = R::COLUMNS
            .iter()
            .enumerate()
            .map(|(i, &(_, kind))| Chunk::read(kind, group.get_column_reader(i)?, rows))
            .collect::<ParquetResult<Vec<_>>>()?;
        (0..rows)
            .map(|_| {
                let mut chunks = chunks.iter_mut();
                R::from_cells(&mut || match chunks.next() {
                    Some(chunk) => Ok(chunk.next()?),
                    None => Err(Failure::Cell(("", "no such column".to_owned()))),
                })
            })
            .collect()
    }
}

enum Failure {
    Parquet(ParquetError),
    Cell(BadCell),
}

impl From<ParquetError> for Failure {
    fn from(source: ParquetError) -> Self {
        Self::Parquet(source)
    }
}

impl From<BadCell> for Failure {
    fn from(cell: BadCell) -> Self {
        Self::Cell(cell)
    }
}
