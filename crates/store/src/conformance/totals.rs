use std::ops::ControlFlow;

use leek_identity::MessageHash;
use leek_wire::{StoreError, StoredRow, WriteId};

use super::{
    Case, Subject,
    fixture::{
        ACCOUNTS, ROOMY, ROW_BYTES, account_bytes, delete, expect_commit, hand_out, hash, insert,
        ms, read, row, row_in, scan, set_expiry, store_with,
    },
};

pub(super) fn cases<S: Subject>() -> Vec<Case> {
    vec![
        Case::new("an account's bytes are its messages'", bytes::<S>),
        Case::new("an account's bytes follow every change", bytes_follow::<S>),
        Case::new(
            "an account's bytes go back with a failure",
            bytes_go_back::<S>,
        ),
        Case::new("a scan is in order of hashes", scan_order::<S>),
        Case::new("a scan starts behind any hash", scan_after::<S>),
        Case::new("a scan shows the view", scan_view::<S>),
    ]
}

fn bytes<S: Subject>() {
    let mut long = row_in(4, 0, 1);
    long.data = [4; 999].as_slice().into();
    let mut empty = row_in(5, 1, 2);
    empty.data = [].as_slice().into();
    let store: S = store_with([row(1), row_in(2, 0, 2), row_in(3, 1, 0), long, empty].map(insert));
    assert_eq!(
        ACCOUNTS.map(|account| account_bytes(&store, &account)),
        [2 * ROW_BYTES + 999, ROW_BYTES],
        "all namespaces of one account, whatever the other's key"
    );
    assert_eq!(store.used_bytes(), 3 * ROW_BYTES + 999);
    let store = S::create(ROOMY);
    assert_eq!(account_bytes(&store, &ACCOUNTS[0]), 0);
}

fn bytes_follow<S: Subject>() {
    let mut store = S::create(ROOMY);
    let mut write = 0;
    let mut step = |ops: Vec<_>, rows: u64, why: &str| {
        write += 1;
        hand_out(&mut store, write, ops);
        assert_eq!(
            account_bytes(&store, &ACCOUNTS[0]),
            rows * ROW_BYTES,
            "handed out: {why}"
        );
        if write % 2 == 0 {
            assert_eq!(store.commit(2).len(), 2);
            assert_eq!(
                account_bytes(&store, &ACCOUNTS[0]),
                rows * ROW_BYTES,
                "durable: {why}"
            );
        }
    };
    step(vec![insert(row(1))], 1, "the first");
    step(vec![insert(row_in(2, 0, 1)), insert(row(3))], 3, "two more");
    let mut later = row(1);
    later.expiry = ms(9_000);
    step(
        vec![insert(later), set_expiry(3, 5), delete(8)],
        3,
        "no message more or less",
    );
    step(vec![delete(1)], 2, "one less");
    step(
        vec![delete(1), insert(row(1)), delete(3)],
        2,
        "one for another",
    );
    step(
        vec![delete(1), delete(2), insert(row_in(9, 1, 0))],
        0,
        "none",
    );
    step(vec![insert(row(1))], 1, "the first again");
    step(vec![delete(1)], 0, "none again");
}

fn bytes_go_back<S: Subject>() {
    let mut store: S = store_with([row(1), row(2)].map(insert));
    store.fail_at(WriteId(1), StoreError::Io("planned".to_owned()));
    hand_out(
        &mut store,
        1,
        [insert(row(3)), delete(1), insert(row_in(4, 1, 0))],
    );
    hand_out(&mut store, 2, [delete(2), delete(3)]);
    assert_eq!(
        ACCOUNTS.map(|account| account_bytes(&store, &account)),
        [0, ROW_BYTES]
    );
    assert!(store.commit(1)[0].1.is_err());
    assert_eq!(
        ACCOUNTS.map(|account| account_bytes(&store, &account)),
        [2 * ROW_BYTES, 0]
    );
    expect_commit(&mut store, 2, Err(StoreError::Aborted));
}

/// Messages whose order of insertion, mailboxes and hashes have nothing to do with each other.
fn scattered() -> [StoredRow; 5] {
    [row(5), row_in(1, 1, 2), row(9), row_in(3, 0, 1), row(7)]
}

fn by_hash(mut rows: Vec<StoredRow>) -> Vec<StoredRow> {
    rows.sort_unstable_by_key(|row| *row.hash.as_bytes());
    rows
}

fn scan_order<S: Subject>() {
    let store: S = store_with(scattered().map(insert));
    assert_eq!(scan(&store, None), by_hash(scattered().to_vec()));
    let mut seen = 0;
    read(store.scan(None, &mut |_| {
        seen += 1;
        if seen == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }));
    assert_eq!(seen, 2, "a visitor can stop");
    assert_eq!(scan(&S::create(ROOMY), None), []);
}

fn scan_after<S: Subject>() {
    let store: S = store_with(scattered().map(insert));
    let rows = by_hash(scattered().to_vec());
    for n in 0..=10 {
        let rest: Vec<_> = rows
            .iter()
            .filter(|row| row.hash.as_bytes() > hash(n).as_bytes())
            .cloned()
            .collect();
        assert_eq!(
            scan(&store, Some(hash(n))),
            rest,
            "behind {n}, there or not"
        );
    }
    assert_eq!(scan(&store, Some(MessageHash::from_bytes([0; 32]))), rows);
    assert_eq!(scan(&store, Some(MessageHash::from_bytes([255; 32]))), []);
}

fn scan_view<S: Subject>() {
    let mut store: S = store_with(scattered().map(insert));
    store.fail_at(WriteId(1), StoreError::Full);
    hand_out(
        &mut store,
        1,
        [delete(9), insert(row_in(2, 1, 1)), set_expiry(7, 70)],
    );
    let mut expected = scattered().to_vec();
    expected.retain(|row| row.hash != hash(9));
    expected.push(row_in(2, 1, 1));
    for row in expected.iter_mut().filter(|row| row.hash == hash(7)) {
        row.expiry = ms(70);
    }
    assert_eq!(scan(&store, None), by_hash(expected));
    expect_commit(&mut store, 1, Err(StoreError::Full));
    assert_eq!(scan(&store, None), by_hash(scattered().to_vec()));
}
