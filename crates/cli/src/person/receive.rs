//! `leek receive`.

use core::time::Duration;
use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
    time::Instant,
};

use leek_daemon::client::{CaughtUp, ClientSession, Progress, Receiving, SessionError};
use leek_home::Contacts;
use leek_report::Verdict;
use leek_wire::{AckLevel, Delivered};

use super::{
    session::{Begun, begin, why},
    shown,
};
use crate::{args::ReceiveArgs, console, failure::Failure};

/// How long to wait for a message before looking whether all have come.
const LOOK: Duration = Duration::from_millis(200);

/// Why it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Everything has come.
    Done,
    /// Nobody reads what is written.
    NoReader,
    /// No node answered in time.
    NoAnswer,
    /// Some node did not answer in time; another one did.
    Partly,
}

/// Shows what has come, and with `--follow` what comes.
pub(crate) fn receive(args: &ReceiveArgs) -> Result<ExitCode, Failure> {
    let Begun {
        mut session,
        contacts,
        directories,
    } = begin(
        &args.person,
        AckLevel::default(),
        Receiving::Yes,
        |_| Ok(()),
    )?;
    let ended = run(&mut session, &contacts, directories, args);
    let progress = session.progress();
    // What was written out is kept, however it ended.
    session.close()?;
    if progress.unreadable > 0 {
        let count = progress.unreadable;
        console::talk(&format!(
            "note: {count} stored messages could not be opened\n"
        ));
    }
    let verdict = match ended {
        Ok(End::Done | End::NoReader) => Verdict::Pass,
        Ok(End::Partly) => {
            console::talk("note: not every node that was asked answered\n");
            Verdict::Pass
        }
        Ok(End::NoAnswer) => {
            say_nobody_answers("error", &progress, directories, args);
            Verdict::Inconclusive
        }
        Err(Failure::Session(SessionError::Interrupted(_))) => Verdict::Interrupted,
        Err(failure) => return Err(failure),
    };
    Ok(ExitCode::from(verdict.exit_code()))
}

fn run(
    session: &mut ClientSession,
    contacts: &Contacts,
    directories: usize,
    args: &ReceiveArgs,
) -> Result<End, Failure> {
    let mut waiting_since = Instant::now();
    let mut said = false;
    loop {
        if let Some(message) = session.next_message(LOOK)? {
            if !write_out(&message, contacts, args.person.json)? {
                return Ok(End::NoReader);
            }
            session.wrote_out()?;
            waiting_since = Instant::now();
            continue;
        }
        let is_late = waiting_since.elapsed() >= args.timeout;
        if args.follow {
            if is_late && !said && session.caught_up() == CaughtUp::NoAnswer {
                said = true;
                say_nobody_answers("warning", &session.progress(), directories, args);
            }
            continue;
        }
        match session.caught_up() {
            CaughtUp::Yes => return Ok(End::Done),
            CaughtUp::StillAsking if is_late => return Ok(End::Partly),
            CaughtUp::NoAnswer if is_late => return Ok(End::NoAnswer),
            CaughtUp::MessageWaits | CaughtUp::StillAsking | CaughtUp::NoAnswer => {}
        }
    }
}

fn say_nobody_answers(level: &str, progress: &Progress, directories: usize, args: &ReceiveArgs) {
    let seconds = args.timeout.as_secs();
    let reason = why(progress, directories);
    console::talk(&format!(
        "{level}: no node answered within {seconds} s\n{reason}"
    ));
}

/// Writes a message out, down to the operating system. Says whether somebody reads it: a message
/// that went into a closed pipe was not received.
fn write_out(message: &Delivered, contacts: &Contacts, json: bool) -> Result<bool, Failure> {
    let text = if json {
        shown::json(message, contacts)
    } else {
        shown::text(message, contacts).unwrap_or_default()
    };
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::Output(error)),
    }
}
