//! Names of processes that outlive them, and signals that reach nobody else.

use std::{fs, io, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fd::OwnedFd,
    io::Errno,
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use serde::{Deserialize, Serialize};

/// A process, told from a later one with the same number by the time it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// Its number.
    pub pid: u32,
    /// When it started: clock ticks since the machine did (`/proc/PID/stat`, field 22).
    pub started: u64,
}

/// What `/proc/PID/stat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    state: u8,
    started: u64,
}

impl ProcessId {
    /// The process with this number, which must be a child of ours that was not waited for, or
    /// ourselves.
    ///
    /// # Errors
    /// When there is none, or `/proc` cannot be read.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        match stat(pid)? {
            Some(stat) => Ok(Self {
                pid,
                started: stat.started,
            }),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Whether it runs. A process that ended and was not waited for does not.
    pub(crate) fn is_alive(self) -> io::Result<bool> {
        let found = stat(self.pid)?.filter(|stat| stat.started == self.started);
        Ok(found.is_some_and(|stat| !matches!(stat.state, b'Z' | b'X')))
    }

    /// Whether somebody stopped it with a signal.
    pub(crate) fn is_stopped(self) -> io::Result<bool> {
        let found = stat(self.pid)?.filter(|stat| stat.started == self.started);
        Ok(found.is_some_and(|stat| stat.state == b'T'))
    }

    /// Sends a signal; `false` when the process is gone.
    ///
    /// # Errors
    /// When it may not be signalled.
    pub(crate) fn signal(self, signal: Signal) -> io::Result<bool> {
        let Some(handle) = self.handle()? else {
            return Ok(false);
        };
        match pidfd_send_signal(&handle, signal) {
            Ok(()) => Ok(true),
            Err(Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until it ends; `false` when it has not within `limit`.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub(crate) fn wait_end(self, limit: Duration) -> io::Result<bool> {
        let Some(handle) = self.handle()? else {
            return Ok(true);
        };
        let limit = Timespec::try_from(limit).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut fds = [PollFd::new(&handle, PollFlags::IN)];
        Ok(poll(&mut fds, Some(&limit))? > 0)
    }

    /// A handle that means this process and no other: opened first, checked then, so that the
    /// number cannot go to somebody else in between.
    fn handle(self) -> io::Result<Option<OwnedFd>> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return Ok(None);
        };
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let same = stat(self.pid)?.is_some_and(|stat| stat.started == self.started);
        Ok(same.then_some(handle))
    }
}

/// The machine's present start, told from all others. Process numbers mean nothing after it.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim()
        .to_owned())
}

fn stat(pid: u32) -> io::Result<Option<Stat>> {
    match fs::read(format!("/proc/{pid}/stat")) {
        Ok(bytes) => parse_stat(&bytes).map(Some).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "/proc/PID/stat looks different")
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // Reading the file of a process that ends at this moment.
        Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `PID (NAME) STATE ...`: the name may hold spaces and parentheses, so fields count from the last
/// closing one. The state is field 3, the start field 22.
fn parse_stat(bytes: &[u8]) -> Option<Stat> {
    let end = bytes.iter().rposition(|byte| *byte == b')')?;
    let rest = core::str::from_utf8(bytes.get(end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    let started = fields.nth(18)?.parse().ok()?;
    Some(Stat { state, started })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_name_cannot_shift_the_fields() {
        let text = b"42 (a) Z (b) T 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20 21\n";
        let expected = Stat {
            state: b'T',
            started: 777,
        };
        assert_eq!(parse_stat(text), Some(expected));
        for broken in [
            &b""[..],
            b"42 (a",
            b"42 (a) ",
            b"42 (a) T 1 2",
            b"42 (a) T x",
        ] {
            assert_eq!(parse_stat(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_process_is_stopped_continued_and_ended() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let id = ProcessId::of(child.id()).unwrap();
        assert!(id.is_alive().unwrap() && !id.is_stopped().unwrap());
        assert!(!id.wait_end(Duration::from_millis(10)).unwrap());
        assert!(id.signal(Signal::STOP).unwrap());
        while !id.is_stopped().unwrap() {
            std::thread::yield_now();
        }
        assert!(id.signal(Signal::CONT).unwrap());
        assert!(id.signal(Signal::KILL).unwrap());
        assert!(id.wait_end(Duration::from_secs(20)).unwrap());
        assert!(!id.is_alive().unwrap(), "ended, not waited for");
        child.wait().unwrap();
        assert!(!id.signal(Signal::KILL).unwrap());
        assert!(id.wait_end(Duration::ZERO).unwrap());
    }

    #[test]
    fn a_number_that_went_to_another_process_is_left_alone() {
        let mine = ProcessId::of(std::process::id()).unwrap();
        let older = ProcessId {
            started: mine.started - 1,
            ..mine
        };
        // Were it sent, it would end this test.
        assert!(!older.signal(Signal::KILL).unwrap());
        assert!(!older.is_alive().unwrap());
        assert!(mine.is_alive().unwrap());
    }
}
