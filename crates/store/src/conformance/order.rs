use leek_wire::{StoreError, WriteId};

use super::{
    Case, Subject,
    fixture::{
        ROOMY, contents, delete, expect_commit, hand_out, hash, insert, mailbox, ms, read, row,
        row_in, set_expiry, store_with,
    },
};

pub(super) fn cases<S: Subject>() -> Vec<Case> {
    vec![
        Case::new("a batch is visible when handed out", visible_at_once::<S>),
        Case::new("batches commit in order", commits_in_order::<S>),
        Case::new(
            "a failure takes back all that follows",
            failure_aborts_later::<S>,
        ),
        Case::new(
            "batches after a failure stand",
            batches_after_a_failure::<S>,
        ),
        Case::new(
            "taking back restores rows, order and expiries",
            taking_back_restores::<S>,
        ),
        Case::new(
            "a stored and deleted message stays deleted",
            no_resurrection::<S>,
        ),
    ]
}

fn io() -> StoreError {
    StoreError::Io("planned".to_owned())
}

fn visible_at_once<S: Subject>() {
    let mut store = S::create(ROOMY);
    hand_out(&mut store, 1, [row(1), row(2)].map(insert));
    assert_eq!(mailbox(&store, 0, 0, None), [row(1), row(2)]);
    hand_out(&mut store, 2, [delete(1), set_expiry(2, 7)]);
    let mut changed = row(2);
    changed.expiry = ms(7);
    assert_eq!(mailbox(&store, 0, 0, None), [changed]);
    assert_eq!(read(store.find(&hash(1))), None);
    assert_eq!(read(store.next_expiry()), Some(ms(7)));
    let before = contents(&store);
    assert_eq!(store.pending(), 2);
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(contents(&store), before, "a commit shows nothing new");
    expect_commit(&mut store, 2, Ok(()));
    assert_eq!(contents(&store), before);
    assert_eq!(store.pending(), 0);
}

fn commits_in_order<S: Subject>() {
    let mut store = S::create(ROOMY);
    hand_out(&mut store, 3, [insert(row(1))]);
    hand_out(&mut store, 4, []);
    expect_commit(&mut store, 3, Ok(()));
    hand_out(&mut store, 900, [insert(row(2))]);
    expect_commit(&mut store, 4, Ok(()));
    expect_commit(&mut store, 900, Ok(()));
    assert_eq!(store.commit_next(), None);
    assert_eq!(mailbox(&store, 0, 0, None), [row(1), row(2)]);
}

fn failure_aborts_later<S: Subject>() {
    let mut store: S = store_with([insert(row(1))]);
    store.fail_at(WriteId(2), io());
    hand_out(&mut store, 1, [insert(row(2))]);
    let committed = contents(&store);
    hand_out(&mut store, 2, [insert(row(3))]);
    hand_out(&mut store, 3, [insert(row_in(4, 1, 1)), delete(1)]);
    hand_out(&mut store, 4, []);
    expect_commit(&mut store, 1, Ok(()));
    expect_commit(&mut store, 2, Err(io()));
    assert_eq!(contents(&store), committed, "the view goes back at once");
    assert_eq!(store.pending(), 2);
    expect_commit(&mut store, 3, Err(StoreError::Aborted));
    expect_commit(&mut store, 4, Err(StoreError::Aborted));
    assert_eq!(store.commit_next(), None);
    assert_eq!(contents(&store), committed);
    assert_eq!(store.crash(), []);
    assert_eq!(contents(&store), committed, "nothing failed was durable");
}

fn batches_after_a_failure<S: Subject>() {
    let mut store: S = store_with([insert(row(1))]);
    store.fail_at(WriteId(1), io());
    store.fail_at(WriteId(4), StoreError::Full);
    hand_out(&mut store, 1, [insert(row(2))]);
    hand_out(&mut store, 2, [insert(row(3))]);
    expect_commit(&mut store, 1, Err(io()));
    // The machine now sees the state before batch 1, and writes upon that.
    hand_out(&mut store, 3, [insert(row(4)), delete(3)]);
    hand_out(&mut store, 4, [delete(4)]);
    hand_out(&mut store, 5, [insert(row(5))]);
    expect_commit(&mut store, 2, Err(StoreError::Aborted));
    expect_commit(&mut store, 3, Ok(()));
    expect_commit(&mut store, 4, Err(StoreError::Full));
    hand_out(&mut store, 6, [insert(row(6))]);
    expect_commit(&mut store, 5, Err(StoreError::Aborted));
    expect_commit(&mut store, 6, Ok(()));
    assert_eq!(mailbox(&store, 0, 0, None), [row(1), row(4), row(6)]);
}

fn taking_back_restores<S: Subject>() {
    let mut store: S = store_with([row(1), row(2), row(3), row_in(4, 1, 2)].map(insert));
    let committed = contents(&store);
    store.fail_at(WriteId(1), io());
    let mut extended = row(1);
    extended.expiry = ms(90_000);
    hand_out(
        &mut store,
        1,
        [
            delete(2),
            set_expiry(3, 5),
            insert(row(9)),
            set_expiry(9, 6),
        ],
    );
    hand_out(
        &mut store,
        2,
        [
            insert(row(2)),
            insert(extended),
            set_expiry(3, 8),
            delete(9),
        ],
    );
    hand_out(
        &mut store,
        3,
        [delete(1), delete(2), delete(3), delete(4), insert(row(3))],
    );
    expect_commit(&mut store, 1, Err(io()));
    assert_eq!(contents(&store), committed);
    assert_eq!(mailbox(&store, 0, 0, Some(hash(1))), [row(2), row(3)]);
}

/// A store and a delete in one commit window (design 1): whatever fails and whenever the power
/// goes, a message whose delete was acknowledged does not come back.
fn no_resurrection<S: Subject>() {
    let window = |store: &mut S| {
        hand_out(store, 1, [insert(row(1))]);
        assert_eq!(
            mailbox(store, 0, 0, None),
            [row(1)],
            "the delete must find it"
        );
        hand_out(store, 2, [delete(1)]);
    };
    let mut store = S::create(ROOMY);
    window(&mut store);
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(
        mailbox(&store, 0, 0, None),
        [],
        "the earlier batch must not undo the later one"
    );
    expect_commit(&mut store, 2, Ok(()));
    assert_eq!(store.crash(), []);
    assert_eq!(mailbox(&store, 0, 0, None), []);

    let mut store = S::create(ROOMY);
    store.fail_at(WriteId(1), io());
    window(&mut store);
    expect_commit(&mut store, 1, Err(io()));
    expect_commit(&mut store, 2, Err(StoreError::Aborted));
    assert_eq!(mailbox(&store, 0, 0, None), []);

    let mut store = S::create(ROOMY);
    store.fail_at(WriteId(2), io());
    window(&mut store);
    expect_commit(&mut store, 1, Ok(()));
    expect_commit(&mut store, 2, Err(io()));
    assert_eq!(
        mailbox(&store, 0, 0, None),
        [row(1)],
        "its delete was not acknowledged"
    );
}
