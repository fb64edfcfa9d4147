//! Any history of batches, commits, failures and crashes: a store shows what the naive one shows,
//! after every step.

use leek_machine::Wall;
use leek_store::{DurableStore as _, MemoryStore, conformance::Subject};
use leek_wire::{StoreError, StoredRow, WriteBatch, WriteId, WriteOp};
use proptest::{prelude::*, test_runner::TestCaseResult};

use crate::{
    naive::{NONE, Naive},
    on_disk::OnDisk,
    world::{ACCOUNTS, NAMESPACES, answers, hash},
};

/// So few hashes that operations meet.
const HASHES: u8 = 6;
const EXPIRY_MAX: u64 = 4;

#[derive(Clone, Debug)]
enum Step {
    HandOut(Vec<WriteOp>),
    Commit(usize),
    /// The batch that is handed out so many batches later fails.
    PlanFailure(u64),
    Crash,
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
        3 => Just(Step::Commit(1)),
        2 => (0..4_usize).prop_map(Step::Commit),
        1 => Just(Step::Commit(usize::MAX)),
        1 => (0..3_u64).prop_map(Step::PlanFailure),
        1 => Just(Step::Crash),
    ]
}

/// Steps, and whether the view is asked behind each: a store that remembers answers must be right
/// whenever it was asked last.
fn steps() -> impl Strategy<Value = Vec<(Step, bool)>> {
    prop::collection::vec((step(), prop::bool::weighted(0.7)), 0..40)
}

/// What a step returned.
type Returned = (Vec<(WriteId, Result<(), StoreError>)>, Vec<WriteId>);

fn take(store: &mut impl Subject, write: WriteId, step: &Step) -> Returned {
    match step {
        Step::HandOut(ops) => store.hand_out(write, WriteBatch { ops: ops.clone() }),
        Step::Commit(max) => return (store.commit(*max), vec![]),
        Step::PlanFailure(later) => {
            store.fail_at(
                WriteId(write.0 + later),
                StoreError::Io("planned".to_owned()),
            );
        }
        Step::Crash => return (vec![], store.crash()),
    }
    (vec![], vec![])
}

fn equals_the_naive_one<S: Subject>(capacity_bytes: u64, steps: &[(Step, bool)]) -> TestCaseResult {
    let mut store = S::create(capacity_bytes);
    let mut naive = Naive::<NONE>::create(capacity_bytes);
    for (write, (step, ask)) in (0..).map(WriteId).zip(steps) {
        let returned = take(&mut store, write, step);
        prop_assert_eq!(returned, take(&mut naive, write, step), "{:?}", step);
        prop_assert_eq!(store.pending(), naive.pending(), "{:?}", step);
        if *ask {
            let shown = answers(&store, HASHES, EXPIRY_MAX);
            prop_assert_eq!(shown, answers(&naive, HASHES, EXPIRY_MAX), "{:?}", step);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn memory_store_equals_the_naive_one(capacity_bytes in 0..14_u64, steps in steps()) {
        equals_the_naive_one::<MemoryStore>(capacity_bytes, &steps)?;
    }
}

proptest! {
    // Each creates databases and syncs them.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn store_on_disk_equals_the_naive_one(capacity_bytes in 0..14_u64, steps in steps()) {
        equals_the_naive_one::<OnDisk>(capacity_bytes, &steps)?;
    }
}
