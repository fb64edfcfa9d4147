//! Batches and sequences (network spec 2.6; `test_batch`).

use leek_wire::{Status, StorageRequest, limits::BATCH_MAX};

use crate::script::{
    Area, Case, Scene,
    expect::{all_fresh, deleted, fresh, holds, page, refused, statuses, step, swarm},
    one, with_proof,
};

pub(super) fn cases() -> Vec<Case> {
    let mut all = mixed();
    all.extend(several_accounts());
    all.extend(refusals());
    all.extend(sizes());
    all
}

fn case(name: &'static str) -> Case {
    Case::new(Area::Batch, name)
}

/// A store that must be refused: in a namespace of its owner's, signed by somebody else.
fn forged(me: &mut Scene) -> StorageRequest {
    let letter = me.letter(1, b"forged");
    let request = me.owner().store(&letter);
    let proof = me.neighbour().sign("no text of ours");
    with_proof(request, Some(proof))
}

fn mixed() -> Vec<Case> {
    vec![
        case("a batch answers every step, and what it reads is what those before it stored").then(
            |me| {
                StorageRequest::Batch(vec![
                    me.store(0, b"one"),
                    me.store(1, b"two"),
                    me.retrieve(0),
                    me.retrieve(1),
                    me.retrieve(2),
                ])
            },
            [
                statuses([200; 5]),
                step(0, fresh()),
                step(1, fresh()),
                step(2, holds(|me| vec![me.hash(0, b"one")])),
                step(3, holds(|me| vec![me.hash(1, b"two")])),
                step(4, holds(|_| Vec::new())),
            ],
        ),
        // The writes of a batch reach other members each on its own, in any order.
        case("writes that depend on one another go into a sequence")
            .then(
                |me| {
                    StorageRequest::Sequence(vec![
                        me.store(0, b"one"),
                        me.owner().delete_all(one(0), me.now()),
                        me.store(0, b"two"),
                        me.retrieve(0),
                    ])
                },
                [
                    statuses([200; 4]),
                    step(0, fresh()),
                    step(1, deleted(|me| vec![(0, me.hash(0, b"one"))])),
                    step(2, fresh()),
                    step(3, holds(|me| vec![me.hash(0, b"two")])),
                ],
            )
            .ask(
                |me| me.ask(me.retrieve(0)).member(3),
                [holds(|me| vec![me.hash(0, b"two")])],
            ),
    ]
}

fn several_accounts() -> [Case; 2] {
    [
        case("a batch may ask for several accounts of one swarm").then(
            |me| {
                let (letter, neighbour) = (me.letter(0, b"for both"), me.neighbour());
                StorageRequest::Batch(vec![
                    me.owner().store(&letter),
                    neighbour.store(&letter),
                    neighbour.retrieve(0, me.now()),
                ])
            },
            [
                statuses([200; 3]),
                step(0, fresh()),
                step(1, fresh()),
                step(2, holds(|me| vec![me.neighbour().hash(0, b"for both")])),
            ],
        ),
        case("a step about an account of another swarm is a 421 among the others").then(
            |me| {
                let (stranger, now) = (me.stranger(), me.now());
                StorageRequest::Batch(vec![me.retrieve(0), stranger.retrieve(0, now)])
            },
            [
                statuses([200, 421]),
                step(0, holds(|_| Vec::new())),
                step(1, swarm(Status::WRONG_SWARM)),
            ],
        ),
    ]
}

fn refusals() -> Vec<Case> {
    let mixture = |me: &mut Scene| vec![me.store(0, b"before"), forged(me), me.store(0, b"after")];
    vec![
        case("a batch goes on after a step that is refused")
            .then(
                move |me| StorageRequest::Batch(mixture(me)),
                [
                    statuses([200, 401, 200]),
                    step(0, fresh()),
                    step(1, refused(Status::UNAUTHORIZED, "signature does not hold")),
                    step(2, fresh()),
                ],
            )
            .then(
                |me| me.retrieve(0),
                [holds(|me| {
                    vec![me.hash(0, b"before"), me.hash(0, b"after")]
                })],
            ),
        case("a sequence ends with the first step that is refused, and the rest never runs")
            .then(
                move |me| StorageRequest::Sequence(mixture(me)),
                [
                    statuses([200, 401]),
                    step(0, fresh()),
                    step(1, refused(Status::UNAUTHORIZED, "signature does not hold")),
                ],
            )
            .then(
                |me| me.retrieve(0),
                [holds(|me| vec![me.hash(0, b"before")])],
            ),
        case("a sequence of steps that succeed runs to its end").then(
            |me| StorageRequest::Sequence(vec![me.store(0, b"kept"), me.retrieve(0)]),
            [
                statuses([200, 200]),
                step(0, fresh()),
                step(1, holds(|me| vec![me.hash(0, b"kept")])),
            ],
        ),
        case("neither nests in the other")
            .then(
                |_| StorageRequest::Batch(vec![StorageRequest::Batch(vec![StorageRequest::Info])]),
                [nested()],
            )
            .then(
                |_| {
                    StorageRequest::Sequence(vec![
                        StorageRequest::Info,
                        StorageRequest::Batch(vec![StorageRequest::Info]),
                    ])
                },
                [nested()],
            )
            .then(
                |_| {
                    StorageRequest::Batch(vec![StorageRequest::Sequence(vec![
                        StorageRequest::Info,
                    ])])
                },
                [nested()],
            ),
    ]
}

fn nested() -> crate::script::Check {
    refused(Status::BAD_REQUEST, "a batch within a batch")
}

/// `count` stores of different messages.
fn stores(me: &mut Scene, count: usize) -> Vec<StorageRequest> {
    (0..count).map(|i| me.store(0, &numbered(i))).collect()
}

fn numbered(i: usize) -> Vec<u8> {
    format!("message {i}").into_bytes()
}

fn sizes() -> Vec<Case> {
    vec![
        case("a batch of 20 runs whole, and one of 21 not at all")
            .then(
                |me| StorageRequest::Batch(stores(me, BATCH_MAX)),
                [all_fresh(BATCH_MAX)],
            )
            .then(
                |me| me.retrieve(0),
                [page(
                    |me| (0..BATCH_MAX).map(|i| me.hash(0, &numbered(i))).collect(),
                    0,
                    BATCH_MAX,
                )],
            )
            .then(
                |me| {
                    let mut all = stores(me, BATCH_MAX);
                    all.push(me.owner().delete_all(one(0), me.now()));
                    StorageRequest::Batch(all)
                },
                [refused(Status::BAD_REQUEST, "more than 20 entries")],
            )
            .then(
                |me| {
                    let mut all = vec![StorageRequest::Info; BATCH_MAX];
                    all.push(me.owner().delete_all(one(0), me.now()));
                    StorageRequest::Sequence(all)
                },
                [refused(Status::BAD_REQUEST, "more than 20 entries")],
            )
            .then(
                |me| me.retrieve(0),
                [page(
                    |me| (0..BATCH_MAX).map(|i| me.hash(0, &numbered(i))).collect(),
                    0,
                    BATCH_MAX,
                )],
            ),
        case("a batch of nothing is refused")
            .then(
                |_| StorageRequest::Batch(Vec::new()),
                [refused(Status::BAD_REQUEST, "no entries")],
            )
            .then(
                |_| StorageRequest::Sequence(Vec::new()),
                [refused(Status::BAD_REQUEST, "no entries")],
            ),
    ]
}
