//! What a run amounts to: the content of `summary.json` and the source of the terminal text.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Histogram, Verdict};

/// Version of `summary.json`; it grows when a field changes its meaning or goes away.
pub const SUMMARY_SCHEMA_VERSION: u32 = 1;

/// Stands for the digest of a run in real time, which has none.
pub const NO_DIGEST: &str = "-";

/// The result of one run.
///
/// Every number is recomputed from the tables by [`crate::recompute`], except what the machine
/// spent (`wall_s`, `cpu_s`, `rss_bytes`) and the inputs (`seed`, `threads`, `schema_version`),
/// which stand in `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// [`SUMMARY_SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// How the run ended.
    pub verdict: Verdict,
    /// Why, one line each, most important first. Empty for a plain pass.
    pub reasons: Vec<String>,
    /// Root seed of the run.
    pub seed: u64,
    /// Digest of everything that happened, 16 hex digits: equal for equal runs. `-` for a run in
    /// real time.
    pub digest: String,
    /// Digest of times, kinds and sizes only, 16 hex digits: equal under every crypto suite. `-` for
    /// a run in real time.
    pub shape: String,
    /// What became of the messages.
    pub delivery: Delivery,
    /// `delivery.delivered` / (`delivery.sent` - `delivery.pending` - `delivery.refused`), 0 to 1:
    /// the part of the messages due that arrived. Null when none was due.
    pub delivered_fraction: Option<f64>,
    /// Intended send to first delivery, ms, over the messages delivered.
    pub latency_ms: Quantiles,
    /// The same latencies counted in buckets.
    pub latency_histogram: Histogram,
    /// Client requests that ended, by kind.
    pub requests: BTreeMap<String, RequestStats>,
    /// Bytes carried on all links, framing included.
    pub bytes: u64,
    /// `bytes` / `delivery.delivered`. Null when none was delivered.
    pub bytes_per_message: Option<f64>,
    /// Requests that clients sent again.
    pub retries: u64,
    /// Failures that clients held against a path or a node.
    pub strikes: u64,
    /// Kernel events handled; of a run in real time, events that its clients reported.
    pub events: u64,
    /// Virtual length of the run, seconds.
    pub virtual_s: f64,
    /// Elapsed time of the run, seconds.
    pub wall_s: f64,
    /// Processor time of the run over all threads, seconds.
    pub cpu_s: f64,
    /// Peak resident memory of the process, bytes.
    pub rss_bytes: u64,
    /// Worker threads used. They never change any other field but `wall_s`, `cpu_s`, `rss_bytes`.
    pub threads: u32,
    /// Name of the crypto suite.
    pub crypto: String,
    /// What was checked.
    pub checks: Vec<Check>,
    /// How each load (requests, bytes, stored messages, ...) spreads over the nodes.
    pub load: BTreeMap<String, Spread>,
}

/// What became of the messages: every message has exactly one verdict.
///
/// `sent` = `delivered` + `lost` + `never_read` + `pending` + `info` + `refused`, and `late` and
/// `duplicated` are parts of `delivered`. `phantom` stands apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// Messages the workload asked for.
    pub sent: u64,
    /// Given to the receiving application at least once.
    pub delivered: u64,
    /// Accepted, the recipient was reading, and they never came.
    pub lost: u64,
    /// Given to the receiving application more than once.
    pub duplicated: u64,
    /// Delivered once, after the bound of the scenario.
    pub late: u64,
    /// Not delivered, and not yet due when the run ended.
    pub pending: u64,
    /// Accepted, but the recipient never asked.
    pub never_read: u64,
    /// Not delivered and never acknowledged to their sender: they may or may not have been
    /// accepted.
    pub info: u64,
    /// Delivered without having been sent.
    pub phantom: u64,
    /// Refused to their sender and not delivered, as the plan wanted it.
    pub refused: u64,
}

/// Nearest-rank quantiles ([`crate::nearest_rank`]). Null without data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantiles {
    /// Half of the values are at or below it.
    pub p50: Option<f64>,
    /// 95 % of the values are at or below it.
    pub p95: Option<f64>,
    /// 99 % of the values are at or below it.
    pub p99: Option<f64>,
}

/// The client requests of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestStats {
    /// Requests that ended, well or badly.
    pub count: u64,
    /// Bytes both ways on the clients' links, framing included, failed ones too.
    pub bytes: u64,
    /// Median time to the answer, ms, over those that were answered. Null when none was.
    pub ms_p50: Option<f64>,
    /// Median number of relays between client and server.
    pub hops: u32,
    /// Requests that ended in a refusal or without an answer.
    pub failed: u64,
}

