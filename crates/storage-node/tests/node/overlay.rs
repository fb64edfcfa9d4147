//! The steps of a batch run inside one call, before any of their changes is handed out. They must
//! come out as if each had been asked by itself.

use leek_identity::{MessageHash, Namespace};
use leek_machine::Wall;
use leek_wire::{ExpiryMode, Scope, StorageBody, StorageReply, StorageRequest};
use proptest::prelude::*;

use crate::support::{Owner, World};

/// One step, in numbers: a method and its arguments among few messages.
type Step = (u8, u8, u8, u64);

const NAMESPACES: [i16; 3] = [0, -1, 2];

fn message(owner: &Owner, number: u8) -> (i16, [u8; 1], MessageHash) {
    let namespace = NAMESPACES[usize::from(number) % NAMESPACES.len()];
    let data = [number % 5];
    (namespace, data, owner.hash(namespace, &data))
}

fn request(owner: &Owner, (method, a, b, ms): Step, now: Wall) -> StorageRequest {
    let (namespace, data, hash) = message(owner, a);
    let (.., other) = message(owner, b);
    let at = now.after_ms(ms);
    let scope = match b % 4 {
        0 => Scope::All,
        _ => Scope::One(Namespace::new(namespace)),
    };
    let mode = [ExpiryMode::Set, ExpiryMode::Shorten, ExpiryMode::Extend][usize::from(b % 3)];
    match method {
        0..=3 => owner.store(namespace, &data, now.before_ms(ms)),
        4 => owner.delete(&[hash, other]),
        5 => owner.delete_all(scope, now),
        6 => owner.delete_before(scope, now.before_ms(ms)),
        7 => owner.expire(&[hash, other], &[at], mode),
        8 => owner.expire_all(scope, at),
        9 => owner.get_expiries(&[hash, other], now),
        _ => {
            let mut retrieve = owner.retrieve(namespace, now);
            if let StorageRequest::Retrieve {
                last_hash,
                max_count,
                ..
            } = &mut retrieve
            {
                (*last_hash, *max_count) = ((b % 2 == 0).then_some(other), Some(u32::from(b % 3)));
            }
            retrieve
        }
    }
}

fn prepared(owner: &Owner, before: &[Step]) -> World {
    let mut world = World::new();
    let now = world.now();
    for step in before {
        world.ask(1, &request(owner, *step, now));
    }
    world
}

fn parts(reply: StorageReply) -> Vec<StorageReply> {
    match reply.body {
        StorageBody::Batch(parts) => parts,
        other => panic!("{other:?}"),
    }
}

fn steps(max: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u8..12, 0u8..15, 0u8..15, 0u64..60_000), 1..max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_batch_is_its_steps(before in steps(6), batch in steps(12)) {
        let owner = World::new().owner();
        let mut one_by_one = prepared(&owner, &before);
        let now = one_by_one.now();
        let requests: Vec<_> = batch.iter().map(|step| request(&owner, *step, now)).collect();
        let singles: Vec<_> = requests.iter().map(|r| one_by_one.ask(1, r)).collect();

        let mut at_once = prepared(&owner, &before);
        let reply = at_once.ask(1, &StorageRequest::Batch(requests.clone()));
        prop_assert_eq!(&parts(reply), &singles);
        for number in 1..=3 {
            let rows = one_by_one.host(number).store.rows();
            prop_assert_eq!(at_once.host(number).store.rows(), rows);
        }

        let mut in_order = prepared(&owner, &before);
        let reply = in_order.ask(1, &StorageRequest::Sequence(requests));
        let until = singles.iter().position(|reply| !reply.status.is_success());
        let expected = &singles[..until.map_or(singles.len(), |at| at + 1)];
        prop_assert_eq!(&parts(reply), expected);
    }
}
