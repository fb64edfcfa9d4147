//! The three kinds of columns, in memory and in a file.

use std::borrow::Cow;
use std::vec;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedColumnWriter;
use parquet::schema::types::Type;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `u32` in every row.
    U32,
    /// `u64` in every row.
    U64,
    /// `u64` or nothing.
    OptU64,
    /// UTF-8 in every row.
    Text,
}

impl Kind {
    /// The column's type in a file.
    pub(super) fn parquet(self, name: &str) -> Result<Type> {
        let unsigned = |bit_width| LogicalType::integer(bit_width, false);
        let (physical, logical, repetition) = match self {
            Self::U32 => (Physical::INT32, unsigned(32), Repetition::REQUIRED),
            Self::U64 => (Physical::INT64, unsigned(64), Repetition::REQUIRED),
            Self::OptU64 => (Physical::INT64, unsigned(64), Repetition::OPTIONAL),
            Self::Text => (
                Physical::BYTE_ARRAY,
                LogicalType::String,
                Repetition::REQUIRED,
            ),
        };
        Type::primitive_type_builder(name, physical)
            .with_logical_type(Some(logical))
            .with_repetition(repetition)
            .build()
    }
}

/// One cell on its way in or out of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// For [`Kind::U32`].
    U32(u32),
    /// For [`Kind::U64`].
    U64(u64),
    /// For [`Kind::OptU64`].
    OptU64(Option<u64>),
    /// For [`Kind::Text`].
    Text(Cow<'static, str>),
}

/// Cells of one column that wait for their row group. Integers are kept in the signed type of the
/// same width, as Parquet does; the logical type says that they are unsigned.
#[derive(Debug)]
pub(super) enum Buffer {
    U32(Vec<i32>),
    U64(Vec<i64>),
    OptU64 { values: Vec<i64>, present: Vec<i16> },
    Text(Vec<ByteArray>),
}

impl Buffer {
    pub(super) const fn new(kind: Kind) -> Self {
        match kind {
            Kind::U32 => Self::U32(Vec::new()),
            Kind::U64 => Self::U64(Vec::new()),
            Kind::OptU64 => Self::OptU64 {
                values: Vec::new(),
                present: Vec::new(),
            },
            Kind::Text => Self::Text(Vec::new()),
        }
    }

    /// Appends a cell; false if it is of another kind.
    pub(super) fn push(&mut self, cell: Cell) -> bool {
        match (self, cell) {
            (Self::U32(cells), Cell::U32(value)) => cells.push(value.cast_signed()),
            (Self::U64(cells), Cell::U64(value)) => cells.push(value.cast_signed()),
            (Self::OptU64 { values, present }, Cell::OptU64(value)) => {
                present.push(i16::from(value.is_some()));
                values.extend(value.map(u64::cast_signed));
            }
            (Self::Text(cells), Cell::Text(text)) => cells.push(ByteArray::from(&*text)),
            _ => return false,
        }
        true
    }

    /// Writes the cells as one column chunk and forgets them.
    pub(super) fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<()> {
        match self {
            Self::U32(cells) => {
                column.typed::<Int32Type>().write_batch(cells, None, None)?;
                cells.clear();
            }
            Self::U64(cells) => {
                column.typed::<Int64Type>().write_batch(cells, None, None)?;
                cells.clear();
            }
            Self::OptU64 { values, present } => {
                column
                    .typed::<Int64Type>()
                    .write_batch(values, Some(present), None)?;
                values.clear();
                present.clear();
            }
            Self::Text(cells) => {
                column
                    .typed::<ByteArrayType>()
                    .write_batch(cells, None, None)?;
                cells.clear();
            }
        }
        Ok(())
    }
}

/// The cells of one column chunk, read.
#[derive(Debug)]
pub(super) enum Chunk {
    U32(vec::IntoIter<i32>),
    U64(vec::IntoIter<i64>),
    OptU64 {
        values: vec::IntoIter<i64>,
        present: vec::IntoIter<i16>,
    },
    Text(vec::IntoIter<ByteArray>),
}

impl Chunk {
    /// Reads `rows` cells. The column must have the type of `kind`.
    pub(super) fn read(kind: Kind, column: ColumnReader, rows: usize) -> Result<Self> {
        Ok(match kind {
            Kind::U32 => Self::U32(all(get_typed_column_reader::<Int32Type>(column), rows)?),
            Kind::U64 => Self::U64(all(get_typed_column_reader::<Int64Type>(column), rows)?),
            Kind::OptU64 => {
                let mut column = get_typed_column_reader::<Int64Type>(column);
                let (mut values, mut present) = (Vec::new(), Vec::new());
                let got = column.read_records(rows, Some(&mut present), None, &mut values)?;
                expect_rows(got.0, rows)?;
                Self::OptU64 {
                    values: values.into_iter(),
                    present: present.into_iter(),
                }
            }
            Kind::Text => Self::Text(all(get_typed_column_reader::<ByteArrayType>(column), rows)?),
        })
    }

    /// The cell of the next row.
    pub(super) fn next(&mut self) -> Result<Cell> {
        let cell = match self {
            Self::U32(cells) => cells.next().map(|value| Cell::U32(value.cast_unsigned())),
            Self::U64(cells) => cells.next().map(|value| Cell::U64(value.cast_unsigned())),
            Self::OptU64 { values, present } => match present.next() {
                Some(0) => Some(Cell::OptU64(None)),
                Some(_) => values
                    .next()
                    .map(|value| Cell::OptU64(Some(value.cast_unsigned()))),
                None => None,
            },
            Self::Text(cells) => match cells.next() {
                Some(bytes) => Some(Cell::Text(Cow::Owned(bytes.as_utf8()?.to_owned()))),
                None => None,
            },
        };
        cell.ok_or_else(short)
    }
}

fn all<T: DataType>(mut column: ColumnReaderImpl<T>, rows: usize) -> Result<vec::IntoIter<T::T>> {
    let mut values = Vec::new();
    let (got, ..) = column.read_records(rows, None, None, &mut values)?;
    expect_rows(got, rows)?;
    Ok(values.into_iter())
}

fn expect_rows(got: usize, rows: usize) -> Result<()> {
    if got == rows { Ok(()) } else { Err(short()) }
}

fn short() -> ParquetError {
    ParquetError::General("a column is shorter than its row group".to_owned())
}
