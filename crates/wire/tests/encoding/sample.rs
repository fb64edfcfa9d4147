//! Values within the limits, drawn from a seed; edges are drawn often.

use std::{net::Ipv4Addr, num::NonZeroU16};

use leek_crypto::{EdPublic, Signature, XPublic};
use leek_identity::{AccountId, MessageHash, Namespace, NodeAddress, NodeId, NodeRecord, Prefix};
use leek_machine::{Seed, Stream, Wall};
use leek_onion::{EncType, FormatId, Packet};
use leek_swarm::{Epoch, SwarmId};
use leek_wire::{
    AckLevel, ExpiryMode, Member, MemberChange, MemberFailure, OnionRequest, OwnerProof, PullPage,
    PulledRow, Request, Response, Scope, Status, StorageBody, StorageReply, StorageRequest,
    StoredMessage,
};

pub(crate) struct Sampler {
    stream: Stream,
    /// Only what the first version of the format had.
    first_version: bool,
}

impl Sampler {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            stream: Seed::from_u64(seed).child("wire-sample", 0).stream(),
            first_version: false,
        }
    }

    /// Draws only what the first version of the format had.
    pub(crate) fn of_first_version(seed: u64) -> Self {
        Self {
            first_version: true,
            ..Self::new(seed)
        }
    }

    pub(crate) fn request(&mut self) -> Request {
        let newer = !self.first_version && self.flip();
        if newer {
            return match self.below(4) {
                0 => Request::Pull {
                    after: self.option(Self::hash),
                },
                1 => Request::Announce(self.bytes(300)),
                2 => Request::Snapshot {
                    newer_than: self.option(|s| Epoch(s.number())),
                },
                _ => Request::Cosign(self.bytes(300)),
            };
        }
        if self.flip() {
            Request::Onion(self.onion())
        } else {
            Request::Forward(self.storage_request())
        }
    }

    pub(crate) fn response(&mut self) -> Response {
        let newer = !self.first_version && self.flip();
        if newer {
            return match self.below(4) {
                0 => Response::Pull(PullPage {
                    rows: self.list(0, 5, Self::pulled_row),
                    next: self.option(Self::hash),
                }),
                1 => Response::Announced { clock: self.wall() },
                2 => Response::Snapshot {
                    clock: self.wall(),
                    signed: self.option(|s| s.bytes(300).into()),
                },
                _ => Response::Cosigned(self.bytes(300)),
            };
        }
        if self.flip() {
            Response::Onion(self.bytes(300))
        } else {
            Response::Forward(self.storage_reply())
        }
    }

    pub(crate) fn pulled_row(&mut self) -> PulledRow {
        PulledRow {
            hash: self.hash(),
            account: self.account(),
            namespace: self.namespace(),
            timestamp: self.wall(),
            expiry: self.wall(),
            data: self.bytes(300).into(),
        }
    }

    fn ack(&mut self) -> AckLevel {
        if self.first_version {
            return AckLevel::All;
        }
        match self.below(4) {
            0 => AckLevel::Received,
            1 => AckLevel::Durable,
            2 => {
                let members = self.pick(&[1, 2, 127, 128, u16::MAX]);
                AckLevel::Quorum(NonZeroU16::new(members).unwrap())
            }
            _ => AckLevel::All,
        }
    }

    pub(crate) fn storage_request(&mut self) -> StorageRequest {
        match self.below(12) {
            10 => StorageRequest::Batch(self.list(1, 4, Self::method)),
            11 => StorageRequest::Sequence(self.list(1, 4, Self::method)),
            _ => self.method(),
        }
    }

    pub(crate) fn storage_reply(&mut self) -> StorageReply {
        let body = match self.below(8) {
            7 => StorageBody::Batch(self.list(0, 4, |s| {
                let body = s.body();
                s.reply(body)
            })),
            _ => self.body(),
        };
        self.reply(body)
    }

    fn reply(&mut self, body: StorageBody) -> StorageReply {
        StorageReply {
            status: self.status(),
            clock: self.wall(),
            body,
        }
    }

    fn onion(&mut self) -> OnionRequest {
        OnionRequest {
            format: self.pick(&[FormatId::SessionV4, FormatId::Direct]),
            packet: Packet {
                blob: self.bytes(300),
                ephemeral: XPublic::from_bytes(self.array()),
                enc: self.pick(&[EncType::XChaCha20, EncType::AesGcm]),
                hop_no: self.pick(&[0, 1, 127, 128, u8::MAX]),
            },
        }
    }

    fn method(&mut self) -> StorageRequest {
        let account = self.account();
        match self.below(10) {
            0 => StorageRequest::Store {
                account,
                namespace: self.namespace(),
                timestamp: self.wall(),
                ttl_ms: self.number(),
                data: self.bytes(300),
                sig_timestamp: self.option(Self::wall),
                proof: self.option(Self::proof),
                ack: self.ack(),
            },
            1 => StorageRequest::Retrieve {
                account,
                namespace: self.namespace(),
                last_hash: self.option(Self::hash),
                max_count: self.option(|s| s.pick(&[0, 1, 300, u32::MAX])),
                max_size: self.option(|s| s.pick(&[0, 1, -1, -8, 600_000, i64::MIN, i64::MAX])),
                timestamp: self.wall(),
                proof: self.option(Self::proof),
            },
            2 => StorageRequest::Delete {
                account,
                messages: self.list(0, 5, Self::hash),
                required: self.flip(),
                proof: self.proof(),
            },
            3 => StorageRequest::DeleteAll {
                account,
                scope: self.scope(),
                timestamp: self.wall(),
                proof: self.proof(),
            },
            4 => StorageRequest::DeleteBefore {
                account,
                scope: self.scope(),
                before: self.wall(),
                proof: self.proof(),
            },
            5 => self.expire(account),
            6 => StorageRequest::ExpireAll {
                account,
                scope: self.scope(),
                expiry: self.wall(),
                proof: self.proof(),
            },
            7 => StorageRequest::GetExpiries {
                account,
                messages: self.list(0, 5, Self::hash),
                timestamp: self.wall(),
                proof: self.proof(),
            },
            8 => StorageRequest::GetSwarm { account },
            _ => StorageRequest::Info,
        }
    }

    fn expire(&mut self, account: AccountId) -> StorageRequest {
        let messages = self.list(0, 5, Self::hash);
        let one_for_all = self.flip();
        let expiries = if one_for_all { 1 } else { messages.len() };
        StorageRequest::Expire {
            account,
            messages,
            expiries: (0..expiries).map(|_| self.wall()).collect(),
            mode: self.pick(&[ExpiryMode::Set, ExpiryMode::Shorten, ExpiryMode::Extend]),
            proof: self.proof(),
        }
    }

    fn body(&mut self) -> StorageBody {
        match self.below(6) {
            0 => StorageBody::Changed {
                hash: self.option(Self::hash),
                members: self.list(0, 9, Self::member),
            },
            1 => StorageBody::Messages {
                messages: self.list(0, 4, |s| StoredMessage {
                    hash: s.hash(),
                    timestamp: s.wall(),
                    expiry: s.wall(),
                    data: s.bytes(300),
                }),
                more: self.flip(),
            },
            2 => StorageBody::Expiries(self.list(0, 4, Self::hash_expiry)),
            3 => StorageBody::Swarm {
                swarm: SwarmId(self.number()),
                nodes: self.list(0, 9, Self::node_record),
            },
            4 => StorageBody::Info {
                version: [0; 3].map(|_: u16| self.pick(&[0, 1, u16::MAX])),
            },
            _ => StorageBody::Error(self.text()),
        }
    }

    fn member(&mut self) -> Member {
        let result = match self.below(7) {
            0 => Ok(MemberChange::Stored {
                signature: self.signature(),
                expiry: self.wall(),
                already: self.flip(),
                durable: self.first_version || self.flip(),
            }),
            1 => Ok(MemberChange::Deleted {
                signature: self.signature(),
                deleted: self.list(0, 4, |s| (s.namespace(), s.hash())),
            }),
            2 => Ok(MemberChange::Expired {
                signature: self.signature(),
                updated: self.list(0, 4, Self::hash_expiry),
                unchanged: self.list(0, 4, Self::hash_expiry),
            }),
            3 => Err(MemberFailure::Timeout),
            4 => Err(MemberFailure::Refused {
                status: self.status(),
                reason: self.text(),
            }),
            5 => Err(MemberFailure::BadResponse),
            _ => Err(MemberFailure::QueryFailure),
        };
        Member {
            node: NodeId::from_bytes(self.array()),
            result,
        }
    }

    fn node_record(&mut self) -> NodeRecord {
        NodeRecord {
            id: NodeId::from_bytes(self.array()),
            onion_key: XPublic::from_bytes(self.array()),
            address: NodeAddress {
                ip: self.pick(&[
                    Ipv4Addr::UNSPECIFIED,
                    Ipv4Addr::BROADCAST,
                    Ipv4Addr::new(192, 0, 2, 1),
                ]),
                port: self.pick(&[0, 1, 22_021, u16::MAX]),
            },
        }
    }

    fn hash_expiry(&mut self) -> (MessageHash, Wall) {
        (self.hash(), self.wall())
    }

    fn proof(&mut self) -> OwnerProof {
        OwnerProof {
            ed25519: self.option(|s| EdPublic::from_bytes_unchecked(s.array())),
            signature: self.signature(),
        }
    }

    fn scope(&mut self) -> Scope {
        self.option(Self::namespace).map_or(Scope::All, Scope::One)
    }

    fn account(&mut self) -> AccountId {
        let prefixes = [
            Prefix::User,
            Prefix::Group,
            Prefix::Blinded15,
            Prefix::Blinded25,
        ];
        AccountId::new(self.pick(&prefixes), self.array())
    }

    fn namespace(&mut self) -> Namespace {
        Namespace::new(self.pick(&[0, 1, -1, 63, 64, -64, -65, i16::MAX, i16::MIN]))
    }

    fn status(&mut self) -> Status {
        self.pick(&[Status(100), Status::OK, Status::WRONG_SWARM, Status(599)])
    }

    fn hash(&mut self) -> MessageHash {
        MessageHash::from_bytes(self.array())
    }

    fn signature(&mut self) -> Signature {
        Signature::from_bytes(self.array())
    }

    fn text(&mut self) -> String {
        self.pick(&["", "busy", "größer", "\u{0}\u{10ffff}"])
            .to_owned()
    }

    fn wall(&mut self) -> Wall {
        Wall::from_ms(self.number())
    }

    fn number(&mut self) -> u64 {
        self.pick(&[0, 1, 127, 128, 1_700_000_000_000, 1 << 63, u64::MAX])
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        // All zero must not be taken for absent.
        if self.below(8) == 0 {
            [0; N]
        } else {
            [0; N].map(|_: u8| self.byte())
        }
    }

    fn bytes(&mut self, max: u64) -> Vec<u8> {
        let len = if self.below(4) == 0 {
            0
        } else {
            self.below(max + 1)
        };
        (0..len).map(|_| self.byte()).collect()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn list<T>(&mut self, min: u64, max: u64, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = min + self.below(max - min + 1);
        (0..len).map(|_| item(self)).collect()
    }

    fn option<T>(&mut self, item: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flip().then(|| item(self))
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let index = self.below(u64::try_from(from.len()).unwrap());
        from[usize::try_from(index).unwrap()].clone()
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.stream.below(bound)
    }
}
