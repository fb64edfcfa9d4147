//! Every metric of the drive loop, and its labels. Labels are words of this program: role, kind,
//! status, reason; never anything a peer chose.

use std::time::{Duration, Instant};

use leek_wire::{Outcome, Refusal, Request, Response};
use metrics::{counter, gauge, histogram};

use crate::{Load, refusal};

/// The kind of a request.
pub(crate) const fn kind(request: &Request) -> &'static str {
    match request {
        Request::Onion(_) => "onion",
        Request::Forward(_) => "forward",
        Request::Pull { .. } => "pull",
        Request::Announce(_) => "announce",
        Request::Snapshot { .. } => "snapshot",
        Request::Cosign(_) => "cosign",
    }
}

/// Measures one request from its arrival; counts it when dropped.
pub(crate) struct Served {
    role: &'static str,
    kind: &'static str,
    /// Real time, also on a paused runtime: a metric is about this machine.
    started: Instant,
    status: &'static str,
}

impl Served {
    pub(crate) fn new(role: &'static str, request: &Request) -> Self {
        Self {
            role,
            kind: kind(request),
            started: Instant::now(),
            // What stays when the peer goes away before its answer.
            status: "cancelled",
        }
    }

    pub(crate) fn ended(mut self, result: &Result<Response, Refusal>) {
        self.status = match result {
            Ok(_) => "200",
            Err(refusal) => refusal::label(refusal.status),
        };
    }

    /// The host ended first.
    pub(crate) fn abandoned(mut self) {
        self.status = "abandoned";
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let (role, kind, status) = (self.role, self.kind, self.status);
        counter!("leek_requests_total", "role" => role, "kind" => kind, "status" => status)
            .increment(1);
        let seconds = self.started.elapsed().as_secs_f64();
        histogram!("leek_request_seconds", "role" => role, "kind" => kind).record(seconds);
        tracing::debug!(role, kind, status, seconds, "request");
    }
}

/// Measures one call of ours; counts it when dropped.
pub(crate) struct Called {
    role: &'static str,
    kind: &'static str,
    started: Instant,
    status: &'static str,
}

impl Called {
    pub(crate) fn new(role: &'static str, request: &Request) -> Self {
        Self {
            role,
            kind: kind(request),
            started: Instant::now(),
            // What stays when the host ends first.
            status: "abandoned",
        }
    }

    pub(crate) fn ended(mut self, outcome: &Outcome<Response>) {
        self.status = match outcome {
            Outcome::Done(_) => "done",
            Outcome::Refused(_) => "refused",
            Outcome::Lost => "lost",
        };
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        let (role, kind, status) = (self.role, self.kind, self.status);
        counter!("leek_calls_total", "role" => role, "kind" => kind, "status" => status)
            .increment(1);
        let seconds = self.started.elapsed().as_secs_f64();
        histogram!("leek_call_seconds", "role" => role, "kind" => kind).record(seconds);
        tracing::debug!(role, kind, status, seconds, "call");
    }
}

/// A job of `Machine::prepare` took this long, its wait for a thread included.
pub(crate) fn prepared(role: &'static str, took: Duration) {
    histogram!("leek_prepare_seconds", "role" => role).record(took.as_secs_f64());
}

/// A commit took this long and ended so many batches.
pub(crate) fn committed(role: &'static str, batches: usize, failed: usize, took: Duration) {
    let status = if failed == 0 { "ok" } else { "failed" };
    counter!("leek_commits_total", "role" => role, "status" => status).increment(1);
    histogram!("leek_commit_seconds", "role" => role).record(took.as_secs_f64());
    histogram!("leek_commit_batches", "role" => role).record(gauge_value(batches));
    tracing::debug!(role, batches, failed, "commit");
}

/// What a storage holds, as far as it says.
pub(crate) struct Stored {
    pub(crate) bytes: Option<u64>,
    pub(crate) messages: Option<u64>,
}

/// The state of a host after one turn of its loop.
pub(crate) fn state(role: &'static str, load: &Load, stored: Stored) {
    gauge!("leek_inbox_depth", "role" => role).set(gauge_value(load.inbox));
    gauge!("leek_serving", "role" => role).set(gauge_value(load.serving));
    gauge!("leek_calls_in_flight", "role" => role).set(gauge_value(load.calls));
    gauge!("leek_writes_pending", "role" => role).set(gauge_value(load.writes));
    gauge!("leek_answers_held", "role" => role).set(gauge_value(load.held));
    if let Some(bytes) = stored.bytes {
        gauge!("leek_store_bytes", "role" => role).set(bytes as f64);
    }
    if let Some(messages) = stored.messages {
        gauge!("leek_store_messages", "role" => role).set(messages as f64);
    }
}

fn gauge_value(count: usize) -> f64 {
    count as f64
}
