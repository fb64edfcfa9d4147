//! The two streams: stdout carries data, stderr talk.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
};

use crate::failure::Failure;

/// Writes to stdout.
///
/// # Errors
/// [`Failure::Output`], but not when the reader has gone (`leek list | head -1`): it has seen what
/// it wanted.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(Failure::Output),
    }
}

/// Writes to stderr. Without a stderr there is nobody to tell.
pub(crate) fn talk(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether text on stdout may have colours: on a terminal, unless `NO_COLOR` is set
/// (<https://no-color.org>) or the terminal is called dumb.
pub(crate) fn stdout_has_colors() -> bool {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !no_color && !terminal_is_dumb()
}

/// Whether a line on stderr can be drawn over.
pub(crate) fn stderr_redraws() -> bool {
    io::stderr().is_terminal() && !terminal_is_dumb()
}

/// Whether the terminal says that it cannot move its cursor.
pub(crate) fn terminal_is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}
