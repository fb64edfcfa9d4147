use std::ops::ControlFlow;

use leek_identity::{AccountId, MessageHash, Namespace, Prefix};
use leek_machine::Wall;
use leek_wire::{Row, Scope, StoreError, StoredRow, WriteBatch, WriteId, WriteOp};

use super::Subject;

/// Room for every case that is not about room.
pub(super) const ROOMY: u64 = 1 << 20;

/// Bytes of every message of [`row`].
pub(super) const ROW_BYTES: u64 = ROW_LEN as u64;

const ROW_LEN: usize = 10;

/// The accounts that cases use: a user, and a group with the same key.
pub(super) const ACCOUNTS: [AccountId; 2] = [
    AccountId::new(Prefix::User, [7; 32]),
    AccountId::new(Prefix::Group, [7; 32]),
];

/// The namespaces that cases use.
pub(super) const NAMESPACES: [Namespace; 3] = [
    Namespace::DEFAULT,
    Namespace::new(i16::MAX),
    Namespace::new(i16::MIN),
];

/// The hash of message `n`. Descending, so that order of hash is never order of insertion.
pub(super) const fn hash(n: u8) -> MessageHash {
    let mut bytes = [0xa5; 32];
    bytes[0] = u8::MAX - n;
    MessageHash::from_bytes(bytes)
}

/// Message `n` of the first account's default mailbox, expiring at `1_000 + n`.
pub(super) fn row(n: u8) -> StoredRow {
    row_in(n, 0, 0)
}

/// Message `n` of another mailbox, named by its place in [`ACCOUNTS`] and [`NAMESPACES`].
pub(super) fn row_in(n: u8, account: usize, namespace: usize) -> StoredRow {
    StoredRow {
        hash: hash(n),
        account: ACCOUNTS[account],
        namespace: NAMESPACES[namespace],
        timestamp: Wall::from_ms(500 - u64::from(n)),
        expiry: Wall::from_ms(1_000 + u64::from(n)),
        data: [n; ROW_LEN].as_slice().into(),
    }
}

pub(super) const fn ms(ms: u64) -> Wall {
    Wall::from_ms(ms)
}

pub(super) fn insert(row: StoredRow) -> WriteOp {
    WriteOp::Insert(row)
}

pub(super) const fn set_expiry(n: u8, expiry_ms: u64) -> WriteOp {
    WriteOp::SetExpiry {
        hash: hash(n),
        expiry: ms(expiry_ms),
    }
}

pub(super) const fn delete(n: u8) -> WriteOp {
    WriteOp::Delete { hash: hash(n) }
}

pub(super) fn hand_out(store: &mut impl Subject, write: u64, ops: impl Into<Vec<WriteOp>>) {
    store.hand_out(WriteId(write), WriteBatch { ops: ops.into() });
}

/// Commits the next batch and expects this result.
pub(super) fn expect_commit(store: &mut impl Subject, write: u64, result: Result<(), StoreError>) {
    assert_eq!(store.commit_next(), Some((WriteId(write), result)));
}

/// An empty store with these operations committed in one batch, named 0.
pub(super) fn store_with<S: Subject>(ops: impl Into<Vec<WriteOp>>) -> S {
    let mut store = S::create(ROOMY);
    hand_out(&mut store, 0, ops);
    expect_commit(&mut store, 0, Ok(()));
    store
}

/// What a read returned; a medium that fails here is not what the case is about.
pub(super) fn read<T>(result: Result<T, StoreError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a read failed: {error}"),
    }
}

/// The messages of a mailbox after `after`.
pub(super) fn mailbox(
    store: &impl Subject,
    account: usize,
    namespace: usize,
    after: Option<MessageHash>,
) -> Vec<StoredRow> {
    mailbox_of(store, ACCOUNTS[account], NAMESPACES[namespace], after)
}

fn mailbox_of(
    store: &impl Subject,
    account: AccountId,
    namespace: Namespace,
    after: Option<MessageHash>,
) -> Vec<StoredRow> {
    let mut rows = Vec::new();
    read(
        store.mailbox(&account, namespace, after.as_ref(), &mut |row| {
            rows.push(row.clone());
            ControlFlow::Continue(())
        }),
    );
    rows
}

/// The rows of an account in scope.
pub(super) fn owned(store: &impl Subject, account: usize, scope: Scope) -> Vec<Row> {
    let mut rows = Vec::new();
    read(store.owned(&ACCOUNTS[account], scope, &mut |row| {
        rows.push(*row);
        ControlFlow::Continue(())
    }));
    rows
}

/// Bytes of an account.
pub(super) fn account_bytes(store: &impl Subject, account: &AccountId) -> u64 {
    read(store.account_bytes(account))
}

/// All messages with hashes behind `after`.
pub(super) fn scan(store: &impl Subject, after: Option<MessageHash>) -> Vec<StoredRow> {
    let mut rows = Vec::new();
    read(store.scan(after.as_ref(), &mut |row| {
        rows.push(row.clone());
        ControlFlow::Continue(())
    }));
    rows
}

/// All that a view shows of the accounts that cases use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents {
    all: Vec<StoredRow>,
    account_bytes: [u64; ACCOUNTS.len()],
    mailboxes: Vec<Vec<StoredRow>>,
    owned: Vec<Vec<Row>>,
    expired: Vec<MessageHash>,
    next_expiry: Option<Wall>,
    used_bytes: u64,
}

pub(super) fn contents(store: &impl Subject) -> Contents {
    let mut mailboxes = Vec::new();
    for account in ACCOUNTS {
        for namespace in NAMESPACES {
            mailboxes.push(mailbox_of(store, account, namespace, None));
        }
    }
    let owned = (0..ACCOUNTS.len())
        .map(|account| owned(store, account, Scope::All))
        .collect();
    Contents {
        all: scan(store, None),
        account_bytes: ACCOUNTS.map(|account| account_bytes(store, &account)),
        mailboxes,
        owned,
        expired: read(store.expired(ms(u64::MAX), usize::MAX)),
        next_expiry: read(store.next_expiry()),
        used_bytes: store.used_bytes(),
    }
}
