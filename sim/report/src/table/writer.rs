//! Writing a table.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::cells::Row;
use super::columns::{Buffer, Kind};
use super::{ROWS_PER_GROUP, TABLE_SCHEMA_VERSION, VERSION_KEY};
use crate::error::Error;
use crate::run_dir::PendingFile;

/// Writes rows into one table of a run directory. The file appears under its name only with
/// [`TableWriter::finish`]; dropped before, it leaves nothing behind.
pub struct TableWriter<R> {
    file: SerializedFileWriter<PendingFile>,
    target: std::path::PathBuf,
    buffers: Vec<Buffer>,
    waiting: usize,
    row: PhantomData<fn(R)>,
}

impl<R: Row> TableWriter<R> {
    pub(crate) fn create(dir: &Path) -> Result<Self, Error> {
        let target = dir.join(format!("{}.parquet", R::TABLE));
        let file = PendingFile::create(&target)?;
        let properties = WriterProperties::builder()
            // The library's default names its own version; equal rows should give equal files.
            .set_created_by("leek".to_owned())
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(vec![KeyValue::new(
                VERSION_KEY.to_owned(),
                TABLE_SCHEMA_VERSION.to_string(),
            )]))
            .build();
        let file = schema::<R>()
            .and_then(|schema| {
                SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
            })
            .map_err(Error::parquet("begin", &target))?;
        let buffers = R::COLUMNS
            .iter()
            .map(|&(_, kind)| Buffer::new(kind))
            .collect();
        Ok(Self {
            file,
            target,
            buffers,
            waiting: 0,
            row: PhantomData,
        })
    }

    /// Appends one row.
    ///
    /// # Errors
    /// [`Error::Parquet`] when a full row group could not be written.
    pub fn push(&mut self, row: &R) -> Result<(), Error> {
        let mut buffers = self.buffers.iter_mut();
        row.cells(&mut |cell| {
            let fits = buffers.next().is_some_and(|buffer| buffer.push(cell));
            assert!(
                fits,
                "the cells of table {:?} do not fit its columns",
                R::TABLE
            );
        });
        self.waiting += 1;
        if self.waiting == ROWS_PER_GROUP {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Writes what waits, makes it durable, and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Parquet`], [`Error::Io`].
    pub fn finish(mut self) -> Result<(), Error> {
        if self.waiting > 0 {
            self.flush()?;
        }
        self.file
            .into_inner()
            .map_err(Error::parquet("finish", &self.target))?
            .commit()
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.waiting = 0;
        write_group(&mut self.file, &mut self.buffers)
            .map_err(Error::parquet("write a row group of", &self.target))
    }
}

fn write_group(
    file: &mut SerializedFileWriter<PendingFile>,
    buffers: &mut [Buffer],
) -> ParquetResult<()> {
    let mut group = file.next_row_group()?;
    for buffer in buffers {
        if let Some(mut column) = group.next_column()? {
            buffer.write(&mut column)?;
            column.close()?;
        }
    }
    group.close()?;
    Ok(())
}

/// The schema of a table's file.
pub(super) fn schema<R: Row>() -> ParquetResult<Type> {
    let column = |&(name, kind): &(&str, Kind)| kind.parquet(name).map(Arc::new);
    let columns = R::COLUMNS
        .iter()
        .map(column)
        .collect::<ParquetResult<_>>()?;
    Type::group_type_builder(R::TABLE)
        .with_fields(columns)
        .build()
}
