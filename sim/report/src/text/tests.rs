use std::collections::BTreeMap;

use proptest::prelude::*;

use super::safe::width;
use super::*;
use crate::fixture;
use crate::summary::{Check, Delivery, Quantiles, RequestStats, Spread};
use crate::{Bucket, Histogram};

const HOSTILE: &str = "</script>\x1b]0;owned\x07\x1b[2J\r\n\u{202e}evil\u{200b}";

fn sample() -> Summary {
    fixture::summary_of(fixture::numbers())
}

#[test]
fn a_failed_run_in_full() {
    let expected = "\
FAIL        first-light
            1 of 5 messages due was lost
failed      delivered
              message 5 from client 3 to client 4 was accepted by node-2 at
              5.001 s and never came
checks      1 passed, 1 failed

delivered   80.00 %  4 of 5 due
            1 lost, 1 late, 1 duplicated, 1 pending, 1 phantom
latency     p50 300 ms   p95 9.00 s   p99 9.00 s
            224 ms ██       █           █ 10.2 s

requests                         count      bytes       p50     hops   failed
  retrieve                           1   1.46 KiB    200 ms        3        0
  store                              3   8.79 KiB    290 ms        3        1
  subscribe                          1       30 B         -        3        1

per node                         nodes      total       p50      p95      max
  requests                           3         60        20       30       30

traffic     97.7 KiB on links, 24.4 KiB per message delivered
trouble     2 retries, 1 strike
time        3,600 s virtual in 0.50 s (7,200 times real time)
events      12,345 (24.7 k/s)
machine     88 MiB of memory, 0.75 s of CPU, 2 threads
crypto      sized
";
    assert_eq!(render_text(&sample(), false), expected);
}

#[test]
fn an_empty_run_in_full() {
    let mut summary = sample();
    summary.verdict = Verdict::Inconclusive;
    summary.reasons = vec!["no message was due".into()];
    summary.checks.clear();
    summary.delivery = Delivery {
        sent: 3,
        pending: 3,
        ..Delivery::default()
    };
    (summary.delivered_fraction, summary.bytes_per_message) = (None, None);
    (summary.latency_ms, summary.latency_histogram) = (Quantiles::default(), Histogram::default());
    (summary.requests, summary.load) = (BTreeMap::new(), BTreeMap::new());
    (summary.wall_s, summary.threads) = (0.0, 1);
    let expected = "\
INCONCLUSIVE first-light
            no message was due
checks      none

delivered   no message was due
            0 lost, 0 late, 0 duplicated, 3 pending
latency     no message was delivered

traffic     97.7 KiB on links
trouble     2 retries, 1 strike
time        3,600 s virtual in 0.00 s
events      12,345
machine     88 MiB of memory, 0.75 s of CPU, 1 thread
crypto      sized
";
    assert_eq!(render_text(&summary, false), expected);
}

#[test]
fn only_all_of_them_are_a_hundred_percent() {
    let mut summary = sample();
    summary.delivery = Delivery {
        sent: 100_000,
        delivered: 99_999,
        ..Delivery::default()
    };
    assert!(render_text(&summary, false).contains("99.99 %  99,999 of 100,000 due"));
    summary.delivery.delivered = 100_000;
    assert!(render_text(&summary, false).contains("100 %  100,000 of 100,000 due"));
}

#[test]
fn a_run_in_real_time_has_no_digest_and_another_command() {
    let summary = sample().without_digest();
    assert_eq!(
        closing_lines(&summary, "runs/a".as_ref()),
        "reproduce: leek net run runs/a/effective.toml\nFAIL seed=7 digest=- run=runs/a\n"
    );
}

#[test]
fn what_was_to_be_refused_was_not_due() {
    let mut summary = sample();
    summary.delivery = Delivery {
        sent: 10,
        delivered: 8,
        refused: 2,
        ..Delivery::default()
    };
    let text = render_text(&summary, false);
    assert!(text.contains("100 %  8 of 8 due"), "{text}");
    assert!(text.contains("2 refused as planned"), "{text}");
}

#[test]
fn colour_adds_nothing_but_colour() {
    let summary = sample();
    let coloured = render_text(&summary, true);
    assert!(coloured.starts_with("\x1b[1;31mFAIL\x1b[0m"));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, render_text(&summary, false));
}