/// One promise, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Name of the check, as in the scenario.
    pub name: String,
    /// Whether it held.
    pub passed: bool,
    /// What was seen, with the first counter-example when it did not hold.
    pub detail: String,
}

/// How a count spreads over nodes; quantiles are nearest-rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// How many nodes were counted.
    pub nodes: u64,
    /// Sum over the nodes.
    pub total: u64,
    /// Least loaded node.
    pub min: u64,
    /// Median node.
    pub p50: u64,
    /// 95 % of the nodes have no more.
    pub p95: u64,
    /// Most loaded node.
    pub max: u64,
}

/// The part of a summary that the tables decide; made by [`crate::Tally::finish`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Numbers {
    /// See [`Summary::delivery`].
    pub delivery: Delivery,
    /// See [`Summary::delivered_fraction`].
    pub delivered_fraction: Option<f64>,
    /// See [`Summary::latency_ms`].
    pub latency_ms: Quantiles,
    /// See [`Summary::latency_histogram`].
    pub latency_histogram: Histogram,
    /// See [`Summary::requests`].
    pub requests: BTreeMap<String, RequestStats>,
    /// See [`Summary::bytes`].
    pub bytes: u64,
    /// See [`Summary::bytes_per_message`].
    pub bytes_per_message: Option<f64>,
    /// See [`Summary::retries`].
    pub retries: u64,
    /// See [`Summary::strikes`].
    pub strikes: u64,
    /// See [`Summary::events`].
    pub events: u64,
    /// See [`Summary::virtual_s`].
    pub virtual_s: f64,
    /// See [`Summary::load`].
    pub load: BTreeMap<String, Spread>,
}

/// The part of a summary that says which run it was and how it was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// See [`Summary::scenario`].
    pub scenario: String,
    /// See [`Summary::verdict`].
    pub verdict: Verdict,
    /// See [`Summary::reasons`].
    pub reasons: Vec<String>,
    /// See [`Summary::seed`].
    pub seed: u64,
    /// Everything that happened; printed as 16 hex digits.
    pub digest: u64,
    /// Times, kinds and sizes; printed as 16 hex digits.
    pub shape: u64,
    /// See [`Summary::crypto`].
    pub crypto: String,
    /// See [`Summary::checks`].
    pub checks: Vec<Check>,
}

/// What the machine spent on the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// See [`Summary::wall_s`].
    pub wall_s: f64,
    /// See [`Summary::cpu_s`].
    pub cpu_s: f64,
    /// See [`Summary::rss_bytes`].
    pub rss_bytes: u64,
    /// See [`Summary::threads`].
    pub threads: u32,
}

impl Summary {
    /// Puts the three parts together.
    #[must_use]
    pub fn new(header: Header, numbers: Numbers, cost: Cost) -> Self {
        Self {
            schema_version: SUMMARY_SCHEMA_VERSION,
            scenario: header.scenario,
            verdict: header.verdict,
            reasons: header.reasons,
            seed: header.seed,
            digest: format!("{:016x}", header.digest),
            shape: format!("{:016x}", header.shape),
            delivery: numbers.delivery,
            delivered_fraction: numbers.delivered_fraction,
            latency_ms: numbers.latency_ms,
            latency_histogram: numbers.latency_histogram,
            requests: numbers.requests,
            bytes: numbers.bytes,
            bytes_per_message: numbers.bytes_per_message,
            retries: numbers.retries,
            strikes: numbers.strikes,
            events: numbers.events,
            virtual_s: numbers.virtual_s,
            wall_s: cost.wall_s,
            cpu_s: cost.cpu_s,
            rss_bytes: cost.rss_bytes,
            threads: cost.threads,
            crypto: header.crypto,
            checks: header.checks,
            load: numbers.load,
        }
    }

    /// The same of a run in real time, whose events have no digest and no shape: both read
    /// [`NO_DIGEST`].
    #[must_use]
    pub fn without_digest(mut self) -> Self {
        self.digest = NO_DIGEST.to_owned();
        self.shape = NO_DIGEST.to_owned();
        self
    }

    /// The part of the summary that the tables decide.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        Numbers {
            delivery: self.delivery,
            delivered_fraction: self.delivered_fraction,
            latency_ms: self.latency_ms,
            latency_histogram: self.latency_histogram.clone(),
            requests: self.requests.clone(),
            bytes: self.bytes,
            bytes_per_message: self.bytes_per_message,
            retries: self.retries,
            strikes: self.strikes,
            events: self.events,
            virtual_s: self.virtual_s,
            load: self.load.clone(),
        }
    }
}
