//! How each kind of row is laid out in columns.

use std::borrow::Cow;

use super::columns::{Cell, Kind};
use crate::rows::{MessageRow, MessageVerdict, MetricRow, RequestOutcome, RequestRow};

/// A row of one of the tables of a run directory.
pub trait Row: Cells {}

impl<R: Cells> Row for R {}

/// Column of a cell that holds no word of its vocabulary, and what it holds.
pub(super) type BadCell = (&'static str, String);

pub(super) mod sealed {
    use super::{BadCell, Cell, Kind};

    /// Layout of a row; sealed, because the tables of a run directory are a published format.
    pub trait Cells: Sized {
        /// Name of the table; its file is `<name>.parquet`.
        const TABLE: &'static str;
        /// Names and kinds of the columns, in file order.
        const COLUMNS: &'static [(&'static str, Kind)];
        /// Hands out one cell per column, in order.
        fn cells(&self, put: &mut impl FnMut(Cell));
        /// Takes one cell per column, in order.
        fn from_cells<E: From<BadCell>>(
            take: &mut impl FnMut() -> Result<Cell, E>,
        ) -> Result<Self, E>;
    }
}

use sealed::Cells;

impl Cells for MessageRow {
    const TABLE: &'static str = "messages";
    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("id", Kind::U64),
        ("from", Kind::U32),
        ("to", Kind::U32),
        ("size_bytes", Kind::U32),
        ("due_ns", Kind::U64),
        ("accepted_ns", Kind::OptU64),
        ("delivered_ns", Kind::OptU64),
        ("deliveries", Kind::U32),
        ("attempts", Kind::U32),
        ("verdict", Kind::Text),
    ];

    fn cells(&self, put: &mut impl FnMut(Cell)) {
        put(Cell::U64(self.id));
        put(Cell::U32(self.from));
        put(Cell::U32(self.to));
        put(Cell::U32(self.size_bytes));
        put(Cell::U64(self.due_ns));
        put(Cell::OptU64(self.accepted_ns));
        put(Cell::OptU64(self.delivered_ns));
        put(Cell::U32(self.deliveries));
        put(Cell::U32(self.attempts));
        put(Cell::Text(Cow::Borrowed(self.verdict.as_str())));
    }

    fn from_cells<E: From<BadCell>>(take: &mut impl FnMut() -> Result<Cell, E>) -> Result<Self, E> {
        Ok(Self {
            id: u64_cell(take()?, "id")?,
            from: u32_cell(take()?, "from")?,
            to: u32_cell(take()?, "to")?,
            size_bytes: u32_cell(take()?, "size_bytes")?,
            due_ns: u64_cell(take()?, "due_ns")?,
            accepted_ns: opt_cell(take()?, "accepted_ns")?,
            delivered_ns: opt_cell(take()?, "delivered_ns")?,
            deliveries: u32_cell(take()?, "deliveries")?,
            attempts: u32_cell(take()?, "attempts")?,
            verdict: word(
                take()?,
                "verdict",
                &MessageVerdict::ALL,
                MessageVerdict::as_str,
            )?,
        })
    }
}

impl Cells for RequestRow {
    const TABLE: &'static str = "requests";
    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("kind", Kind::Text),
        ("started_ns", Kind::U64),
        ("ended_ns", Kind::U64),
        ("bytes_up", Kind::U64),
        ("bytes_down", Kind::U64),
        ("hops", Kind::U32),
        ("outcome", Kind::Text),
    ];

    fn cells(&self, put: &mut impl FnMut(Cell)) {
        put(Cell::Text(self.kind.clone()));
        put(Cell::U64(self.started_ns));
        put(Cell::U64(self.ended_ns));
        put(Cell::U64(self.bytes_up));
        put(Cell::U64(self.bytes_down));
        put(Cell::U32(self.hops));
        put(Cell::Text(Cow::Borrowed(self.outcome.as_str())));
    }

    fn from_cells<E: From<BadCell>>(take: &mut impl FnMut() -> Result<Cell, E>) -> Result<Self, E> {
        Ok(Self {
            kind: text_cell(take()?, "kind")?,
            started_ns: u64_cell(take()?, "started_ns")?,
            ended_ns: u64_cell(take()?, "ended_ns")?,
            bytes_up: u64_cell(take()?, "bytes_up")?,
            bytes_down: u64_cell(take()?, "bytes_down")?,
            hops: u32_cell(take()?, "hops")?,
            outcome: word(
                take()?,
                "outcome",
                &RequestOutcome::ALL,
                RequestOutcome::as_str,
            )?,
        })
    }
}

impl Cells for MetricRow {
    const TABLE: &'static str = "metrics";
    const COLUMNS: &'static [(&'static str, Kind)] = &[
        ("name", Kind::Text),
        ("kind", Kind::Text),
        ("value", Kind::U64),
    ];

    fn cells(&self, put: &mut impl FnMut(Cell)) {
        put(Cell::Text(self.name.clone()));
        put(Cell::Text(self.kind.clone()));
        put(Cell::U64(self.value));
    }

    fn from_cells<E: From<BadCell>>(take: &mut impl FnMut() -> Result<Cell, E>) -> Result<Self, E> {
        Ok(Self {
            name: text_cell(take()?, "name")?,
            kind: text_cell(take()?, "kind")?,
            value: u64_cell(take()?, "value")?,
        })
    }
}

fn u32_cell(cell: Cell, column: &'static str) -> Result<u32, BadCell> {
    if let Cell::U32(value) = cell {
        Ok(value)
    } else {
        Err(other_kind(cell, column))
    }
}

fn u64_cell(cell: Cell, column: &'static str) -> Result<u64, BadCell> {
    if let Cell::U64(value) = cell {
        Ok(value)
    } else {
        Err(other_kind(cell, column))
    }
}

fn opt_cell(cell: Cell, column: &'static str) -> Result<Option<u64>, BadCell> {
    if let Cell::OptU64(value) = cell {
        Ok(value)
    } else {
        Err(other_kind(cell, column))
    }
}

fn text_cell(cell: Cell, column: &'static str) -> Result<Cow<'static, str>, BadCell> {
    if let Cell::Text(text) = cell {
        Ok(text)
    } else {
        Err(other_kind(cell, column))
    }
}

fn word<W: Copy>(
    cell: Cell,
    column: &'static str,
    all: &[W],
    as_str: fn(W) -> &'static str,
) -> Result<W, BadCell> {
    let text = text_cell(cell, column)?;
    let found = all.iter().copied().find(|&word| as_str(word) == text);
    found.ok_or_else(|| (column, text.into_owned()))
}

#[expect(clippy::needless_pass_by_value, reason = "the last use of the cell")]
fn other_kind(cell: Cell, column: &'static str) -> BadCell {
    (column, format!("{cell:?}"))
}
