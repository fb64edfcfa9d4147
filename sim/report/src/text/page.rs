//! Lines, paragraphs and tables with labels in front, in colour or not.

use std::fmt::Write as _;

use super::safe::{fitted, width, wrapped};

/// No line is wider.
pub(super) const COLUMNS: usize = 80;
/// Columns of the label in front of a line.
pub(super) const LABEL: usize = 12;
/// Lines one reason or failed check may take; the whole of it is in `summary.json`.
const DETAIL_LINES_MAX: usize = 4;
/// Rows of a table that are shown; all of them are in `summary.json`.
pub(super) const TABLE_ROWS_MAX: usize = 20;
/// Columns of the name in a table.
const NAME: usize = 24;

/// ANSI "select graphic rendition" parameters.
#[derive(Clone, Copy)]
pub(super) enum Paint {
    Dim,
    Green,
    Red,
    Yellow,
}

pub(super) struct Page {
    pub(super) out: String,
    pub(super) color: bool,
}

impl Page {
    pub(super) fn put(&mut self, paint: Paint, text: &str) {
        let code = match paint {
            Paint::Dim => "2",
            Paint::Green => "1;32",
            Paint::Red => "1;31",
            Paint::Yellow => "1;33",
        };
        if self.color {
            let _ = write!(self.out, "\x1b[{code}m{text}\x1b[0m");
        } else {
            self.out.push_str(text);
        }
    }

    /// A line with a label in front, or blanks where the label is empty.
    pub(super) fn line(&mut self, label: &str, text: &str) {
        self.painted_line(Paint::Dim, label, text);
    }

    /// [`Page::line`] with a label of another colour.
    pub(super) fn painted_line(&mut self, paint: Paint, label: &str, text: &str) {
        let text = text.trim_end();
        if !label.is_empty() {
            self.put(paint, label);
        }
        if !text.is_empty() {
            let gap = LABEL.saturating_sub(label.len()).max(1);
            self.out.push_str(&" ".repeat(gap));
            self.out.push_str(text);
        }
        self.out.push('\n');
    }

    pub(super) fn paragraphs(&mut self, indent: &str, texts: &[String]) {
        for text in texts {
            for line in wrapped(text, COLUMNS - LABEL - indent.len(), DETAIL_LINES_MAX) {
                self.line("", &format!("{indent}{line}"));
            }
        }
    }

    pub(super) fn table_head(&mut self, name: &str, columns: [&str; 5]) {
        let line = cells(name, columns.map(str::to_owned));
        self.put(Paint::Dim, &line);
        self.out.push('\n');
    }

    pub(super) fn table_row(&mut self, name: &str, columns: [String; 5]) {
        let line = cells(&format!("  {}", fitted(name, NAME - 2)), columns);
        self.out.push_str(&line);
        self.out.push('\n');
    }

    pub(super) fn rest_of_table(&mut self, rows: usize) {
        if let Some(more) = rows.checked_sub(TABLE_ROWS_MAX).filter(|&more| more > 0) {
            self.line("", &format!("and {more} more"));
        }
    }
}

fn cells(name: &str, columns: [String; 5]) -> String {
    let [a, b, c, d, e] = columns;
    let blanks = " ".repeat(NAME.saturating_sub(width(name)));
    format!("{name}{blanks} {a:>13} {b:>10} {c:>9} {d:>8} {e:>8}")
}
