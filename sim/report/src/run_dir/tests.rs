use std::io::Write as _;

use super::*;
use crate::fixture;

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_whole_run_directory_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(&dir.path().join("a/b")).unwrap();
    let given = "# as given, with trailing blanks  \r\nseed = 7";
    run.write_scenario(given, "seed = 7\nnodes = 50\n").unwrap();
    let (messages, requests, metrics) =
        (fixture::messages(), fixture::requests(), fixture::metrics());
    let numbers = run.write_tables(&messages, &requests, &metrics).unwrap();
    assert_eq!(numbers, fixture::numbers());
    let summary = fixture::summary_of(numbers);
    let manifest = fixture::manifest_of(&summary);
    run.write_manifest(&manifest).unwrap();
    run.write_summary(&summary).unwrap();

    let expected = [
        "effective.toml",
        "manifest.json",
        "messages.parquet",
        "metrics.parquet",
        "requests.parquet",
        "scenario.toml",
        "summary.json",
    ];
    assert_eq!(names(run.path()), expected);
    let again = RunDir::open(run.path());
    assert_eq!(again.read_summary().unwrap(), summary);
    assert_eq!(again.read_manifest().unwrap(), manifest);
    assert_eq!(
        fs::read_to_string(run.path().join("scenario.toml")).unwrap(),
        given
    );
    assert_eq!(
        again
            .table_reader::<MessageRow>()
            .unwrap()
            .read_to_end()
            .unwrap(),
        messages
    );
}

#[test]
fn a_directory_with_anything_in_it_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path()).unwrap();
    run.write_scenario("", "").unwrap();
    let error = RunDir::create(dir.path()).unwrap_err().to_string();
    let expected = format!(
        "create run directory {}: it is not empty; name another directory, or remove this one",
        dir.path().display()
    );
    assert_eq!(error, expected);
    assert_eq!(names(dir.path()), ["effective.toml", "scenario.toml"]);
}

#[test]
fn a_file_in_the_way_is_an_io_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("taken");
    fs::write(&path, "mine").unwrap();
    let error = RunDir::create(&path).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Io {
                doing: "create run directory",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn names_are_numbered_when_taken() {
    let dir = tempfile::tempdir().unwrap();
    for expected in [
        "first-light-seed7",
        "first-light-seed7-2",
        "first-light-seed7-3",
    ] {
        let run = RunDir::create_under(dir.path(), "first-light", 7).unwrap();
        assert_eq!(run.path(), dir.path().join(expected));
    }
}

#[test]
fn hostile_scenario_names_stay_in_their_parent() {
    assert_eq!(default_name("first-light", 7), "first-light-seed7");
    assert_eq!(default_name("../../etc/passwd", 7), "etc-passwd-seed7");
    assert_eq!(default_name("-rf", 7), "rf-seed7");
    assert_eq!(default_name("a b\n\u{202e}c/é", 1), "a-b--c---seed1");
    assert_eq!(default_name("..", 1), "run-seed1");
    assert!(default_name(&"x".repeat(9999), u64::MAX).len() < 100);
}

#[test]
fn a_file_appears_complete_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("summary.json");
    fs::write(&target, "old").unwrap();
    let mut file = PendingFile::create(&target).unwrap();
    file.write_all(b"new").unwrap();
    file.flush().unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "old");
    drop(file);
    assert_eq!(fs::read_to_string(&target).unwrap(), "old");
    assert_eq!(names(dir.path()), ["summary.json"]);

    let mut file = PendingFile::create(&target).unwrap();
    file.write_all(b"new").unwrap();
    file.commit().unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    assert_eq!(names(dir.path()), ["summary.json"]);
}

#[test]
fn rows_that_contradict_themselves_leave_no_table() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path()).unwrap();
    let mut messages = fixture::messages();
    messages[0].deliveries = 9;
    let error = run.write_tables(&messages, [], []).unwrap_err();
    assert!(matches!(error, Error::Tally { .. }), "{error}");
    assert!(names(dir.path()).is_empty());
}

#[test]
fn another_version_is_called_that() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path()).unwrap();
    fs::write(dir.path().join("summary.json"), r#"{"schema_version": 99}"#).unwrap();
    let error = run.read_summary().unwrap_err().to_string();
    assert!(
        error.ends_with("its schema version is 99, this build reads 1"),
        "{error}"
    );
    fs::write(dir.path().join("manifest.json"), "{}").unwrap();
    let error = run.read_manifest().unwrap_err().to_string();
    assert!(error.contains("its schema version is missing"), "{error}");
    fs::write(dir.path().join("manifest.json"), "{").unwrap();
    assert!(matches!(run.read_manifest(), Err(Error::Json { .. })));
}
