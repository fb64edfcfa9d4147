//! Messages, from the one person to the other.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::town::{Ended, Town};

/// The line of a message without its time, which is in front.
fn said(line: &str) -> &str {
    let (time, said) = line.split_at("2026-11-22 21:37:05Z".len());
    assert!(time.ends_with('Z') && time.is_ascii(), "{line}");
    said
}

pub(crate) fn arrive_once(town: &Town) {
    let sent = town.alice_sends("leeks at eight?", &[]).fine();
    let expected = "sent  to bob: durable at 4 of 4 nodes; 3 hops, ";
    assert!(sent.starts_with(expected), "{sent}");
    let received = town.bob_receives(&[]);
    assert_eq!(said(&received), "  alice: leeks at eight?\n");
    // By another process, which knows what the first one showed.
    assert_eq!(town.bob_receives(&[]), "");

    // To somebody without a name for the sender, and by account id.
    town.leek(&["send", &town.alice, "hello", "--home", "bob"])
        .fine();
    town.leek(&["contacts", "remove", "bob", "--home", "alice"])
        .fine();
    let args = ["receive", "--home", "alice", "--passphrase-file", "secret"];
    let received = town.leek(&args).fine();
    let (front, back) = (&town.bob[..12], &town.bob[62..]);
    assert_eq!(
        said(&received),
        format!("  {front}…{back} (not a contact): hello\n")
    );
    town.leek(&["contacts", "add", "bob", &town.bob, "--home", "alice"])
        .fine();
}

pub(crate) fn are_harmless(town: &Town) {
    let hostile = "\x1b]0;owned\x07\x1b[2J\u{202e}evil\u{9b}1A";
    town.alice_sends(hostile, &[]).fine();
    let shown = town.bob_receives(&[]);
    assert_eq!(
        said(&shown),
        "  alice: \\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{202e}evil\\u{9b}1A\n"
    );
    town.alice_pipes("first\nsecond\n").fine();
    assert_eq!(
        said(&town.bob_receives(&[])),
        "  alice: first\n    | second\n"
    );
    // The same bytes as they were, for programs.
    town.alice_sends(hostile, &[]).fine();
    let json = town.bob_receives(&["--json"]);
    assert!(
        json.trim_end()
            .chars()
            .all(|c| c.is_ascii() && !c.is_control()),
        "{json:?}"
    );
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["text"], hostile);
}

pub(crate) fn are_followed(town: &Town) {
    let mut child = town.bob_follows();
    let mut shown = BufReader::new(child.stdout.take().unwrap());
    for text in ["one", "two"] {
        town.alice_sends(text, &[]).fine();
        let mut line = String::new();
        shown.read_line(&mut line).unwrap();
        assert_eq!(said(&line), format!("  alice: {text}\n"));
    }
    // One home, one process: another one is told so, and changes nothing.
    let other = town.leek(&["receive", "--home", "bob"]);
    assert_eq!(other.code, Some(4), "{other:?}");
    let expected = format!("another leek process uses it (process {})", child.id());
    assert!(other.stderr.contains(&expected), "{other:?}");

    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let mut rest = String::new();
    shown.read_to_string(&mut rest).unwrap();
    let ended = Ended::of(child.wait_with_output().unwrap());
    assert_eq!(
        (ended.code, rest.as_str(), ended.stderr.as_str()),
        (Some(130), "", "")
    );
    assert_eq!(town.bob_receives(&[]), "");
}

pub(crate) fn wait_for_a_reader(town: &Town) {
    town.alice_sends("do not lose me", &[]).fine();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = town.command(&["receive", "--home", "bob"]);
    let ended = command
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(Ended::of(ended).code, Some(0));
    assert_eq!(town.texts_for_bob(), ["do not lose me"]);

    // A process that is killed has shown a message or not; what it has not shown comes again.
    let mut child = town.bob_follows();
    town.alice_sends("nor me", &[]).fine();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(said(&line), "  alice: nor me\n");
    child.kill().unwrap();
    child.wait().unwrap();
    town.alice_sends("last", &[]).fine();
    let texts = town.texts_for_bob();
    // Killed between showing it and keeping that, it would show it once more.
    assert!(
        texts == ["last"] || texts == ["nor me", "last"],
        "{texts:?}"
    );
}

pub(crate) fn say_how_far_they_came(town: &Town) {
    for (level, told) in [
        ("received", " to bob: "),
        ("durable", " to bob: durable at "),
        ("quorum=4", " to bob: durable at 4 nodes; 3 hops, "),
        ("all", " to bob: durable at 4 of 4 nodes; 3 hops, "),
    ] {
        let sent = town.alice_sends(level, &["--ack", level]).fine();
        assert!(sent.contains(told), "{level}: {sent}");
    }
    // More nodes than the swarm has: nobody can say that it came so far.
    let more = ["--ack", "quorum=5", "--json", "--timeout", "2"];
    let short = town.alice_sends("short", &more);
    assert_eq!(short.code, Some(3), "{short:?}");
    let json: Value = serde_json::from_str(&short.stdout).unwrap();
    assert_eq!(json["outcome"], "unknown");
    assert_eq!(json["asked"], "quorum=5");
    assert!(short.stderr.contains("too few of them"), "{short:?}");
    // It arrives all the same, and once, however often it was tried.
    assert_eq!(
        town.texts_for_bob(),
        ["received", "durable", "quorum=4", "all", "short"]
    );
}
