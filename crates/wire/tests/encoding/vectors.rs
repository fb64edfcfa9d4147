//! `testdata/wire_v1.txt`, written by another implementation of protobuf.

use std::{net::Ipv4Addr, num::NonZeroU16};

use data_encoding::HEXLOWER;
use leek_crypto::{EdPublic, Signature, XPublic};
use leek_identity::{AccountId, MessageHash, Namespace, NodeAddress, NodeId, NodeRecord, Prefix};
use leek_machine::Wall;
use leek_onion::{EncType, FormatId, Packet};
use leek_swarm::{Epoch, SwarmId};
use leek_wire::{
    AckLevel, ExpiryMode, Member, MemberChange, MemberFailure, OnionRequest, OwnerProof, PullPage,
    PulledRow, Request, Response, Scope, Status, StorageBody, StorageReply, StorageRequest,
    StoredMessage, decode_request, decode_response, decode_storage_reply, decode_storage_request,
    encode_request, encode_response, encode_storage_reply, encode_storage_request,
};

const VECTORS: &str = include_str!("../../testdata/wire_v1.txt");
const ACCOUNT: AccountId = AccountId::new(Prefix::User, [0x11; 32]);
const NOW_MS: u64 = 1_700_000_000_000;

const fn ms(ms: u64) -> Wall {
    Wall::from_ms(ms)
}

const fn hash(n: u8) -> MessageHash {
    MessageHash::from_bytes([0xa0 + n; 32])
}

const fn node(n: u8) -> NodeId {
    NodeId::from_bytes([0x60 + n; 32])
}

const fn signature(n: u8) -> Signature {
    Signature::from_bytes([0x50 + n; 64])
}

const PROOF: OwnerProof = OwnerProof {
    ed25519: Some(EdPublic::from_bytes_unchecked([0x31; 32])),
    signature: signature(0),
};

fn store() -> StorageRequest {
    StorageRequest::Store {
        account: ACCOUNT,
        namespace: Namespace::GROUP_REVOKED,
        timestamp: ms(NOW_MS),
        ttl_ms: 1_209_600_000,
        data: b"sealed".to_vec(),
        sig_timestamp: Some(ms(NOW_MS + 1)),
        proof: Some(PROOF),
        ack: AckLevel::All,
    }
}

fn open_store(ack: AckLevel) -> StorageRequest {
    StorageRequest::Store {
        account: ACCOUNT,
        namespace: Namespace::DEFAULT,
        timestamp: ms(1),
        ttl_ms: 10_000,
        data: vec![0],
        sig_timestamp: None,
        proof: None,
        ack,
    }
}

fn retrieve(name: &str) -> StorageRequest {
    if name == "retrieve_open" {
        return StorageRequest::Retrieve {
            account: ACCOUNT,
            namespace: Namespace::LEGACY_GROUP,
            last_hash: None,
            max_count: None,
            max_size: None,
            timestamp: ms(0),
            proof: None,
        };
    }
    StorageRequest::Retrieve {
        account: AccountId::new(Prefix::Group, [0x12; 32]),
        namespace: Namespace::new(i16::MAX),
        last_hash: Some(hash(1)),
        max_count: Some(0),
        max_size: Some(-5),
        timestamp: ms(NOW_MS + 2),
        proof: Some(OwnerProof {
            ed25519: None,
            ..PROOF
        }),
    }
}

fn expire(mode: ExpiryMode) -> StorageRequest {
    StorageRequest::Expire {
        account: ACCOUNT,
        messages: vec![hash(1), hash(2)],
        expiries: vec![ms(4), ms(NOW_MS)],
        mode,
        proof: PROOF,
    }
}

