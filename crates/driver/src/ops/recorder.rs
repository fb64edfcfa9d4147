use std::sync::{Mutex, PoisonError};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::OpsError;

/// Upper ends of the buckets of times, in seconds: from a fifth of the target for an empty poll
/// (5 ms) to the longest time a relay waits (reliability spec 2.5).
const SECONDS: [f64; 15] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    25.0,
];

/// Upper ends of the buckets of commit sizes, in batches: to `Limits::commit_batches`.
const BATCHES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The recorder of this process, once there is one.
static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// The recorder of this process; installs it first if need be.
pub(super) fn installed() -> Result<PrometheusHandle, OpsError> {
    let mut slot = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*slot {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| {
            let batches = Matcher::Full("leek_commit_batches".to_owned());
            builder.set_buckets_for_metric(batches, &BATCHES)
        });
    // Only an empty list of buckets is refused.
    let recorder = builder.map_err(|_| OpsError::Recorder)?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| OpsError::Recorder)?;
    describe();
    *slot = Some(handle.clone());
    Ok(handle)
}

/// What each metric means; `# HELP` of the page.
fn describe() {
    for (name, text) in COUNTERS {
        describe_counter!(name, text);
    }
    for (name, text) in GAUGES {
        describe_gauge!(name, text);
    }
    for (name, text) in TIMES {
        describe_histogram!(name, Unit::Seconds, text);
    }
    describe_histogram!("leek_commit_batches", "write batches in one commit");
}

const COUNTERS: [(&str, &str); 8] = [
    (
        "leek_requests_total",
        "requests served, by role, kind and status (cancelled: the caller left first)",
    ),
    (
        "leek_calls_total",
        "our own calls, by role, kind and how they ended",
    ),
    ("leek_commits_total", "commits, by role and status"),
    (
        "leek_connections_refused_total",
        "connections turned away before TLS, by reason",
    ),
    (
        "leek_handshakes_failed_total",
        "TLS handshakes that failed, by reason",
    ),
    (
        "leek_connections_cut_total",
        "connections closed over what they did or did not do, by reason",
    ),
    (
        "leek_requests_shed_total",
        "requests refused before the machine, by reason",
    ),
    (
        "leek_dials_failed_total",
        "connections of ours that failed, by reason",
    ),
];

const GAUGES: [(&str, &str); 9] = [
    ("leek_connections", "connections open to us"),
    ("leek_peers_connected", "connections of ours open"),
    (
        "leek_inbox_depth",
        "requests waiting for the machine, by role",
    ),
    (
        "leek_serving",
        "requests accepted and not answered, by role",
    ),
    ("leek_calls_in_flight", "our own calls in flight, by role"),
    (
        "leek_writes_pending",
        "write batches not yet durable, by role",
    ),
    (
        "leek_answers_held",
        "answers held back until a batch is durable, by role",
    ),
    ("leek_store_bytes", "bytes of stored messages, by role"),
    ("leek_store_messages", "stored messages, by role"),
];

const TIMES: [(&str, &str); 4] = [
    (
        "leek_request_seconds",
        "from a request's arrival to its answer, by role and kind",
    ),
    (
        "leek_call_seconds",
        "from a call to its outcome, by role and kind",
    ),
    (
        "leek_prepare_seconds",
        "the pure part of handling, waiting included, by role",
    ),
    ("leek_commit_seconds", "one durable commit, by role"),
];
