//! The status of a network while it runs: a table that is drawn over, or a line for every change.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _},
};

use leek_localnet::{Life, Status, table};

use crate::{console, failure::Failure};

/// A terminal that does not tell its size has what terminals always had.
const ROWS: usize = 24;
const COLUMNS: usize = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// A table that is drawn over.
    Table,
    /// A line for every change.
    Lines,
    Silent,
}

/// Shows a status when it differs from the one before.
pub(super) struct Live {
    style: Style,
    /// Lines on the screen that the next table covers.
    drawn: usize,
    text: String,
    lives: BTreeMap<String, Life>,
    epoch: Option<u64>,
}

impl Live {
    pub(super) fn start(silent: bool) -> Self {
        let style = if silent {
            Style::Silent
        } else if io::stdout().is_terminal() && !console::terminal_is_dumb() {
            Style::Table
        } else {
            Style::Lines
        };
        Self {
            style,
            drawn: 0,
            text: String::new(),
            lives: BTreeMap::new(),
            epoch: None,
        }
    }

    pub(super) fn show(&mut self, status: &Status) -> Result<(), Failure> {
        match self.style {
            Style::Silent => Ok(()),
            Style::Table => {
                let (rows, columns) = size();
                let text = fit(&table(status), rows, columns);
                if text == self.text {
                    return Ok(());
                }
                let drawing = self.draw(&text);
                self.text = text;
                console::data(&drawing)
            }
            Style::Lines => console::data(&self.changes(status)),
        }
    }

    /// A line of talk; a table stays above it.
    pub(super) fn say(&mut self, line: &str) {
        if self.style != Style::Silent {
            self.drawn = 0;
            self.text.clear();
            console::talk(&format!("{line}\n"));
        }
    }

    /// What draws `text` over the one before.
    fn draw(&mut self, text: &str) -> String {
        let mut out = match self.drawn {
            0 => String::new(),
            lines => format!("\x1b[{lines}A"),
        };
        for line in text.lines() {
            out += line;
            out += "\x1b[K\n";
        }
        // What the last table had below this one's end.
        out += "\x1b[J";
        self.drawn = text.lines().count();
        out
    }

    fn changes(&mut self, status: &Status) -> String {
        let mut out = String::new();
        for process in &status.processes {
            if self.lives.get(&process.name) != Some(&process.life) {
                out += &format!("{} {}\n", process.name, printable(&process.life));
                self.lives
                    .insert(process.name.clone(), process.life.clone());
            }
        }
        if status.epoch != self.epoch {
            self.epoch = status.epoch;
            if let Some(epoch) = status.epoch {
                out += &format!("epoch {epoch} lists {} nodes\n", status.listed);
            }
        }
        out
    }
}

fn printable(life: &Life) -> String {
    leek_report::escaped(&life.to_string())
}

/// The rows and columns of the terminal on stdout.
fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 0 && size.ws_col > 0 => (size.ws_row.into(), size.ws_col.into()),
        _ => (ROWS, COLUMNS),
    }
}

/// What of a table fits on a screen with a line to spare: its head, its last line, and as many in
/// between as there is room for. Lines are cut, for one that wraps could not be drawn over.
fn fit(table: &str, rows: usize, columns: usize) -> String {
    let lines: Vec<&str> = table.lines().collect();
    let room = rows.saturating_sub(1).max(3);
    let mut out = String::new();
    let mut add = |line: &str| {
        out.extend(line.chars().take(columns));
        out.push('\n');
    };
    if lines.len() <= room {
        lines.iter().for_each(|line| add(line));
        return out;
    }
    let shown = room - 2;
    lines[..shown].iter().for_each(|line| add(line));
    add(&format!("... and {} more", lines.len() - 1 - shown));
    add(lines[lines.len() - 1]);
    out
}

#[cfg(test)]
mod tests {
    use leek_localnet::{ProcessStatus, Role};

    use super::*;

    fn live(style: Style) -> Live {
        Live {
            style,
            drawn: 0,
            text: String::new(),
            lives: BTreeMap::new(),
            epoch: None,
        }
    }

    fn status(life: Life) -> Status {
        Status {
            up: true,
            epoch: Some(2),
            listed: 1,
            processes: vec![ProcessStatus {
                name: "node-0".to_owned(),
                role: Role::Node,
                number: 0,
                id: String::new(),
                address: String::new(),
                ops: None,
                pid: None,
                life,
                swarm: None,
                messages: None,
                bytes: None,
                requests: None,
            }],
        }
    }

    #[test]
    fn a_log_gets_a_line_for_every_change() {
        let mut live = live(Style::Lines);
        let first = live.changes(&status(Life::Starting));
        assert_eq!(first, "node-0 starting\nepoch 2 lists 1 nodes\n");
        assert_eq!(live.changes(&status(Life::Starting)), "");
        let why = "\x1b[2J".to_owned();
        let hostile = live.changes(&status(Life::NotReady { why }));
        assert!(!hostile.contains('\x1b'), "{hostile:?}");
        assert_eq!(live.changes(&status(Life::Ready)), "node-0 ready\n");
    }

    #[test]
    fn a_terminal_gets_a_table_over_the_last_one() {
        let mut live = live(Style::Table);
        assert_eq!(live.draw("a\nb\n"), "a\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(live.draw("c\n"), "\x1b[2Ac\x1b[K\n\x1b[J");
        live.drawn = 0;
        assert_eq!(live.draw("d\n"), "d\x1b[K\n\x1b[J");
    }

    #[test]
    fn a_table_fits_the_screen() {
        let table = "head\n1\n2\n3\n4\n5\nlast\n";
        assert_eq!(fit(table, 8, 80), table);
        assert_eq!(fit(table, 6, 80), "head\n1\n2\n... and 3 more\nlast\n");
        assert_eq!(fit("long line\n", 8, 4), "long\n");
        assert_eq!(fit(table, 0, 80), "head\n... and 5 more\nlast\n");
    }
}
