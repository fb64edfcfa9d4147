//! Large mailboxes (network spec 2.6; `test_big_retrieve`, with its numbers).

use leek_identity::MessageHash;
use leek_wire::{StorageRequest, limits::BATCH_MAX};

use crate::script::{
    Area, Case, Scene,
    expect::{all_fresh, page, statuses, step},
};

/// Bytes of each message, as in the deployed test.
const LETTER_BYTES: usize = 70_000;
/// Messages stored: more than one retrieve may return.
const LETTERS: usize = 90;

pub(super) fn cases() -> Vec<Case> {
    vec![big()]
}

fn letter(i: usize) -> Vec<u8> {
    let mut data = format!("letter {i} ").into_bytes();
    data.resize(LETTER_BYTES, b'.');
    data
}

fn all(me: &Scene) -> Vec<MessageHash> {
    me.remembered(|me| (0..LETTERS).map(|i| me.hash(0, &letter(i))).collect())
}

/// A retrieve with these parameters.
fn ask(me: &Scene, count: Option<u32>, size: Option<i64>, after: Option<usize>) -> StorageRequest {
    let mut request = me.retrieve(0);
    if let StorageRequest::Retrieve {
        last_hash,
        max_count,
        max_size,
        ..
    } = &mut request
    {
        *max_count = count;
        *max_size = size;
        *last_hash = after.and_then(|at| all(me).get(at).copied());
    }
    request
}

fn store_all(case: Case) -> Case {
    (0..LETTERS).step_by(BATCH_MAX).fold(case, |case, from| {
        case.ask(
            move |me| {
                let to = LETTERS.min(from + BATCH_MAX);
                let stores = (from..to).map(|i| me.store(0, &letter(i))).collect();
                // One after the other, so that every member has them in one order.
                me.ask(StorageRequest::Sequence(stores)).direct()
            },
            [all_fresh(LETTERS.min(from + BATCH_MAX) - from)],
        )
    })
}

fn big() -> Case {
    let case = Case::new(
        Area::Retrieve,
        "a large mailbox comes in pages by count and size, at least one message each",
    );
    let case = store_all(case);
    // Size and count, and how many messages that gives: network spec 2.6 has the first five.
    let pages: [(Option<u32>, Option<i64>, usize); 13] = [
        (None, Some(-1), 83),
        (None, Some(-3), 27),
        (None, None, 16),
        (None, Some(500_000), 5),
        (None, Some(600_000), 6),
        (Some(7), None, 7),
        (Some(100), None, 83),
        (Some(10), Some(500_000), 5),
        (Some(3), Some(-1), 3),
        (Some(0), Some(0), 16),
        (None, Some(i64::MAX), 83),
        (None, Some(1), 1),
        (None, Some(i64::MIN), 1),
    ];
    let case = pages.into_iter().fold(case, |case, (count, size, gives)| {
        case.then(move |me| ask(me, count, size, None), [page(all, 0, gives)])
    });
    case.then(
        |me| ask(me, None, Some(-1), Some(82)),
        [page(all, 83, LETTERS)],
    )
    .then(
        |me| {
            let mut request = ask(me, Some(2), None, None);
            if let StorageRequest::Retrieve { last_hash, .. } = &mut request {
                *last_hash = Some(MessageHash::from_bytes([1; 32]));
            }
            request
        },
        [page(all, 0, 2)],
    )
    .then(
        // Together they may return what one may; after that each gets its one message.
        |me| {
            let whole = ask(me, None, Some(-1), None);
            StorageRequest::Batch(vec![whole.clone(), whole])
        },
        [
            statuses([200, 200]),
            step(0, page(all, 0, 83)),
            step(1, page(all, 0, 1)),
        ],
    )
    .ask(
        |me| me.ask(ask(me, Some(4), None, Some(40))).member(1),
        [page(all, 41, 45)],
    )
    .ask(
        |me| me.ask(ask(me, Some(4), None, Some(40))).member(3),
        [page(all, 41, 45)],
    )
}
