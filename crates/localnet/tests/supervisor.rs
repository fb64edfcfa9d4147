//! A supervisor and processes that are none of ours: what it does when they misbehave.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use leek_localnet::{Config, Control, LocalNet, NetError, Wiped, wipe};

/// A network of a script that stands in for the program.
fn config(dir: &Path, script: &str) -> Config {
    let program = dir.join("program");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    let mut config = Config::new(program, dir.join("net"));
    config.ready_within = Duration::from_millis(600);
    config
}

/// The processes that the script said it is.
fn pids(net: &Path) -> Vec<PathBuf> {
    let lines = fs::read_dir(net.join("logs")).unwrap();
    let logs = lines.map(|entry| entry.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|ext| ext == "log"));
    let pids = logs.map(|path| fs::read_to_string(path).unwrap());
    pids.map(|pid| Path::new("/proc").join(pid.trim()))
        .collect()
}

#[test]
fn processes_that_say_nothing_are_ended_again() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path(), "echo $$ >&2; exec sleep 60");
    let error = LocalNet::up(&config).unwrap_err();
    assert!(matches!(error, NetError::NotReady { .. }), "{error}");
    for part in [
        "directory-0 is starting",
        "node-3 is starting",
        "4 nodes are in no snapshot",
    ] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    let pids = pids(&config.dir);
    assert_eq!(pids.len(), 7);
    assert!(pids.iter().all(|pid| !pid.exists()), "{pids:?}");
    // Its directory is free: nobody is up, and it can be removed.
    let status = Control::open(&config.dir).unwrap().status().unwrap();
    assert!(!status.up && status.processes.iter().all(|process| process.pid.is_none()));
    fs::write(config.dir.join("notes"), "mine").unwrap();
    assert_eq!(wipe(&config.dir).unwrap(), Wiped::OthersStay);
    assert_eq!(fs::read_dir(&config.dir).unwrap().count(), 1);
}

#[test]
fn a_process_that_ends_is_told_with_the_end_of_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path(), "echo 'error: no luck' >&2; exit 4");
    let error = LocalNet::up(&config).unwrap_err();
    assert!(matches!(error, NetError::Ended { .. }), "{error}");
    assert!(
        error.to_string().contains("ended with exit code 4"),
        "{error}"
    );
    assert_eq!(error.log(), "error: no luck\n");
}

#[test]
fn a_process_that_is_somebody_else_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let line = r#"{"event":"started","id":"00","ops":"127.0.0.1:9"}"#;
    let config = config(dir.path(), &format!("echo '{line}'; exec sleep 60"));
    let error = LocalNet::up(&config).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("not the one that its key file makes it"),
        "{error}"
    );
}

#[test]
fn a_directory_that_is_taken_away_stops_nobody_from_ending() {
    let dir = tempfile::tempdir().unwrap();
    let net = dir.path().join("net");
    let script = format!("sleep 0.2; rm -rf '{}'; exec sleep 60", net.display());
    let error = LocalNet::up(&config(dir.path(), &script)).unwrap_err();
    assert!(matches!(error, NetError::Io { .. }), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::new(dir.path().join("missing"), dir.path().join("net"));
    let error = LocalNet::up(&config).unwrap_err();
    assert!(matches!(error, NetError::Spawn { .. }), "{error}");
}
