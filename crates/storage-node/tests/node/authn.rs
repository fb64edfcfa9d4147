//! Who may do what: every method against every kind of wrong proof, and what the signed texts of
//! the deployed network leave ambiguous.

use leek_crypto::SigningKey;
use leek_identity::{MessageHash, Namespace, signed_text};
use leek_machine::Wall;
use leek_wire::{
    ExpiryMode, OwnerProof, Peer, Problem, Scope, Status, StorageBody, StorageRequest,
    decode_storage_request, encode_storage_request,
};
use proptest::prelude::*;

use crate::support::{HOUR_MS, Owner, World, request};

const ONE: Namespace = Namespace::new(1);

/// Every method that takes a proof, about namespace 1 or message `hash`, at `at`.
fn methods(owner: &Owner, hash: MessageHash, at: Wall) -> Vec<(&'static str, StorageRequest)> {
    let scope = Scope::One(ONE);
    let later = at.after_ms(HOUR_MS);
    vec![
        ("store", owner.store(1, b"new", at)),
        ("retrieve", owner.retrieve(1, at)),
        ("delete", owner.delete(&[hash])),
        ("delete_all", owner.delete_all(scope, at)),
        ("delete_before", owner.delete_before(scope, at)),
        ("expire", owner.expire(&[hash], &[later], ExpiryMode::Set)),
        ("expire_all", owner.expire_all(scope, later)),
        ("get_expiries", owner.get_expiries(&[hash], at)),
    ]
}

/// What `owner` would sign for the same request in another namespace, or about another message.
fn elsewhere(owner: &Owner, name: &str, at: Wall) -> OwnerProof {
    let scope = Scope::One(Namespace::new(2));
    let other = [owner.hash(1, b"another")];
    let later = at.after_ms(HOUR_MS).ms();
    let set = ExpiryMode::Set;
    owner.sign(&match name {
        "store" => signed_text::store(Namespace::new(2), at.ms()),
        "retrieve" => signed_text::retrieve(Namespace::new(2), at.ms()),
        "delete" => signed_text::delete(&other),
        "delete_all" => signed_text::delete_all(scope, at.ms()),
        "delete_before" => signed_text::delete_before(scope, at.ms()),
        "expire" => signed_text::expire(set, &[later], &other),
        "expire_all" => signed_text::expire_all(scope, later),
        "get_expiries" => signed_text::get_expiries(at.ms(), &other),
        name => panic!("{name}"),
    })
}

fn deny(world: &mut World, case: &str, request: &StorageRequest, expected: u16) {
    let before = world.host(1).store.rows().to_vec();
    let reply = world.ask(1, request);
    assert_eq!(reply.status.0, expected, "{case}: {request:?}");
    assert!(
        matches!(reply.body, StorageBody::Error(_)),
        "{case}: {reply:?}"
    );
    assert_eq!(world.host(1).store.rows(), before, "{case}");
    assert_eq!(world.host(1).store.pending(), 0, "{case}");
}

fn matrix(owner_of: fn(&World) -> Owner) {
    let world = &mut World::new();
    let owner = &owner_of(world);
    let stranger = &Owner::user(200);
    let now = world.now();
    assert_eq!(world.status(1, &owner.store(1, b"held", now)), 200);
    let hash = owner.hash(1, b"held");
    let all = methods(owner, hash, now);
    for (index, (name, good)) in all.iter().enumerate() {
        let proof = request::proof(good).unwrap();
        let with = |proof| request::with_proof(good.clone(), Some(proof));
        // A stranger, under a name of their own and under the owner's.
        let strangers = request::proof(&methods(stranger, hash, now)[index].1).unwrap();
        deny(world, name, &with(strangers), 401);
        let named = OwnerProof {
            ed25519: proof.ed25519,
            ..strangers
        };
        deny(world, name, &with(named), 401);
        // Another namespace, or another message.
        deny(world, name, &with(elsewhere(owner, name, now)), 401);
        // Every other method.
        for (other, theirs) in &all {
            if other != name {
                let proof = request::proof(theirs).unwrap();
                deny(world, &format!("{name} by {other}"), &with(proof), 401);
            }
        }
        // One flipped bit.
        let mut bytes = *proof.signature.as_bytes();
        bytes[9] ^= 4;
        let signature = leek_crypto::Signature::from_bytes(bytes);
        deny(world, name, &with(OwnerProof { signature, ..proof }), 401);
    }
    for (name, good) in &all {
        assert_eq!(world.status(1, good), 200, "{name}");
    }
}

#[test]
fn matrix_of_a_user() {
    matrix(World::owner);
}

#[test]
fn matrix_of_a_group() {
    matrix(World::group);
}

