//! What a power cut leaves: a log that ends anywhere, or whose end is garbage.

use std::{fs, path::Path};

use leek_store::{DurableStore as _, SqliteStore};
use leek_wire::ReadView as _;

use crate::{
    on_disk::{copy_files, open, scratch},
    world::{Answers, history, history_answers, history_states},
};

/// SQLite's file format: a log is a header and frames of a header and a page.
const LOG_HEADER: usize = 32;
const FRAME: usize = 24 + 8_192;

const LOG: &str = "messages.db-wal";

/// Capacity for the whole history.
const ROOMY: u64 = 1 << 20;

/// The files of a store that ran the history in groups of 1, 2 and 3 batches and was killed, and
/// after each commit: the length of the log, and how many batches were durable.
fn killed(dir: &Path) -> Vec<(usize, usize)> {
    let running = scratch();
    let mut store: SqliteStore = open(running.path(), ROOMY).store;
    let mut commits = vec![(0, 0)];
    let mut batches = history().into_iter();
    let mut durable = 0;
    for group in (1..=3).cycle() {
        let handed_out = batches
            .by_ref()
            .take(group)
            .map(|(write, batch)| store.hand_out(write, batch))
            .count();
        if handed_out == 0 {
            break;
        }
        assert!(store.commit(group).iter().all(|(_, result)| result.is_ok()));
        durable += handed_out;
        let log = fs::metadata(running.path().join(LOG)).unwrap().len();
        commits.push((usize::try_from(log).unwrap(), durable));
    }
    copy_files(running.path(), dir);
    commits
}

/// What a store shows that is opened with this log.
fn opened_with(files: &Path, log: &[u8]) -> Answers {
    let dir = scratch();
    copy_files(files, dir.path());
    fs::write(dir.path().join(LOG), log).unwrap();
    let opened = open(dir.path(), ROOMY);
    assert_eq!(opened.set_aside, None, "{:?}", opened.damage);
    assert_eq!(opened.was_empty, opened.store.used_bytes() == 0);
    history_answers(&opened.store)
}

/// The batches that a log of this length holds whole commits of.
fn durable_in(commits: &[(usize, usize)], len: usize) -> usize {
    let whole = commits.iter().rev().find(|(log, _)| *log <= len);
    whole.unwrap().1
}

#[test]
fn a_log_cut_anywhere_is_a_prefix_of_the_commits() {
    let files = scratch();
    let commits = killed(files.path());
    let log = fs::read(files.path().join(LOG)).unwrap();
    assert_eq!(
        commits.last().unwrap().0,
        log.len(),
        "the log was never moved"
    );
    assert!((log.len() - LOG_HEADER).is_multiple_of(FRAME));
    let states = history_states();
    let boundaries = (LOG_HEADER..=log.len()).step_by(FRAME);
    assert!(
        boundaries.clone().count() > 2 * commits.len(),
        "commits of several frames"
    );
    for (n, boundary) in boundaries.enumerate() {
        // In a frame's header, behind it, in its page, and before its last byte, in turn.
        let inside = [1, 24, 5_000, FRAME - 1][n % 4];
        for len in [boundary, boundary + inside] {
            let len = len.min(log.len());
            let shown = opened_with(files.path(), &log[..len]);
            assert_eq!(shown, states[durable_in(&commits, len)], "cut at {len}");
        }
    }
    for len in [0, 1, LOG_HEADER - 1] {
        assert_eq!(
            opened_with(files.path(), &log[..len]),
            states[0],
            "cut at {len}"
        );
    }
}

/// A page that did not reach the disk though later ones did, or only in part.
#[test]
fn a_log_with_a_bad_frame_ends_before_its_commit() {
    let files = scratch();
    let commits = killed(files.path());
    let log = fs::read(files.path().join(LOG)).unwrap();
    let states = history_states();
    for (n, frame) in (LOG_HEADER..log.len())
        .step_by(FRAME)
        .enumerate()
        .step_by(3)
    {
        let mut torn = log.clone();
        match n % 2 {
            0 => torn[frame + FRAME - 512..frame + FRAME].fill(0),
            _ => torn[frame + 24 + n % 8_192] ^= 1 << (n % 8),
        }
        if torn == log {
            continue;
        }
        let shown = opened_with(files.path(), &torn);
        assert_eq!(shown, states[durable_in(&commits, frame)], "frame {n}");
    }
}
