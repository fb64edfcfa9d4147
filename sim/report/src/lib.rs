#![doc = include_str!("../README.md")]

mod error;
#[cfg(test)]
mod fixture;
mod histogram;
mod manifest;
mod progress;
mod quantile;
mod recompute;
mod rows;
mod run_dir;
mod schema;
mod summary;
mod table;
mod tally;
mod text;
mod verdict;

pub use error::Error;
pub use histogram::{Bucket, Histogram};
pub use manifest::{Host, MANIFEST_SCHEMA_VERSION, Manifest};
pub use progress::Progress;
pub use quantile::nearest_rank;
pub use recompute::{Difference, recompute, verify};
pub use rows::{MessageRow, MessageVerdict, MetricRow, RequestOutcome, RequestRow, metric};
pub use run_dir::{EFFECTIVE_FILE, RunDir, TRACE_FILE, default_name};
pub use schema::{manifest_schema, summary_schema};
pub use summary::{
    Check, Cost, Delivery, Header, NO_DIGEST, Numbers, Quantiles, RequestStats,
    SUMMARY_SCHEMA_VERSION, Spread, Summary,
};
pub use table::{Row, TABLE_SCHEMA_VERSION, TableReader, TableWriter};
pub use tally::{Tally, TallyError};
pub use text::{closing_lines, escaped, last_line, render_text, reproduce_line};
pub use verdict::{EXIT_ENVIRONMENT, EXIT_USAGE, Verdict};
