//! A small run for the tests of this crate.

use std::collections::BTreeMap;

use crate::manifest::{Host, Manifest};
use crate::rows::{MessageRow, MessageVerdict, MetricRow, RequestOutcome, RequestRow, metric};
use crate::summary::{Check, Cost, Header, Numbers, Summary};
use crate::verdict::Verdict;

pub(crate) const MS: u64 = 1_000_000;

/// A message due at `id` seconds; delivered `latency_ms` later, if at all.
pub(crate) fn message(id: u64, latency_ms: Option<u64>, verdict: MessageVerdict) -> MessageRow {
    let due_ns = id * 1000 * MS;
    let deliveries = match (latency_ms, verdict) {
        (None, _) => 0,
        (Some(_), MessageVerdict::Duplicated) => 2,
        (Some(_), _) => 1,
    };
    MessageRow {
        id,
        from: 3,
        to: 4,
        size_bytes: 160,
        due_ns,
        accepted_ns: latency_ms.map(|_| due_ns + MS),
        delivered_ns: latency_ms.map(|ms| due_ns + ms * MS),
        deliveries,
        attempts: 1,
        verdict,
    }
}

pub(crate) fn request(
    kind: &'static str,
    ms: u64,
    bytes: u64,
    outcome: RequestOutcome,
) -> RequestRow {
    RequestRow {
        kind: kind.into(),
        started_ns: 5 * MS,
        ended_ns: (5 + ms) * MS,
        bytes_up: bytes,
        bytes_down: 2 * bytes,
        hops: 3,
        outcome,
    }
}

/// Four messages arrive (one late, one twice), one is lost, one is pending, one is a phantom.
pub(crate) fn messages() -> Vec<MessageRow> {
    use MessageVerdict::{Duplicated, Late, Lost, Ok, Pending, Phantom};
    vec![
        message(1, Some(250), Ok),
        message(2, Some(1250), Ok),
        message(3, Some(9000), Late),
        message(4, Some(300), Duplicated),
        message(5, None, Lost),
        message(6, None, Pending),
        message(7, Some(0), Phantom),
    ]
}

pub(crate) fn requests() -> Vec<RequestRow> {
    use RequestOutcome::{Done, Lost, Refused};
    vec![
        request("store", 310, 1000, Done),
        request("store", 290, 1000, Done),
        request("store", 9999, 1000, Lost),
        request("retrieve", 200, 500, Done),
        request("subscribe", 1, 10, Refused),
    ]
}

pub(crate) fn metrics() -> Vec<MetricRow> {
    vec![
        MetricRow::part(metric::BYTES, "client", 30_000),
        MetricRow::part(metric::BYTES, "node", 70_000),
        MetricRow::whole(metric::EVENTS, 12_345),
        MetricRow::whole(metric::RETRIES, 2),
        MetricRow::whole(metric::STRIKES, 1),
        MetricRow::whole(metric::VIRTUAL_NS, 3_600_000 * MS),
        MetricRow::part("load.requests", "node-1", 10),
        MetricRow::part("load.requests", "node-2", 30),
        MetricRow::part("load.requests", "node-3", 20),
    ]
}

pub(crate) fn numbers() -> Numbers {
    let mut tally = crate::Tally::new();
    messages()
        .iter()
        .for_each(|row| tally.message(row).unwrap());
    requests()
        .iter()
        .for_each(|row| tally.request(row).unwrap());
    metrics().iter().for_each(|row| tally.metric(row).unwrap());
    tally.finish().unwrap()
}

pub(crate) fn header() -> Header {
    Header {
        scenario: "first-light".into(),
        verdict: Verdict::Fail,
        reasons: vec!["1 of 5 messages due was lost".into()],
        seed: 7,
        digest: 0x0123_4567_89ab_cdef,
        shape: 0xf0,
        crypto: "sized".into(),
        checks: vec![
            Check {
                name: "no-phantom".into(),
                passed: true,
                detail: "none of 5".into(),
            },
            Check {
                name: "delivered".into(),
                passed: false,
                detail: "message 5 from client 3 to client 4 was accepted by node-2 at 5.001 s \
                         and never came"
                    .into(),
            },
        ],
    }
}

pub(crate) fn summary_of(numbers: Numbers) -> Summary {
    let cost = Cost {
        wall_s: 0.5,
        cpu_s: 0.75,
        rss_bytes: 92_274_688,
        threads: 2,
    };
    Summary::new(header(), numbers, cost)
}

pub(crate) fn manifest_of(summary: &Summary) -> Manifest {
    Manifest {
        schema_versions: Manifest::current_schema_versions(),
        tool_version: "0.1.0".into(),
        commit: None,
        rustc: "1.95.0".into(),
        scenario: summary.scenario.clone(),
        scenario_hash: "00ff".into(),
        seed: summary.seed,
        digest: summary.digest.clone(),
        shape: summary.shape.clone(),
        host: Host::current(),
        limits: BTreeMap::from([("outputs_max".into(), 64)]),
        threads: summary.threads,
        started_unix_s: 1_790_000_000,
    }
}
