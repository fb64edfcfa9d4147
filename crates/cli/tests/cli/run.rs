//! A run: what it prints, what it leaves, how it exits.

use std::fs;

use serde_json::Value;

use crate::support::{Ended, SMALL, World, field, json, last_line};

#[test]
fn a_pass_ends_with_its_line_and_leaves_a_directory() {
    let world = World::new();
    let ended = world.leek(&[&["run", "hundred", "--seed", "7"], &SMALL[..]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let last = last_line(&ended.stdout);
    let digest = field(last, "digest");
    assert_eq!(
        last,
        format!("PASS seed=7 digest={digest} run=runs/hundred-seed7")
    );
    assert!(
        digest.len() == 16 && digest.chars().all(|c| c.is_ascii_hexdigit()),
        "{last}"
    );
    assert!(ended.stdout.starts_with("PASS "), "{}", ended.stdout);
    assert!(!ended.stdout.contains("reproduce:") && !ended.stdout.contains('\x1b'));
    assert!(
        ended
            .stderr
            .starts_with("hundred: 100 nodes and 40 clients"),
        "{}",
        ended.stderr
    );

    let dir = world.path("runs/hundred-seed7");
    let mut names: Vec<String> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "effective.toml",
        "manifest.json",
        "messages.parquet",
        "metrics.parquet",
        "requests.parquet",
        "scenario.toml",
        "summary.json",
    ];
    assert_eq!(names, expected);
    let effective = fs::read_to_string(dir.join("effective.toml")).unwrap();
    for line in [
        "seed = 7",
        "duration = \"20s\"",
        "messages = 20",
        "hops = 3",
    ] {
        assert!(effective.lines().any(|l| l == line), "{line}\n{effective}");
    }
    let given = fs::read_to_string(dir.join("scenario.toml")).unwrap();
    assert!(given.starts_with("purpose = \"100 nodes"), "{given}");

    // The same again goes beside it.
    let again = world.leek(&[&["run", "hundred", "--seed", "7"], &SMALL[..]].concat());
    let last = last_line(&again.stdout);
    assert_eq!(
        last,
        format!("PASS seed=7 digest={digest} run=runs/hundred-seed7-2")
    );
}

#[test]
fn the_manifest_says_what_ran() {
    let world = World::new();
    let ended = world.small_run("a", &["--threads", "2"]);
    let manifest = json(&world.path("a/manifest.json"));
    let effective = fs::read_to_string(world.path("a/effective.toml")).unwrap();
    let without_seed: Vec<&str> = effective
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("seed = "))
        .collect();
    let hash: String = leek_crypto::hash::sha256(&[without_seed.concat().as_bytes()])
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(manifest["scenario_hash"], hash);
    assert_eq!(manifest["scenario"], "hundred");
    assert_eq!(manifest["seed"], 1);
    assert_eq!(manifest["threads"], 2);
    assert_eq!(
        manifest["digest"],
        field(last_line(&ended.stdout), "digest")
    );
    assert_eq!(manifest["tool_version"], env!("CARGO_PKG_VERSION"));
    assert!(
        manifest["rustc"].as_str().unwrap().starts_with("rustc 1."),
        "{manifest}"
    );
    assert_eq!(manifest["limits"]["wire.data_bytes_max"], 76_800);
    let year_2020 = 1_577_836_800;
    assert!(manifest["started_unix_s"].as_u64().unwrap() > year_2020);

    let summary = json(&world.path("a/summary.json"));
    assert!(summary["wall_s"].as_f64().unwrap() > 0.0);
    if cfg!(target_os = "linux") {
        assert!(summary["cpu_s"].as_f64().unwrap() > 0.0);
        let rss = summary["rss_bytes"].as_u64().unwrap();
        assert!((1 << 20..1 << 32).contains(&rss), "{rss}");
    }
}

#[test]
fn another_seed_is_another_run_of_the_same_scenario() {
    let world = World::new();
    let seven = world.small_run("seven", &["--seed", "7"]);
    let mut command = world.command(&[&["run", "hundred", "--quiet"], &SMALL[..]].concat());
    command
        .env("LEEK_SEED", "8")
        .env("LEEK_OUT", "eight")
        .env("LEEK_THREADS", "1");
    let eight = Ended::of(command.output().unwrap());
    let (seven, eight) = (last_line(&seven.stdout), last_line(&eight.stdout));
    assert_eq!((field(eight, "seed"), field(eight, "run")), ("8", "eight"));
    assert_ne!(field(seven, "digest"), field(eight, "digest"));
    let hash = |name: &str| json(&world.path(name))["scenario_hash"].clone();
    assert_eq!(hash("seven/manifest.json"), hash("eight/manifest.json"));
}

#[test]
fn with_json_stdout_is_the_summary_and_nothing_else() {
    let world = World::new();
    let ended = world.small_run("a", &["--json"]);
    assert_eq!(
        ended.stdout,
        fs::read_to_string(world.path("a/summary.json")).unwrap()
    );
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    let last = last_line(&ended.stderr);
    assert!(
        last.starts_with("PASS seed=1 digest=") && last.ends_with(" run=a"),
        "{last}"
    );
    assert_eq!(summary["digest"], field(last, "digest"));
    assert_eq!(summary["delivery"]["delivered"], 20);
}

#[test]
fn quiet_leaves_the_last_line() {
    let world = World::new();
    let ended = world.small_run("a", &["--quiet"]);
    assert_eq!(ended.stdout.lines().count(), 1);
    assert!(ended.stdout.starts_with("PASS seed=1 "), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_failed_check_is_exit_code_1_and_says_how_to_repeat_it() {
    let world = World::new();
    let args = [
        &[
            "run",
            "hundred",
            "--out",
            "a b",
            "--set",
            "expect.late_after=1ms",
        ],
        &SMALL[..],
    ];
    let ended = world.leek(&args.concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().rev().take(2).collect();
    assert!(
        lines[0].starts_with("FAIL seed=1 ") && lines[0].ends_with(" run=a b"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "reproduce: leek run 'a b/effective.toml'");
    assert!(ended.stdout.contains("late"), "{}", ended.stdout);
    assert_eq!(json(&world.path("a b/summary.json"))["verdict"], "FAIL");
}

#[test]
fn a_run_that_shows_nothing_is_exit_code_3() {
    let world = World::new();
    // One message, and no time for it to arrive.
    let args = [
        "run",
        "hundred",
        "--quiet",
        "--set",
        "duration=1ms",
        "--set",
        "workload.poisson={messages=1,over=\"1ms\"}",
    ];
    let ended = world.leek(&args);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(
        last_line(&ended.stdout).starts_with("INCONCLUSIVE "),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.starts_with("reproduce: leek run "),
        "{}",
        ended.stdout
    );
}
