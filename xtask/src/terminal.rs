//! The two streams of the terminal. A reader that has gone away is no error: `| head` is common.

use std::io::{self, Write as _};

/// What was asked for: one line, or several, on stdout.
pub(crate) fn say(text: &str) {
    let _gone = writeln!(io::stdout().lock(), "{text}");
}

/// Everything else, on stderr.
pub(crate) fn complain(text: &str) {
    let _gone = writeln!(io::stderr().lock(), "{text}");
}
