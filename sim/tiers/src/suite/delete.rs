//! Deleting (network spec 2.6; `test_deletes`).

use leek_identity::MessageHash;
use leek_wire::{Scope, Status, StorageRequest};

use crate::script::{
    Area, Case, Letter,
    expect::{all_fresh, deleted, fresh, holds, refused, status, statuses, step},
    one,
};

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![everything(), everywhere(), stale()];
    all.extend(by_hash());
    all.extend(of_whom());
    all.extend(before());
    all
}

fn case(name: &'static str) -> Case {
    Case::new(Area::Delete, name)
}

/// Begins with messages `a` and `b` in namespace 0 and `c` in namespace 2.
fn filled(name: &'static str) -> Case {
    case(name).then(
        |me| {
            StorageRequest::Batch(vec![
                me.store(0, b"a"),
                me.store(0, b"b"),
                me.store(2, b"c"),
            ])
        },
        [all_fresh(3)],
    )
}

fn everything() -> Case {
    let case = filled("delete_all empties one namespace on every member, and no other").then(
        |me| me.owner().delete_all(one(0), me.now()),
        [
            status(Status::OK),
            deleted(|me| vec![(0, me.hash(0, b"a")), (0, me.hash(0, b"b"))]),
        ],
    );
    let case = (0..4).fold(case, |case, member| {
        case.ask(
            move |me| me.ask(me.retrieve(0)).member(member),
            [holds(|_| Vec::new())],
        )
    });
    case.then(|me| me.retrieve(2), [holds(|me| vec![me.hash(2, b"c")])])
}

fn everywhere() -> Case {
    filled("delete_all over all namespaces names the namespace of each message")
        .then(
            |me| me.owner().delete_all(Scope::All, me.now()),
            [
                status(Status::OK),
                deleted(|me| {
                    vec![
                        (0, me.hash(0, b"a")),
                        (0, me.hash(0, b"b")),
                        (2, me.hash(2, b"c")),
                    ]
                }),
            ],
        )
        .ask(
            |me| {
                let both = vec![me.retrieve(0), me.retrieve(2)];
                me.ask(StorageRequest::Batch(both)).member(2)
            },
            [
                statuses([200, 200]),
                step(0, holds(|_| Vec::new())),
                step(1, holds(|_| Vec::new())),
            ],
        )
}

fn stale() -> Case {
    let wrong_time = || refused(Status::NOT_ACCEPTABLE, "signature timestamp");
    filled("delete_all with a timestamp more than a minute off deletes nothing")
        .then(
            |me| {
                let then = me.at(-120);
                me.owner().delete_all(one(0), then)
            },
            [wrong_time()],
        )
        .then(
            |me| {
                let then = me.at(120);
                me.owner().delete_all(Scope::All, then)
            },
            [wrong_time()],
        )
        .then(
            |me| me.retrieve(0),
            [holds(|me| vec![me.hash(0, b"a"), me.hash(0, b"b")])],
        )
        .then(
            |me| {
                let then = me.at(-50);
                me.owner().delete_all(one(0), then)
            },
            [
                status(Status::OK),
                deleted(|me| vec![(0, me.hash(0, b"a")), (0, me.hash(0, b"b"))]),
            ],
        )
}

fn unknown() -> MessageHash {
    MessageHash::from_bytes([3; 32])
}

fn by_hash() -> Vec<Case> {
    let nothing = || deleted(|_| Vec::new());
    vec![
        filled("delete by hash reaches every namespace, and passes over what is not there")
            .then(
                |me| {
                    let hashes = [me.hash(2, b"c"), unknown(), me.hash(0, b"a")];
                    me.owner().delete(&hashes)
                },
                [
                    status(Status::OK),
                    deleted(|me| vec![(2, me.hash(2, b"c")), (0, me.hash(0, b"a"))]),
                ],
            )
            .ask(
                |me| me.ask(me.retrieve(0)).member(3),
                [holds(|me| vec![me.hash(0, b"b")])],
            )
            .then(
                |me| me.owner().delete(&[me.hash(0, b"a")]),
                [status(Status::OK), nothing()],
            ),
        filled("a required delete is a 404 when there was nothing to delete")
            .then(
                |me| required(me, &[unknown()]),
                [status(Status::NOT_FOUND), nothing()],
            )
            .then(
                |me| required(me, &[unknown(), me.hash(0, b"b")]),
                [
                    status(Status::OK),
                    deleted(|me| vec![(0, me.hash(0, b"b"))]),
                ],
            )
            .then(
                |me| required(me, &[me.hash(0, b"b")]),
                [status(Status::NOT_FOUND), nothing()],
            ),
    ]
}

