//! Signals.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStderr, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{SMALL, World, json, last_line};

/// Hours of virtual time: nobody waits for its end.
const LONG: [&str; 8] = [
    "run",
    "hundred",
    "--out",
    "a",
    "--threads",
    "1",
    "--set",
    "duration=1000h",
];

struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    /// Starts the program and waits for the line of its purpose: signals are watched from then on.
    fn start(world: &World, args: &[&str]) -> Self {
        let mut command = world.command(args);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.starts_with("hundred: "), "{line}");
        Self { child, stderr }
    }

    fn send(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Exit code, stdout and the rest of stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap().code(), stdout, stderr)
    }
}

fn keeps_partial_results(signal: Signal) {
    let world = World::new();
    let running = Running::start(&world, &LONG);
    running.send(signal);
    let (code, stdout, stderr) = running.end();
    assert_eq!(code, Some(130), "{stderr}");
    let last = last_line(&stdout);
    assert!(
        last.starts_with("INTERRUPTED seed=1 ") && last.ends_with(" run=a"),
        "{last}"
    );
    assert!(
        stdout.contains("\nreproduce: leek run a/effective.toml\n"),
        "{stdout}"
    );
    assert!(stderr.contains("interrupted: "), "{stderr}");

    let summary = json(&world.path("a/summary.json"));
    assert_eq!(summary["verdict"], "INTERRUPTED");
    let virtual_s = summary["virtual_s"].as_f64().unwrap();
    assert!(virtual_s > 0.0 && virtual_s < 3_600_000.0, "{virtual_s}");
    assert!(summary["events"].as_u64().unwrap() > 0);
    assert_eq!(world.leek(&["verify", "a"]).code, Some(0));
}

#[test]
fn ctrl_c_keeps_partial_results() {
    keeps_partial_results(Signal::INT);
}

#[test]
fn sigterm_keeps_partial_results() {
    keeps_partial_results(Signal::TERM);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let world = World::new();
    let running = Running::start(&world, &LONG);
    // Both wait until it goes on, so that no window ends in between.
    running.send(Signal::STOP);
    running.send(Signal::INT);
    running.send(Signal::TERM);
    running.send(Signal::CONT);
    let (code, stdout, _) = running.end();
    assert_eq!((code, stdout.as_str()), (Some(130), ""));
    assert!(!world.path("a/summary.json").exists());
}

#[test]
fn a_hangup_is_ignored_under_nohup() {
    let world = World::new();
    let script = format!(
        "trap '' HUP; exec {} run hundred --out a {}",
        env!("CARGO_BIN_EXE_leek"),
        SMALL.join(" ")
    );
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(world.path(""));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let running = Running { child, stderr };
    running.send(Signal::HUP);
    let (code, stdout, _) = running.end();
    assert_eq!(code, Some(0));
    assert!(last_line(&stdout).starts_with("PASS "), "{stdout}");
}
