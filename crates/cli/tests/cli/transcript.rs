//! The README's network of one's own, replayed: what it shows is what happens.
//!
//! `LEEK_BLESS=1` writes what happened into the README.

mod masks;
mod replay;
mod script;

use std::{env, fs, path::PathBuf};

use masks::masked;
use script::Script;

const NAME: &str = "local-network";

fn readme() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../README.md"]
        .iter()
        .collect()
}

fn documented() -> Script {
    Script::of(&fs::read_to_string(readme()).unwrap(), NAME)
}

/// Where two transcripts differ first, masks aside.
fn difference(documented: &[String], happened: &[String]) -> Option<String> {
    let [left, right] = [documented, happened].map(masked);
    let at = (0..left.len().max(right.len())).find(|&at| left.get(at) != right.get(at))?;
    let line = |lines: &[String]| {
        lines
            .get(at)
            .cloned()
            .unwrap_or_else(|| "(nothing)".to_owned())
    };
    Some(format!(
        "line {}:\n  documented: {}\n  happened:   {}",
        at + 1,
        line(documented),
        line(happened)
    ))
}

/// A text with its line `at` left out.
fn without(lines: &[String], at: usize) -> Vec<String> {
    [&lines[..at], &lines[at + 1..]].concat()
}

#[test]
fn the_readme_shows_what_happens() {
    let script = documented();
    let blocks = replay::play(&script);
    if env::var_os("LEEK_BLESS").is_some() {
        fs::write(readme(), script.with(&blocks)).unwrap();
        return;
    }
    let (documented, happened) = (script.lines(), blocks.concat());
    let whole = happened.join("\n");
    if let Some(difference) = difference(&documented, &happened) {
        panic!("the README shows something else than what happens, at {difference}\n\n{whole}");
    }
    // What was compared is not masked away: each line counts, whichever text lacks it.
    for at in 0..documented.len() {
        assert!(difference(&without(&documented, at), &happened).is_some());
    }
    for at in 0..happened.len() {
        assert!(difference(&documented, &without(&happened, at)).is_some());
    }
}

#[test]
fn every_character_of_the_readme_counts() {
    let lines = documented().lines();
    assert!(difference(&lines, &lines).is_none());
    for (at, line) in lines.iter().enumerate() {
        for (place, was) in line.char_indices() {
            let mut other = lines.clone();
            // A character that no mask takes, not even in the place of another.
            other[at].replace_range(place..place + was.len_utf8(), "~");
            assert!(difference(&lines, &other).is_some(), "{:?}", other[at]);
        }
        let mut twice = lines.clone();
        twice.insert(at, line.clone());
        assert!(difference(&lines, &twice).is_some(), "twice: {line}");
    }
}

#[test]
fn the_transcript_shows_what_it_is_for() {
    let lines = documented().lines();
    let has = |parts: &[&str]| {
        lines
            .iter()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    for parts in [
        &["$ leek net up --nodes 12"][..],
        &["$ leek account new", "alice"],
        &["$ leek account new", "bob"],
        &["$ leek receive", "--follow"],
        &["$ leek send"],
        &["sent  to bob: ", "3 hops"],
        &["$ leek net kill 3"],
        &["$ leek net down"],
    ] {
        assert!(has(parts), "{parts:?}");
    }
    let place = |part: &str| lines.iter().rposition(|line| line.contains(part)).unwrap();
    let killed = place("$ leek net kill 3");
    assert!(place("$ leek send") > killed && place("sent  to bob: ") > killed);
}
