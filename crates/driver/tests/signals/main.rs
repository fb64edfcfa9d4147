//! Signals of a whole process: a child of this test, so that nothing else is stopped by them.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside test functions"
)]

use std::{
    env,
    io::{BufReader, Write as _},
    process::{Child, Command, Stdio},
    time::Duration,
};

use leek_driver::{Runtime, Signal};

/// Set for the child only.
const CHILD: &str = "LEEK_DRIVER_SIGNALS_CHILD";

/// What the child does; in the parent's own run there is nothing to do.
#[test]
fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let rt = Runtime::new(1).unwrap();
    let stop = rt.on_signal().unwrap();
    println!("waiting");
    let reason = stop.wait();
    println!("stopping {reason:?}");
    std::io::stdout().flush().unwrap();
    // A shutdown that takes too long for somebody.
    assert_eq!(stop.wait_for(Duration::ZERO), Some(reason));
    loop {
        std::thread::park();
    }
}

fn start() -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

/// Reads until the line comes.
fn expect(lines: &mut impl std::io::BufRead, wanted: &str) {
    loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "no {wanted:?}");
        if line.contains(wanted) {
            return;
        }
    }
}

fn send(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn the_first_signal_asks_and_the_second_ends() {
    for (signal, reason) in [("-INT", Signal::Interrupt), ("-TERM", Signal::Terminate)] {
        let (mut child, mut lines) = start();
        expect(&mut lines, "waiting");
        send(&child, signal);
        expect(&mut lines, &format!("stopping {reason:?}"));
        assert!(child.try_wait().unwrap().is_none(), "it ended at the first");
        send(&child, signal);
        let ended = child.wait().unwrap();
        assert_eq!(ended.code(), Some(130));
    }
}