#[test]
fn no_proof() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    world.ask(1, &owner.store(1, b"held", now));
    for (name, good) in methods(&owner, owner.hash(1, b"held"), now) {
        if let "store" | "retrieve" = name {
            deny(&mut world, name, &request::with_proof(good, None), 401);
            continue;
        }
        // A request without the proof that its type asks for is no request.
        let bytes = without_last_field(&encode_storage_request(&good), 102);
        let error = decode_storage_request(&bytes).unwrap_err();
        assert_eq!(
            (error.path(), error.problem()),
            (&*format!("{name}.proof"), &Problem::Missing)
        );
        let call = world.send_bytes(1, &bytes);
        assert_eq!(world.reply(1, call).status, Status::BAD_REQUEST, "{name}");
    }
}

/// The one field of `message`, whose own last field of `len` bytes is cut off.
fn without_last_field(message: &[u8], len: usize) -> Vec<u8> {
    let varint = message[1..]
        .iter()
        .position(|byte| byte & 0x80 == 0)
        .unwrap()
        + 1;
    let inner = &message[1 + varint..message.len() - len];
    let mut out = vec![message[0]];
    let mut rest = inner.len();
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap());
    out.extend_from_slice(inner);
    out
}

#[test]
fn the_named_key_must_be_the_accounts() {
    let mut world = World::new();
    let now = world.now();
    // A user's id is the X25519 image of the key: the key has to be named.
    let user = world.owner();
    let good = user.retrieve(1, now);
    let proof = request::proof(&good).unwrap();
    let unnamed = OwnerProof {
        ed25519: None,
        ..proof
    };
    deny(
        &mut world,
        "unnamed",
        &request::with_proof(good, Some(unnamed)),
        401,
    );
    // A group's id is the key: naming it is allowed, naming another is not, whoever signed.
    let group = world.group();
    let good = group.retrieve(1, now);
    let proof = request::proof(&good).unwrap();
    let named = OwnerProof {
        ed25519: Some(*group.key().public()),
        ..proof
    };
    assert_eq!(
        world.status(1, &request::with_proof(good.clone(), Some(named))),
        200
    );
    let foreign: SigningKey<leek_crypto::AccountKey> = SigningKey::from_seed([77; 32]);
    let suite = leek_crypto::pure().suite();
    let text = signed_text::retrieve(ONE, now.ms());
    let by_foreign = OwnerProof {
        ed25519: Some(*foreign.public()),
        signature: foreign.sign(&*suite, text.as_bytes()),
    };
    deny(
        &mut world,
        "foreign",
        &request::with_proof(good.clone(), Some(by_foreign)),
        401,
    );
    let mixed = OwnerProof {
        ed25519: Some(*foreign.public()),
        ..proof
    };
    deny(
        &mut world,
        "mixed",
        &request::with_proof(good, Some(mixed)),
        401,
    );
}

#[test]
fn expired_and_future() {
    let world = &mut World::new();
    let owner = &world.owner();
    let now = world.now();
    world.ask(1, &owner.store(1, b"held", now));
    let hash = owner.hash(1, b"held");
    // (method, a minute and a bit ago, a minute and a bit ahead); 200 where there is no freshness.
    let table = [
        ("store", 406, 406),
        ("retrieve", 406, 406),
        ("delete", 200, 200),
        ("delete_all", 406, 406),
        ("delete_before", 200, 401),
        ("expire", 200, 200),
        ("expire_all", 200, 200),
        ("get_expiries", 406, 406),
    ];
    for (index, (name, expired, future)) in table.into_iter().enumerate() {
        for (at, expected) in [
            (now.before_ms(60_001), expired),
            (now.after_ms(60_001), future),
        ] {
            let (of, request) = methods(owner, hash, at).swap_remove(index);
            assert_eq!(of, name);
            assert_eq!(world.status(1, &request), expected, "{name} at {at:?}");
        }
    }
    // The signed time of a store may differ from the message's own.
    for (offset, expected) in [(60_000, 200), (60_001, 406)] {
        for at in [now.before_ms(offset), now.after_ms(offset)] {
            let text = signed_text::store(ONE, at.ms());
            let mut store =
                request::with_proof(owner.store(1, b"new", now), Some(owner.sign(&text)));
            if let StorageRequest::Store { sig_timestamp, .. } = &mut store {
                *sig_timestamp = Some(at);
            }
            assert_eq!(world.status(1, &store), expected, "{at:?}");
        }
    }
}

#[test]
fn who_may_store_and_who_may_read() {
    let world = &mut World::new();
    let owner = &world.owner();
    let now = world.now();
    // (namespace, store without proof, retrieve without proof)
    let table = [
        (0, 200, 401),
        (10, 200, 401),
        (-20, 200, 401),
        (-10, 200, 200),
        (-1, 401, 200),
        (-21, 401, 200),
        (-11, 401, 401),
        (1, 401, 401),
        (i16::MIN, 401, 401),
        (i16::MAX, 401, 401),
    ];
    for (namespace, store, retrieve) in table {
        let request = request::with_proof(owner.store(namespace, b"x", now), None);
        assert_eq!(world.status(1, &request), store, "store in {namespace}");
        let request = request::with_proof(owner.retrieve(namespace, now), None);
        assert_eq!(
            world.status(1, &request),
            retrieve,
            "retrieve from {namespace}"
        );
    }
}

