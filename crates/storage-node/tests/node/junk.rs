//! Whatever comes in, a node answers every request once and forgets it.

use leek_crypto::{EdPublic, Signature, XPublic};
use leek_identity::{AccountId, MessageHash, Namespace, Prefix};
use leek_machine::Wall;
use leek_onion::{EncType, FormatId, Packet};
use leek_wire::{
    AckLevel, CallId, ExpiryMode, Input, OnionRequest, Outcome, OwnerProof, Peer, Refusal, Request,
    Response, Scope, Status, StorageRequest, StoreError, WriteId,
};
use proptest::prelude::*;

use crate::support::{CLIENT, START_MS, World};

fn times() -> impl Strategy<Value = Wall> {
    prop_oneof![
        any::<u64>(),
        (START_MS - 80_000)..(START_MS + 80_000),
        Just(0),
        Just(u64::MAX)
    ]
    .prop_map(Wall::from_ms)
}

fn accounts() -> impl Strategy<Value = AccountId> {
    let prefixes = [
        Prefix::User,
        Prefix::Group,
        Prefix::Blinded15,
        Prefix::Blinded25,
    ];
    (prop::sample::select(prefixes.to_vec()), any::<[u8; 32]>())
        .prop_map(|(prefix, key)| AccountId::new(prefix, key))
}

fn proofs() -> impl Strategy<Value = OwnerProof> {
    (
        any::<Option<[u8; 32]>>(),
        any::<[u8; 32]>(),
        any::<[u8; 32]>(),
    )
        .prop_map(|(key, r, s)| {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&r);
            signature[32..].copy_from_slice(&s);
            OwnerProof {
                ed25519: key.map(EdPublic::from_bytes_unchecked),
                signature: Signature::from_bytes(signature),
            }
        })
}

fn hashes() -> impl Strategy<Value = Vec<MessageHash>> {
    prop::collection::vec(any::<[u8; 32]>().prop_map(MessageHash::from_bytes), 0..4)
}

fn namespaces() -> impl Strategy<Value = Namespace> {
    prop_oneof![prop::sample::select(vec![0, 10, -10, -1, 1]), any::<i16>()]
        .prop_map(Namespace::new)
}

fn scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::All), namespaces().prop_map(Scope::One)]
}

fn levels() -> impl Strategy<Value = AckLevel> {
    prop_oneof![
        2 => Just(AckLevel::All),
        1 => Just(AckLevel::Received),
        1 => Just(AckLevel::Durable),
        1 => (1u16..5).prop_map(|members| AckLevel::Quorum(members.try_into().unwrap())),
    ]
}

fn messages() -> impl Strategy<Value = StorageRequest> {
    prop_oneof![
        (
            (
                accounts(),
                namespaces(),
                times(),
                prop_oneof![any::<u64>(), Just(60_000)]
            ),
            prop::collection::vec(any::<u8>(), 0..99),
            prop::option::of(times()),
            prop::option::of(proofs()),
            levels(),
        )
            .prop_map(
                |((account, namespace, timestamp, ttl_ms), data, sig_timestamp, proof, ack)| {
                    StorageRequest::Store {
                        account,
                        namespace,
                        timestamp,
                        ttl_ms,
                        data,
                        sig_timestamp,
                        proof,
                        ack,
                    }
                }
            ),
        (
            (accounts(), namespaces(), times()),
            any::<Option<[u8; 32]>>(),
            any::<Option<u32>>(),
            any::<Option<i64>>(),
            prop::option::of(proofs()),
        )
            .prop_map(
                |((account, namespace, timestamp), last, max_count, max_size, proof)| {
                    let last_hash = last.map(MessageHash::from_bytes);
                    StorageRequest::Retrieve {
                        account,
                        namespace,
                        last_hash,
                        max_count,
                        max_size,
                        timestamp,
                        proof,
                    }
                }
            ),
    ]
}

fn deletes() -> impl Strategy<Value = StorageRequest> {
    prop_oneof![
        (accounts(), hashes(), any::<bool>(), proofs()).prop_map(
            |(account, messages, required, proof)| StorageRequest::Delete {
                account,
                messages,
                required,
                proof,
            }
        ),
        (accounts(), scopes(), times(), proofs()).prop_map(|(account, scope, timestamp, proof)| {
            StorageRequest::DeleteAll {
                account,
                scope,
                timestamp,
                proof,
            }
        }),
        (accounts(), scopes(), times(), proofs()).prop_map(|(account, scope, before, proof)| {
            StorageRequest::DeleteBefore {
                account,
                scope,
                before,
                proof,
            }
        }),
    ]
}

fn others() -> impl Strategy<Value = StorageRequest> {
    let modes = [ExpiryMode::Set, ExpiryMode::Shorten, ExpiryMode::Extend];
    prop_oneof![
        (
            accounts(),
            hashes(),
            prop::collection::vec(times(), 0..4),
            prop::sample::select(modes.to_vec()),
            proofs(),
        )
            .prop_map(|(account, messages, expiries, mode, proof)| {
                StorageRequest::Expire {
                    account,
                    messages,
                    expiries,
                    mode,
                    proof,
                }
            }),
        (accounts(), scopes(), times(), proofs()).prop_map(|(account, scope, expiry, proof)| {
            StorageRequest::ExpireAll {
                account,
                scope,
                expiry,
                proof,
            }
        }),
        (accounts(), hashes(), times(), proofs()).prop_map(
            |(account, messages, timestamp, proof)| StorageRequest::GetExpiries {
                account,
                messages,
                timestamp,
                proof,
            }
        ),
        accounts().prop_map(|account| StorageRequest::GetSwarm { account }),
        Just(StorageRequest::Info),
    ]
}

