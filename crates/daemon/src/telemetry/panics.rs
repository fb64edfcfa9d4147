//! Panics: where, and not what about.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, Write as _},
    panic::{self, PanicHookInfo},
    thread,
};

use super::Identifiers;

/// From here on a panic of any thread is reported on stderr by its place; its message, which may
/// hold anything, only under [`Identifiers::Shown`]. The backtrace (names of functions, when
/// `RUST_BACKTRACE` asks for it) is kept.
pub fn report_panics(identifiers: Identifiers) {
    panic::set_hook(Box::new(move |info| {
        let name = thread::current().name().unwrap_or("unnamed").to_owned();
        let mut text = panic_report(info, &name, identifiers);
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            text.push_str(&format!("{trace}\n"));
        }
        // Without a stderr there is nobody to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }));
}

/// What is said about a panic of `thread`: lines with their ends.
pub fn panic_report(info: &PanicHookInfo<'_>, thread: &str, identifiers: Identifiers) -> String {
    let place = info.location().map_or_else(
        || "an unknown place".to_owned(),
        |at| format!("{}:{}:{}", at.file(), at.line(), at.column()),
    );
    let head = format!("error: defect in Leek: thread '{thread}' stopped at {place}\n");
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    match (identifiers, message) {
        (Identifiers::Hidden, _) => {
            head + "help: please report it; --unsafe-log-identifiers shows the message too, \
                    which may tell who talks to whom\n"
        }
        (Identifiers::Shown, Some(message)) => format!("{head}message: {message}\n"),
        (Identifiers::Shown, None) => head,
    }
}