/// Documented: a proof that is given must hold. The deployed node ignores it where none is needed.
#[test]
fn a_needless_proof_must_hold_too() {
    let world = &mut World::new();
    let owner = &world.owner();
    let now = world.now();
    let good = owner.sign(&signed_text::store(Namespace::DEFAULT, now.ms()));
    let store = owner.store(0, b"x", now);
    assert_eq!(
        world.status(1, &request::with_proof(store.clone(), Some(good))),
        200
    );
    let bad = owner.sign("something else");
    deny(world, "store", &request::with_proof(store, Some(bad)), 401);
    let open = owner.retrieve(-10, now);
    deny(
        world,
        "retrieve",
        &request::with_proof(open, Some(bad)),
        401,
    );
}

/// Copies inside a swarm: ten seconds more, for `delete_all` and `expire_all` alone.
#[test]
fn forwarded_copies_are_checked_again() {
    let world = &mut World::new();
    let owner = &world.owner();
    let from = Peer::Node(world.ids[1]);
    let now = world.now();
    let (late, too_late) = (now.before_ms(70_000), now.before_ms(70_001));
    let scope = Scope::All;
    let hash = owner.hash(1, b"x");
    let set = ExpiryMode::Set;
    let old_store = |at| {
        let mut store = owner.store(1, b"x", at);
        if let StorageRequest::Store { ttl_ms, .. } = &mut store {
            *ttl_ms = HOUR_MS;
        }
        store
    };
    let table = [
        (owner.delete_all(scope, late), 200),
        (owner.delete_all(scope, too_late), 406),
        (owner.delete_all(scope, now.after_ms(70_000)), 200),
        (owner.delete_all(scope, now.after_ms(70_001)), 406),
        (owner.expire_all(scope, late), 200),
        (owner.expire_all(scope, too_late), 406),
        (owner.delete_before(scope, now.after_ms(60_000)), 200),
        (owner.delete_before(scope, now.after_ms(60_001)), 401),
        (owner.expire(&[hash], &[now.before_ms(60_001)], set), 401),
        (old_store(now.before_ms(60_000)), 200),
        (old_store(now.before_ms(60_001)), 406),
        (owner.store(0, b"x", now.after_ms(10_000)), 200),
        (owner.store(0, b"x", now.after_ms(10_001)), 406),
        (request::with_proof(owner.store(1, b"y", now), None), 401),
        (
            request::with_proof(owner.delete(&[hash]), Some(owner.sign("x"))),
            401,
        ),
    ];
    for (request, expected) in table {
        let reply = world.forward(1, from, request.clone()).unwrap();
        assert_eq!(reply.status.0, expected, "{request:?}");
    }
}

/// The texts have no separators, so namespace and time run together: one signature stands for
/// several requests. All but one of them lie centuries from now, and the clock refuses those.
#[test]
fn the_ambiguity_of_namespace_and_time() {
    let world = &mut World::new();
    let owner = &world.owner();
    let now = world.now();
    let shifted = Wall::from_ms(10_000_000_000_000 + now.ms());
    let text = signed_text::retrieve(ONE, now.ms());
    assert_eq!(
        text,
        signed_text::retrieve(Namespace::DEFAULT, shifted.ms())
    );
    let good = owner.retrieve(1, now);
    assert_eq!(world.status(1, &good), 200);
    let replayed = request::with_proof(owner.retrieve(0, shifted), request::proof(&good));
    deny(world, "replayed in another namespace", &replayed, 406);
}

fn signed(method: u8, namespace: i16, ms: u64) -> String {
    let namespace = Namespace::new(namespace);
    let scope = Scope::One(namespace);
    match method {
        0 => signed_text::store(namespace, ms),
        1 => signed_text::retrieve(namespace, ms),
        2 => signed_text::delete_all(scope, ms),
        3 => signed_text::delete_before(scope, ms),
        4 => signed_text::expire_all(scope, ms),
        5 => signed_text::delete_all(Scope::All, ms),
        _ => signed_text::expire_all(Scope::All, ms),
    }
}

proptest! {
    /// Between the years 2001 and 2286 times have 13 digits, and then no two requests share a text.
    #[test]
    fn texts_of_our_times_are_unambiguous(
        a in (0u8..5, any::<i16>(), 1_000_000_000_000u64..10_000_000_000_000),
        method in 0u8..7,
        namespace in any::<i16>(),
        same_time: bool,
        digits in 0u64..1_000,
    ) {
        let time = if same_time { a.2 } else { a.2 / 1_000 * 1_000 + digits };
        let b = (method, namespace, time);
        prop_assert_eq!(signed(a.0, a.1, a.2) == signed(b.0, b.1, b.2), a == b);
    }
}
