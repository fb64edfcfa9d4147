//! Any history of batches, commits, failures and crashes: the in-memory store shows what the naive
//! one shows, after every step.

use std::ops::ControlFlow;

use leek_identity::{AccountId, MessageHash, Namespace, Prefix};
use leek_machine::Wall;
use leek_store::{MemoryStore, conformance::Subject};
use leek_wire::{Row, Scope, StoreError, StoredRow, WriteBatch, WriteId, WriteOp};
use proptest::prelude::*;

use crate::naive::{NONE, Naive};

/// So few hashes that operations meet.
const HASHES: u8 = 6;
const EXPIRY_MAX: u64 = 4;
const ACCOUNTS: [AccountId; 2] = [
    AccountId::new(Prefix::User, [1; 32]),
    AccountId::new(Prefix::Group, [1; 32]),
];
const NAMESPACES: [Namespace; 2] = [Namespace::DEFAULT, Namespace::new(-1)];

#[derive(Clone, Debug)]
enum Step {
    HandOut(Vec<WriteOp>),
    Commit,
    /// The batch that is handed out so many batches later fails.
    PlanFailure(u64),
    Crash,
}

const fn hash(n: u8) -> MessageHash {
    MessageHash::from_bytes([u8::MAX - n; 32])
}

/// Place, timestamp and bytes may differ from one insert of a hash to the next.
fn row() -> impl Strategy<Value = StoredRow> {
    (
        0..HASHES,
        0..2_usize,
        0..2_usize,
        0..3_u64,
        0..=EXPIRY_MAX,
        0..4_usize,
    )
        .prop_map(
            |(n, account, namespace, timestamp, expiry, len)| StoredRow {
                hash: hash(n),
                account: ACCOUNTS[account],
                namespace: NAMESPACES[namespace],
                timestamp: Wall::from_ms(timestamp),
                expiry: Wall::from_ms(expiry),
                data: vec![n; len].into(),
            },
        )
}

fn op() -> impl Strategy<Value = WriteOp> {
    prop_oneof![
        3 => row().prop_map(WriteOp::Insert),
        1 => (0..HASHES, 0..=EXPIRY_MAX).prop_map(|(n, expiry)| WriteOp::SetExpiry {
            hash: hash(n),
            expiry: Wall::from_ms(expiry),
        }),
        1 => (0..HASHES).prop_map(|n| WriteOp::Delete { hash: hash(n) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(op(), 0..5).prop_map(Step::HandOut),
        6 => Just(Step::Commit),
        1 => (0..3_u64).prop_map(Step::PlanFailure),
        1 => Just(Step::Crash),
    ]
}

/// Everything that a view can be asked about this small world.
#[derive(Debug, PartialEq)]
struct Answers {
    found: Vec<Option<Row>>,
    mailboxes: Vec<Vec<StoredRow>>,
    owned: Vec<Vec<Row>>,
    expired: Vec<Vec<MessageHash>>,
    next_expiry: Option<Wall>,
    used_bytes: u64,
    pending: usize,
}

fn answers(store: &impl Subject) -> Answers {
    let (mut mailboxes, mut owned) = (Vec::new(), Vec::new());
    for account in ACCOUNTS {
        for namespace in NAMESPACES {
            // HASHES itself is a hash that nobody has.
            for after in [None]
                .into_iter()
                .chain((0..=HASHES).map(|n| Some(hash(n))))
            {
                let mut rows = Vec::new();
                store
                    .mailbox(&account, namespace, after.as_ref(), &mut |row| {
                        rows.push(row.clone());
                        ControlFlow::Continue(())
                    })
                    .unwrap();
                mailboxes.push(rows);
            }
        }
        for scope in [
            Scope::All,
            Scope::One(NAMESPACES[0]),
            Scope::One(NAMESPACES[1]),
        ] {
            let mut rows = Vec::new();
            store
                .owned(&account, scope, &mut |row| {
                    rows.push(*row);
                    ControlFlow::Continue(())
                })
                .unwrap();
            owned.push(rows);
        }
    }
    let expired = (0..=EXPIRY_MAX)
        .flat_map(|now| [2, usize::MAX].map(|max| store.expired(Wall::from_ms(now), max).unwrap()))
        .collect();
    Answers {
        found: (0..HASHES).map(|n| store.find(&hash(n)).unwrap()).collect(),
        mailboxes,
        owned,
        expired,
        next_expiry: store.next_expiry().unwrap(),
        used_bytes: store.used_bytes(),
        pending: store.pending(),
    }
}

/// What a step returned.
type Returned = (Option<(WriteId, Result<(), StoreError>)>, Vec<WriteId>);

fn take(store: &mut impl Subject, write: WriteId, step: &Step) -> Returned {
    match step {
        Step::HandOut(ops) => store.hand_out(write, WriteBatch { ops: ops.clone() }),
        Step::Commit => return (store.commit_next(), vec![]),
        Step::PlanFailure(later) => {
            store.fail_at(
                WriteId(write.0 + later),
                StoreError::Io("planned".to_owned()),
            );
        }
        Step::Crash => return (None, store.crash()),
    }
    (None, vec![])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn memory_store_equals_the_naive_one(
        capacity_bytes in 0..14_u64,
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut memory = MemoryStore::create(capacity_bytes);
        let mut naive = Naive::<NONE>::create(capacity_bytes);
        for (write, step) in (0..).map(WriteId).zip(&steps) {
            let returned = take(&mut memory, write, step);
            prop_assert_eq!(returned, take(&mut naive, write, step), "{:?}", step);
            prop_assert_eq!(answers(&memory), answers(&naive), "{:?}", step);
        }
    }
}