fn leaves() -> impl Strategy<Value = StorageRequest> {
    prop_oneof![2 => messages(), 3 => deletes(), 5 => others()]
}

fn requests() -> impl Strategy<Value = StorageRequest> {
    let list = || prop::collection::vec(leaves(), 0..5);
    prop_oneof![
        4 => leaves(),
        1 => list().prop_map(StorageRequest::Batch),
        1 => list().prop_map(StorageRequest::Sequence),
        1 => list().prop_map(|inner| StorageRequest::Batch(vec![StorageRequest::Sequence(inner)])),
    ]
}

fn packets() -> impl Strategy<Value = OnionRequest> {
    let blob = prop::collection::vec(any::<u8>(), 0..200);
    let keys = prop_oneof![Just([0; 32]), any::<[u8; 32]>()];
    let encs = prop::sample::select(vec![EncType::XChaCha20, EncType::AesGcm]);
    let formats = prop::sample::select(FormatId::ALL.to_vec());
    (blob, keys, encs, 0u8..20, formats).prop_map(|(blob, key, enc, hop_no, format)| {
        let ephemeral = XPublic::from_bytes(key);
        OnionRequest {
            format,
            packet: Packet {
                blob,
                ephemeral,
                enc,
                hop_no,
            },
        }
    })
}

fn outcomes() -> impl Strategy<Value = Outcome<Response>> {
    prop_oneof![
        Just(Outcome::Lost),
        (any::<u16>(), ".{0,9}").prop_map(|(status, reason)| {
            Outcome::Refused(Refusal {
                status: Status(status),
                reason,
            })
        }),
        prop::collection::vec(any::<u8>(), 0..20)
            .prop_map(|bytes| Outcome::Done(Response::Onion(bytes))),
    ]
}

fn other_requests() -> impl Strategy<Value = Request> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..99);
    prop_oneof![
        any::<Option<[u8; 32]>>().prop_map(|after| Request::Pull {
            after: after.map(MessageHash::from_bytes),
        }),
        bytes().prop_map(Request::Announce),
        bytes().prop_map(Request::Cosign),
        Just(Request::Snapshot { newer_than: None }),
    ]
}

#[derive(Clone, Debug)]
enum Act {
    Ask(StorageRequest),
    Onion(OnionRequest),
    Forward(bool, StorageRequest),
    Other(bool, Request),
    Reply(u64, Outcome<Response>),
    Written(u64, bool),
    Commit,
    FailWrites,
    Wake(u32),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => requests().prop_map(Act::Ask),
        2 => packets().prop_map(Act::Onion),
        2 => (any::<bool>(), requests()).prop_map(|(peer, request)| Act::Forward(peer, request)),
        1 => (any::<bool>(), other_requests()).prop_map(|(peer, body)| Act::Other(peer, body)),
        2 => (0u64..12, outcomes()).prop_map(|(call, outcome)| Act::Reply(call, outcome)),
        1 => (0u64..12, any::<bool>()).prop_map(|(write, done)| Act::Written(write, done)),
        1 => Just(Act::Commit),
        1 => Just(Act::FailWrites),
        1 => any::<u32>().prop_map(Act::Wake),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn every_request_is_answered_once_and_nothing_stays(
        acts in prop::collection::vec(acts(), 1..12),
    ) {
        let mut world = World::new();
        let mut asked: Vec<CallId> = Vec::new();
        for act in acts {
            match act {
                Act::Ask(request) => asked.push(world.send(1, &request)),
                Act::Onion(onion) => asked.push(world.give(1, CLIENT, Request::Onion(onion))),
                Act::Forward(peer, request) => {
                    let from = if peer { Peer::Node(world.ids[2]) } else { CLIENT };
                    asked.push(world.give(1, from, Request::Forward(request)));
                }
                Act::Other(peer, body) => {
                    let from = if peer { Peer::Node(world.ids[2]) } else { CLIENT };
                    asked.push(world.give(1, from, body));
                }
                Act::Reply(call, outcome) => {
                    world.host(1).give(Input::Reply { call: CallId(call), outcome });
                }
                Act::Written(write, done) => {
                    let result = if done { Ok(()) } else { Err(StoreError::Aborted) };
                    world.host(1).give(Input::Written { write: WriteId(write), result });
                }
                Act::Commit => {
                    world.host(1).commit();
                }
                Act::FailWrites => world.host(1).fail_writes(),
                Act::Wake(ms) => {
                    world.sleep_ms(ms.into());
                    world.host(1).wake();
                }
            }
        }
        world.settle();
        for call in asked {
            prop_assert!(world.is_answered(1, call));
            let _ = world.answer(1, call);
        }
        prop_assert!(world.host(1).answers.is_empty());
        let load = world.host(1).node.load();
        prop_assert_eq!((load.relays, load.client_writes, load.forwards), (0, 0, 0));
        prop_assert_eq!((load.flow_bytes, load.member_calls, load.awaited_batches), (0, 0, 0));
        prop_assert_eq!(load.trailing_writes, 0);
    }

    #[test]
    fn bytes_of_any_kind_are_a_request_or_a_400(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut world = World::new();
        let expected = match leek_wire::decode_storage_request(&bytes) {
            Ok(_) => return Ok(()),
            Err(error) => error.to_string(),
        };
        let call = world.send_bytes(1, &bytes);
        let reply = world.reply(1, call);
        prop_assert_eq!(reply.status, Status::BAD_REQUEST);
        prop_assert_eq!(reply.body, leek_wire::StorageBody::Error(expected));
    }
}
