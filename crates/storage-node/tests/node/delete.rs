//! `delete`, `delete_all`, `delete_before`.

use leek_identity::{MessageHash, Namespace};
use leek_storage_node::sign;
use leek_wire::{
    MemberChange, Scope, Status, StorageReply, StorageRequest,
    limits::{HASHES_MAX, WRITE_OPS_MAX},
};

use crate::support::{HOME, HOUR_MS, Owner, TestStore, World, members, retrieved};

fn deleted(reply: &StorageReply) -> Vec<(Namespace, MessageHash)> {
    match &members(reply)[0].result {
        Ok(MemberChange::Deleted { deleted, .. }) => deleted.clone(),
        other => panic!("{other:?}"),
    }
}

fn by_text(mut hashes: Vec<MessageHash>) -> Vec<MessageHash> {
    hashes.sort_by_key(MessageHash::to_string);
    hashes
}

fn hashes(pairs: &[(Namespace, MessageHash)]) -> Vec<MessageHash> {
    pairs.iter().map(|(_, hash)| *hash).collect()
}

fn filled() -> (World, Owner) {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for (namespace, data) in [(0, b"a"), (0, b"b"), (2, b"c"), (5, b"d")] {
        assert_eq!(world.status(1, &owner.store(namespace, data, now)), 200);
    }
    (world, owner)
}

#[test]
fn by_hash_in_any_namespace() {
    let (mut world, owner) = filled();
    let wanted = [
        owner.hash(5, b"d"),
        owner.hash(0, b"b"),
        owner.hash(0, b"absent"),
    ];
    let reply = world.ask(2, &owner.delete(&wanted));
    assert_eq!(reply.status, Status::OK);
    let gone = by_text(wanted[..2].to_vec());
    assert_eq!(hashes(&deleted(&reply)), gone);
    let suite = leek_crypto::pure().suite();
    for member in members(&reply) {
        let Ok(MemberChange::Deleted { signature, .. }) = &member.result else {
            panic!("{member:?}");
        };
        let text = sign::deleted(&owner.id(), &wanted, &gone);
        assert!(text.starts_with(&owner.id().to_hex()));
        assert_eq!(text.len(), 66 + 43 * 5);
        assert_eq!(
            suite.verify(member.node.key(), text.as_bytes(), signature),
            Ok(())
        );
    }
    let now = world.now();
    for number in 1..=3 {
        let (messages, _) = retrieved(&world.ask(number, &owner.retrieve(0, now)));
        assert_eq!(messages, [b"a"]);
    }
    // Again: nothing to do, and that is fine.
    let reply = world.ask(2, &owner.delete(&wanted));
    assert_eq!((reply.status, deleted(&reply).len()), (Status::OK, 0));
}

fn required(mut request: StorageRequest) -> StorageRequest {
    if let StorageRequest::Delete { required, .. } = &mut request {
        *required = true;
    }
    request
}

#[test]
fn a_required_delete_of_nothing_is_a_404() {
    let (mut world, owner) = filled();
    let absent = owner.hash(0, b"absent");
    assert_eq!(world.status(1, &required(owner.delete(&[absent]))), 404);
    let present = owner.hash(0, b"a");
    // Held by another member only: deleted somewhere.
    world.host(1).store = TestStore::default();
    let reply = world.ask(1, &required(owner.delete(&[present, absent])));
    assert_eq!(reply.status, Status::OK);
    assert_eq!(world.status(1, &required(owner.delete(&[present]))), 404);
}

#[test]
fn only_ones_own() {
    let (mut world, owner) = filled();
    let other = world.owner_in(HOME, 1);
    let theirs = owner.hash(0, b"a");
    let reply = world.ask(1, &other.delete(&[theirs]));
    assert_eq!((reply.status, deleted(&reply).len()), (Status::OK, 0));
    assert_eq!(world.host(1).store.rows().len(), 4);
}

#[test]
fn number_of_hashes() {
    let (mut world, owner) = filled();
    assert_eq!(world.status(1, &owner.delete(&[])), 400);
    let one = owner.hash(0, b"a");
    assert_eq!(world.status(1, &owner.delete(&vec![one; HASHES_MAX])), 200);
    assert_eq!(
        world.status(1, &owner.delete(&vec![one; HASHES_MAX + 1])),
        400
    );
}