fn storage_request(name: &str) -> StorageRequest {
    let (account, proof) = (ACCOUNT, PROOF);
    match name {
        "store" => store(),
        "store_open" => open_store(AckLevel::All),
        "store_received" => open_store(AckLevel::Received),
        "store_durable" => open_store(AckLevel::Durable),
        "store_quorum" => open_store(AckLevel::Quorum(NonZeroU16::new(300).unwrap())),
        "retrieve" | "retrieve_open" => retrieve(name),
        "delete" => StorageRequest::Delete {
            account,
            messages: vec![hash(1), hash(2)],
            required: true,
            proof,
        },
        "delete_all" => StorageRequest::DeleteAll {
            account,
            scope: Scope::All,
            timestamp: ms(2),
            proof,
        },
        "delete_before" => {
            let scope = Scope::One(Namespace::DEFAULT);
            StorageRequest::DeleteBefore {
                account,
                scope,
                before: ms(3),
                proof,
            }
        }
        "expire_set" => expire(ExpiryMode::Set),
        "expire_shorten" => expire(ExpiryMode::Shorten),
        "expire_extend" => expire(ExpiryMode::Extend),
        "expire_all" => {
            let scope = Scope::One(Namespace::new(i16::MIN));
            StorageRequest::ExpireAll {
                account,
                scope,
                expiry: ms(5),
                proof,
            }
        }
        "get_expiries" => StorageRequest::GetExpiries {
            account,
            messages: vec![hash(1)],
            timestamp: ms(6),
            proof,
        },
        "get_swarm" => StorageRequest::GetSwarm {
            account: AccountId::new(Prefix::Blinded15, [0x13; 32]),
        },
        "info" => StorageRequest::Info,
        "batch" => StorageRequest::Batch(vec![StorageRequest::Info, open_store(AckLevel::All)]),
        "sequence" => StorageRequest::Sequence(vec![StorageRequest::Info]),
        _ => panic!("no storage request is called {name}"),
    }
}

fn request(name: &str) -> Request {
    let (format, enc, hop_no, ephemeral) = match name {
        "onion_xchacha20" => (FormatId::SessionV4, EncType::XChaCha20, 255, [0x21; 32]),
        "onion_aes_gcm" => (FormatId::SessionV4, EncType::AesGcm, 0, [0x21; 32]),
        "onion_direct" => (FormatId::Direct, EncType::XChaCha20, 0, [0; 32]),
        "forward" => return Request::Forward(store()),
        "pull" => return Request::Pull { after: None },
        "pull_after" => {
            let after = Some(hash(1));
            return Request::Pull { after };
        }
        "announce" => return Request::Announce(b"descriptor".to_vec()),
        "announce_empty" => return Request::Announce(vec![]),
        "snapshot" => return Request::Snapshot { newer_than: None },
        "snapshot_newer" => {
            let newer_than = Some(Epoch(0));
            return Request::Snapshot { newer_than };
        }
        "cosign" => return Request::Cosign(b"proposal".to_vec()),
        _ => panic!("no request is called {name}"),
    };
    let ephemeral = XPublic::from_bytes(ephemeral);
    let packet = Packet {
        blob: b"blob".to_vec(),
        ephemeral,
        enc,
        hop_no,
    };
    Request::Onion(OnionRequest { format, packet })
}

fn members() -> Vec<Member> {
    let results = [
        Ok(MemberChange::Stored {
            signature: signature(1),
            expiry: ms(7),
            already: true,
            durable: true,
        }),
        Ok(MemberChange::Deleted {
            signature: signature(2),
            deleted: vec![(Namespace::new(-1), hash(1)), (Namespace::DEFAULT, hash(2))],
        }),
        Ok(MemberChange::Expired {
            signature: signature(3),
            updated: vec![(hash(1), ms(8))],
            unchanged: vec![(hash(2), ms(0))],
        }),
        Err(MemberFailure::Timeout),
        Err(MemberFailure::Refused {
            status: Status::WRONG_SWARM,
            reason: "wrong swarm".to_owned(),
        }),
        Err(MemberFailure::BadResponse),
        Err(MemberFailure::QueryFailure),
    ];
    (0..)
        .zip(results)
        .map(|(n, result)| Member {
            node: node(n),
            result,
        })
        .collect()
}

