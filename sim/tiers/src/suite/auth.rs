//! Proofs of owners (network spec 2.4; `test_session_auth`, `test_store_retrieve`).

use leek_crypto::Signature;
use leek_identity::{Namespace, signed_text};
use leek_wire::{ExpiryMode, OwnerProof, Scope, Status, StorageRequest};

use crate::script::{
    Area, Case, Check, Scene,
    expect::{all_fresh, expiries, fresh, holds, refused, statuses, step},
    one, with_proof,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        session_account(),
        group(),
        wrong_keys(),
        missing(),
        stale(),
        other_texts(),
        every_method(),
        given_must_hold(),
        separate_time(),
    ]
}

fn case(name: &'static str) -> Case {
    Case::new(Area::Auth, name)
}

fn bad() -> Check {
    refused(Status::UNAUTHORIZED, "signature does not hold")
}

fn stored_one(name: &'static str) -> Case {
    case(name).then(|me| me.store(1, b"mine"), [fresh()])
}

fn mine() -> Check {
    holds(|me| vec![me.hash(1, b"mine")])
}

/// What the owner signs for a retrieve of namespace 1, now.
fn text(me: &Scene) -> String {
    signed_text::retrieve(Namespace::new(1), me.now().ms())
}

fn session_account() -> Case {
    stored_one("an 05 account proves itself by the Ed25519 key that its X25519 key is the image of")
        .then(|me| me.retrieve(1), [mine()])
        .then(
            |me| {
                let proof = OwnerProof {
                    ed25519: None,
                    ..me.owner().sign(&text(me))
                };
                with_proof(me.retrieve(1), Some(proof))
            },
            [bad()],
        )
}

fn group() -> Case {
    let member_of_group = |me: &mut Scene| {
        let letter = me.letter(1, b"mine");
        me.group().store(&letter)
    };
    case("an 03 account signs with its own key, and a foreign key beside it is refused")
        .then(member_of_group, [fresh()])
        .then(
            |me| me.group().retrieve(1, me.now()),
            [holds(|me| vec![me.group().hash(1, b"mine")])],
        )
        .then(
            |me| {
                let group = me.group();
                let proof = OwnerProof {
                    ed25519: Some(me.owner().public()),
                    ..group.sign(&text(me))
                };
                with_proof(group.retrieve(1, me.now()), Some(proof))
            },
            [bad()],
        )
        .then(
            |me| {
                let proof = me.owner().sign(&text(me));
                with_proof(me.group().retrieve(1, me.now()), Some(proof))
            },
            [bad()],
        )
}

fn wrong_keys() -> Case {
    stored_one("nobody else's key opens a mailbox, under whatever name")
        .then(
            |me| with_proof(me.retrieve(1), Some(me.neighbour().sign(&text(me)))),
            [bad()],
        )
        .then(
            |me| {
                let proof = OwnerProof {
                    ed25519: Some(me.owner().public()),
                    ..me.neighbour().sign(&text(me))
                };
                with_proof(me.retrieve(1), Some(proof))
            },
            [bad()],
        )
        .then(
            |me| {
                let mut bytes = me.owner().sign(&text(me)).signature.as_bytes().to_owned();
                bytes[40] ^= 1;
                let proof = OwnerProof {
                    ed25519: Some(me.owner().public()),
                    signature: Signature::from_bytes(bytes),
                };
                with_proof(me.retrieve(1), Some(proof))
            },
            [bad()],
        )
        .then(|me| me.retrieve(1), [mine()])
}

fn missing() -> Case {
    stored_one("without a proof nothing is stored or told where one is needed")
        .then(
            |me| {
                let store = with_proof(me.store(1, b"not mine"), None);
                StorageRequest::Batch(vec![store, with_proof(me.retrieve(1), None)])
            },
            [
                statuses([401, 401]),
                step(0, refused(Status::UNAUTHORIZED, "signature missing")),
                step(1, refused(Status::UNAUTHORIZED, "signature missing")),
            ],
        )
        .then(|me| me.retrieve(1), [mine()])
}

