use leek_wire::StoreError;

use super::{
    Case, Subject,
    fixture::{
        ROW_BYTES, contents, delete, expect_commit, hand_out, insert, mailbox, ms, row, set_expiry,
    },
};

pub(super) fn cases<S: Subject>() -> Vec<Case> {
    vec![
        Case::new("a full store refuses, and only then", full::<S>),
        Case::new("what frees bytes always fits", freeing_fits::<S>),
        Case::new("a full store aborts what follows", full_aborts_later::<S>),
    ]
}

/// An empty store with room for two messages.
fn small<S: Subject>() -> S {
    S::create(2 * ROW_BYTES)
}

fn full<S: Subject>() {
    let mut store: S = small();
    hand_out(&mut store, 1, [row(1), row(2)].map(insert));
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(store.used_bytes(), 2 * ROW_BYTES, "to the last byte");
    let before = contents(&store);
    let mut one_byte = row(3);
    one_byte.data = [3].as_slice().into();
    hand_out(&mut store, 2, [insert(one_byte)]);
    expect_commit(&mut store, 2, Err(StoreError::Full));
    assert_eq!(contents(&store), before);
    // A batch that fits alone does not fit behind one that waits.
    let mut store: S = small();
    hand_out(&mut store, 1, [insert(row(1))]);
    hand_out(&mut store, 2, [row(2), row(3)].map(insert));
    expect_commit(&mut store, 1, Ok(()));
    expect_commit(&mut store, 2, Err(StoreError::Full));
    assert_eq!(
        mailbox(&store, 0, 0, None),
        [row(1)],
        "a batch is whole or not at all"
    );
}

fn freeing_fits<S: Subject>() {
    let mut store: S = small();
    hand_out(&mut store, 1, [row(1), row(2)].map(insert));
    // Of a full store: what is present, expiries, deletes, and an exchange in one batch.
    let mut extended = row(1);
    extended.expiry = ms(9_000);
    hand_out(
        &mut store,
        2,
        [insert(extended.clone()), set_expiry(2, 4), delete(7)],
    );
    hand_out(&mut store, 3, [insert(row(3)), delete(2)]);
    hand_out(&mut store, 4, [delete(3)]);
    hand_out(&mut store, 5, [insert(row(4))]);
    for write in 1..=5 {
        expect_commit(&mut store, write, Ok(()));
    }
    assert_eq!(mailbox(&store, 0, 0, None), [extended, row(4)]);
    assert_eq!(store.used_bytes(), 2 * ROW_BYTES);
}

fn full_aborts_later<S: Subject>() {
    let mut store: S = small();
    hand_out(&mut store, 1, [row(1), row(2), row(3)].map(insert));
    hand_out(&mut store, 2, [delete(1), delete(2), delete(3)]);
    hand_out(&mut store, 3, [insert(row(4))]);
    expect_commit(&mut store, 1, Err(StoreError::Full));
    expect_commit(&mut store, 2, Err(StoreError::Aborted));
    expect_commit(&mut store, 3, Err(StoreError::Aborted));
    assert_eq!(store.used_bytes(), 0);
    hand_out(&mut store, 4, [insert(row(4))]);
    expect_commit(&mut store, 4, Ok(()));
    assert_eq!(mailbox(&store, 0, 0, None), [row(4)]);
}
