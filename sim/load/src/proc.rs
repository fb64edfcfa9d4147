//! What a process costs, as Linux tells it.

use std::{fs, path::PathBuf};

use crate::LoadError;

/// Memory, descriptors and processor time of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Usage {
    /// Resident memory now, in bytes.
    pub rss_bytes: u64,
    /// Most resident memory so far, in bytes.
    pub peak_bytes: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Processor time of all threads, in ms.
    pub cpu_ms: u64,
}

impl Usage {
    /// Reads `/proc/PID`.
    ///
    /// # Errors
    /// [`LoadError::Proc`] when the process is gone or the system has no such files.
    pub(crate) fn of(pid: u32) -> Result<Self, LoadError> {
        let status = read(pid, "status")?;
        let stat = read(pid, "stat")?;
        let path = PathBuf::from(format!("/proc/{pid}/fd"));
        let descriptors = fs::read_dir(&path)
            .map_err(|source| LoadError::Proc { path, source })?
            .count() as u64;
        Ok(Self {
            rss_bytes: kib(&status, "VmRSS:") * 1_024,
            peak_bytes: kib(&status, "VmHWM:") * 1_024,
            descriptors,
            cpu_ms: cpu_ms(&stat),
        })
    }
}

/// Starts counting the peak anew; not every system lets us.
pub(crate) fn reset_peak(pid: u32) -> bool {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").is_ok()
}

fn read(pid: u32, file: &str) -> Result<String, LoadError> {
    let path = PathBuf::from(format!("/proc/{pid}/{file}"));
    fs::read_to_string(&path).map_err(|source| LoadError::Proc { path, source })
}

fn kib(status: &str, key: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Fields 14 and 15 of `stat`, counted from 1; the name in field 2 may hold spaces. Linux counts
/// 100 to the second on every architecture it offers to programs (`USER_HZ`).
fn cpu_ms(stat: &str) -> u64 {
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = rest.split_whitespace().skip(11).take(2);
    fields.filter_map(|f| f.parse::<u64>().ok()).sum::<u64>() * 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_descriptors() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.rss_bytes > 1 << 20, "{usage:?}");
        assert!(usage.peak_bytes >= usage.rss_bytes / 2, "{usage:?}");
        assert!(usage.descriptors >= 3, "{usage:?}");
    }

    #[test]
    fn processor_time_is_read_past_the_name() {
        let stat = "12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0";
        assert_eq!(cpu_ms(stat), 3_000);
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        assert!(matches!(Usage::of(u32::MAX), Err(LoadError::Proc { .. })));
    }
}