fn stale() -> Case {
    let old = || refused(Status::NOT_ACCEPTABLE, "signature timestamp");
    let signed_at = |seconds: i64| {
        move |me: &mut Scene| {
            let then = me.at(seconds);
            me.owner().retrieve(1, then)
        }
    };
    stored_one("a proof is good for a minute, and not before its time")
        .then(signed_at(-120), [old()])
        .then(signed_at(120), [old()])
        .then(signed_at(-50), [mine()])
        .then(signed_at(50), [mine()])
}

fn other_texts() -> Case {
    let signed = |text: fn(&Scene) -> String| {
        move |me: &mut Scene| {
            let proof = me.owner().sign(&text(me));
            with_proof(me.retrieve(1), Some(proof))
        }
    };
    stored_one("a proof is good for its method, its namespace and its time only")
        .then(
            signed(|me| signed_text::retrieve(Namespace::new(2), me.now().ms())),
            [bad()],
        )
        .then(
            signed(|me| signed_text::store(Namespace::new(1), me.now().ms())),
            [bad()],
        )
        .then(
            signed(|me| signed_text::retrieve(Namespace::new(1), me.now().ms() + 1)),
            [bad()],
        )
        .then(signed(text), [mine()])
}

fn every_method() -> Case {
    stored_one("every method that needs a proof refuses a forged one, and changes nothing")
        .then(
            |me| {
                let hash = [me.hash(1, b"mine")];
                let (now, then) = (me.now(), me.at(60));
                let owner = me.owner();
                let all = [
                    owner.delete(&hash),
                    owner.delete_all(one(1), now),
                    owner.delete_before(Scope::All, now),
                    owner.expire(&hash, &[then], ExpiryMode::Set),
                    owner.expire_all(Scope::All, then),
                    owner.get_expiries(&hash, now),
                ];
                let forged = me.neighbour().sign("a text of no method");
                let all = all.map(|request| with_proof(request, Some(forged)));
                StorageRequest::Batch(all.into())
            },
            [
                statuses([401; 6]),
                step(0, bad()),
                step(1, bad()),
                step(2, bad()),
                step(3, bad()),
                step(4, bad()),
                step(5, bad()),
            ],
        )
        .then(
            |me| me.owner().get_expiries(&[me.hash(1, b"mine")], me.now()),
            [expiries(|me| {
                vec![(me.hash(1, b"mine"), me.named(0, 3_600))]
            })],
        )
}

fn given_must_hold() -> Case {
    case("a proof that is given must hold, also where none is needed")
        .then(
            |me| {
                let forged = me.neighbour().sign("no text of ours");
                with_proof(me.store(0, b"message"), Some(forged))
            },
            [bad()],
        )
        .then(
            |me| {
                let proof = me
                    .owner()
                    .sign(&signed_text::store(Namespace::DEFAULT, me.now().ms()));
                with_proof(me.store(0, b"message"), Some(proof))
            },
            [fresh()],
        )
        .then(
            |me| me.retrieve(0),
            [holds(|me| vec![me.hash(0, b"message")])],
        )
}

/// A store made so many seconds ago and signed so many seconds from now.
fn signed_apart(me: &mut Scene, data: &[u8], seconds: i64) -> StorageRequest {
    let signed_at = me.at(seconds);
    let letter = me.letter(1, data);
    let proof = me
        .owner()
        .sign(&signed_text::store(Namespace::new(1), signed_at.ms()));
    let mut request = with_proof(me.owner().store(&letter), Some(proof));
    if let StorageRequest::Store { sig_timestamp, .. } = &mut request {
        *sig_timestamp = Some(signed_at);
    }
    request
}

fn separate_time() -> Case {
    case("a store may be signed at another time than it was made")
        .then(|me| signed_apart(me, b"lately", -50), [fresh()])
        .then(
            |me| signed_apart(me, b"long ago", -120),
            [refused(Status::NOT_ACCEPTABLE, "signature timestamp")],
        )
        .then(
            |me| {
                let both = vec![signed_apart(me, b"one", -30), signed_apart(me, b"two", 30)];
                StorageRequest::Batch(both)
            },
            [all_fresh(2)],
        )
        .then(
            |me| me.retrieve(1),
            [holds(|me| {
                [&b"lately"[..], b"one", b"two"]
                    .map(|data| me.hash(1, data))
                    .into()
            })],
        )
}
