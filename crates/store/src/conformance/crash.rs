use leek_wire::{StoreError, WriteId, WriteOp};

use super::{
    Case, Subject,
    fixture::{
        Contents, ROOMY, contents, delete, expect_commit, hand_out, insert, mailbox, ms, row,
        row_in, set_expiry,
    },
};

pub(super) fn cases<S: Subject>() -> Vec<Case> {
    vec![
        Case::new(
            "a crash at any write loses exactly the rest",
            every_crash_point::<S>,
        ),
        Case::new(
            "a crash inside any window loses exactly the rest",
            every_window::<S>,
        ),
        Case::new(
            "a crash loses what was aborted and not told",
            crash_after_failure::<S>,
        ),
        Case::new("a store works after a crash", works_after_crash::<S>),
    ]
}

/// A history in which every batch changes what a view shows, and each kind of change occurs.
pub(super) fn history() -> Vec<Vec<WriteOp>> {
    let mut extended = row(3);
    extended.expiry = ms(50_000);
    vec![
        vec![insert(row(1)), insert(row(2))],
        vec![insert(row_in(3, 1, 1))],
        vec![delete(1), insert(row_in(4, 0, 2))],
        vec![set_expiry(2, 40), insert(extended)],
        vec![insert(row(1)), delete(4)],
        vec![delete(2), delete(3)],
        vec![insert(row(2)), set_expiry(1, 30_000)],
    ]
}

/// What a store shows that ran the first `count` batches of the history, one by one.
pub(super) fn after<S: Subject>(count: usize) -> Contents {
    let mut store = S::create(ROOMY);
    for (write, ops) in (1..).zip(history().into_iter().take(count)) {
        hand_out(&mut store, write, ops);
        expect_commit(&mut store, write, Ok(()));
    }
    contents(&store)
}

pub(super) fn names(writes: impl Iterator<Item = usize>) -> Vec<WriteId> {
    writes.map(|write| WriteId(write as u64)).collect()
}

fn every_crash_point<S: Subject>() {
    let total = history().len();
    for committed in 0..=total {
        let mut store = S::create(ROOMY);
        for (write, ops) in (1..).zip(history()) {
            hand_out(&mut store, write, ops);
        }
        for write in (1..).take(committed) {
            expect_commit(&mut store, write, Ok(()));
        }
        assert_eq!(contents(&store), after::<S>(total), "the view holds all");
        assert_eq!(
            store.crash(),
            names(committed + 1..=total),
            "after {committed} commits"
        );
        assert_eq!(
            contents(&store),
            after::<S>(committed),
            "after {committed} commits"
        );
        assert_eq!((store.pending(), store.commit_next()), (0, None));
    }
}

/// The same with only some batches handed out ahead of the commits.
fn every_window<S: Subject>() {
    for window in 1..=3 {
        for committed in 0..=history().len() - window {
            let mut store = S::create(ROOMY);
            let mut handed_out = 0;
            for (write, ops) in (1..).zip(history().into_iter().take(committed + window)) {
                hand_out(&mut store, write, ops);
                handed_out += 1;
                if handed_out > window {
                    expect_commit(&mut store, write - window as u64, Ok(()));
                }
            }
            assert_eq!(store.crash(), names(committed + 1..=committed + window));
            assert_eq!(
                contents(&store),
                after::<S>(committed),
                "{committed} with {window} ahead"
            );
        }
    }
}

fn crash_after_failure<S: Subject>() {
    let mut store = S::create(ROOMY);
    store.fail_at(WriteId(2), StoreError::Full);
    for write in 1..=3_u8 {
        hand_out(&mut store, write.into(), [insert(row(write))]);
    }
    expect_commit(&mut store, 1, Ok(()));
    expect_commit(&mut store, 2, Err(StoreError::Full));
    assert_eq!(store.crash(), [WriteId(3)], "aborted, but nobody was told");
    assert_eq!(mailbox(&store, 0, 0, None), [row(1)]);
    assert_eq!(store.commit_next(), None);
}

/// A machine that starts again counts its batches from the start.
fn works_after_crash<S: Subject>() {
    let mut store = S::create(ROOMY);
    hand_out(&mut store, 7, [insert(row(1))]);
    hand_out(&mut store, 8, [insert(row(2))]);
    expect_commit(&mut store, 7, Ok(()));
    assert_eq!(store.crash(), [WriteId(8)]);
    hand_out(&mut store, 1, [insert(row(3)), insert(row(2))]);
    assert_eq!(mailbox(&store, 0, 0, None), [row(1), row(3), row(2)]);
    assert_eq!(store.crash(), [WriteId(1)]);
    hand_out(&mut store, 1, [insert(row(2))]);
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(store.crash(), []);
    assert_eq!(mailbox(&store, 0, 0, None), [row(1), row(2)]);
}
