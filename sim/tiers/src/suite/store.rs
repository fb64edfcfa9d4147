//! Limits of stores: sizes, times, duplicates (network spec 2.3, 2.6; `test_store_retrieve`).

use leek_wire::{
    Status, StorageRequest,
    limits::{DATA_BYTES_MAX, TTL_INBOX_MS_MAX, TTL_MS_MAX, TTL_MS_MIN},
};

use crate::script::{
    Area, Case, Check, HOUR_MS, Letter, Scene,
    expect::{all_fresh, expiries, fresh, holds, refused, statuses, step, stored, swarm, timed},
    with_proof,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        everywhere(),
        sizes(),
        lifetimes(),
        clocks(),
        again(),
        order_of_checks(),
    ]
}

fn case(name: &'static str) -> Case {
    Case::new(Area::Store, name)
}

fn everywhere() -> Case {
    let case = case("what one member stored, every member returns, in one order, with its times")
        .then(|me| me.store(0, b"first"), [fresh()])
        .ask(
            |me| {
                let request = me.store(0, b"second");
                me.ask(request).member(1)
            },
            [fresh()],
        )
        .ask(
            |me| {
                let request = me.store(0, b"third");
                me.ask(request).member(2).direct()
            },
            [fresh()],
        );
    (0..4).fold(case, |case, member| {
        case.ask(
            move |me| me.ask(me.retrieve(0)).member(member),
            [
                holds(|me| {
                    [&b"first"[..], b"second", b"third"]
                        .map(|data| me.hash(0, data))
                        .into()
                }),
                timed(|me| {
                    (0..3)
                        .map(|step| (me.named(step, 0), me.named(step, 3_600)))
                        .collect()
                }),
            ],
        )
    })
}

fn filler(len: usize) -> Vec<u8> {
    vec![b'x'; len]
}

fn sizes() -> Case {
    case("a message has at most 76,800 bytes")
        .then(|me| me.store(0, &filler(DATA_BYTES_MAX)), [fresh()])
        .then(
            |me| me.store(0, &filler(DATA_BYTES_MAX + 1)),
            [refused(Status::BAD_REQUEST, "more than 76800 bytes")],
        )
        .then(|me| me.store(0, b""), [fresh()])
        .then(
            |me| me.retrieve(0),
            [holds(|me| {
                vec![me.hash(0, &filler(DATA_BYTES_MAX)), me.hash(0, b"")]
            })],
        )
}

/// A store in `namespace` for so many ms.
fn lasting(me: &mut Scene, namespace: i16, ttl_ms: u64) -> StorageRequest {
    let letter = Letter {
        ttl_ms,
        ..me.letter(namespace, format!("for {ttl_ms} ms").as_bytes())
    };
    let _ = me.at(i64::try_from(ttl_ms / 1_000).unwrap_or(i64::MAX / 10_000));
    me.owner().store(&letter)
}

fn lifetimes() -> Case {
    let refusal = || refused(Status::FORBIDDEN, "ttl outside the limits");
    case("a message lives 10 s at least, and 14 days in an inbox or 30 days elsewhere at most")
        .then(
            |me| {
                StorageRequest::Batch(vec![
                    lasting(me, 0, TTL_MS_MIN),
                    lasting(me, 0, TTL_INBOX_MS_MAX),
                    lasting(me, 1, TTL_MS_MIN),
                    lasting(me, 1, TTL_MS_MAX),
                ])
            },
            [all_fresh(4)],
        )
        .then(
            |me| {
                StorageRequest::Batch(vec![
                    lasting(me, 0, TTL_MS_MIN - 1),
                    lasting(me, 0, TTL_INBOX_MS_MAX + 1),
                    lasting(me, 1, TTL_MS_MIN - 1),
                    lasting(me, 1, TTL_MS_MAX + 1),
                    lasting(me, 1, 0),
                    lasting(me, 1, u64::MAX),
                ])
            },
            [
                statuses([403; 6]),
                step(0, refusal()),
                step(1, refusal()),
                step(2, refusal()),
                step(3, refusal()),
                step(4, refusal()),
                step(5, refusal()),
            ],
        )
        .then(
            |me| {
                me.owner().get_expiries(
                    &[
                        me.hash(0, b"for 1209600000 ms"),
                        me.hash(1, b"for 2592000000 ms"),
                    ],
                    me.now(),
                )
            },
            [expiries(|me| {
                vec![
                    (me.hash(0, b"for 1209600000 ms"), me.named(0, 14 * 86_400)),
                    (me.hash(1, b"for 2592000000 ms"), me.named(0, 30 * 86_400)),
                ]
            })],
        )
}

