//! A network on paper: peels what the client sends with the nodes' keys, all the way to the
//! destination, and seals what a test answers.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "helpers of tests; each test uses some"
)]

use std::{net::Ipv4Addr, num::NonZeroU64, sync::Arc};

use leek_client::{Client, ClientConfig, ClientState, Command, Input};
use leek_crypto::Suite;
use leek_identity::{
    Account, AccountId, AccountSeed, MessageHash, Namespace, NodeAddress, NodeId, NodeKeys,
    NodeRecord, message_hash,
};
use leek_machine::{Cx, Machine as _, Now, Seed, Stream, Tick, Wall};
use leek_message::{ContentBody, DataMessage};
use leek_onion::{Direct, Format, PathPolicy, Peeled, ReplySeal, SessionV4, format};
use leek_swarm::{Epoch, Snapshot, SwarmId, assign_fixed};
use leek_wire::{
    AckLevel, CallId, ClientEvent, Event, Input as WireInput, Member, MemberChange, Outcome,
    Output, Request, Response, SendTag, Status, StorageBody, StorageReply, StorageRequest,
    StoredMessage, decode_storage_request, encode_storage_reply,
};

pub(crate) const EPOCH_MS: u64 = 1_700_000_000_000;

/// A request that reached its destination.
pub(crate) struct Arrived {
    pub(crate) call: CallId,
    pub(crate) guard: NodeId,
    pub(crate) relays: Vec<NodeId>,
    pub(crate) node: NodeId,
    pub(crate) request: StorageRequest,
    seal: ReplySeal,
    format: leek_onion::FormatId,
    pub(crate) deadline: Tick,
}

pub(crate) struct Net {
    pub(crate) suite: Arc<dyn Suite>,
    pub(crate) keys: Vec<NodeKeys>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) client: Client,
    pub(crate) now: Now,
    pub(crate) events: Vec<ClientEvent>,
    entropy: Stream,
}

pub(crate) fn account(i: u8) -> Account {
    Account::from_seed(&AccountSeed::short(&[i; 16]))
}

pub(crate) fn config(direct: bool) -> ClientConfig {
    let (format, paths): (Arc<dyn Format>, _) = if direct {
        (Arc::new(Direct), PathPolicy::DIRECT)
    } else {
        let paths = PathPolicy {
            rotation_ms: NonZeroU64::new(600_000),
            ..PathPolicy::SESSION
        };
        (Arc::new(SessionV4::DEFAULT), paths)
    };
    ClientConfig {
        format,
        paths,
        guards_outside_own_swarm: false,
        poll_ms: 5_000,
        poll_members: 2,
        send_attempts: 3,
        request_timeout_ms: 10_000,
        ack: AckLevel::All,
    }
}

impl Net {
    pub(crate) fn new(config: ClientConfig) -> Self {
        let suite = leek_crypto::pure().suite();
        let keys: Vec<NodeKeys> = (0..28u64)
            .map(|i| NodeKeys::from_seed(*Seed::from_u64(i).bytes()))
            .collect();
        let records: Vec<NodeRecord> = (0u8..)
            .zip(&keys)
            .map(|(i, keys)| {
                keys.record(NodeAddress {
                    ip: Ipv4Addr::new(10, 0, i, 1),
                    port: 22_021,
                })
            })
            .collect();
        let swarms: Vec<SwarmId> = assign_fixed(28, 7).unwrap();
        let pairs = records.into_iter().zip(swarms).collect();
        let snapshot = Arc::new(Snapshot::new(Epoch(1), pairs).unwrap());
        let client =
            Client::new(Arc::new(config), Arc::new(account(1)), Arc::clone(&suite)).unwrap();
        Self {
            suite,
            keys,
            snapshot,
            client,
            now: Now {
                tick: Tick::ZERO,
                wall: Wall::from_ms(EPOCH_MS),
            },
            events: Vec::new(),
            entropy: Seed::from_u64(99).stream(),
        }
    }

