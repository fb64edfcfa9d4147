use std::path::{Path, PathBuf};

use leek_report::{MessageVerdict, Verdict};

use super::*;
use crate::scenario::{Loader, load};

/// No files: shipped scenarios and overrides only.
struct NoFiles;

impl Loader for NoFiles {
    fn read(&self, _: &Path) -> Result<String, String> {
        Err("no files here".to_owned())
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// A network small enough for the test profile, with everything random switched on.
const SMALL: [&str; 6] = [
    "duration=40s",
    "network.nodes=30",
    "clients.count=8",
    "workload.poisson.messages=20",
    "workload.poisson.over=10s",
    "expect.late_after=30s",
];

fn small(sets: &[&str], seed: u64) -> Loaded {
    let sets: Vec<String> = SMALL
        .iter()
        .chain(sets)
        .map(|set| (*set).to_owned())
        .collect();
    load(&NoFiles, "hundred", &sets, Some(seed)).unwrap()
}

fn ran(sets: &[&str], seed: u64, threads: usize) -> Ran {
    let threads = NonZeroUsize::new(threads).unwrap();
    run(&small(sets, seed), threads, &mut |_| Control::Continue).unwrap()
}

fn digest_and_shape(ran: &Ran) -> (u64, u64) {
    (ran.header.digest, ran.header.shape)
}

#[test]
fn every_message_of_a_small_network_is_delivered_once() {
    let ran = ran(&[], 1, 1);
    assert_eq!(ran.header.verdict, Verdict::Pass, "{:#?}", ran.header);
    assert_eq!(ran.messages.len(), 20);
    assert!(
        ran.requests.iter().all(|request| request.hops == 3),
        "three relays each"
    );
}

#[test]
fn one_and_two_threads_give_the_same_digest_and_seeds_differ() {
    let one = digest_and_shape(&ran(&["network.loss=0.01"], 1, 1));
    assert_eq!(one, digest_and_shape(&ran(&["network.loss=0.01"], 1, 2)));
    assert_eq!(one, digest_and_shape(&ran(&["network.loss=0.01"], 1, 3)));
    assert_ne!(one, digest_and_shape(&ran(&["network.loss=0.01"], 2, 1)));
}

#[test]
fn real_and_sized_cryptography_give_the_same_shape() {
    let real = ran(&[], 3, 1);
    let pure = ran(&["crypto.mode=real-pure"], 3, 1);
    let sized = ran(&["crypto.mode=sized"], 3, 1);
    assert_eq!(digest_and_shape(&real), digest_and_shape(&pure));
    assert_eq!(real.header.shape, sized.header.shape);
    assert_ne!(real.header.digest, sized.header.digest);
}

/// The median of some values; the tests' own, so that the report's is not compared with itself.
fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// Intended send to acknowledgement. Delivery itself waits for the recipient's next poll, which
/// with twenty messages drowns the difference of the paths.
fn acceptance(ran: &Ran) -> Vec<u64> {
    ran.messages
        .iter()
        .map(|row| row.accepted_ns.unwrap() - row.due_ns)
        .collect()
}

#[test]
fn the_null_baseline_differs_where_it_should() {
    let (onion, direct) = (ran(&[], 1, 1), ran(&["onion.format=direct"], 1, 1));
    assert_eq!(direct.header.verdict, Verdict::Pass, "{:#?}", direct.header);
    assert!(direct.requests.iter().all(|request| request.hops == 0));
    let took = |ran: &Ran| {
        median(
            ran.requests
                .iter()
                .map(|r| r.ended_ns - r.started_ns)
                .collect(),
        )
    };
    let (slow, fast) = (took(&onion), took(&direct));
    // Four links each way instead of one; regions make that a range, not a number.
    assert!(slow > 2 * fast && slow < 8 * fast, "{slow} {fast}");
    let up = |ran: &Ran| median(ran.requests.iter().map(|r| r.bytes_up).collect());
    assert!(up(&onion) > up(&direct));
    let carried = |ran: &Ran| {
        ran.metrics
            .iter()
            .find(|m| m.name == metric::BYTES)
            .unwrap()
            .value
    };
    assert!(carried(&onion) > 3 * carried(&direct));
    assert!(median(acceptance(&onion)) > median(acceptance(&direct)));
    // The same people send the same messages at the same times.
    let plan = |ran: &Ran| -> Vec<_> {
        ran.messages
            .iter()
            .map(|m| (m.id, m.from, m.to, m.due_ns, m.size_bytes))
            .collect()
    };
    assert_eq!(plan(&onion), plan(&direct));
}

#[test]
fn lost_messages_on_links_cost_retries_and_not_messages() {
    let sets = ["network.loss=0.02", "expect.late_after=40s", "duration=60s"];
    let ran = ran(&sets, 4, 1);
    let metric = |name: &str| ran.metrics.iter().find(|m| m.name == name).unwrap().value;
    assert!(metric("messages_lost") > 0, "the fault touched something");
    assert!(metric(metric::STRIKES) > 0);
    assert!(
        ran.requests
            .iter()
            .any(|r| r.outcome == leek_report::RequestOutcome::Lost)
    );
    assert_eq!(ran.header.verdict, Verdict::Pass, "{:#?}", ran.header);
}

#[test]
fn links_that_carry_everything_twice_deliver_once() {
    let ran = ran(&["network.duplication=0.5"], 5, 1);
    assert_eq!(ran.header.verdict, Verdict::Pass, "{:#?}", ran.header);
    assert!(ran.messages.iter().all(|row| row.deliveries == 1));
}

#[test]
fn links_that_carry_nothing_fail_the_run_and_claim_no_loss() {
    let ran = ran(&["network.loss=1.0", "expect.late_after=20s"], 6, 1);
    assert_eq!(ran.header.verdict, Verdict::Fail);
    assert!(
        ran.messages
            .iter()
            .all(|row| row.verdict == MessageVerdict::Info)
    );
}

#[test]
fn a_run_in_which_nothing_was_due_shows_nothing() {
    let alive = ran(&["expect.late_after=1h"], 1, 1);
    let pending = alive
        .messages
        .iter()
        .filter(|m| m.verdict == MessageVerdict::Pending)
        .count();
    // All arrive within 40 s, so none is pending and the run passes; with dead links nothing is
    // due and nothing arrives.
    assert_eq!((pending, alive.header.verdict), (0, Verdict::Pass));
    let dead = ran(&["expect.late_after=1h", "network.loss=1.0"], 1, 1);
    assert_eq!(dead.header.verdict, Verdict::Inconclusive);
}

#[test]
fn a_stopped_run_keeps_what_it_has() {
    let loaded = small(&["duration=30s"], 1);
    let mut calls = 0;
    let ran = run(&loaded, NonZeroUsize::MIN, &mut |progress| {
        calls += 1;
        if progress.virtual_ns > 12_000_000_000 {
            Control::Stop
        } else {
            Control::Continue
        }
    })
    .unwrap();
    assert!(calls > 1);
    assert_eq!(ran.header.verdict, Verdict::Interrupted);
    assert!(ran.messages.iter().any(|m| m.verdict == MessageVerdict::Ok));
    assert!(
        ran.metrics
            .iter()
            .find(|m| m.name == metric::VIRTUAL_NS)
            .unwrap()
            .value
            < 20_000_000_000
    );
}

#[test]
fn every_region_bandwidth_and_swarm_rule_runs() {
    for sets in [
        [
            "network.latency.constant=20ms",
            "network.jitter.uniform=5ms",
        ],
        ["network.swarms.fixed.size=5", "onion.cipher=aes-gcm"],
        ["network.nodes=42", "onion.guards_outside_own_swarm=true"],
        [
            "clients.graph.small_world={contacts=2,rewire=0.5}",
            "hosts.client_clock_offset=2h",
        ],
    ] {
        let ran = ran(&sets, 7, 2);
        assert_eq!(
            ran.header.verdict,
            Verdict::Pass,
            "{sets:?} {:#?}",
            ran.header
        );
    }
}

#[test]
fn the_embedded_trace_replays_whole() {
    let sets = [
        "network.nodes=30".to_owned(),
        "duration=70s".into(),
        "workload.trace.over=30s".into(),
    ];
    let loaded = load(&NoFiles, "trace", &sets, None).unwrap();
    let ran = run(&loaded, NonZeroUsize::MIN, &mut |_| Control::Continue).unwrap();
    assert_eq!(ran.header.verdict, Verdict::Pass, "{:#?}", ran.header);
    assert_eq!(ran.messages.len(), 400);
}

#[test]
fn oversize_texts_are_refused_and_the_rest_is_the_same_plan() {
    let sets = ["workload.oversize=0.3", "crypto.mode=sized"];
    let (with, without) = (ran(&sets, 3, 1), ran(&sets[1..], 3, 1));
    assert_eq!(with.header.verdict, Verdict::Pass, "{:#?}", with.header);
    let refused: Vec<u64> = with.outcome.refused.keys().copied().collect();
    assert!((2..=12).contains(&refused.len()), "{refused:?}");
    let verdicts = with.messages.iter().zip(&without.messages);
    for (row, plain) in verdicts {
        assert_eq!(
            (row.from, row.to, row.due_ns),
            (plain.from, plain.to, plain.due_ns)
        );
        let is_refused = refused.contains(&row.id);
        assert_eq!(row.verdict == MessageVerdict::Refused, is_refused);
        assert_eq!(row.size_bytes == plain.size_bytes, !is_refused);
        assert_eq!(
            with.outcome.delivered.contains(&(row.from, row.to, row.id)),
            !is_refused
        );
    }
    let check = with
        .header
        .checks
        .iter()
        .find(|check| check.name == "refused");
    assert!(check.unwrap().passed);
    assert!(
        without
            .header
            .checks
            .iter()
            .all(|check| check.name != "refused")
    );
}
