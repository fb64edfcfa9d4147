use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fixture;
use crate::rows::{MessageRow, MessageVerdict, MetricRow, RequestOutcome, RequestRow, metric};

fn written(
    messages: &[MessageRow],
    requests: &[RequestRow],
    metrics: &[MetricRow],
) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path()).unwrap();
    let summary = fixture::summary_of(run.write_tables(messages, requests, metrics).unwrap());
    run.write_manifest(&fixture::manifest_of(&summary)).unwrap();
    run.write_summary(&summary).unwrap();
    dir
}

fn sample() -> tempfile::TempDir {
    written(
        &fixture::messages(),
        &fixture::requests(),
        &fixture::metrics(),
    )
}

#[test]
fn the_tables_bear_out_the_summary() {
    let dir = sample();
    let stated = RunDir::open(dir.path()).read_summary().unwrap().numbers();
    assert_eq!(recompute(dir.path()).unwrap(), stated);
    assert_eq!(verify(dir.path()).unwrap(), []);
}

/// Walks every number of `summary.json` and changes it: each change must be found, except for
/// what the machine spent.
#[test]
fn every_number_is_looked_at() {
    let dir = sample();
    let path = dir.path().join("summary.json");
    let honest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut pointers = Vec::new();
    numbers_in(&honest, String::new(), &mut pointers);
    let spent = ["/wall_s", "/cpu_s", "/rss_bytes"];
    let mut unnoticed = Vec::new();
    for pointer in pointers.iter().filter(|at| *at != "/schema_version") {
        let mut forged = honest.clone();
        let number = forged.pointer_mut(pointer).unwrap();
        *number = match number.as_u64() {
            Some(n) => json!(n + 1),
            None => json!(number.as_f64().unwrap() + 0.125),
        };
        fs::write(&path, forged.to_string()).unwrap();
        let found = verify(dir.path()).unwrap();
        match &found[..] {
            [] => unnoticed.push(pointer.as_str()),
            [only] => assert!(pointer.starts_with(&only.field), "{pointer}: {only:?}"),
            _ => panic!("{pointer}: {found:?}"),
        }
    }
    unnoticed.sort_unstable();
    let mut expected = spent.to_vec();
    expected.sort_unstable();
    assert_eq!(unnoticed, expected);
    assert!(
        pointers.len() > 40,
        "the sample has too few numbers: {pointers:?}"
    );
}

#[test]
fn a_kind_of_request_that_is_left_out_is_found() {
    let dir = sample();
    let run = RunDir::open(dir.path());
    let mut summary = run.read_summary().unwrap();
    let store = summary.requests.remove("store").unwrap();
    summary.requests.insert("a/b".into(), store);
    run.write_summary(&summary).unwrap();
    let fields: Vec<String> = verify(dir.path())
        .unwrap()
        .into_iter()
        .map(|difference| difference.field)
        .collect();
    assert_eq!(fields, ["/requests/a~1b", "/requests/store"]);
}

#[test]
fn a_missing_table_is_an_error() {
    let dir = sample();
    fs::remove_file(dir.path().join("metrics.parquet")).unwrap();
    assert!(matches!(
        verify(dir.path()),
        Err(Error::Io { doing: "open", .. })
    ));
}

proptest! {
    // Every case syncs five files to the disk.
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Numbers survive JSON and Parquet to the last bit, whatever the latencies.
    #[test]
    fn exact_for_any_run(
        latencies_ns in prop::collection::vec(0_u64..1 << 50, 0..40),
        durations_ns in prop::collection::vec(0_u64..1 << 50, 0..40),
        bytes in any::<u64>(),
    ) {
        let messages: Vec<_> = latencies_ns.iter().enumerate().map(|(id, latency)| {
            let mut row = fixture::message(id as u64, Some(0), MessageVerdict::Ok);
            row.delivered_ns = Some(row.due_ns + latency);
            row
        }).collect();
        let requests: Vec<_> = durations_ns.iter().map(|took| {
            let mut row = fixture::request("store", 0, 1, RequestOutcome::Done);
            row.ended_ns = row.started_ns + took;
            row
        }).collect();
        let mut metrics = vec![MetricRow::whole(metric::BYTES, bytes)];
        metrics.extend(fixture::metrics().into_iter().filter(|row| row.name != metric::BYTES));
        let dir = written(&messages, &requests, &metrics);
        prop_assert_eq!(verify(dir.path()).unwrap(), []);
    }
}

fn numbers_in(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Number(_) => out.push(at),
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(key, field)| numbers_in(field, format!("{at}/{key}"), out));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(i, item)| numbers_in(item, format!("{at}/{i}"), out));
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
