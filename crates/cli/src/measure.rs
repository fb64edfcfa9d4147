//! What a run costs this machine.

use std::time::{Duration, Instant};

use leek_report::Cost;

/// A measurement was not to be had.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only Linux is asked")
)]
pub(crate) enum MeasureError {
    /// `/proc` is not mounted, or not readable.
    #[error("read /proc/self/status")]
    Unreadable(#[source] std::io::Error),
    /// The kernel does not tell the peak resident memory.
    #[error("/proc/self/status has no VmHWM in kB")]
    NoPeak,
}

/// Elapsed and processor time since some moment.
pub(crate) struct Stopwatch {
    started: Instant,
    cpu_before: Duration,
}

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            cpu_before: cpu_time(),
        }
    }

    /// What was spent since the start, with the peak memory of the whole process.
    ///
    /// # Errors
    /// [`MeasureError`], on Linux only.
    pub(crate) fn stop(&self, threads: u32) -> Result<Cost, MeasureError> {
        Ok(Cost {
            wall_s: self.started.elapsed().as_secs_f64(),
            cpu_s: (cpu_time() - self.cpu_before).as_secs_f64(),
            rss_bytes: rss_peak_bytes()?,
            threads,
        })
    }
}

/// What this system does not tell, as a sentence; the number is 0 then.
pub(crate) const UNMEASURED: Option<&str> = if cfg!(target_os = "linux") {
    None
} else if cfg!(unix) {
    Some("peak memory is not measured on this system; rss_bytes is 0")
} else {
    Some("processor time and peak memory are not measured here; cpu_s and rss_bytes are 0")
};

/// Processor time of all threads of the process, in user and system mode.
#[cfg(unix)]
fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    // The clock starts at zero with the process and never goes back.
    Duration::new(
        u64::try_from(spent.tv_sec).unwrap_or(0),
        u32::try_from(spent.tv_nsec).unwrap_or(0),
    )
}

#[cfg(not(unix))]
fn cpu_time() -> Duration {
    Duration::ZERO
}

/// Peak resident memory of the process, in bytes. Not `getrusage`: its maximum is handed down from
/// whoever started this process.
#[cfg(target_os = "linux")]
fn rss_peak_bytes() -> Result<u64, MeasureError> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(MeasureError::Unreadable)?;
    parse_peak(&status).ok_or(MeasureError::NoPeak)
}

#[cfg(not(target_os = "linux"))]
fn rss_peak_bytes() -> Result<u64, MeasureError> {
    Ok(0)
}

/// `VmHWM:      9216 kB` (proc_pid_status(5); a kB of /proc is 1,024 bytes).
#[cfg(any(test, target_os = "linux"))]
fn parse_peak(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_bytes() {
        assert_eq!(
            parse_peak("VmPeak:\t 9 kB\nVmHWM:\t    9216 kB\nVmRSS:\t 1 kB\n"),
            Some(9_437_184)
        );
        for text in ["", "VmHWM:\n", "VmHWM: 5 MB\n", "VmHWM: x kB\n"] {
            assert_eq!(parse_peak(text), None, "{text}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_costs_processor_time_and_memory() {
        let watch = Stopwatch::start();
        // Enough work for any clock to see.
        let mut sum = 0_u64;
        while watch.started.elapsed() < Duration::from_millis(20) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let cost = watch.stop(1).unwrap();
        assert!(cost.wall_s >= 0.02, "{cost:?}");
        assert!(cost.cpu_s > 0.0, "{cost:?}");
        assert!(cost.rss_bytes > 100_000, "{cost:?}");
    }
}
