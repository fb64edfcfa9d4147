use proptest::prelude::*;

use super::*;
use crate::fixture::{self, MS, message, request};

#[test]
fn a_small_run_by_hand() {
    let numbers = fixture::numbers();
    let expected = Delivery {
        sent: 6,
        delivered: 4,
        lost: 1,
        duplicated: 1,
        late: 1,
        pending: 1,
        never_read: 0,
        info: 0,
        phantom: 1,
        refused: 0,
    };
    assert_eq!(numbers.delivery, expected);
    assert_eq!(numbers.delivered_fraction, Some(0.8));
    // 250, 300, 1250, 9000 ms: ranks 2, 4 and 4.
    let quantiles = Quantiles {
        p50: Some(300.0),
        p95: Some(9000.0),
        p99: Some(9000.0),
    };
    assert_eq!(numbers.latency_ms, quantiles);
    assert_eq!(
        numbers
            .latency_histogram
            .buckets
            .iter()
            .map(|b| b.count)
            .sum::<u64>(),
        4
    );
    let store = RequestStats {
        count: 3,
        bytes: 9000,
        ms_p50: Some(290.0),
        hops: 3,
        failed: 1,
    };
    assert_eq!(numbers.requests["store"], store);
    let subscribe = RequestStats {
        count: 1,
        bytes: 30,
        ms_p50: None,
        hops: 3,
        failed: 1,
    };
    assert_eq!(numbers.requests["subscribe"], subscribe);
    assert_eq!(
        (numbers.bytes, numbers.bytes_per_message),
        (100_000, Some(25_000.0))
    );
    assert_eq!(
        (numbers.events, numbers.retries, numbers.strikes),
        (12_345, 2, 1)
    );
    assert_eq!(numbers.virtual_s, 3600.0);
    let spread = Spread {
        nodes: 3,
        total: 60,
        min: 10,
        p50: 20,
        p95: 30,
        max: 30,
    };
    assert_eq!(numbers.load["requests"], spread);
}

#[test]
fn a_run_without_messages_has_no_fractions() {
    let mut tally = Tally::new();
    fixture::metrics()
        .iter()
        .for_each(|row| tally.metric(row).unwrap());
    tally
        .message(&message(1, None, MessageVerdict::Pending))
        .unwrap();
    let numbers = tally.finish().unwrap();
    assert_eq!(numbers.delivered_fraction, None);
    assert_eq!(numbers.bytes_per_message, None);
    assert_eq!(numbers.latency_ms, Quantiles::default());
    assert!(numbers.latency_histogram.buckets.is_empty() && numbers.requests.is_empty());
}

#[test]
fn a_missing_metric_is_named_not_zero() {
    for missing in metric::REQUIRED {
        let mut tally = Tally::new();
        let rest = fixture::metrics()
            .into_iter()
            .filter(|row| row.name != missing);
        rest.for_each(|row| tally.metric(&row).unwrap());
        assert_eq!(
            tally.finish(),
            Err(TallyError::MetricMissing { name: missing })
        );
    }
}

#[test]
fn rows_that_cannot_be_true_are_refused() {
    let refused = |row: &MessageRow| Tally::new().message(row).unwrap_err().to_string();
    let mut row = message(9, Some(5), MessageVerdict::Ok);
    row.deliveries = 2;
    let verdict = "count message 9: its verdict does not fit its number of deliveries";
    assert_eq!(refused(&row), verdict);
    assert_eq!(refused(&message(9, Some(5), MessageVerdict::Lost)), verdict);
    assert_eq!(refused(&message(9, None, MessageVerdict::Phantom)), verdict);
    let mut row = message(9, Some(5), MessageVerdict::Ok);
    row.delivered_ns = None;
    let time = "count message 9: its delivery time does not fit its number of deliveries";
    assert_eq!(refused(&row), time);
    let mut row = message(9, Some(5), MessageVerdict::Ok);
    row.due_ns += 6 * MS;
    assert_eq!(
        refused(&row),
        "count message 9: it was delivered before due"
    );

    let mut row = request("store", 1, 1, RequestOutcome::Done);
    row.started_ns = row.ended_ns + 1;
    assert!(matches!(
        Tally::new().request(&row),
        Err(TallyError::Request { .. })
    ));
    let row = request("store", 1, u64::MAX / 2, RequestOutcome::Done);
    assert!(matches!(
        Tally::new().request(&row),
        Err(TallyError::Overflow { .. })
    ));

    let mut tally = Tally::new();
    let row = MetricRow::part("bytes", "node", 1);
    tally.metric(&row).unwrap();
    assert!(matches!(
        tally.metric(&row),
        Err(TallyError::MetricTwice { .. })
    ));
}

fn any_message() -> impl Strategy<Value = MessageRow> {
    let verdict = prop::sample::select(&MessageVerdict::ALL[..]);
    (verdict, 0_u64..20_000, 0_u64..1000).prop_map(|(verdict, latency_ms, id)| {
        use MessageVerdict::{Duplicated, Late, Ok, Phantom};
        let arrived = matches!(verdict, Ok | Late | Duplicated | Phantom);
        message(id, arrived.then_some(latency_ms), verdict)
    })
}

proptest! {
    #[test]
    fn every_message_is_counted_once_and_order_does_not_matter(
        rows in prop::collection::vec(any_message(), 0..60),
    ) {
        let numbers = |rows: &mut dyn Iterator<Item = &MessageRow>| {
            let mut tally = Tally::new();
            fixture::metrics().iter().for_each(|row| tally.metric(row).unwrap());
            rows.for_each(|row| tally.message(row).unwrap());
            tally.finish().unwrap()
        };
        let forward = numbers(&mut rows.iter());
        prop_assert_eq!(&forward, &numbers(&mut rows.iter().rev()));
        let d = forward.delivery;
        prop_assert_eq!(d.sent + d.phantom, rows.len() as u64);
        let undelivered = d.lost + d.never_read + d.pending + d.info + d.refused;
        prop_assert_eq!(d.sent, d.delivered + undelivered);
        let ok = rows.iter().filter(|row| row.verdict == MessageVerdict::Ok).count() as u64;
        prop_assert_eq!(d.delivered, ok + d.late + d.duplicated);
        let counted: u64 = forward.latency_histogram.buckets.iter().map(|b| b.count).sum();
        prop_assert_eq!(counted, d.delivered);
    }
}