fn storage_reply(name: &str) -> StorageReply {
    let mut status = Status::OK;
    let body = match name {
        "changed" => StorageBody::Changed {
            hash: Some(hash(1)),
            members: members(),
        },
        "received" => StorageBody::Changed {
            hash: Some(hash(1)),
            members: vec![Member {
                node: node(0),
                result: Ok(MemberChange::Stored {
                    signature: signature(1),
                    expiry: ms(7),
                    already: false,
                    durable: false,
                }),
            }],
        },
        "mailbox_full" => {
            let (status, text) = (Status::INSUFFICIENT_STORAGE, "the mailbox is full");
            return StorageReply::error(status, ms(NOW_MS), text);
        }
        "changed_nothing" => StorageBody::Changed {
            hash: None,
            members: vec![],
        },
        "messages" => {
            let message = |n, timestamp, expiry, data: &[u8]| StoredMessage {
                hash: hash(n),
                timestamp: ms(timestamp),
                expiry: ms(expiry),
                data: data.to_vec(),
            };
            let messages = vec![message(1, 9, 10, b"one"), message(2, 0, 0, b"")];
            StorageBody::Messages {
                messages,
                more: true,
            }
        }
        "expiries" => StorageBody::Expiries(vec![(hash(1), ms(11))]),
        "swarm" => {
            status = Status::WRONG_SWARM;
            let address = NodeAddress {
                ip: Ipv4Addr::new(192, 0, 2, 1),
                port: 22_021,
            };
            let onion_key = XPublic::from_bytes([0x41; 32]);
            let nodes = vec![NodeRecord {
                id: node(0),
                onion_key,
                address,
            }];
            StorageBody::Swarm {
                swarm: SwarmId::MAX,
                nodes,
            }
        }
        "info" => StorageBody::Info {
            version: [0, 1, u16::MAX],
        },
        "batch" => {
            let info = StorageBody::Info { version: [0; 3] };
            StorageBody::Batch(vec![
                StorageReply::error(Status::UNAUTHORIZED, ms(0), "signature: no"),
                StorageReply {
                    status,
                    clock: ms(NOW_MS),
                    body: info,
                },
            ])
        }
        "error" => return StorageReply::error(Status::UNAVAILABLE, ms(NOW_MS), ""),
        _ => panic!("no storage reply is called {name}"),
    };
    StorageReply {
        status,
        clock: ms(NOW_MS),
        body,
    }
}

fn pull_page() -> PullPage {
    let row = PulledRow {
        hash: hash(1),
        account: ACCOUNT,
        namespace: Namespace::new(-11),
        timestamp: ms(NOW_MS),
        expiry: ms(NOW_MS + 10_000),
        data: b"sealed".as_slice().into(),
    };
    let bare = PulledRow {
        hash: hash(2),
        account: AccountId::new(Prefix::Group, [0x12; 32]),
        namespace: Namespace::DEFAULT,
        timestamp: ms(0),
        expiry: ms(0),
        data: [].into(),
    };
    PullPage {
        rows: vec![row, bare],
        next: Some(hash(2)),
    }
}

fn response(name: &str) -> Response {
    match name {
        "pull" => Response::Pull(pull_page()),
        "pull_empty" => Response::Pull(PullPage::default()),
        "announced" => Response::Announced { clock: ms(NOW_MS) },
        "snapshot" => Response::Snapshot {
            clock: ms(NOW_MS),
            signed: Some(b"signed".as_slice().into()),
        },
        "snapshot_none" => Response::Snapshot {
            clock: ms(NOW_MS),
            signed: None,
        },
        "snapshot_empty" => Response::Snapshot {
            clock: ms(0),
            signed: Some([].into()),
        },
        "cosigned" => Response::Cosigned(b"signature".to_vec()),
        "onion" => Response::Onion(b"opaque".to_vec()),
        "onion_empty" => Response::Onion(vec![]),
        "forward" => Response::Forward(StorageReply::error(
            Status::INTERNAL,
            ms(NOW_MS),
            "the store is full",
        )),
        _ => panic!("no response is called {name}"),
    }
}

#[test]
fn vectors_hold_both_ways() {
    let mut count = 0;
    for line in VECTORS.lines() {
        let [kind, name, hex] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("a vector has three words: {line}");
        };
        let bytes = HEXLOWER.decode(hex.as_bytes()).unwrap();
        let encoded = match kind {
            "request" => {
                assert_eq!(decode_request(&bytes), Ok(request(name)));
                encode_request(&request(name))
            }
            "response" => {
                assert_eq!(decode_response(&bytes), Ok(response(name)));
                encode_response(&response(name))
            }
            "storage_request" => {
                assert_eq!(decode_storage_request(&bytes), Ok(storage_request(name)));
                encode_storage_request(&storage_request(name))
            }
            "storage_reply" => {
                assert_eq!(decode_storage_reply(&bytes), Ok(storage_reply(name)));
                encode_storage_reply(&storage_reply(name))
            }
            _ => panic!("a vector of {kind}"),
        };
        assert_eq!(HEXLOWER.encode(&encoded), hex, "{kind} {name}");
        count += 1;
    }
    assert_eq!(count, 50);
}
