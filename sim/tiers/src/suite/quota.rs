//! One mailbox cannot fill a node.

use leek_wire::{
    MemberFailure, Scope, Status, StorageBody, StorageRequest, limits::DATA_BYTES_MAX,
};

use crate::script::{
    Area, Case, Check,
    expect::{all_fresh, deleted, fresh, holds, reply, same, status, stored},
};

pub(super) fn cases() -> Vec<Case> {
    vec![released(full())]
}

fn filler(number: u8) -> Vec<u8> {
    vec![number; DATA_BYTES_MAX]
}

/// Every member refused, because the mailbox is full.
fn too_full() -> Check {
    Check::new("507, from every member", |me, heard| {
        let reply = reply(heard)?;
        same(&reply.status.0, &Status::INSUFFICIENT_STORAGE.0)?;
        let StorageBody::Changed { members, .. } = &reply.body else {
            return Err(format!("the body is {:?}", reply.body));
        };
        same(&members.len(), &me.members(&me.owner().id()).len())?;
        members.iter().try_for_each(|member| match &member.result {
            Err(MemberFailure::Refused { status, .. })
                if *status == Status::INSUFFICIENT_STORAGE =>
            {
                Ok(())
            }
            other => Err(format!("a member did {other:?}")),
        })
    })
}

fn full() -> Case {
    Case::new(
        Area::Quota,
        "a mailbox takes its quota to the last byte, over all namespaces, and then a 507",
    )
    .ask(
        |me| {
            let stores = vec![
                me.store(0, &filler(1)),
                me.store(0, &filler(2)),
                me.store(2, &filler(3)),
            ];
            me.ask(StorageRequest::Batch(stores)).direct()
        },
        [all_fresh(3)],
    )
    .then(|me| me.store(5, &filler(4)), [fresh()])
    .then(|me| me.store(0, &filler(5)), [too_full()])
    .then(|me| me.store(0, &[6; 101]), [too_full()])
    .ask(
        |me| {
            let request = me.store(0, &[7; 100]);
            me.ask(request).member(2)
        },
        [fresh()],
    )
    .ask(
        |me| {
            let request = me.store(0, &[8; 1]);
            me.ask(request).member(3)
        },
        [too_full()],
    )
    // What is there may be stored again, and others are not in its way.
    .then(
        |me| me.store(0, &[7; 100]),
        [stored(|me| me.named(6, 3_600), true)],
    )
    .then(
        |me| {
            let letter = me.letter(0, &filler(1));
            me.neighbour().store(&letter)
        },
        [fresh()],
    )
}

/// Room comes back with a deletion.
fn released(case: Case) -> Case {
    case.then(
        |me| {
            me.owner()
                .delete_all(Scope::One(leek_identity::Namespace::new(2)), me.now())
        },
        [
            status(Status::OK),
            deleted(|me| vec![(2, me.hash(2, &filler(3)))]),
        ],
    )
    .then(|me| me.store(0, &[8; 1]), [fresh()])
    .then(
        |me| {
            let mut request = me.retrieve(0);
            if let StorageRequest::Retrieve { max_size, .. } = &mut request {
                *max_size = Some(-1);
            }
            request
        },
        [holds(|me| {
            [filler(1), filler(2), vec![7; 100], vec![8; 1]]
                .map(|data| me.hash(0, &data))
                .into()
        })],
    )
}
