//! How far a store has come when it is answered.

use core::num::NonZeroU16;

use leek_machine::bug;
use leek_wire::{AckLevel, MemberChange, Status, StorageBody, StorageRequest};

use crate::script::{
    Area, Case, Check, Letter, Scene,
    expect::{fresh, holds, reply, same, status, statuses, step, stored},
};

/// Time for the members that an early answer did not wait for, in ms.
const SETTLE_MS: u64 = 1_000;

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![received(), received_again(), in_a_batch()];
    all.push(early(
        "level durable: the answer comes when the asked node has committed, and the others follow",
        || AckLevel::Durable,
        1,
        true,
    ));
    all.push(early(
        "level quorum(2): the answer comes when two members have committed",
        || quorum(2),
        2,
        false,
    ));
    all.push(early(
        "level quorum(4): in a swarm of four, when all have",
        || quorum(4),
        4,
        true,
    ));
    all.push(more_than_there_are());
    all
}

fn case(name: &'static str) -> Case {
    Case::new(Area::Ack, name)
}

fn quorum(members: u16) -> AckLevel {
    match NonZeroU16::new(members) {
        Some(members) => AckLevel::Quorum(members),
        None => bug!("a quorum of none"),
    }
}

fn store(me: &mut Scene, data: &[u8], ack: AckLevel) -> StorageRequest {
    let letter = Letter {
        ack,
        ..me.letter(0, data)
    };
    me.owner().store(&letter)
}

/// What the members named in a reply said of durability: the asked node's, and how many have it.
fn said(me: &Scene, heard: &crate::script::Heard) -> Result<(Option<bool>, usize), String> {
    let StorageBody::Changed { members, .. } = &reply(heard)?.body else {
        return Err(format!("the body is {:?}", reply(heard)?.body));
    };
    let mut asked = None;
    let mut committed = 0;
    for member in members {
        match &member.result {
            Ok(MemberChange::Stored {
                durable, already, ..
            }) => {
                same(already, &false)?;
                committed += usize::from(*durable);
                if Some(member.node) == me.target() {
                    asked = Some(*durable);
                }
            }
            other => return Err(format!("a member did {other:?}")),
        }
    }
    Ok((asked, committed))
}

/// At least `least` members committed, the asked one among them if `itself`.
fn committed(least: usize, itself: bool) -> Check {
    let says = format!("{least} members or more have committed it");
    Check::new(says, move |me, heard| {
        let (asked, committed) = said(me, heard)?;
        if committed < least || (itself && asked != Some(true)) {
            return Err(format!("{committed} have, the asked node: {asked:?}"));
        }
        Ok(())
    })
}

fn received() -> Case {
    let alone = Check::new(
        "the asked node has it in memory, and says no more",
        |me, heard| same(&said(me, heard)?, &(Some(false), 0)),
    );
    let case =
        case("level received: the asked node has the message in memory, and the others follow")
            .then(
                |me| store(me, b"soon", AckLevel::Received),
                [status(Status::OK), alone],
            )
            .wait(SETTLE_MS);
    everywhere(case)
}

/// Afterwards every member holds the message `soon`.
fn everywhere(case: Case) -> Case {
    (0..4).fold(case, |case, member| {
        case.ask(
            move |me| me.ask(me.retrieve(0)).member(member),
            [holds(|me| vec![me.hash(0, b"soon")])],
        )
    })
}

fn received_again() -> Case {
    let there = Check::new("the asked node has it on disk", |me, heard| {
        let StorageBody::Changed { members, .. } = &reply(heard)?.body else {
            return Err(format!("the body is {:?}", reply(heard)?.body));
        };
        let asked = members
            .iter()
            .find(|member| Some(member.node) == me.target());
        match asked.map(|member| &member.result) {
            Some(Ok(MemberChange::Stored {
                already,
                durable,
                expiry,
                ..
            })) => {
                same(&(*already, *durable), &(true, true))?;
                same(expiry, &me.named(0, 3_600))
            }
            other => Err(format!("the asked node did {other:?}")),
        }
    });
    case("level received for a message that is there already: it is durable")
        .then(|me| me.store(0, b"soon"), [fresh()])
        .then(
            |me| {
                let timestamp = me.then(0, 0);
                let letter = Letter {
                    ack: AckLevel::Received,
                    timestamp,
                    ..me.letter(0, b"soon")
                };
                me.owner().store(&letter)
            },
            [status(Status::OK), there],
        )
}

fn early(name: &'static str, level: fn() -> AckLevel, least: usize, itself: bool) -> Case {
    let case = case(name)
        .then(
            move |me| store(me, b"soon", level()),
            [status(Status::OK), committed(least, itself)],
        )
        .wait(SETTLE_MS);
    everywhere(case)
}

fn more_than_there_are() -> Case {
    everywhere(
        case(
            "a quorum larger than the swarm waits for all, and the answer tells how many there are",
        )
        .then(
            |me| store(me, b"soon", quorum(9)),
            [status(Status::OK), committed(4, true)],
        ),
    )
}

fn in_a_batch() -> Case {
    let case = case("each store of a batch has its own level")
        .then(
            |me| StorageRequest::Batch(vec![store(me, b"soon", AckLevel::Durable), me.retrieve(0)]),
            [
                statuses([200, 200]),
                step(0, committed(1, true)),
                step(1, holds(|me| vec![me.hash(0, b"soon")])),
            ],
        )
        .wait(SETTLE_MS)
        .then(
            |me| me.store(0, b"soon"),
            [stored(|me| me.named(1, 3_600), true)],
        );
    everywhere(case)
}