#[test]
fn the_last_line_is_exact() {
    let mut summary = sample();
    let dir = Path::new("runs/first-light-seed7");
    let failed = "FAIL seed=7 digest=0123456789abcdef run=runs/first-light-seed7";
    assert_eq!(last_line(&summary, dir), failed);
    let reproduce = "reproduce: leek run runs/first-light-seed7/effective.toml";
    assert_eq!(
        closing_lines(&summary, dir),
        format!("{reproduce}\n{failed}\n")
    );

    summary.verdict = Verdict::Pass;
    let passed = "PASS seed=7 digest=0123456789abcdef run=runs/first-light-seed7";
    assert_eq!(closing_lines(&summary, dir), format!("{passed}\n"));
    for verdict in [
        Verdict::Inconclusive,
        Verdict::Breached,
        Verdict::Interrupted,
    ] {
        summary.verdict = verdict;
        assert_eq!(reproduce_line(&summary, dir).as_deref(), Some(reproduce));
    }
}

#[test]
fn the_last_line_is_one_line_whatever_the_directory() {
    let summary = sample();
    let dir = Path::new("a b\n\x1b[2J");
    assert_eq!(closing_lines(&summary, dir).lines().count(), 2);
    assert!(last_line(&summary, dir).ends_with("run=a b\\u{a}\\u{1b}[2J"));
    let reproduce = reproduce_line(&summary, dir).unwrap();
    assert_eq!(
        reproduce,
        r"reproduce: leek run $'a b\x0a\x1b[2J/effective.toml'"
    );
}

#[test]
fn hostile_strings_do_nothing() {
    let mut summary = sample();
    summary.scenario = HOSTILE.into();
    summary.crypto = HOSTILE.into();
    summary.reasons = vec![HOSTILE.into(), "x".repeat(10_000_000)];
    let check = Check {
        name: HOSTILE.into(),
        passed: false,
        detail: HOSTILE.repeat(99),
    };
    summary.checks = vec![check; 99];
    summary.requests = summary
        .requests
        .into_values()
        .map(|r| (HOSTILE.into(), r))
        .collect();
    summary.load = summary
        .load
        .into_values()
        .map(|s| (HOSTILE.repeat(9), s))
        .collect();
    let text = render_text(&summary, false);
    assert!(text.contains("\\u{1b}]0;owned"), "{text}");
    assert!(text.contains("and 89 more"), "{text}");
    decent(&text);
}

#[test]
fn long_tables_say_how_much_is_missing() {
    let mut summary = sample();
    let store = summary.requests["store"];
    summary.requests = (0..23).map(|i| (format!("kind-{i:02}"), store)).collect();
    let text = render_text(&summary, false);
    assert!(
        text.contains("  kind-19") && !text.contains("  kind-20"),
        "{text}"
    );
    assert!(text.contains("            and 3 more\n"), "{text}");
}

/// At most 80 columns, no control characters but line ends, no trailing blanks.
fn decent(text: &str) {
    for line in text.lines() {
        assert!(width(line) <= 80, "{} columns: {line:?}", width(line));
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert_eq!(line, line.trim_end());
    }
}

proptest! {
    #[test]
    fn no_numbers_break_the_layout(
        numbers in any::<[u64; 16]>(),
        floats in any::<[f64; 4]>(),
        latency in 0_f64..2e13,
        strings in any::<[String; 4]>(),
        counts in prop::collection::vec(any::<u64>(), 0..260),
    ) {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = numbers;
        let [name, detail, kind, node] = strings;
        let mut summary = sample();
        summary.delivery = Delivery {
            sent: a, delivered: b, lost: c, duplicated: d, late: e,
            pending: f, never_read: g, info: h, phantom: i, refused: j,
        };
        let some = Some(latency);
        summary.latency_ms = Quantiles { p50: some, p95: some, p99: some };
        let bucket = |&count: &u64| Bucket { from_ms: latency, to_ms: 2.0 * latency, count };
        summary.latency_histogram = Histogram { buckets: counts.iter().map(bucket).collect() };
        let hops = u32::try_from(k >> 32).unwrap();
        let stats = RequestStats { count: j, bytes: k, ms_p50: some, hops, failed: l };
        summary.requests = BTreeMap::from([(kind, stats)]);
        let spread = Spread { nodes: m, total: n, min: o, p50: p, p95: a, max: b };
        summary.load = BTreeMap::from([(node, spread)]);
        (summary.bytes, summary.retries, summary.strikes, summary.events) = (c, d, e, f);
        (summary.seed, summary.rss_bytes) = (g, h);
        [summary.wall_s, summary.cpu_s, summary.virtual_s, _] = floats.map(|s| s.abs() % 1e9);
        summary.bytes_per_message = Some(floats[3].abs() % 1.9e19);
        summary.checks.push(Check { name, passed: false, detail });
        decent(&render_text(&summary, false));
    }
}
