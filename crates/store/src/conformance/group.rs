use leek_wire::{StoreError, WriteId};

use super::{
    Case, Subject,
    crash::{after, history, names},
    fixture::{
        ROOMY, ROW_BYTES, contents, delete, expect_commit, hand_out, insert, mailbox, row, row_in,
        set_expiry,
    },
};

pub(super) fn cases<S: Subject>() -> Vec<Case> {
    vec![
        Case::new("a group commits in order, as many as asked", group::<S>),
        Case::new("a failure in a group ends it there", failure_inside::<S>),
        Case::new(
            "a group behind a failure stands on the state before it",
            after_failure::<S>,
        ),
        Case::new("a full store ends a group", full_inside::<S>),
        Case::new(
            "a crash after a group loses exactly the rest",
            crash_after_group::<S>,
        ),
    ]
}

type Ended = Vec<(WriteId, Result<(), StoreError>)>;

fn io() -> StoreError {
    StoreError::Io("planned".to_owned())
}

/// Batches from `first` on that ended so.
fn ended(first: u64, results: impl IntoIterator<Item = Result<(), StoreError>>) -> Ended {
    (first..).map(WriteId).zip(results).collect()
}

/// The history handed out, batch by batch, named from 1 on.
fn handed_out<S: Subject>() -> S {
    let mut store = S::create(ROOMY);
    for (write, ops) in (1..).zip(history()) {
        hand_out(&mut store, write, ops);
    }
    store
}

fn group<S: Subject>() {
    let mut store: S = handed_out();
    let total = history().len();
    let before = contents(&store);
    assert_eq!(store.commit(0), []);
    assert_eq!(store.commit(3), ended(1, vec![Ok(()); 3]));
    assert_eq!(contents(&store), before, "a commit shows nothing new");
    assert_eq!(store.pending(), total - 3);
    // What is handed out between commits stands on all before it.
    hand_out(&mut store, 50, [set_expiry(2, 77)]);
    let mut rest = ended(4, vec![Ok(()); total - 3]);
    rest.push((WriteId(50), Ok(())));
    assert_eq!(store.commit(usize::MAX), rest);
    assert_eq!(store.commit(usize::MAX), []);
    assert_eq!(store.pending(), 0);
}

/// A failure at each place, met by groups of each size.
fn failure_inside<S: Subject>() {
    let total = history().len();
    for (bad, size) in (0..total).flat_map(|bad| [2, total].map(|size| (bad, size))) {
        let mut store = S::create(ROOMY);
        store.fail_at(WriteId(bad as u64 + 1), io());
        for (write, ops) in (1..).zip(history()) {
            hand_out(&mut store, write, ops);
        }
        let mut all = Vec::new();
        while store.pending() > 0 {
            let group = store.commit(size);
            assert!(
                (1..=size).contains(&group.len()),
                "{} of {size}",
                group.len()
            );
            all.extend(group);
        }
        let expected = (0..total).map(|n| match n {
            n if n < bad => Ok(()),
            n if n == bad => Err(io()),
            _ => Err(StoreError::Aborted),
        });
        assert_eq!(all, ended(1, expected), "{bad} fails, groups of {size}");
        assert_eq!(
            contents(&store),
            after::<S>(bad),
            "{bad} fails, groups of {size}"
        );
        assert_eq!(store.crash(), []);
        assert_eq!(
            contents(&store),
            after::<S>(bad),
            "what was before it is durable"
        );
    }
}

fn after_failure<S: Subject>() {
    let mut store = S::create(ROOMY);
    store.fail_at(WriteId(3), io());
    for write in 1..=5_u8 {
        hand_out(&mut store, write.into(), [insert(row(write))]);
    }
    assert_eq!(store.commit(2), ended(1, [Ok(()), Ok(())]));
    assert_eq!(
        mailbox(&store, 0, 0, None),
        [1, 2, 3, 4, 5].map(row),
        "nobody knows yet"
    );
    assert_eq!(
        store.commit(2),
        ended(3, [Err(io()), Err(StoreError::Aborted)])
    );
    assert_eq!(mailbox(&store, 0, 0, None), [row(1), row(2)]);
    hand_out(&mut store, 6, [delete(1), insert(row(6))]);
    hand_out(&mut store, 7, [insert(row_in(7, 1, 1))]);
    assert_eq!(
        store.commit(2),
        [(WriteId(5), Err(StoreError::Aborted)), (WriteId(6), Ok(()))]
    );
    expect_commit(&mut store, 7, Ok(()));
    assert_eq!(mailbox(&store, 0, 0, None), [row(2), row(6)]);
    assert_eq!(mailbox(&store, 1, 1, None), [row_in(7, 1, 1)]);
}

fn full_inside<S: Subject>() {
    let mut store = S::create(2 * ROW_BYTES);
    hand_out(&mut store, 1, [insert(row(1)), insert(row(2))]);
    hand_out(&mut store, 2, [delete(1), insert(row(3))]);
    hand_out(&mut store, 3, [insert(row(4))]);
    hand_out(&mut store, 4, [delete(2)]);
    let results = [
        Ok(()),
        Ok(()),
        Err(StoreError::Full),
        Err(StoreError::Aborted),
    ];
    assert_eq!(store.commit(9), ended(1, results));
    assert_eq!(mailbox(&store, 0, 0, None), [row(2), row(3)]);
    assert_eq!(store.crash(), []);
    assert_eq!(mailbox(&store, 0, 0, None), [row(2), row(3)]);
}

fn crash_after_group<S: Subject>() {
    let total = history().len();
    for first in 0..=total {
        for second in [0, 2] {
            let durable = total.min(first + second);
            let mut store: S = handed_out();
            assert_eq!(store.commit(first).len(), first);
            assert_eq!(store.commit(second).len(), durable - first);
            assert_eq!(store.crash(), names(durable + 1..=total));
            assert_eq!(
                contents(&store),
                after::<S>(durable),
                "{first} and {second}"
            );
        }
    }
}
