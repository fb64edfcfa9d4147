use std::sync::atomic::Ordering;

use leek_driver::Limits;
use serde::Serialize;

use super::{Attack, Tally};
use crate::{open_loop::Measured, proc::Usage, table};

/// Honest p99 under attack may be this many times the calm one (reliability spec 2.2, fault 51).
const P99_RATIO_MAX: f64 = 2.0;
/// Most resident memory of an idle node (reliability spec 2.5).
const IDLE_BYTES: u64 = 40 << 20;
/// State of TLS and HTTP/2 for one connection (reliability spec 2.5).
const CONNECTION_BYTES: u64 = 64 << 10;

/// Most resident memory of a node under any unauthenticated input, in bytes: what the limits of
/// the transport add up to.
pub(super) fn node_bytes_max() -> u64 {
    let limits = Limits::default();
    let held = limits.receiving_bytes + limits.answering_bytes;
    IDLE_BYTES + held as u64 + limits.connections as u64 * CONNECTION_BYTES
}

/// One attack and what it did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AbuseRow {
    /// Which.
    pub attack: Attack,
    /// Connections that the attacker made.
    pub connections: u64,
    /// Requests that the attacker began.
    pub requests: u64,
    /// Connections that were closed on it or refused, requests refused or left alone.
    pub stopped: u64,
    /// What honest clients felt.
    pub honest: Measured,
    /// Their 99th percentile beside the calm one.
    pub p99_ratio: f64,
    /// Most resident memory of the node meanwhile, in bytes (since its start where the system
    /// does not let the count begin anew).
    pub peak_bytes: u64,
    /// Whether `peak_bytes` is of this attack alone.
    pub peak_is_of_attack: bool,
    /// Open descriptors of the node at the end.
    pub descriptors: u64,
    /// Whether honest clients and memory stayed within bounds.
    pub passed: bool,
}

impl AbuseRow {
    pub(super) fn new(
        attack: Attack,
        calm: &Measured,
        honest: Measured,
        tally: &Tally,
        usage: Usage,
        peak_is_of_attack: bool,
    ) -> Self {
        let ratio = honest.latency.p99_ms / calm.latency.p99_ms.max(f64::EPSILON);
        let requests = tally.requests.load(Ordering::Relaxed);
        let connections = tally.connections.load(Ordering::Relaxed);
        // An attack that never reached the node shows nothing.
        let made = connections > 0;
        Self {
            attack,
            connections,
            requests,
            stopped: tally.stopped.load(Ordering::Relaxed),
            p99_ratio: ratio,
            peak_bytes: usage.peak_bytes,
            peak_is_of_attack,
            descriptors: usage.descriptors,
            passed: made
                && honest.ok == honest.sent
                && ratio <= P99_RATIO_MAX
                && usage.peak_bytes <= node_bytes_max(),
            honest,
        }
    }
}

/// All attacks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AbuseReport {
    /// Honest clients without an attack.
    pub calm: Measured,
    /// The node without an attack.
    pub calm_usage: Usage,
    /// The node's stated cap of memory: what the limits of the transport add up to.
    pub memory_cap_bytes: u64,
    /// By attack.
    pub rows: Vec<AbuseRow>,
}

impl AbuseReport {
    /// Whether every attack was withstood.
    pub fn passed(&self) -> bool {
        self.calm.ok == self.calm.sent && self.rows.iter().all(|row| row.passed)
    }

    /// The table for people.
    pub fn render(&self) -> String {
        let head = [
            "attack", "conns", "requests", "stopped", "ok", "failed", "p50 ms", "p99 ms", "ratio",
            "peak MiB", "fds", "",
        ];
        let calm = vec![
            "calm".to_owned(),
            "-".to_owned(),
            "-".to_owned(),
            "-".to_owned(),
            self.calm.ok.to_string(),
            (self.calm.sent - self.calm.ok).to_string(),
            format!("{:.1}", self.calm.latency.p50_ms),
            format!("{:.1}", self.calm.latency.p99_ms),
            "1.0".to_owned(),
            table::mib(self.calm_usage.peak_bytes),
            self.calm_usage.descriptors.to_string(),
            String::new(),
        ];
        let rows = self.rows.iter().map(|row| {
            vec![
                row.attack.name().to_owned(),
                row.connections.to_string(),
                row.requests.to_string(),
                row.stopped.to_string(),
                row.honest.ok.to_string(),
                (row.honest.sent - row.honest.ok).to_string(),
                format!("{:.1}", row.honest.latency.p50_ms),
                format!("{:.1}", row.honest.latency.p99_ms),
                format!("{:.1}", row.p99_ratio),
                table::mib(row.peak_bytes),
                row.descriptors.to_string(),
                if row.passed { "ok" } else { "FAILED" }.to_owned(),
            ]
        });
        let rows: Vec<Vec<String>> = std::iter::once(calm).chain(rows).collect();
        let mut text = table::render(&head, &rows);
        text.push_str(&format!(
            "bounds: no honest request fails, p99 at most {P99_RATIO_MAX:.0} times calm, memory at \
             most {} MiB\n",
            node_bytes_max() >> 20,
        ));
        text
    }
}
