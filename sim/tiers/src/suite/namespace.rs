//! Kinds of namespaces (network spec 2.2; `test_msg_ns`).

use leek_wire::{MemberFailure, Status, StorageBody, StorageRequest, encode_storage_request};

use crate::script::{
    Area, Case, Check, Scene,
    expect::{
        all_fresh, deleted, fresh, holds, refused, reply, same, status, statuses, step, stored,
    },
    with_proof,
};

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![
        apart(),
        private(),
        legacy(),
        inboxes(),
        edges(),
        beyond(),
        ambiguous(),
    ];
    all.extend(outboxes());
    all
}

fn case(name: &'static str) -> Case {
    Case::new(Area::Namespace, name)
}

fn no_signature() -> Check {
    refused(Status::UNAUTHORIZED, "signature missing")
}

fn apart() -> Case {
    case("namespaces are mailboxes of their own: the same bytes are another message in each")
        .then(
            |me| {
                StorageRequest::Batch(vec![
                    me.store(0, b"same"),
                    me.store(2, b"same"),
                    me.store(11, b"same"),
                ])
            },
            [all_fresh(3)],
        )
        .then(
            |me| {
                StorageRequest::Batch(vec![
                    me.retrieve(0),
                    me.retrieve(2),
                    me.retrieve(11),
                    me.retrieve(3),
                ])
            },
            [
                statuses([200; 4]),
                step(0, holds(|me| vec![me.hash(0, b"same")])),
                step(1, holds(|me| vec![me.hash(2, b"same")])),
                step(2, holds(|me| vec![me.hash(11, b"same")])),
                step(3, holds(|_| Vec::new())),
            ],
        )
}

fn private() -> Case {
    case("a private namespace asks for a proof to store and to retrieve")
        .then(
            |me| {
                let request = me.store(3, b"secret");
                with_proof(request, None)
            },
            [no_signature()],
        )
        .then(|me| me.store(3, b"secret"), [fresh()])
        .then(|me| with_proof(me.retrieve(3), None), [no_signature()])
        .then(
            |me| me.retrieve(3),
            [holds(|me| vec![me.hash(3, b"secret")])],
        )
}

fn legacy() -> Case {
    case("the legacy group box -10 takes and gives without a proof, and deletes with one")
        .then(
            |me| {
                let request = me.store(-10, b"to all of us");
                with_proof(request, None)
            },
            [fresh()],
        )
        .then(
            |me| with_proof(me.retrieve(-10), None),
            [holds(|me| vec![me.hash(-10, b"to all of us")])],
        )
        .then(
            |me| me.owner().delete(&[me.hash(-10, b"to all of us")]),
            [
                status(Status::OK),
                deleted(|me| vec![(-10, me.hash(-10, b"to all of us"))]),
            ],
        )
}

fn inboxes() -> Case {
    case("a multiple of ten is a public inbox: anybody stores, the owner retrieves")
        .then(
            |me| {
                let stores = [10, -20, 120]
                    .map(|namespace| with_proof(me.store(namespace, b"from anybody"), None));
                StorageRequest::Batch(stores.into())
            },
            [all_fresh(3)],
        )
        .then(
            |me| {
                let asks = [10, -20, 120].map(|namespace| with_proof(me.retrieve(namespace), None));
                StorageRequest::Batch(asks.into())
            },
            [
                statuses([401; 3]),
                step(0, no_signature()),
                step(1, no_signature()),
                step(2, no_signature()),
            ],
        )
        .then(
            |me| StorageRequest::Batch(vec![me.retrieve(10), me.retrieve(-20), me.retrieve(120)]),
            [
                statuses([200; 3]),
                step(0, holds(|me| vec![me.hash(10, b"from anybody")])),
                step(1, holds(|me| vec![me.hash(-20, b"from anybody")])),
                step(2, holds(|me| vec![me.hash(120, b"from anybody")])),
            ],
        )
}