/// A store made so many seconds from now that lives for so many.
fn made(me: &mut Scene, seconds: i64, ttl_s: u64) -> StorageRequest {
    let timestamp = me.at(seconds);
    let _ = me.at(seconds + i64::try_from(ttl_s).unwrap_or(0));
    let letter = Letter {
        timestamp,
        ttl_ms: ttl_s * 1_000,
        ..me.letter(0, format!("made {seconds} for {ttl_s}").as_bytes())
    };
    me.owner().store(&letter)
}

fn clocks() -> Case {
    let refusal = || refused(Status::NOT_ACCEPTABLE, "timestamp: check your clock");
    case("a store is refused when it comes from the future or is over, and not for being old")
        .then(
            |me| {
                StorageRequest::Batch(vec![
                    made(me, 20, 3_600),
                    made(me, -3_600, 1_800),
                    made(me, -3_600, 3_580),
                ])
            },
            [
                statuses([406; 3]),
                step(0, refusal()),
                step(1, refusal()),
                step(2, refusal()),
            ],
        )
        .then(
            |me| StorageRequest::Batch(vec![made(me, 5, 3_600), made(me, -86_400, 90_000)]),
            [all_fresh(2)],
        )
        .then(
            |me| me.retrieve(0),
            [
                holds(|me| {
                    [&b"made 5 for 3600"[..], b"made -86400 for 90000"]
                        .map(|data| me.hash(0, data))
                        .into()
                }),
                timed(|me| {
                    vec![
                        (me.named(1, 5), me.named(1, 3_605)),
                        (me.named(1, -86_400), me.named(1, 3_600)),
                    ]
                }),
            ],
        )
}

fn again() -> Case {
    let lasting_hours = |hours: u64| {
        move |me: &mut Scene| {
            let timestamp = me.then(0, 0);
            let _ = me.then(0, i64::try_from(hours * 3_600).unwrap_or(0));
            let letter = Letter {
                timestamp,
                ttl_ms: hours * HOUR_MS,
                ..me.letter(0, b"twice")
            };
            me.owner().store(&letter)
        }
    };
    let whole = || -> [Check; 2] {
        [
            holds(|me| vec![me.hash(0, b"twice"), me.hash(0, b"between")]),
            timed(|me| {
                vec![
                    (me.named(0, 0), me.named(0, 10_800)),
                    (me.named(1, 0), me.named(1, 3_600)),
                ]
            }),
        ]
    };
    case("a message stored again keeps its place, and its expiry is only ever extended")
        .then(lasting_hours(2), [fresh()])
        .then(|me| me.store(0, b"between"), [fresh()])
        .then(lasting_hours(1), [stored(|me| me.named(0, 7_200), true)])
        .then(lasting_hours(3), [stored(|me| me.named(0, 10_800), true)])
        .then(|me| me.retrieve(0), whole())
        .ask(|me| me.ask(me.retrieve(0)).member(2), whole())
}

fn order_of_checks() -> Case {
    case("swarm, lifetime, clock and proof are checked in this order")
        .ask(
            |me| {
                let bad = with_proof(lasting(me, 1, 1), None);
                me.ask(bad).outsider(0)
            },
            [swarm(Status::WRONG_SWARM)],
        )
        .then(
            |me| with_proof(lasting(me, 1, 1), None),
            [refused(Status::FORBIDDEN, "ttl")],
        )
        .then(
            |me| {
                let timestamp = me.at(60);
                let letter = Letter {
                    timestamp,
                    ..me.letter(1, b"later")
                };
                with_proof(me.owner().store(&letter), None)
            },
            [refused(Status::NOT_ACCEPTABLE, "timestamp")],
        )
        .then(
            |me| with_proof(me.store(1, b"now"), None),
            [refused(Status::UNAUTHORIZED, "signature missing")],
        )
}
