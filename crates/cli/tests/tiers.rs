//! Real processes hear and deliver what the simulated network does.
#![cfg(target_os = "linux")]

use core::num::NonZeroUsize;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

use leek_lab::{
    Control, run,
    scenario::{Loaded, Loader, load},
};
use leek_machine::Seed;
use leek_report::Verdict;
use leek_storage_node::NodeConfig;
use leek_tiers::{
    runner::{ProcessConfig, Processes, script_in_simulation},
    script::{Case, Script, Transcript},
    suite::{SMALL_QUOTA_BYTES, conformance, small_mailboxes},
};
use tempfile::TempDir;

const LEEK: &str = env!("CARGO_BIN_EXE_leek");

struct NoFiles;

impl Loader for NoFiles {
    fn read(&self, _: &Path) -> Result<String, String> {
        Err("no files here".to_owned())
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

fn calm(sets: &[&str]) -> Loaded {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    load(&NoFiles, "calm", &sets, None).expect("the test sets what can be set")
}

fn script(cases: Vec<Case>) -> Script {
    Script::new(leek_crypto::fast().suite(), Seed::from_u64(7), cases)
}

fn up(loaded: &Loaded, dir: &TempDir, args: &[&str]) -> Processes {
    let mut config = ProcessConfig::new(LEEK, dir.path().join("net"));
    config.node_args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Processes::up(loaded, &config, &|| false).expect("the network comes up")
}

/// Names the first line that differs.
fn same(expected: &Transcript, found: &Transcript) {
    let (expected, found) = (expected.to_string(), found.to_string());
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found);
    }
    assert_eq!(expected.lines().count(), found.lines().count());
}

#[test]
fn processes_answer_the_conformance_suite_as_the_simulation_does() {
    let loaded = calm(&[]);
    let config = NodeConfig::default();
    let expected = script_in_simulation(&loaded, config, script(conformance())).unwrap();
    let dir = TempDir::new().unwrap();
    let net = up(&loaded, &dir, &[]);
    let heard = net.recite(script(conformance())).unwrap();
    assert!(heard.passed(), "{heard}");
    same(&expected, &heard);
    net.down().unwrap();
}

#[test]
fn processes_refuse_what_is_over_the_quota_as_the_simulation_does() {
    let loaded = calm(&["network.nodes=4", "onion.guards=1"]);
    let config = NodeConfig {
        account_bytes_max: SMALL_QUOTA_BYTES,
        ..NodeConfig::default()
    };
    let expected = script_in_simulation(&loaded, config, script(small_mailboxes())).unwrap();
    let dir = TempDir::new().unwrap();
    let quota = format!("{SMALL_QUOTA_BYTES}B");
    let net = up(&loaded, &dir, &["--account-bytes-max", &quota]);
    let heard = net.recite(script(small_mailboxes())).unwrap();
    assert!(heard.passed(), "{heard}");
    same(&expected, &heard);
    net.down().unwrap();
}

#[test]
fn a_calm_plan_comes_to_the_same_on_processes() {
    // Half as long as shipped, so that nobody waits.
    let loaded = calm(&[
        "duration=11s",
        "workload.poisson.over=6s",
        "expect.late_after=5s",
    ]);
    let simulated = run(&loaded, NonZeroUsize::MIN, &mut |_| Control::Continue).unwrap();
    assert_eq!(
        simulated.header.verdict,
        Verdict::Pass,
        "{:?}",
        simulated.header
    );
    let dir = TempDir::new().unwrap();
    let net = up(&loaded, &dir, &[]);
    let judged = net.play(&loaded, &|| false).unwrap();
    net.down().unwrap();
    assert_eq!(judged.verdict, Verdict::Pass, "{:?}", judged.checks);
    assert_eq!(simulated.outcome, judged.outcome);
}

#[test]
fn a_run_on_processes_leaves_a_run_directory_that_verifies() {
    let dir = TempDir::new().unwrap();
    let leek = |args: &[&str]| {
        let mut command = Command::new(LEEK);
        command.args(args).current_dir(&dir).env_remove("LEEK_OUT");
        command.output().unwrap()
    };
    let sets = [
        "--set",
        "duration=6s",
        "--set",
        "workload.poisson.over=2s",
        "--set",
        "workload.poisson.messages=12",
        "--set",
        "expect.late_after=3s",
    ];
    let args = [&["net", "run", "calm", "--out", "run", "--json"], &sets[..]].concat();
    let ended = leek(&args);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{said}");
    let last = said.lines().last().unwrap();
    assert_eq!(last, "PASS seed=1 digest=- run=run", "{said}");
    let summary: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(summary["verdict"], "PASS");
    assert_eq!(summary["delivery"]["sent"], 12);
    let reasons = summary["reasons"].to_string();
    assert!(
        reasons.contains("not applied to real processes"),
        "{reasons}"
    );
    let verified = leek(&["verify", "run"]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

#[test]
fn what_processes_cannot_do_is_refused_before_anything_starts() {
    let dir = TempDir::new().unwrap();
    for (set, why) in [
        ("crypto.mode=sized", "sized cryptography"),
        ("network.loss=0.1", "a loss of 0.1"),
        ("network.duplication=0.1", "a duplication of 0.1"),
        ("network.nodes=400", "400 nodes as processes"),
    ] {
        let mut command = Command::new(LEEK);
        command.args(["net", "run", "calm", "--out", "run", "--set", set]);
        let ended = command.current_dir(&dir).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{set}: {said}");
        assert!(said.contains(why), "{set}: {said}");
        assert!(!dir.path().join("run").exists(), "{set}");
    }
}