    /// A client that knows the network and its clock, its first poll not yet due.
    pub(crate) fn ready(config: ClientConfig) -> Self {
        let mut net = Self::new(config);
        let snapshot = Arc::clone(&net.snapshot);
        let questions = net.wire(WireInput::Membership(snapshot));
        assert_eq!(questions.len(), 3, "three nodes are asked for their clock");
        for question in questions {
            assert_eq!(question.request, StorageRequest::Info);
            let after = net.answer(
                &question,
                Status::OK,
                StorageBody::Info { version: [0, 1, 0] },
            );
            assert!(after.is_empty());
        }
        net
    }

    /// The same client after a restart: it has `state`, and was told the membership again.
    pub(crate) fn restart(&mut self, config: ClientConfig, state: ClientState) {
        let (account, suite) = (Arc::new(account(1)), Arc::clone(&self.suite));
        self.client = Client::with_state(Arc::new(config), account, suite, state).unwrap();
        self.events.clear();
        let snapshot = Arc::clone(&self.snapshot);
        for question in self.wire(WireInput::Membership(snapshot)) {
            let body = StorageBody::Info { version: [0, 1, 0] };
            self.answer(&question, Status::OK, body);
        }
    }

    fn cx<R>(&mut self, act: impl FnOnce(&mut Client, &mut Cx<'_, ()>) -> R) -> R {
        let mut cx = Cx {
            now: self.now,
            entropy: &mut self.entropy,
            view: &(),
        };
        act(&mut self.client, &mut cx)
    }

    /// Gives the client an input and returns the requests it made, as they reach their
    /// destinations.
    pub(crate) fn tell(&mut self, input: Input) -> Vec<Arrived> {
        self.cx(|client, cx| client.handle(cx, input));
        self.drain()
    }

    /// Gives the client an input and returns its first output.
    pub(crate) fn output_of(&mut self, input: Input) -> Option<Output> {
        self.cx(|client, cx| client.handle(cx, input));
        self.client.poll_output()
    }

    pub(crate) fn wire(&mut self, input: WireInput) -> Vec<Arrived> {
        self.tell(Input::Wire(input))
    }

    pub(crate) fn send(&mut self, tag: u64, to: AccountId, text: &str) -> Vec<Arrived> {
        let body = ContentBody::from(DataMessage::text(text));
        self.tell(
            Command::Send {
                tag: SendTag(tag),
                to,
                body,
            }
            .into(),
        )
    }

    pub(crate) fn lose(&mut self, arrived: &Arrived) -> Vec<Arrived> {
        self.wire(WireInput::Reply {
            call: arrived.call,
            outcome: Outcome::Lost,
        })
    }

    pub(crate) fn outcome(&mut self, call: CallId, outcome: Outcome<Response>) -> Vec<Arrived> {
        self.wire(WireInput::Reply { call, outcome })
    }

    pub(crate) fn answer(
        &mut self,
        to: &Arrived,
        status: Status,
        body: StorageBody,
    ) -> Vec<Arrived> {
        let clock = self.now.wall;
        self.answer_at(to, status, body, clock)
    }

    pub(crate) fn answer_at(
        &mut self,
        to: &Arrived,
        status: Status,
        body: StorageBody,
        clock: Wall,
    ) -> Vec<Arrived> {
        let payload = encode_storage_reply(&StorageReply {
            status,
            clock,
            body,
        });
        let mut entropy = Seed::from_u64(7).child("reply", to.call.0).stream();
        let bytes = format(to.format).seal_reply(&*self.suite, &mut entropy, &to.seal, &payload);
        self.outcome(to.call, Outcome::Done(Response::Onion(bytes)))
    }

    /// Moves time to the client's next timer and lets it go off.
    pub(crate) fn wake(&mut self) -> Vec<Arrived> {
        let (tick, _) = self.client.poll_timeout().unwrap();
        self.advance_to(tick);
        self.cx(|client, cx| client.handle_timeout(cx));
        self.drain()
    }

    pub(crate) fn advance_to(&mut self, tick: Tick) {
        let ms = tick.since_ns(self.now.tick) / 1_000_000;
        self.now = Now {
            tick: self.now.tick.max(tick),
            wall: self.now.wall.after_ms(ms),
        };
    }

    fn drain(&mut self) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Event(Event::Client(event)) => self.events.push(event),
                Output::Call {
                    to,
                    call,
                    body: Request::Onion(request),
                    deadline,
                } => {
                    arrived.push(self.carry(to, call, request, deadline));
                }
                other => panic!("a client does not {other:?}"),
            }
        }
        arrived
    }

    fn carry(
        &self,
        guard: NodeId,
        call: CallId,
        request: leek_wire::OnionRequest,
        deadline: Tick,
    ) -> Arrived {
        let (mut node, mut packet, mut relays) = (guard, request.packet, Vec::new());
        loop {
            let keys = self.keys.iter().find(|keys| keys.id() == node).unwrap();
            match format(request.format)
                .peel(&*self.suite, keys.onion(), packet)
                .unwrap()
            {
                Peeled::Relay {
                    next,
                    packet: inner,
                } => {
                    relays.push(node);
                    (node, packet) = (next, inner);
                }
                Peeled::Deliver { payload, reply } => {
                    let seal = reply;
                    let request_ = decode_storage_request(&payload).unwrap();
                    let format = request.format;
                    return Arrived {
                        call,
                        guard,
                        relays,
                        node,
                        request: request_,
                        seal,
                        format,
                        deadline,
                    };
                }
                Peeled::Server { .. } => panic!("no servers here"),
            }
        }
    }

    pub(crate) fn swarm_of(&self, account: &AccountId) -> Vec<NodeId> {
        let swarm = self.snapshot.swarm_of(account).unwrap();
        self.snapshot.members(swarm).map(|node| node.id).collect()
    }

    /// The body of a successful store at all members.
    pub(crate) fn stored(&self, request: &StorageRequest) -> StorageBody {
        let StorageRequest::Store {
            account,
            namespace,
            timestamp,
            ttl_ms,
            data,
            ..
        } = request
        else {
            panic!("no store: {request:?}")
        };
        let hash = message_hash(account, *namespace, data);
        let members = self.swarm_of(account).into_iter().map(|node| Member {
            node,
            result: Ok(MemberChange::Stored {
                signature: leek_crypto::Signature::from_bytes([1; 64]),
                expiry: timestamp.after_ms(*ttl_ms),
                already: false,
                durable: true,
            }),
        });
        StorageBody::Changed {
            hash: Some(hash),
            members: members.collect(),
        }
    }

    /// A message of account 2 to the client, as a node stores it.
    pub(crate) fn letter(&self, text: &str, seed: u64) -> StoredMessage {
        self.letter_to(&self.client.account().id(), text, seed)
    }

    pub(crate) fn letter_to(&self, to: &AccountId, text: &str, seed: u64) -> StoredMessage {
        let content =
            leek_message::Content::new(self.now.wall, ContentBody::from(DataMessage::text(text)));
        let mut entropy = Seed::from_u64(seed).stream();
        let data = leek_message::seal(&*self.suite, &mut entropy, &account(2), to, &content)
            .unwrap()
            .into_bytes();
        let hash = message_hash(&self.client.account().id(), Namespace::DEFAULT, &data);
        let expiry = self.now.wall.after_ms(86_400_000);
        StoredMessage {
            hash,
            timestamp: self.now.wall,
            expiry,
            data,
        }
    }

    /// A batch reply with these messages in the first namespace.
    pub(crate) fn batch(&self, messages: Vec<StoredMessage>, more: bool) -> StorageBody {
        let clock = self.now.wall;
        let reply = |messages, more| StorageReply {
            status: Status::OK,
            clock,
            body: StorageBody::Messages { messages, more },
        };
        let mut replies = vec![reply(messages, more)];
        replies.extend((0..4).map(|_| reply(Vec::new(), false)));
        StorageBody::Batch(replies)
    }

    pub(crate) fn delivered(&self) -> Vec<MessageHash> {
        let hash = |event: &ClientEvent| match event {
            ClientEvent::Delivered(delivered) => Some(delivered.hash),
            _ => None,
        };
        self.events.iter().filter_map(hash).collect()
    }

    pub(crate) fn undecryptable(&self) -> usize {
        self.events
            .iter()
            .filter(|e| matches!(e, ClientEvent::Undecryptable { .. }))
            .count()
    }
}
