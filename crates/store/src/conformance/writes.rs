use super::{
    Case, Subject,
    fixture::{
        ROW_BYTES, contents, delete, expect_commit, hand_out, hash, insert, mailbox, ms, read, row,
        row_in, set_expiry, store_with,
    },
};

pub(super) fn cases<S: Subject>() -> Vec<Case> {
    vec![
        Case::new("a present hash keeps its row", insert_is_idempotent::<S>),
        Case::new(
            "an insert extends an expiry, never shortens it",
            insert_extends::<S>,
        ),
        Case::new("an expiry is set as told", expiry_is_set::<S>),
        Case::new("a deleted message is gone", deleted_is_gone::<S>),
        Case::new(
            "a message stored again is the newest",
            stored_again_is_newest::<S>,
        ),
        Case::new(
            "changes to absent messages do nothing",
            absent_is_no_error::<S>,
        ),
        Case::new("a batch runs in order", batch_order::<S>),
    ]
}

fn insert_is_idempotent<S: Subject>() {
    let mut store: S = store_with([row(1), row(2)].map(insert));
    let before = contents(&store);
    // The same hash with everything else changed, and an expiry that is not later.
    let mut other = row_in(9, 1, 1);
    other.hash = hash(1);
    other.expiry = row(1).expiry;
    hand_out(&mut store, 1, [insert(row(1)), insert(other)]);
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(contents(&store), before);
}

fn insert_extends<S: Subject>() {
    let mut store: S = store_with([row(1), row(2)].map(insert));
    let mut later = row(1);
    later.expiry = ms(5_000);
    let mut earlier = row(2);
    earlier.expiry = ms(1);
    hand_out(&mut store, 1, [insert(later.clone()), insert(earlier)]);
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(
        mailbox(&store, 0, 0, None),
        [later, row(2)],
        "order and data stay"
    );
    assert_eq!(read(store.next_expiry()), Some(row(2).expiry));
    assert_eq!(read(store.expired(ms(4_999), 10)), [hash(2)]);
}

fn expiry_is_set<S: Subject>() {
    for expiry_ms in [0, 1, 1_000, 1_001, 9_000, u64::MAX] {
        let mut store: S = store_with([row(1), row(2)].map(insert));
        hand_out(&mut store, 1, [set_expiry(1, expiry_ms)]);
        expect_commit(&mut store, 1, Ok(()));
        let mut changed = row(1);
        changed.expiry = ms(expiry_ms);
        assert_eq!(
            read(store.next_expiry()),
            Some(changed.expiry.min(row(2).expiry))
        );
        assert_eq!(mailbox(&store, 0, 0, None), [changed, row(2)]);
    }
}

fn deleted_is_gone<S: Subject>() {
    let mut store: S = store_with([row(1), row(2), row(3)].map(insert));
    hand_out(&mut store, 1, [delete(2)]);
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(read(store.find(&hash(2))), None);
    assert_eq!(mailbox(&store, 0, 0, None), [row(1), row(3)]);
    assert_eq!(store.used_bytes(), 2 * ROW_BYTES);
    assert_eq!(read(store.expired(ms(u64::MAX), 10)), [1, 3].map(hash));
}

/// A message stored again is the newest: pollers that are past its old place must see it.
fn stored_again_is_newest<S: Subject>() {
    let mut store: S = store_with([row(1), row(2), row(3)].map(insert));
    hand_out(&mut store, 1, [delete(1), delete(3)]);
    hand_out(&mut store, 2, [row(3), row(1)].map(insert));
    expect_commit(&mut store, 1, Ok(()));
    expect_commit(&mut store, 2, Ok(()));
    assert_eq!(mailbox(&store, 0, 0, None), [row(2), row(3), row(1)]);
    assert_eq!(mailbox(&store, 0, 0, Some(hash(3))), [row(1)]);
}

fn absent_is_no_error<S: Subject>() {
    let mut store: S = store_with([insert(row(1))]);
    let before = contents(&store);
    hand_out(
        &mut store,
        1,
        [delete(9), set_expiry(9, 5), set_expiry(9, 9_000)],
    );
    hand_out(&mut store, 2, []);
    expect_commit(&mut store, 1, Ok(()));
    expect_commit(&mut store, 2, Ok(()));
    assert_eq!(contents(&store), before);
}

fn batch_order<S: Subject>() {
    let ops = [
        insert(row(1)),
        set_expiry(1, 7_000),
        insert(row(2)),
        delete(1),
        set_expiry(1, 8_000),
        insert(row(1)),
        insert(row(3)),
        delete(3),
    ];
    let store: S = store_with(ops);
    assert_eq!(mailbox(&store, 0, 0, None), [row(2), row(1)]);
    assert_eq!(store.used_bytes(), 2 * ROW_BYTES);
}
