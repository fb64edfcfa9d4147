use std::ops::ControlFlow;

use leek_wire::{Row, Scope};

use super::{
    Case, Subject,
    fixture::{
        ACCOUNTS, NAMESPACES, ROOMY, ROW_BYTES, hash, insert, mailbox, ms, owned, read, row,
        row_in, store_with,
    },
};

pub(super) fn cases<S: Subject>() -> Vec<Case> {
    vec![
        Case::new("a mailbox is in order of insertion", insertion_order::<S>),
        Case::new("a mailbox starts after a message", after_a_message::<S>),
        Case::new(
            "an unknown message means the beginning",
            after_an_unknown_message::<S>,
        ),
        Case::new("a visitor can stop", visitor_stops::<S>),
        Case::new("scopes keep to their account and namespace", scopes::<S>),
        Case::new("expired messages come earliest first", expired_listing::<S>),
        Case::new("a row tells all of a message", rows_are_complete::<S>),
        Case::new("an empty store shows nothing", empty_store::<S>),
    ]
}

fn insertion_order<S: Subject>() {
    // Timestamps, expiries and hashes are each in another order.
    let rows = [row(5), row(1), row(9), row(3)];
    let store: S = store_with(rows.clone().map(insert));
    assert_eq!(mailbox(&store, 0, 0, None), rows);
}

fn after_a_message<S: Subject>() {
    let rows = [row(5), row(1), row(9)];
    let store: S = store_with(rows.clone().map(insert));
    assert_eq!(mailbox(&store, 0, 0, Some(hash(5))), rows[1..]);
    assert_eq!(mailbox(&store, 0, 0, Some(hash(1))), rows[2..]);
    assert_eq!(mailbox(&store, 0, 0, Some(hash(9))), []);
}

fn after_an_unknown_message<S: Subject>() {
    // The foreign messages lie between ours, so that taking one for a place would show.
    let store: S = store_with([row(5), row_in(2, 0, 1), row_in(3, 1, 0), row(1)].map(insert));
    let rows = [row(5), row(1)];
    assert_eq!(
        mailbox(&store, 0, 0, Some(hash(100))),
        rows,
        "a hash nobody has"
    );
    assert_eq!(
        mailbox(&store, 0, 0, Some(hash(2))),
        rows,
        "a hash of another namespace"
    );
    assert_eq!(
        mailbox(&store, 0, 0, Some(hash(3))),
        rows,
        "a hash of another account"
    );
}

fn visitor_stops<S: Subject>() {
    let store: S = store_with([row(1), row(2), row(3)].map(insert));
    let mut seen = 0;
    let mut stop_at_two = || {
        seen += 1;
        if seen % 2 == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    read(store.mailbox(&ACCOUNTS[0], NAMESPACES[0], None, &mut |_| stop_at_two()));
    read(store.owned(&ACCOUNTS[0], Scope::All, &mut |_| stop_at_two()));
    read(
        store.owned(&ACCOUNTS[0], Scope::One(NAMESPACES[0]), &mut |_| {
            stop_at_two()
        }),
    );
    assert_eq!(seen, 6, "each visit was to stop at its second row");
}

fn scopes<S: Subject>() {
    // Namespaces interleave: the order of an account is not the order of its namespaces.
    let places = [(0, 2), (0, 0), (1, 0), (0, 1), (0, 2), (1, 2), (0, 0)];
    let rows: Vec<_> = (0_u8..)
        .zip(places)
        .map(|(n, (a, ns))| row_in(n, a, ns))
        .collect();
    let store: S = store_with(rows.iter().cloned().map(insert).collect::<Vec<_>>());
    let hashes = |rows: Vec<Row>| rows.into_iter().map(|row| row.hash).collect::<Vec<_>>();
    assert_eq!(
        hashes(owned(&store, 0, Scope::All)),
        [0, 1, 3, 4, 6].map(hash)
    );
    assert_eq!(hashes(owned(&store, 1, Scope::All)), [2, 5].map(hash));
    assert_eq!(
        hashes(owned(&store, 0, Scope::One(NAMESPACES[2]))),
        [0, 4].map(hash)
    );
    assert_eq!(hashes(owned(&store, 1, Scope::One(NAMESPACES[1]))), []);
    assert_eq!(mailbox(&store, 1, 2, None), [rows[5].clone()]);
    assert_eq!(mailbox(&store, 0, 2, Some(hash(0))), [rows[4].clone()]);
}

fn expired_listing<S: Subject>() {
    let mut rows = [row(1), row_in(2, 1, 1), row(3), row(4)];
    for (row, expiry_ms) in rows.iter_mut().zip([300, 100, 200, 100]) {
        row.expiry = ms(expiry_ms);
    }
    let store: S = store_with(rows.map(insert));
    let expired = |now_ms, max| read(store.expired(ms(now_ms), max));
    assert_eq!(expired(99, 10), []);
    assert_eq!(
        expired(100, 10),
        [2, 4].map(hash),
        "at its expiry; then in order of insertion"
    );
    assert_eq!(expired(299, 10), [2, 4, 3].map(hash));
    assert_eq!(expired(300, 10), [2, 4, 3, 1].map(hash));
    assert_eq!(expired(300, 3), [2, 4, 3].map(hash), "no more than asked");
    assert_eq!(expired(300, 0), []);
    assert_eq!(read(store.next_expiry()), Some(ms(100)));
}

fn rows_are_complete<S: Subject>() {
    let stored = row_in(4, 1, 2);
    let store: S = store_with([insert(stored.clone())]);
    let expected = Row {
        hash: hash(4),
        account: ACCOUNTS[1],
        namespace: NAMESPACES[2],
        timestamp: stored.timestamp,
        expiry: stored.expiry,
        len: 10,
    };
    assert_eq!(read(store.find(&hash(4))), Some(expected));
    assert_eq!(owned(&store, 1, Scope::All), [expected]);
    assert_eq!(store.used_bytes(), ROW_BYTES);
}

fn empty_store<S: Subject>() {
    let mut store = S::create(ROOMY);
    assert_eq!(read(store.find(&hash(0))), None);
    assert_eq!(mailbox(&store, 0, 0, None), []);
    assert_eq!(owned(&store, 0, Scope::All), []);
    assert_eq!(read(store.expired(ms(u64::MAX), 10)), []);
    assert_eq!(read(store.next_expiry()), None);
    assert_eq!(store.used_bytes(), 0);
    assert_eq!(store.pending(), 0);
    assert_eq!(store.commit_next(), None);
}
