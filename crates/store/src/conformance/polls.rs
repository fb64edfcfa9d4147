//! Most polls find nothing: a store may keep in mind which, but must not be wrong.

use leek_wire::{StoreError, WriteId};

use super::{
    Case, Subject,
    fixture::{
        ACCOUNTS, NAMESPACES, ROOMY, delete, expect_commit, hand_out, hash, insert, mailbox, row,
        row_in, store_with,
    },
};

pub(super) fn cases<S: Subject>() -> Vec<Case> {
    vec![
        Case::new(
            "a poll that found nothing finds what comes",
            finds_what_comes::<S>,
        ),
        Case::new(
            "a poll behind a message that went starts again",
            newest_goes::<S>,
        ),
        Case::new("polls go back with a failure", polls_go_back::<S>),
        Case::new("polls of mailboxes do not mix", polls_do_not_mix::<S>),
    ]
}

const NOTHING: [u8; 0] = [];

/// The messages of the first mailbox behind message `after`. Twice: the second may come from
/// memory.
fn poll(store: &impl Subject, after: Option<u8>) -> Vec<u8> {
    let numbers = || -> Vec<u8> {
        let rows = mailbox(store, 0, 0, after.map(hash));
        rows.iter().map(|row| row.data[0]).collect()
    };
    let first = numbers();
    assert_eq!(numbers(), first, "asked again behind {after:?}");
    first
}

fn finds_what_comes<S: Subject>() {
    let mut store = S::create(ROOMY);
    assert_eq!(poll(&store, None), NOTHING);
    hand_out(&mut store, 1, [insert(row(1))]);
    assert_eq!(poll(&store, None), [1]);
    assert_eq!(poll(&store, Some(1)), NOTHING);
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(poll(&store, Some(1)), NOTHING);
    hand_out(&mut store, 2, [insert(row(2)), insert(row(3))]);
    assert_eq!(poll(&store, Some(1)), [2, 3]);
    assert_eq!(poll(&store, Some(3)), NOTHING);
    assert_eq!(poll(&store, Some(2)), [3]);
    assert_eq!(poll(&store, Some(9)), [1, 2, 3], "never there");
}

fn newest_goes<S: Subject>() {
    let mut store: S = store_with([row(1), row(2), row(3)].map(insert));
    assert_eq!(poll(&store, Some(3)), NOTHING);
    hand_out(&mut store, 1, [delete(3)]);
    assert_eq!(poll(&store, Some(3)), [1, 2], "unknown: from the beginning");
    assert_eq!(poll(&store, Some(2)), NOTHING);
    hand_out(&mut store, 2, [insert(row(3)), delete(1)]);
    assert_eq!(poll(&store, Some(2)), [3]);
    assert_eq!(poll(&store, Some(3)), NOTHING);
    hand_out(&mut store, 3, [delete(2), delete(3)]);
    assert_eq!(poll(&store, Some(3)), NOTHING);
    assert_eq!(poll(&store, None), NOTHING);
    hand_out(&mut store, 4, [insert(row(2))]);
    assert_eq!(poll(&store, Some(3)), [2]);
    assert_eq!(store.commit(4).len(), 4);
    assert_eq!(poll(&store, None), [2]);
}

fn polls_go_back<S: Subject>() {
    let mut store: S = store_with([row(1), row(2)].map(insert));
    store.fail_at(WriteId(2), StoreError::Full);
    hand_out(&mut store, 1, [insert(row(3))]);
    assert_eq!(poll(&store, Some(3)), NOTHING);
    hand_out(&mut store, 2, [insert(row(4)), delete(2)]);
    assert_eq!(poll(&store, Some(4)), NOTHING);
    hand_out(&mut store, 3, [delete(4), delete(3)]);
    assert_eq!(poll(&store, Some(1)), NOTHING);
    expect_commit(&mut store, 1, Ok(()));
    assert_eq!(poll(&store, Some(1)), NOTHING);
    expect_commit(&mut store, 2, Err(StoreError::Full));
    assert_eq!(poll(&store, Some(1)), [2, 3]);
    assert_eq!(poll(&store, Some(4)), [1, 2, 3]);
    assert_eq!(poll(&store, Some(3)), NOTHING);
    // The first failure of a mailbox that was empty before.
    let mut store = S::create(ROOMY);
    store.fail_at(WriteId(1), StoreError::Full);
    hand_out(&mut store, 1, [insert(row(1))]);
    assert_eq!(poll(&store, Some(1)), NOTHING);
    expect_commit(&mut store, 1, Err(StoreError::Full));
    assert_eq!(poll(&store, None), NOTHING);
    hand_out(&mut store, 2, [insert(row(2))]);
    assert_eq!(poll(&store, Some(1)), [2]);
}

fn polls_do_not_mix<S: Subject>() {
    let mut store = S::create(ROOMY);
    let places: Vec<(usize, usize)> = (0..ACCOUNTS.len())
        .flat_map(|account| (0..NAMESPACES.len()).map(move |namespace| (account, namespace)))
        .collect();
    for &(account, namespace) in &places {
        assert_eq!(mailbox(&store, account, namespace, None), []);
    }
    for (n, &(account, namespace)) in (1_u8..).zip(&places) {
        hand_out(
            &mut store,
            n.into(),
            [insert(row_in(n, account, namespace))],
        );
        for (m, &(account, namespace)) in (1_u8..).zip(&places) {
            let there = (m <= n).then(|| row_in(m, account, namespace));
            let rows = mailbox(&store, account, namespace, None);
            assert_eq!(rows, there.into_iter().collect::<Vec<_>>());
            assert_eq!(mailbox(&store, account, namespace, Some(hash(m))), []);
        }
    }
}