#[test]
fn all_of_one_namespace_or_of_every() {
    let (mut world, owner) = filled();
    let now = world.now();
    let inbox = Scope::One(Namespace::DEFAULT);
    let reply = world.ask(1, &owner.delete_all(inbox, now));
    let gone = by_text(vec![owner.hash(0, b"a"), owner.hash(0, b"b")]);
    assert_eq!(hashes(&deleted(&reply)), gone);
    let suite = leek_crypto::pure().suite();
    let text = sign::cleared(&owner.id(), now, &gone);
    for member in members(&reply) {
        let Ok(MemberChange::Deleted { signature, .. }) = &member.result else {
            panic!("{member:?}");
        };
        assert_eq!(
            suite.verify(member.node.key(), text.as_bytes(), signature),
            Ok(())
        );
    }
    let reply = world.ask(1, &owner.delete_all(Scope::All, now));
    let mut rest = deleted(&reply);
    rest.sort_unstable();
    let (two, five) = (Namespace::new(2), Namespace::new(5));
    assert_eq!(
        rest,
        [(two, owner.hash(2, b"c")), (five, owner.hash(5, b"d"))]
    );
    for number in 1..=3 {
        assert!(world.host(number).store.rows().is_empty());
    }
}

#[test]
fn a_large_mailbox_is_cleared_in_several_batches() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    let total = WRITE_OPS_MAX + 1;
    let ops = (0..total).map(|number| {
        let data = number.to_le_bytes();
        leek_wire::WriteOp::Insert(leek_wire::StoredRow {
            hash: owner.hash(0, &data),
            account: owner.id(),
            namespace: Namespace::DEFAULT,
            timestamp: now,
            expiry: now.after_ms(HOUR_MS),
            data: data.as_slice().into(),
        })
    });
    let batch = leek_wire::WriteBatch { ops: ops.collect() };
    let mut store = TestStore::default();
    store.hand_out(leek_wire::WriteId(0), batch);
    store.commit();
    world.host(1).store = store;
    let call = world.send(1, &owner.delete_all(Scope::All, now));
    assert_eq!(world.host(1).store.pending(), 2);
    assert!(world.host(1).store.rows().is_empty());
    world.host(1).commit();
    assert!(!world.is_answered(1, call));
    world.settle();
    let me = world.ids[0];
    let reply = world.reply(1, call);
    let mine = members(&reply).iter().find(|m| m.node == me).unwrap();
    assert!(
        matches!(&mine.result, Ok(MemberChange::Deleted { deleted, .. }) if deleted.len() == total)
    );
}

#[test]
fn before_a_time() {
    let mut world = World::new();
    let owner = world.owner();
    let now = world.now();
    for (age_ms, data) in [(3_000, b"a"), (2_000, b"b"), (1_000, b"c")] {
        world.ask(1, &owner.store(0, data, now.before_ms(age_ms)));
    }
    let bound = now.before_ms(2_000);
    let reply = world.ask(1, &owner.delete_before(Scope::All, bound));
    let gone = by_text(vec![owner.hash(0, b"a"), owner.hash(0, b"b")]);
    assert_eq!(hashes(&deleted(&reply)), gone);
    let (messages, _) = retrieved(&world.ask(1, &owner.retrieve(0, now)));
    assert_eq!(messages, [b"c"]);
    let elsewhere = owner.delete_before(Scope::One(Namespace::new(2)), now);
    assert!(deleted(&world.ask(1, &elsewhere)).is_empty());
}

#[test]
fn stale_or_early_deletes() {
    let (mut world, owner) = filled();
    let now = world.now();
    let table = [
        (owner.delete_all(Scope::All, now.before_ms(60_000)), 200),
        (owner.delete_all(Scope::All, now.before_ms(60_001)), 406),
        (owner.delete_all(Scope::All, now.after_ms(60_000)), 200),
        (owner.delete_all(Scope::All, now.after_ms(60_001)), 406),
        (owner.delete_before(Scope::All, now.after_ms(60_000)), 200),
        (owner.delete_before(Scope::All, now.after_ms(60_001)), 401),
        (
            owner.delete_before(Scope::All, now.before_ms(40 * 24 * HOUR_MS)),
            200,
        ),
    ];
    for (request, expected) in table {
        assert_eq!(world.status(1, &request), expected, "{request:?}");
    }
}

#[test]
fn what_expired_is_not_there_to_delete() {
    let (mut world, owner) = filled();
    world.sleep_ms(HOUR_MS);
    let hash = owner.hash(0, b"a");
    assert_eq!(world.status(1, &required(owner.delete(&[hash]))), 404);
    let now = world.now();
    let reply = world.ask(1, &owner.delete_all(Scope::All, now));
    assert!(deleted(&reply).is_empty());
}
