//! `expire`, `expire_all`, `get_expiries`.

use leek_identity::{MessageHash, Namespace};
use leek_machine::Wall;
use leek_storage_node::sign;
use leek_wire::{
    ExpiryMode, MemberChange, Scope, Status, StorageBody, StorageReply, StorageRequest,
    limits::{HASHES_MAX, TTL_MS_MAX},
};

use crate::support::{HOME, HOUR_MS, Owner, World, members, retrieved};

type Expiries = Vec<(MessageHash, Wall)>;

fn changed(reply: &StorageReply) -> (Expiries, Expiries) {
    match &members(reply)[0].result {
        Ok(MemberChange::Expired {
            updated, unchanged, ..
        }) => (updated.clone(), unchanged.clone()),
        other => panic!("{other:?}"),
    }
}

fn sorted(mut expiries: Expiries) -> Expiries {
    expiries.sort_by_key(|(hash, _)| hash.to_string());
    expiries
}

/// Messages `a` and `b` in namespace 0, `c` in 2; all with an hour to live.
fn filled() -> (World, Owner, [MessageHash; 3], Wall) {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for (namespace, data) in [(0, b"a"), (0, b"b"), (2, b"c")] {
        world.ask(1, &owner.store(namespace, data, now));
    }
    let all = [
        owner.hash(0, b"a"),
        owner.hash(0, b"b"),
        owner.hash(2, b"c"),
    ];
    (world, owner, all, now)
}

#[test]
fn modes() {
    let (mut world, owner, [a, b, _], now) = filled();
    let hour = now.after_ms(HOUR_MS);
    let (sooner, later) = (now.after_ms(5_000), now.after_ms(2 * HOUR_MS));
    // (mode, asked, expiry afterwards); each from an hour.
    let table = [
        (ExpiryMode::Set, sooner, sooner),
        (ExpiryMode::Set, later, later),
        (ExpiryMode::Set, hour, hour),
        (ExpiryMode::Shorten, sooner, sooner),
        (ExpiryMode::Shorten, later, hour),
        (ExpiryMode::Extend, sooner, hour),
        (ExpiryMode::Extend, later, later),
    ];
    for (mode, asked, expected) in table {
        world.ask(1, &owner.expire(&[a, b], &[hour], ExpiryMode::Set));
        let absent = owner.hash(0, b"absent");
        let reply = world.ask(3, &owner.expire(&[a, absent], &[asked], mode));
        let (updated, unchanged) = changed(&reply);
        if expected == hour {
            assert_eq!((updated, unchanged), (vec![], vec![(a, hour)]), "{mode:?}");
        } else {
            assert_eq!(
                (updated, unchanged),
                (vec![(a, expected)], vec![]),
                "{mode:?}"
            );
        }
        let reply = world.ask(2, &owner.get_expiries(&[a, b, absent], now));
        assert_eq!(
            reply.body,
            StorageBody::Expiries(sorted(vec![(a, expected), (b, hour)]))
        );
    }
}

#[test]
fn one_expiry_for_all_or_one_for_each() {
    let (mut world, owner, [a, b, c], now) = filled();
    let at = |minutes: u64| now.after_ms(minutes * 60_000);
    let set = ExpiryMode::Set;
    let reply = world.ask(1, &owner.expire(&[a, b, c], &[at(1), at(60), at(3)], set));
    let (updated, unchanged) = changed(&reply);
    assert_eq!(updated, sorted(vec![(a, at(1)), (c, at(3))]));
    assert_eq!(unchanged, [(b, at(60))]);
    let suite = leek_crypto::pure().suite();
    let expiries = [at(1), at(60), at(3)];
    let text = sign::expired(&owner.id(), &expiries, &[a, b, c], &updated, &unchanged);
    assert!(text.ends_with(&format!("{b}{}", at(60).ms())));
    for member in members(&reply) {
        let Ok(MemberChange::Expired { signature, .. }) = &member.result else {
            panic!("{member:?}");
        };
        assert_eq!(
            suite.verify(member.node.key(), text.as_bytes(), signature),
            Ok(())
        );
    }
    // The last word about a message counts.
    let twice = owner.expire(&[a, a], &[at(5), at(2)], set);
    assert_eq!(changed(&world.ask(1, &twice)).0, [(a, at(2))]);
    // A count that fits neither way does not decode, and a peer's is refused.
    let odd = owner.expire(&[a, b, c], &[at(1), at(2)], set);
    assert_eq!(world.status(1, &odd), 400);
    let from = leek_wire::Peer::Node(world.ids[1]);
    assert_eq!(
        world.forward(1, from, odd).unwrap().status,
        Status::BAD_REQUEST
    );
    for count in [0, HASHES_MAX + 1] {
        let request = owner.expire(&vec![a; count], &[at(1)], set);
        assert_eq!(
            world.forward(1, from, request).unwrap().status,
            Status::BAD_REQUEST
        );
    }
}

