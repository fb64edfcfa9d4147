//! Somebody with a mailbox, who talks to one node without an onion.

use std::{sync::Arc, time::Duration};

use leek_driver::{Caller, CallerConfig, Clock, Limits, Runtime, Tcp};
use leek_identity::{
    Account, AccountSeed, MessageHash, Namespace, NodeAddress, NodeId, signed_text,
};
use leek_machine::Wall;
use leek_onion::{EncType, FormatId, Packet};
use leek_wire::{
    AckLevel, OnionRequest, Outcome, OwnerProof, Request, Response, Scope, Status, StorageBody,
    StorageReply, StorageRequest, StoredMessage, decode_storage_reply, encode_storage_request,
};

use crate::service::Service;

const TIMEOUT: Duration = Duration::from_secs(30);
const HOUR_MS: u64 = 3_600_000;
/// The inbox of a person: anybody may store in it.
const INBOX: Namespace = Namespace::new(0);

pub(crate) struct Owner {
    _rt: Runtime,
    caller: Caller,
    clock: Clock,
    account: Account,
    node: (NodeId, NodeAddress),
}

impl Owner {
    /// The owner of account `number`, at this node.
    pub(crate) fn at(service: &Service, number: u8) -> Self {
        Self::new(&service.id, &service.address, number)
    }

    /// The owner of account `number`, at the node with this id and address.
    pub(crate) fn new(id: &str, address: &str, number: u8) -> Self {
        let rt = Runtime::new(1).unwrap();
        let clock = Clock::system(&rt, 0);
        let config = CallerConfig {
            network: Arc::new(Tcp),
            identity: None,
            source: None,
            clock: clock.clone(),
            limits: Limits::default(),
        };
        let address: std::net::SocketAddrV4 = address.parse().unwrap();
        let address = NodeAddress {
            ip: *address.ip(),
            port: address.port(),
        };
        Self {
            caller: Caller::new(&rt, config),
            _rt: rt,
            clock,
            account: Account::from_seed(&AccountSeed::short(&[number; 16])),
            node: (NodeId::parse_hex(id).unwrap(), address),
        }
    }

    fn now(&self) -> Wall {
        self.clock.now().wall
    }

    fn sign(&self, text: &str) -> OwnerProof {
        let suite = leek_crypto::pure().suite();
        OwnerProof {
            ed25519: Some(*self.account.signing().public()),
            signature: self.account.signing().sign(&*suite, text.as_bytes()),
        }
    }

    fn ask(&self, request: &StorageRequest) -> Outcome<StorageReply> {
        let payload = encode_storage_request(request);
        let (id, address) = self.node;
        let packet = Packet {
            blob: payload,
            ephemeral: leek_crypto::XPublic::from_bytes([0; 32]),
            enc: EncType::WHEN_ABSENT,
            hop_no: 0,
        };
        let onion = Request::Onion(OnionRequest {
            format: FormatId::Direct,
            packet,
        });
        match self.caller.call_wait(id, address, onion, TIMEOUT) {
            Outcome::Done(Response::Onion(bytes)) => {
                Outcome::Done(decode_storage_reply(&bytes).unwrap())
            }
            Outcome::Done(other) => panic!("{other:?}"),
            Outcome::Refused(refusal) => Outcome::Refused(refusal),
            Outcome::Lost => Outcome::Lost,
        }
    }

    /// The status of a store that waits for the disk; none when the answer is lost.
    pub(crate) fn store(&self, data: &[u8]) -> Option<Status> {
        let now = self.now();
        let request = StorageRequest::Store {
            account: self.account.id(),
            namespace: INBOX,
            timestamp: now,
            ttl_ms: HOUR_MS,
            data: data.to_vec(),
            sig_timestamp: None,
            proof: None,
            ack: AckLevel::Durable,
        };
        match self.ask(&request) {
            Outcome::Done(reply) => Some(reply.status),
            Outcome::Refused(refusal) => Some(refusal.status),
            Outcome::Lost => None,
        }
    }

    /// What is in the inbox, as far as one answer goes.
    pub(crate) fn retrieve(&self) -> Vec<Vec<u8>> {
        let messages = self.retrieve_after(None);
        messages.into_iter().map(|message| message.data).collect()
    }

    /// How many messages are in the inbox.
    pub(crate) fn count(&self) -> usize {
        let (mut count, mut last) = (0, None);
        loop {
            let messages = self.retrieve_after(last);
            let Some(message) = messages.last() else {
                return count;
            };
            last = Some(message.hash);
            count += messages.len();
        }
    }

    fn retrieve_after(&self, last_hash: Option<MessageHash>) -> Vec<StoredMessage> {
        let now = self.now();
        let request = StorageRequest::Retrieve {
            account: self.account.id(),
            namespace: INBOX,
            last_hash,
            max_count: None,
            max_size: None,
            timestamp: now,
            proof: Some(self.sign(&signed_text::retrieve(INBOX, now.ms()))),
        };
        match self.ask(&request) {
            Outcome::Done(StorageReply {
                status: Status::OK,
                body: StorageBody::Messages { messages, .. },
                ..
            }) => messages,
            other => panic!("{other:?}"),
        }
    }

    /// Deletes everything in the inbox.
    pub(crate) fn delete_all(&self) -> Status {
        let (now, scope) = (self.now(), Scope::One(INBOX));
        let request = StorageRequest::DeleteAll {
            account: self.account.id(),
            scope,
            timestamp: now,
            proof: self.sign(&signed_text::delete_all(scope, now.ms())),
        };
        match self.ask(&request) {
            Outcome::Done(reply) => reply.status,
            other => panic!("{other:?}"),
        }
    }
}