fn outboxes() -> [Case; 2] {
    let anybody = |me: &Scene, namespace: i16| with_proof(me.retrieve(namespace), None);
    [
        case("a public outbox holds one message: the owner's newest, which anybody retrieves")
            .then(
                |me| with_proof(me.store(-1, b"not the owner"), None),
                [no_signature()],
            )
            .then(|me| me.store(-1, b"first"), [fresh()])
            .then(
                move |me| anybody(me, -1),
                [holds(|me| vec![me.hash(-1, b"first")])],
            )
            .then(|me| me.store(-1, b"second"), [fresh()])
            .ask(
                move |me| me.ask(anybody(me, -1)).member(3),
                [holds(|me| vec![me.hash(-1, b"second")])],
            )
            .then(
                |me| me.store(-1, b"second"),
                [stored(|me| me.named(5, 3_600), true)],
            )
            .then(
                move |me| anybody(me, -1),
                [holds(|me| vec![me.hash(-1, b"second")])],
            ),
        case("-21 and -41 are outboxes too, -11 is none")
            .then(
                |me| {
                    StorageRequest::Batch(vec![
                        me.store(-21, b"one"),
                        me.store(-21, b"two"),
                        me.store(-41, b"one"),
                        me.store(-11, b"one"),
                        me.store(-11, b"two"),
                    ])
                },
                [all_fresh(5)],
            )
            .then(
                move |me| {
                    let asks = [-21, -41, -11].map(|namespace| anybody(me, namespace));
                    StorageRequest::Batch(asks.into())
                },
                [
                    statuses([200, 200, 401]),
                    step(0, holds(|me| vec![me.hash(-21, b"two")])),
                    step(1, holds(|me| vec![me.hash(-41, b"one")])),
                    step(2, no_signature()),
                ],
            )
            .then(
                |me| me.retrieve(-11),
                [holds(|me| vec![me.hash(-11, b"one"), me.hash(-11, b"two")])],
            ),
    ]
}

fn edges() -> Case {
    case("32767 and -32768 are namespaces like others")
        .then(
            |me| {
                StorageRequest::Batch(vec![me.store(i16::MAX, b"up"), me.store(i16::MIN, b"down")])
            },
            [all_fresh(2)],
        )
        .then(
            |me| StorageRequest::Batch(vec![me.retrieve(i16::MAX), me.retrieve(i16::MIN)]),
            [
                statuses([200, 200]),
                step(0, holds(|me| vec![me.hash(i16::MAX, b"up")])),
                step(1, holds(|me| vec![me.hash(i16::MIN, b"down")])),
            ],
        )
}

/// A client of ours cannot write such a number, so it is written into the bytes.
fn beyond() -> Case {
    /// `namespace` (field 2) as zigzag varints of 32767 and 32768, equally long.
    const LARGEST: [u8; 4] = [0x10, 0xfe, 0xff, 0x03];
    const TOO_LARGE: [u8; 4] = [0x10, 0x80, 0x80, 0x04];
    case("a namespace beyond 16 bits is no request").ask(
        |me| {
            let request = me.store(i16::MAX, b"beyond");
            let mut bytes = encode_storage_request(&request);
            let at = bytes.windows(4).position(|window| window == LARGEST);
            if let Some(field) = at.and_then(|at| bytes.get_mut(at..at + 4)) {
                field.copy_from_slice(&TOO_LARGE);
            }
            me.ask(request).payload(bytes)
        },
        [refused(Status::BAD_REQUEST, "namespace")],
    )
}

fn ambiguous() -> Case {
    let nobody = Check::new("every member says that it could not", |_, heard| {
        let reply = reply(heard)?;
        same(&reply.status.0, &Status::INTERNAL.0)?;
        let StorageBody::Changed { members, .. } = &reply.body else {
            return Err(format!("the body is {:?}", reply.body));
        };
        let failed = |member: &leek_wire::Member| member.result == Err(MemberFailure::QueryFailure);
        same(&members.iter().filter(|member| failed(member)).count(), &4)
    });
    case("a name taken by another namespace of the account stays with it")
        .then(|me| me.store(1, b"0tail"), [fresh()])
        .then(|me| with_proof(me.store(10, b"tail"), None), [nobody])
        .then(
            |me| StorageRequest::Batch(vec![me.retrieve(1), me.retrieve(10)]),
            [
                statuses([200, 200]),
                step(0, holds(|me| vec![me.hash(1, b"0tail")])),
                step(1, holds(|_| Vec::new())),
            ],
        )
}