#[test]
fn at_most_thirty_days_from_now() {
    let (mut world, owner, [a, ..], now) = filled();
    let latest = now.after_ms(TTL_MS_MAX);
    let far = Wall::from_ms(u64::MAX);
    for asked in [latest, latest.after_ms(1), far] {
        world.ask(
            1,
            &owner.expire(&[a], &[now.after_ms(HOUR_MS)], ExpiryMode::Set),
        );
        let reply = world.ask(1, &owner.expire(&[a], &[asked], ExpiryMode::Extend));
        // So messages of an inbox live longer than the 14 days of a store.
        assert_eq!(changed(&reply).0, [(a, latest)]);
    }
}

#[test]
fn stale_expiries() {
    let (mut world, owner, [a, b, _], now) = filled();
    let set = ExpiryMode::Set;
    let table = [
        (owner.expire(&[a], &[now.before_ms(60_001)], set), 401),
        (
            owner.expire(&[a, b], &[now, now.before_ms(60_001)], set),
            401,
        ),
        (owner.expire_all(Scope::All, now.before_ms(60_001)), 406),
        (owner.get_expiries(&[a], now.before_ms(60_001)), 406),
        (owner.get_expiries(&[a], now.after_ms(60_001)), 406),
        (owner.get_expiries(&[a], now.after_ms(60_000)), 200),
        (owner.expire(&[a], &[now.before_ms(60_000)], set), 200),
        (owner.expire_all(Scope::All, now.before_ms(60_000)), 200),
    ];
    for (request, expected) in table {
        assert_eq!(world.status(1, &request), expected, "{request:?}");
    }
    assert!(
        retrieved(&world.ask(1, &owner.retrieve(0, now)))
            .0
            .is_empty()
    );
    // What expired does not come back.
    let reply = world.ask(1, &owner.expire(&[a], &[now.after_ms(HOUR_MS)], set));
    assert_eq!(changed(&reply), (vec![], vec![]));
}

#[test]
fn all_only_ever_sooner() {
    let (mut world, owner, [a, b, c], now) = filled();
    let sooner = now.after_ms(60_000);
    world.ask(
        1,
        &owner.expire(&[a], &[now.after_ms(1_000)], ExpiryMode::Set),
    );
    let inbox = Scope::One(Namespace::DEFAULT);
    let reply = world.ask(1, &owner.expire_all(inbox, sooner));
    assert_eq!(changed(&reply), (vec![(b, sooner)], vec![]));
    let suite = leek_crypto::pure().suite();
    let text = sign::all_expired(&owner.id(), sooner, &[(b, sooner)]);
    for member in members(&reply) {
        let Ok(MemberChange::Expired { signature, .. }) = &member.result else {
            panic!("{member:?}");
        };
        assert_eq!(
            suite.verify(member.node.key(), text.as_bytes(), signature),
            Ok(())
        );
    }
    let reply = world.ask(1, &owner.expire_all(Scope::All, now.after_ms(9 * HOUR_MS)));
    assert_eq!(changed(&reply), (vec![], vec![]));
    let reply = world.ask(1, &owner.expire_all(Scope::All, sooner));
    assert_eq!(changed(&reply).0, [(c, sooner)]);
}

#[test]
fn only_ones_own() {
    let (mut world, owner, [a, ..], now) = filled();
    let other = world.owner_in(HOME, 1);
    let reply = world.ask(1, &other.expire(&[a], &[now], ExpiryMode::Set));
    assert_eq!(changed(&reply), (vec![], vec![]));
    let reply = world.ask(1, &other.get_expiries(&[a], now));
    assert_eq!(reply.body, StorageBody::Expiries(vec![]));
    let reply = world.ask(1, &owner.get_expiries(&[a, a], now));
    assert_eq!(
        reply.body,
        StorageBody::Expiries(vec![(a, now.after_ms(HOUR_MS))])
    );
    let empty = StorageRequest::GetExpiries {
        account: owner.id(),
        messages: vec![],
        timestamp: now,
        proof: owner.sign(""),
    };
    assert_eq!(world.status(1, &empty), 400);
}
