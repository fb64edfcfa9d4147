//! Logs at their loudest tell nobody who writes to whom.

use std::fs;

use crate::town::Town;

/// Everything that must not be in a log: who, with which keys, where, and what was said.
fn canaries(town: &Town, text: &str) -> Vec<String> {
    let network = fs::read_to_string(town.path("leek-net/network.toml")).unwrap();
    // leek://KEY@IP:PORT
    let urls = network
        .split('"')
        .filter_map(|word| word.strip_prefix("leek://"));
    let parts = urls.flat_map(|url| url.split(['@', ':']));
    // A port alone is a number like any other.
    let parts = parts.filter(|part| part.len() > 5).map(str::to_owned);
    let mut canaries: Vec<String> = parts.collect();
    assert_eq!(canaries.len(), 6, "{network}");
    canaries.extend([town.alice.clone(), town.bob.clone(), text.to_owned()]);
    // Every node is on the loopback network.
    canaries.push("127.".to_owned());
    canaries
}

/// The forms that bytes may take in a log.
fn spellings(canary: &str) -> Vec<String> {
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let numbers: Vec<String> = canary.bytes().map(|byte| byte.to_string()).collect();
    let mut out = vec![
        canary.to_owned(),
        canary.to_uppercase(),
        hex,
        numbers.join(", "),
    ];
    if canary.len() >= 64 {
        // A key or an id, which is shortened in places: its first 4 bytes, with and without prefix.
        out.extend([canary[..8].to_owned(), canary[2..10].to_owned()]);
        let bytes: Vec<String> = (0..8)
            .map(|i| {
                u8::from_str_radix(&canary[2 * i..2 * i + 2], 16)
                    .unwrap()
                    .to_string()
            })
            .collect();
        out.push(bytes.join(", "));
    }
    out
}

pub(crate) fn tell_nothing(town: &Town) {
    let text = "the-canary-in-the-leek-bed";
    let loud = ["--log", "trace"];
    for form in ["text", "json"] {
        let more = [&loud[..], &["--log-format", form]].concat();
        let sent = town.alice_sends(text, &more);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        let received = town.leek(&[&["receive", "--home", "bob"], &more[..]].concat());
        assert!(received.stdout.contains(text), "{received:?}");
        for canary in canaries(town, text) {
            for spelling in spellings(&canary) {
                assert!(
                    !sent.stderr.contains(&spelling),
                    "{spelling} in {}",
                    sent.stderr
                );
                assert!(
                    !received.stderr.contains(&spelling),
                    "{spelling} in {}",
                    received.stderr
                );
            }
        }
    }
    // Libraries speak when they may, and only then.
    let quiet = town.alice_sends(text, &loud);
    assert!(!quiet.stderr.contains("h2::"), "{}", quiet.stderr);
    let more = [&loud[..], &["--unsafe-log-identifiers"]].concat();
    let sent = town.alice_sends(text, &more);
    assert!(sent.stderr.contains("h2::"), "{}", sent.stderr);
    town.bob_receives(&[]);
}
