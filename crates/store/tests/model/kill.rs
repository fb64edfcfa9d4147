//! A process that is killed: at each step of a history, and inside any write to a file.

use std::path::Path;

use leek_store::{DurableStore as _, SqliteStore};
use leek_wire::{ReadView as _, StoreError, WriteId};

use crate::{
    on_disk::{NOW, config, open, scratch},
    process::{Said, run, say},
    world::{HISTORY_BATCHES, hash, history, history_answers, history_states},
};

/// Capacity for the whole history.
const ROOMY: u64 = 1 << 20;

/// Batches of one commit.
const GROUP: usize = 3;

/// The newest batch that a process acknowledged before it ended.
fn acknowledged(said: &Said) -> usize {
    let mut numbers = said.lines.iter().rev().filter_map(|line| line.parse().ok());
    numbers.next().unwrap_or(0)
}

/// Runs the history in groups and aborts before step `n`. A step is a batch handed out, a commit,
/// or saying that a batch is durable.
pub(crate) fn steps(dir: &Path, n: usize) {
    let mut left = n;
    let mut step = || {
        if left == 0 {
            std::process::abort();
        }
        left -= 1;
    };
    let mut store = open(dir, ROOMY).store;
    let history = history();
    for group in history.chunks(GROUP) {
        for (write, batch) in group {
            step();
            store.hand_out(*write, batch.clone());
        }
        step();
        // Not all that was handed out: the rest is pending when the next group comes.
        for (write, result) in store.commit(GROUP - 1) {
            result.unwrap();
            step();
            say(write.0);
        }
    }
    step();
    say("end");
}

#[test]
fn a_process_killed_at_any_step_loses_nothing_it_acknowledged() {
    let states = history_states();
    let mut n = 0;
    loop {
        let dir = scratch();
        let said = run(&format!("steps {n}"), dir.path(), "");
        let durable = acknowledged(&said);
        let opened = open(dir.path(), ROOMY);
        assert_eq!(opened.set_aside, None, "{:?}", opened.damage);
        let shown = history_answers(&opened.store);
        // Killed between a commit and the word about it, a group is durable and nobody knows.
        let unsaid = (durable..=durable + GROUP - 1).filter(|&n| n < states.len());
        assert!(
            unsaid.clone().any(|durable| states[durable] == shown),
            "killed before step {n}, {} acknowledged",
            durable
        );
        if said.last() == "end" {
            break;
        }
        assert!(!said.status.success(), "killed before step {n}");
        n += 1;
    }
    let batches = usize::try_from(HISTORY_BATCHES).unwrap();
    assert!(n > 2 * batches, "{n} steps");
}

/// Runs the history until a write fails, and says how that looked.
pub(crate) fn write(dir: &Path) {
    let Ok(opened) = SqliteStore::open(dir, config(ROOMY), NOW) else {
        return say("not opened");
    };
    let mut store = opened.store;
    for (write, batch) in history() {
        store.hand_out(write, batch);
        match store.commit_next() {
            Some((_, Ok(()))) => say(write.0),
            Some((_, Err(StoreError::Io(_)))) => return say_ended(&mut store),
            other => panic!("{other:?}"),
        }
    }
    say("end");
}

/// After a write that failed the store takes and shows nothing, whatever is asked.
fn say_ended(store: &mut SqliteStore) {
    for write in 1_000..1_003 {
        store.hand_out(WriteId(write), Default::default());
    }
    let ended = store.commit(2);
    assert_eq!(ended.len(), 2);
    assert!(
        ended
            .iter()
            .all(|(_, result)| matches!(result, Err(StoreError::Io(_))))
    );
    assert!(matches!(store.find(&hash(1)), Err(StoreError::Io(_))));
    assert!(matches!(store.next_expiry(), Err(StoreError::Io(_))));
    say("ended");
}

/// Files may have so many blocks of 512 bytes. The system cuts the write that crosses the limit,
/// and kills the process at the next; or lets it fail, when the signal is ignored.
fn limited(blocks: u32, ignore: bool) -> String {
    let trap = if ignore { "trap '' XFSZ; " } else { "" };
    format!("{trap}ulimit -f {blocks};")
}

/// Limits from none to one that the whole history stays below. The step is odd, so that the cut
/// falls anywhere in a page.
fn limits() -> impl Iterator<Item = u32> {
    (0..).step_by(61)
}

#[test]
fn a_process_killed_inside_a_write_loses_nothing_it_acknowledged() {
    let states = history_states();
    let (mut before, mut inside) = (0, 0);
    for blocks in limits() {
        let dir = scratch();
        let said = run("write all", dir.path(), &limited(blocks, false));
        let durable = acknowledged(&said);
        let opened = open(dir.path(), ROOMY);
        assert_eq!(opened.set_aside, None, "{:?}", opened.damage);
        let shown = history_answers(&opened.store);
        assert_eq!(
            shown, states[durable],
            "{blocks} blocks: what it was writing is gone"
        );
        if said.last() == "end" {
            break;
        }
        assert!(!said.status.success(), "{blocks} blocks");
        if durable == 0 {
            before += 1
        } else {
            inside += 1
        }
    }
    assert!(before > 0 && inside > 20, "{before} {inside}");
}

#[test]
fn a_store_whose_write_failed_has_ended() {
    let states = history_states();
    let mut ended = 0;
    for blocks in limits().step_by(5) {
        let dir = scratch();
        let said = run("write all", dir.path(), &limited(blocks, true));
        assert!(said.status.success(), "{blocks} blocks: {}", said.last());
        let durable = acknowledged(&said);
        let opened = open(dir.path(), ROOMY);
        assert_eq!(opened.set_aside, None, "{:?}", opened.damage);
        assert_eq!(
            history_answers(&opened.store),
            states[durable],
            "{blocks} blocks"
        );
        match said.last() {
            "not opened" => {}
            "ended" => ended += 1,
            "end" => break,
            other => panic!("{blocks} blocks: it said {other:?}"),
        }
    }
    assert!(ended > 3, "{ended}");
}
