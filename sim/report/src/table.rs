//! Rows in Parquet files: plain columns, one file per table, equal bytes for equal rows.

mod cells;
mod columns;
mod reader;
mod writer;

pub use cells::Row;
pub use reader::TableReader;
pub use writer::TableWriter;

/// Version of the tables' columns; it grows when a column changes its meaning or goes away.
pub const TABLE_SCHEMA_VERSION: u32 = 1;

/// Rows in a row group: readers hold this many at a time, writers too.
const ROWS_PER_GROUP: usize = 65_536;
/// Key of [`TABLE_SCHEMA_VERSION`] in the metadata of a file.
const VERSION_KEY: &str = "leek.schema_version";

#[cfg(test)]
mod tests;
