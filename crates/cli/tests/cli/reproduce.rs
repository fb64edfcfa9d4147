//! The same scenario, seed and build give the same run, wherever and however it runs.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{Ended, SMALL, World, field, json, last_line};

/// A summary without what the machine decides.
fn comparable(path: &Path) -> Value {
    let mut summary = json(path);
    for key in ["wall_s", "cpu_s", "rss_bytes", "threads"] {
        assert!(
            summary.as_object_mut().unwrap().remove(key).is_some(),
            "{key}"
        );
    }
    summary
}

#[test]
fn threads_places_and_locales_change_nothing() {
    let (here, there) = (World::new(), World::new());
    here.small_run("run", &["--threads", "1"]);
    let args = [
        &["run", "hundred", "--out", "elsewhere/run", "--threads", "2"],
        &SMALL[..],
    ]
    .concat();
    let mut command = there.command(&args);
    command
        .env("TZ", "Asia/Tokyo")
        .env("LC_ALL", "C")
        .env("LANG", "C");
    let ended = Ended::of(command.output().unwrap());
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let (one, two) = (here.path("run"), there.path("elsewhere/run"));
    assert_eq!(
        comparable(&one.join("summary.json")),
        comparable(&two.join("summary.json"))
    );
    for table in ["messages", "requests", "metrics"] {
        let name = format!("{table}.parquet");
        let same = fs::read(one.join(&name)).unwrap() == fs::read(two.join(&name)).unwrap();
        assert!(same, "{name} differs");
    }
    assert_eq!(json(&one.join("summary.json"))["threads"], 1);
    assert_eq!(json(&two.join("summary.json"))["threads"], 2);
}

#[test]
fn a_run_directory_runs_again() {
    let world = World::new();
    let first = world.small_run("first", &["--seed", "5", "--quiet"]);
    let second = world.leek(&["run", "first/effective.toml", "--quiet"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    let (first, second) = (last_line(&first.stdout), last_line(&second.stdout));
    assert_eq!(field(first, "digest"), field(second, "digest"));
    // Under the name and the seed it had.
    assert_eq!(field(second, "run"), "runs/hundred-seed5");
    let effective = |dir: &str| fs::read_to_string(world.path(dir).join("effective.toml")).unwrap();
    assert_eq!(effective("first"), effective("runs/hundred-seed5"));
}

#[test]
fn a_run_directory_brings_its_trace() {
    let (here, there) = (World::new(), World::new());
    let trace = here.write("t.txt", "7 9 100\n9 7 103\n7 8 104\n");
    here.write(
        "mine.toml",
        "extends = \"trace\"\nduration = \"30s\"\nnetwork.nodes = 100\n\
         workload.trace = { file = \"t.txt\", over = \"10s\" }\n",
    );
    let first = here.leek(&["run", "mine.toml", "--out", "run", "--quiet"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let copied = fs::read_to_string(here.path("run/trace.txt")).unwrap();
    assert_eq!(copied, fs::read_to_string(&trace).unwrap());

    fs::remove_file(trace).unwrap();
    fs::rename(here.path("run"), there.path("moved")).unwrap();
    let second = there.leek(&["run", "moved/effective.toml", "--out", "again", "--quiet"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    let digest = |ended: &Ended| field(last_line(&ended.stdout), "digest").to_owned();
    assert_eq!(digest(&first), digest(&second));
    let hash = |dir: &str| json(&there.path(dir).join("manifest.json"))["scenario_hash"].clone();
    assert_eq!(hash("moved"), hash("again"));
    assert_eq!(there.leek(&["verify", "moved"]).code, Some(0));
}
