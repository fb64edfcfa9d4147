use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::fixture;
use crate::rows::{MessageRow, MessageVerdict, MetricRow, RequestOutcome, RequestRow};

fn write<R: Row>(dir: &Path, rows: &[R]) {
    let mut table = TableWriter::create(dir).unwrap();
    rows.iter().for_each(|row| table.push(row).unwrap());
    table.finish().unwrap();
}

fn read<R: Row>(dir: &Path) -> Result<Vec<R>, Error> {
    TableReader::open(dir)?.read_to_end()
}

fn any_message() -> impl Strategy<Value = MessageRow> {
    let verdict = prop::sample::select(&MessageVerdict::ALL[..]);
    let times = any::<(u64, Option<u64>, Option<u64>)>();
    (any::<u64>(), any::<[u32; 5]>(), times, verdict).prop_map(|(id, small, times, verdict)| {
        let [from, to, size_bytes, deliveries, attempts] = small;
        let (due_ns, accepted_ns, delivered_ns) = times;
        MessageRow {
            id,
            from,
            to,
            size_bytes,
            due_ns,
            accepted_ns,
            delivered_ns,
            deliveries,
            attempts,
            verdict,
        }
    })
}

fn any_request() -> impl Strategy<Value = RequestRow> {
    let outcome = prop::sample::select(&RequestOutcome::ALL[..]);
    (any::<String>(), any::<[u64; 4]>(), any::<u32>(), outcome).prop_map(
        |(kind, [started_ns, ended_ns, bytes_up, bytes_down], hops, outcome)| RequestRow {
            kind: kind.into(),
            started_ns,
            ended_ns,
            bytes_up,
            bytes_down,
            hops,
            outcome,
        },
    )
}

proptest! {
    // Every case syncs three files to the disk.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn rows_come_back(
        messages in prop::collection::vec(any_message(), 0..50),
        requests in prop::collection::vec(any_request(), 0..50),
        metrics in prop::collection::vec(any::<(String, String, u64)>(), 0..50),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let metrics: Vec<_> =
            metrics.into_iter().map(|(name, kind, n)| MetricRow::part(name, kind, n)).collect();
        write(dir.path(), &messages);
        write(dir.path(), &requests);
        write(dir.path(), &metrics);
        prop_assert_eq!(read::<MessageRow>(dir.path()).unwrap(), messages);
        prop_assert_eq!(read::<RequestRow>(dir.path()).unwrap(), requests);
        prop_assert_eq!(read::<MetricRow>(dir.path()).unwrap(), metrics);
    }
}

#[test]
fn rows_come_back_over_several_row_groups() {
    let dir = tempfile::tempdir().unwrap();
    let count = ROWS_PER_GROUP as u64 * 2 + 1;
    let row = |id| fixture::message(id, (id % 3 > 0).then_some(id), MessageVerdict::Ok);
    let rows: Vec<_> = (0..count).map(row).collect();
    write(dir.path(), &rows);
    let mut table = TableReader::<MessageRow>::open(dir.path()).unwrap();
    let mut lengths = Vec::new();
    let mut back = Vec::new();
    while let Some(group) = table.next_rows().unwrap() {
        lengths.push(group.len());
        back.extend(group);
    }
    assert_eq!(lengths, [ROWS_PER_GROUP, ROWS_PER_GROUP, 1]);
    assert!(back == rows, "a row changed on the way");
}

#[test]
fn equal_rows_give_equal_files() {
    let files: Vec<Vec<u8>> = (0..2)
        .map(|_| {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path(), &fixture::requests());
            fs::read(dir.path().join("requests.parquet")).unwrap()
        })
        .collect();
    assert_eq!(files[0], files[1]);
}

#[test]
fn nothing_appears_before_finish() {
    let dir = tempfile::tempdir().unwrap();
    let mut table = TableWriter::create(dir.path()).unwrap();
    table.push(&fixture::messages()[0]).unwrap();
    assert!(!dir.path().join("messages.parquet").exists());
    drop(table);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn other_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        read::<MessageRow>(dir.path()),
        Err(Error::Io { doing: "open", .. })
    ));
    fs::write(dir.path().join("messages.parquet"), "not a table").unwrap();
    assert!(matches!(
        read::<MessageRow>(dir.path()),
        Err(Error::Parquet { .. })
    ));
    write(dir.path(), &fixture::metrics());
    fs::rename(
        dir.path().join("metrics.parquet"),
        dir.path().join("messages.parquet"),
    )
    .unwrap();
    assert!(matches!(
        read::<MessageRow>(dir.path()),
        Err(Error::Columns {
            table: "messages",
            ..
        })
    ));
}

#[test]
fn a_damaged_file_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &fixture::messages());
    let path = dir.path().join("messages.parquet");
    let whole = fs::read(&path).unwrap();
    for length in [0, 4, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(
            read::<MessageRow>(dir.path()).is_err(),
            "{length} bytes of it were read"
        );
    }
}

/// The columns are a published format: people read them from notebooks.
#[test]
fn the_columns_are_the_published_ones() {
    let dir = tempfile::tempdir().unwrap();
    let expected = "\
message messages {
  REQUIRED INT64 id (INTEGER(64,false));
  REQUIRED INT32 from (INTEGER(32,false));
  REQUIRED INT32 to (INTEGER(32,false));
  REQUIRED INT32 size_bytes (INTEGER(32,false));
  REQUIRED INT64 due_ns (INTEGER(64,false));
  OPTIONAL INT64 accepted_ns (INTEGER(64,false));
  OPTIONAL INT64 delivered_ns (INTEGER(64,false));
  REQUIRED INT32 deliveries (INTEGER(32,false));
  REQUIRED INT32 attempts (INTEGER(32,false));
  REQUIRED BYTE_ARRAY verdict (STRING);
}
";
    write(dir.path(), &fixture::messages());
    let file = fs::File::open(dir.path().join("messages.parquet")).unwrap();
    let file = parquet::file::reader::SerializedFileReader::new(file).unwrap();
    let about = parquet::file::reader::FileReader::metadata(&file).file_metadata();
    let mut text = Vec::new();
    parquet::schema::printer::print_schema(&mut text, about.schema());
    assert_eq!(String::from_utf8(text).unwrap(), expected);
    assert_eq!(about.created_by(), Some("leek"));
}