fn of_whom() -> [Case; 3] {
    let nothing = || deleted(|_| Vec::new());
    [
        case("an owner deletes no message of another")
            .then(
                |me| {
                    let letter = me.letter(0, b"the neighbour's");
                    me.neighbour().store(&letter)
                },
                [fresh()],
            )
            .then(
                |me| {
                    let theirs = me.neighbour().hash(0, b"the neighbour's");
                    me.owner().delete(&[theirs])
                },
                [status(Status::OK), nothing()],
            )
            .then(
                |me| me.neighbour().retrieve(0, me.now()),
                [holds(|me| vec![me.neighbour().hash(0, b"the neighbour's")])],
            ),
        filled("what was deleted may be stored again, behind the others")
            .then(
                |me| me.owner().delete(&[me.hash(0, b"a")]),
                [
                    status(Status::OK),
                    deleted(|me| vec![(0, me.hash(0, b"a"))]),
                ],
            )
            .then(|me| me.store(0, b"a"), [fresh()])
            .then(
                |me| me.retrieve(0),
                [holds(|me| vec![me.hash(0, b"b"), me.hash(0, b"a")])],
            ),
        case("a delete names at least one message").then(
            |me| me.owner().delete(&[]),
            [refused(Status::BAD_REQUEST, "message hashes: 1 to")],
        ),
    ]
}

fn required(me: &crate::script::Scene, hashes: &[MessageHash]) -> StorageRequest {
    let mut request = me.owner().delete(hashes);
    if let StorageRequest::Delete { required, .. } = &mut request {
        *required = true;
    }
    request
}

/// Begins with messages made 30, 20 and 10 seconds ago, the last in namespace 2.
fn aged(name: &'static str) -> Case {
    case(name).then(
        |me| {
            let mut store = |namespace, data: &[u8], age: i64| {
                let letter = Letter {
                    timestamp: me.at(-age),
                    ..me.letter(namespace, data)
                };
                me.owner().store(&letter)
            };
            let stores = vec![
                store(0, b"oldest", 30),
                store(0, b"older", 20),
                store(2, b"newest", 10),
            ];
            StorageRequest::Batch(stores)
        },
        [all_fresh(3)],
    )
}

fn before() -> Vec<Case> {
    vec![
        aged("delete_before deletes what was made up to that time")
            .then(
                |me| {
                    let then = me.then(0, -25);
                    me.owner().delete_before(one(0), then)
                },
                [
                    status(Status::OK),
                    deleted(|me| vec![(0, me.hash(0, b"oldest"))]),
                ],
            )
            .then(
                |me| {
                    let then = me.then(0, -20);
                    me.owner().delete_before(one(0), then)
                },
                [
                    status(Status::OK),
                    deleted(|me| vec![(0, me.hash(0, b"older"))]),
                ],
            )
            .then(|me| me.retrieve(0), [holds(|_| Vec::new())])
            .then(
                |me| me.retrieve(2),
                [holds(|me| vec![me.hash(2, b"newest")])],
            ),
        aged("delete_before over all namespaces")
            .then(
                |me| me.owner().delete_before(Scope::All, me.now()),
                [
                    status(Status::OK),
                    deleted(|me| {
                        vec![
                            (0, me.hash(0, b"oldest")),
                            (0, me.hash(0, b"older")),
                            (2, me.hash(2, b"newest")),
                        ]
                    }),
                ],
            )
            .ask(
                |me| me.ask(me.retrieve(2)).member(1),
                [holds(|_| Vec::new())],
            ),
        aged("delete_before a time more than a minute ahead is a 401")
            .then(
                |me| {
                    let then = me.at(120);
                    me.owner().delete_before(one(0), then)
                },
                [refused(Status::UNAUTHORIZED, "before lies in the future")],
            )
            .then(
                |me| me.retrieve(0),
                [holds(|me| {
                    vec![me.hash(0, b"oldest"), me.hash(0, b"older")]
                })],
            ),
    ]
}
