//! Expiries (network spec 2.3, 2.6; `test_expire`).

use leek_identity::MessageHash;
use leek_machine::Wall;
use leek_wire::{
    ExpiryMode, MemberChange, Scope, Status, StorageBody, StorageRequest, limits::TTL_MS_MAX,
};

use crate::script::{
    Area, Case, Check, Scene,
    expect::{all_fresh, each, expired, expiries, fresh, holds, refused, reply, statuses, step},
    one,
};

pub(super) fn cases() -> Vec<Case> {
    let mut all: Vec<Case> = by_hash().into();
    all.extend([one_way(), clamped(), all_of_it(), gone()]);
    all.extend(refusals());
    all
}

/// Begins with messages `a` and `b` in namespace 0 and `c` in namespace 2, all until t0+1h.
fn filled(name: &'static str) -> Case {
    Case::new(Area::Expire, name).then(
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

fn a(me: &Scene) -> MessageHash {
    me.hash(0, b"a")
}

fn b(me: &Scene) -> MessageHash {
    me.hash(0, b"b")
}

fn c(me: &Scene) -> MessageHash {
    me.hash(2, b"c")
}

/// Asks for the expiries of all three.
fn ask_expiries(me: &Scene) -> StorageRequest {
    let hashes = [a(me), b(me), c(me)];
    me.owner().get_expiries(&hashes, me.now())
}

fn by_hash() -> [Case; 2] {
    [
        filled("expire sets one time for several messages, later or earlier, on every member")
            .then(
                |me| {
                    let then = me.then(0, 7_200);
                    me.owner().expire(&[a(me), c(me)], &[then], ExpiryMode::Set)
                },
                [expired(
                    |me| vec![(a(me), me.named(0, 7_200)), (c(me), me.named(0, 7_200))],
                    |_| Vec::new(),
                )],
            )
            .then(
                |me| {
                    let then = me.then(0, 600);
                    let unknown = MessageHash::from_bytes([4; 32]);
                    let hashes = [a(me), unknown];
                    me.owner().expire(&hashes, &[then], ExpiryMode::Set)
                },
                [expired(
                    |me| vec![(a(me), me.named(0, 600))],
                    |_| Vec::new(),
                )],
            )
            .ask(
                |me| me.ask(ask_expiries(me)).member(2),
                [expiries(|me| {
                    vec![
                        (a(me), me.named(0, 600)),
                        (b(me), me.named(0, 3_600)),
                        (c(me), me.named(0, 7_200)),
                    ]
                })],
            ),
        filled("expire takes one time for each message, and no other number of times")
            .then(
                |me| {
                    let times = [me.then(0, 60), me.then(0, 120), me.then(0, 180)];
                    let hashes = [c(me), b(me), a(me)];
                    me.owner().expire(&hashes, &times, ExpiryMode::Set)
                },
                [expired(
                    |me| {
                        vec![
                            (c(me), me.named(0, 60)),
                            (b(me), me.named(0, 120)),
                            (a(me), me.named(0, 180)),
                        ]
                    },
                    |_| Vec::new(),
                )],
            )
            .then(
                |me| {
                    let times = [me.then(0, 60), me.then(0, 120)];
                    let hashes = [c(me), b(me), a(me)];
                    me.owner().expire(&hashes, &times, ExpiryMode::Set)
                },
                [refused(Status::BAD_REQUEST, "2 expiries for 3 messages")],
            ),
    ]
}

fn one_way() -> Case {
    filled("extend only extends, and shorten only shortens")
        .then(
            |me| {
                let times = [me.then(0, 7_200), me.then(0, 600)];
                let hashes = [a(me), b(me)];
                me.owner().expire(&hashes, &times, ExpiryMode::Extend)
            },
            [expired(
                |me| vec![(a(me), me.named(0, 7_200))],
                |me| vec![(b(me), me.named(0, 3_600))],
            )],
        )
        .then(
            |me| {
                let times = [me.then(0, 7_200), me.then(0, 600)];
                let hashes = [c(me), b(me)];
                me.owner().expire(&hashes, &times, ExpiryMode::Shorten)
            },
            [expired(
                |me| vec![(b(me), me.named(0, 600))],
                |me| vec![(c(me), me.named(0, 3_600))],
            )],
        )
        .ask(
            |me| me.ask(ask_expiries(me)).member(3),
            [expiries(|me| {
                vec![
                    (a(me), me.named(0, 7_200)),
                    (b(me), me.named(0, 600)),
                    (c(me), me.named(0, 3_600)),
                ]
            })],
        )
}

/// The time is the node's now and 30 days: known up to the difference of clocks and the way there.
fn about_30_days(me: &Scene, time: Wall) -> Result<(), String> {
    let off = time.diff_ms(me.now().after_ms(TTL_MS_MAX));
    if off.unsigned_abs() <= leek_wire::limits::SIGNATURE_TOLERANCE_MS {
        Ok(())
    } else {
        Err(format!("30 days and {off} ms"))
    }
}

fn clamped() -> Case {
    let by_members = Check::new("every member took 30 days", |me, heard| {
        each(me, heard, |change| match change {
            MemberChange::Expired {
                updated, unchanged, ..
            } => match updated.as_slice() {
                [(hash, time)] if *hash == a(me) && unchanged.is_empty() => {
                    about_30_days(me, *time)
                }
                _ => Err(format!("{updated:?} {unchanged:?}")),
            },
            other => Err(format!("a member did {other:?}")),
        })
    });
    let told = Check::new("the expiry is in 30 days", |me, heard| {
        match &reply(heard)?.body {
            StorageBody::Expiries(all) => match all.as_slice() {
                [(hash, time)] if *hash == a(me) => about_30_days(me, *time),
                other => Err(format!("{other:?}")),
            },
            other => Err(format!("the body is {other:?}")),
        }
    });
    let ok = || crate::script::expect::status(Status::OK);
    filled("an expiry beyond 30 days becomes 30 days")
        .then(
            |me| {
                let then = me.at(60 * 86_400);
                me.owner().expire(&[a(me)], &[then], ExpiryMode::Set)
            },
            [ok(), by_members],
        )
        .then(
            |me| me.owner().get_expiries(&[a(me)], me.now()),
            [ok(), told],
        )
}

fn all_of_it() -> Case {
    filled("expire_all only ever shortens, in one namespace or in all")
        .then(
            |me| {
                let then = me.then(0, 7_200);
                me.owner().expire_all(one(0), then)
            },
            [expired(|_| Vec::new(), |_| Vec::new())],
        )
        .then(
            |me| {
                let then = me.then(0, 600);
                me.owner().expire_all(one(0), then)
            },
            [expired(
                |me| vec![(a(me), me.named(0, 600)), (b(me), me.named(0, 600))],
                |_| Vec::new(),
            )],
        )
        .then(
            |me| {
                let then = me.then(0, 1_200);
                me.owner().expire_all(Scope::All, then)
            },
            [expired(
                |me| vec![(c(me), me.named(0, 1_200))],
                |_| Vec::new(),
            )],
        )
        .ask(
            |me| me.ask(ask_expiries(me)).member(1),
            [expiries(|me| {
                vec![
                    (a(me), me.named(0, 600)),
                    (b(me), me.named(0, 600)),
                    (c(me), me.named(0, 1_200)),
                ]
            })],
        )
}

fn gone() -> Case {
    let case = filled("an expired message is gone on every member, and comes back as a new one")
        .then(
            |me| {
                let then = me.at(2);
                me.owner().expire(&[a(me)], &[then], ExpiryMode::Set)
            },
            [expired(|me| vec![(a(me), me.named(1, 2))], |_| Vec::new())],
        )
        // The time of a step may be a second ahead of the clock.
        .wait(4_000);
    (0..4)
        .fold(case, |case, member| {
            case.ask(
                move |me| {
                    let both = vec![me.retrieve(0), ask_expiries(me)];
                    me.ask(StorageRequest::Batch(both)).member(member)
                },
                [
                    statuses([200, 200]),
                    step(0, holds(|me| vec![b(me)])),
                    step(
                        1,
                        expiries(|me| {
                            vec![(b(me), me.named(0, 3_600)), (c(me), me.named(0, 3_600))]
                        }),
                    ),
                ],
            )
        })
        .then(|me| me.store(0, b"a"), [fresh()])
        .then(|me| me.retrieve(0), [holds(|me| vec![b(me), a(me)])])
}

fn refusals() -> Vec<Case> {
    let untouched = || {
        expiries(|me| {
            vec![
                (a(me), me.named(0, 3_600)),
                (b(me), me.named(0, 3_600)),
                (c(me), me.named(0, 3_600)),
            ]
        })
    };
    vec![
        filled("an expiry more than a minute past is a 401, and of expire_all a 406")
            .then(
                |me| {
                    let times = [me.at(7_200), me.at(-120)];
                    let hashes = [a(me), b(me)];
                    me.owner().expire(&hashes, &times, ExpiryMode::Set)
                },
                [refused(Status::UNAUTHORIZED, "expiry lies in the past")],
            )
            .then(
                |me| {
                    let then = me.at(-120);
                    me.owner().expire_all(Scope::All, then)
                },
                [refused(Status::NOT_ACCEPTABLE, "expiry lies in the past")],
            )
            .then(ask_expiries_of, [untouched()]),
        filled("expiries are told to their owner only, and for a minute")
            .then(
                |me| {
                    let neighbour = me.neighbour();
                    neighbour.get_expiries(&[a(me)], me.now())
                },
                [expiries(|_| Vec::new())],
            )
            .then(
                |me| {
                    let then = me.at(-120);
                    me.owner().get_expiries(&[a(me)], then)
                },
                [refused(Status::NOT_ACCEPTABLE, "signature timestamp")],
            )
            .then(ask_expiries_of, [untouched()]),
    ]
}

fn ask_expiries_of(me: &mut Scene) -> StorageRequest {
    ask_expiries(me)
}
