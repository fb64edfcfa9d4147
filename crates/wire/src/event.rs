mod directory;

pub use directory::DirectoryEvent;
use leek_fact::Fact;
use leek_identity::{AccountId, MessageHash, NodeId};
use leek_machine::{Tick, Wall};
use leek_message::Content;

use crate::Status;

/// The application's own number for a message it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendTag(pub u64);

/// What a client's request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    /// Store a message.
    Store,
    /// Poll for messages.
    Retrieve,
    /// Ask a node's clock.
    Info,
    /// Look up a swarm.
    GetSwarm,
}

impl RequestKind {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Retrieve => "retrieve",
            Self::Info => "info",
            Self::GetSwarm => "get_swarm",
        }
    }
}

/// One request of a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestDone {
    /// What for.
    pub kind: RequestKind,
    /// When it left.
    pub started: Tick,
    /// When its outcome was known.
    pub ended: Tick,
    /// Nodes it passed, the destination included: 4 for a three-hop onion, 1 for `direct`.
    pub hops: u8,
    /// Bytes of the request body on the first link.
    pub bytes_up: u32,
    /// Bytes of the reply body on the first link; 0 when none came.
    pub bytes_down: u32,
    /// The destination's status; `None` when lost or refused on the way.
    pub status: Option<Status>,
}

/// Why a send was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailReason {
    /// Every attempt was lost or refused.
    AttemptsSpent,
    /// No path could be built.
    NoPath,
    /// The recipient's swarm is not known or has no nodes.
    NoSwarm,
    /// The content cannot be sealed: too large, or the recipient's key is unfit.
    Unsealable,
    /// The destination refused for good (400, 401, 403).
    Refused(Status),
    /// The client was stopped first.
    Stopped,
    /// Too many sends are waiting already.
    QueueFull,
}

/// What a strike was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StrikeAt {
    /// A whole path, named by its guard.
    Path(NodeId),
    /// One node.
    Node(NodeId),
}

/// A message reached the application for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The storage hash.
    pub hash: MessageHash,
    /// The verified sender.
    pub sender: AccountId,
    /// What was said.
    pub content: Content,
    /// The node's timestamp of the stored message.
    pub timestamp: Wall,
}

/// What a client reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// A member of the recipient's swarm took the message.
    SendAccepted {
        /// Which send.
        send: SendTag,
        /// Its hash.
        hash: MessageHash,
        /// Attempts used, from 1.
        attempts: u8,
        /// Members that reported the message stored, durably or not.
        stored: u16,
        /// Nodes of the swarm, as the client knows it, that reported it durable.
        durable: u16,
        /// Members of the swarm that answered or failed.
        members: u16,
    },
    /// The send was given up. The message may or may not be stored.
    SendFailed {
        /// Which send.
        send: SendTag,
        /// Attempts used.
        attempts: u8,
        /// Why.
        reason: FailReason,
    },
    /// A message for the application; exactly once per message.
    Delivered(Delivered),
    /// A stored message could not be opened: forged, damaged, or not for us.
    Undecryptable {
        /// Its hash.
        hash: MessageHash,
    },
    /// One request ended.
    RequestDone(RequestDone),
    /// A path was built or rebuilt.
    PathBuilt {
        /// Its guard.
        guard: NodeId,
    },
    /// A guard was given up.
    GuardDropped {
        /// Which.
        guard: NodeId,
    },
    /// A strike was given.
    Strike(StrikeAt),
    /// The clock offset was corrected.
    ClockCorrected {
        /// The new offset to add to the wall clock, in ms.
        offset_ms: i64,
    },
    /// A swarm was replaced after a 421.
    SwarmReplaced {
        /// Whose.
        account: AccountId,
    },
}

/// What a node reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeEvent {
    /// A message was stored here.
    Stored {
        /// Its hash.
        hash: MessageHash,
        /// Whether it was new.
        new: bool,
    },
    /// An onion layer was peeled and passed on.
    Relayed,
    /// A storage request ended with this status.
    Served(Status),
    /// A packet could not be peeled or passed on.
    HopRefused(Status),
    /// Expired messages were removed.
    Cleaned {
        /// How many.
        count: u32,
    },
    /// A page of a swarm member's messages was verified and is durable here.
    Pulled {
        /// Messages that were not here before.
        count: u32,
    },
    /// This node asked all members of its swarm for their messages.
    Rejoined {
        /// Members whose messages are all here.
        peers_answered: u16,
        /// Members that were asked.
        peers: u16,
    },
}

/// Anything a machine reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// What this party sees. Never part of a digest.
    Saw(Fact),
    /// From a client.
    Client(ClientEvent),
    /// From a node.
    Node(NodeEvent),
    /// From a directory, or somebody who follows one.
    Directory(DirectoryEvent),
}

impl Event {
    /// Feeds a stable encoding to `sink`, for digests: a tag byte and the fields, little-endian.
    /// Nothing for [`Event::Saw`]: declaring an observer must not change a digest.
    pub fn feed(&self, sink: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Saw(_) => {}
            Self::Client(event) => event.feed(sink),
            Self::Node(event) => event.feed(sink),
            Self::Directory(event) => event.feed(sink),
        }
    }
}

impl ClientEvent {
    fn feed(&self, sink: &mut dyn FnMut(&[u8])) {
        match self {
            Self::SendAccepted {
                send,
                hash,
                attempts,
                stored,
                durable,
                members,
            } => {
                // All durable is the short form.
                let all_durable = durable == stored;
                sink(&[if all_durable { 1 } else { 12 }, *attempts]);
                sink(&send.0.to_le_bytes());
                sink(hash.as_bytes());
                sink(&stored.to_le_bytes());
                sink(&members.to_le_bytes());
                if !all_durable {
                    sink(&durable.to_le_bytes());
                }
            }
            Self::SendFailed {
                send,
                attempts,
                reason,
            } => {
                sink(&[2, *attempts, reason.tag()]);
                sink(&send.0.to_le_bytes());
            }
            Self::Delivered(delivered) => {
                // The hash covers the ciphertext, and the ciphertext the content.
                sink(&[3]);
                sink(delivered.hash.as_bytes());
                sink(&delivered.sender.to_bytes());
                sink(&delivered.timestamp.ms().to_le_bytes());
            }
            Self::Undecryptable { hash } => {
                sink(&[4]);
                sink(hash.as_bytes());
            }
            Self::RequestDone(done) => {
                sink(&[5, done.kind.tag(), done.hops]);
                sink(&done.started.ns().to_le_bytes());
                sink(&done.ended.ns().to_le_bytes());
                sink(&done.bytes_up.to_le_bytes());
                sink(&done.bytes_down.to_le_bytes());
                sink(&done.status.map_or(0, |status| status.0).to_le_bytes());
            }
            Self::PathBuilt { guard } => feed_node(sink, 6, guard),
            Self::GuardDropped { guard } => feed_node(sink, 7, guard),
            Self::Strike(StrikeAt::Path(guard)) => feed_node(sink, 8, guard),
            Self::Strike(StrikeAt::Node(node)) => feed_node(sink, 9, node),
            Self::ClockCorrected { offset_ms } => {
                sink(&[10]);
                sink(&offset_ms.to_le_bytes());
            }
            Self::SwarmReplaced { account } => {
                sink(&[11]);
                sink(&account.to_bytes());
            }
        }
    }
}

impl NodeEvent {
    fn feed(&self, sink: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Stored { hash, new } => {
                sink(&[32, u8::from(*new)]);
                sink(hash.as_bytes());
            }
            Self::Relayed => sink(&[33]),
            Self::Served(status) => feed_status(sink, 34, *status),
            Self::HopRefused(status) => feed_status(sink, 35, *status),
            Self::Cleaned { count } => {
                sink(&[36]);
                sink(&count.to_le_bytes());
            }
            Self::Pulled { count } => {
                sink(&[37]);
                sink(&count.to_le_bytes());
            }
            Self::Rejoined {
                peers_answered,
                peers,
            } => {
                sink(&[38]);
                sink(&peers_answered.to_le_bytes());
                sink(&peers.to_le_bytes());
            }
        }
    }
}

impl RequestKind {
    const fn tag(self) -> u8 {
        match self {
            Self::Store => 0,
            Self::Retrieve => 1,
            Self::Info => 2,
            Self::GetSwarm => 3,
        }
    }
}

impl FailReason {
    const fn tag(self) -> u8 {
        match self {
            Self::AttemptsSpent => 0,
            Self::NoPath => 1,
            Self::NoSwarm => 2,
            Self::Unsealable => 3,
            Self::Refused(_) => 4,
            Self::Stopped => 5,
            Self::QueueFull => 6,
        }
    }
}

fn feed_node(sink: &mut dyn FnMut(&[u8]), tag: u8, node: &NodeId) {
    sink(&[tag]);
    sink(node.as_bytes());
}

fn feed_status(sink: &mut dyn FnMut(&[u8]), tag: u8, status: Status) {
    sink(&[tag]);
    sink(&status.0.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use leek_fact::Item;
    use leek_swarm::{Epoch, Snapshot};

    use super::*;

    const NODE: NodeId = NodeId::from_bytes([7; 32]);

    const fn rejoined(peers_answered: u16, peers: u16) -> NodeEvent {
        NodeEvent::Rejoined {
            peers_answered,
            peers,
        }
    }

    fn accepted(stored: u16, durable: u16) -> Event {
        Event::Client(ClientEvent::SendAccepted {
            send: SendTag(1),
            hash: MessageHash::from_bytes([2; 32]),
            attempts: 3,
            stored,
            durable,
            members: 4,
        })
    }

    fn taken_up(signed: &[u8]) -> Event {
        Event::Directory(DirectoryEvent::Accepted {
            signed: signed.into(),
            snapshot: Arc::new(Snapshot::new(Epoch(1), vec![]).unwrap()),
            valid_until: Wall::from_ms(9),
        })
    }

    /// Runs whose members all say durable keep the digests they had before members could say so.
    #[test]
    fn durability_that_is_complete_adds_nothing_to_a_digest() {
        let mut expected = vec![1, 3];
        expected.extend(1_u64.to_le_bytes());
        expected.extend([2; 32]);
        expected.extend([5, 0, 4, 0]);
        assert_eq!(bytes(&accepted(5, 5)), expected);
    }

    fn bytes(event: &Event) -> Vec<u8> {
        let mut out = Vec::new();
        event.feed(&mut |part| out.extend_from_slice(part));
        out
    }

    #[test]
    fn facts_stay_outside_a_digest() {
        let fact = Fact {
            at_ns: 1,
            request: 2,
            item: Item::RequestBytes(3),
        };
        assert!(bytes(&Event::Saw(fact)).is_empty());
    }

    #[test]
    fn different_events_feed_different_bytes() {
        let events = [
            Event::Node(NodeEvent::Relayed),
            Event::Node(NodeEvent::Served(Status::OK)),
            Event::Node(NodeEvent::HopRefused(Status::OK)),
            Event::Node(NodeEvent::Served(Status::INTERNAL)),
            Event::Node(NodeEvent::Cleaned { count: 1 }),
            Event::Client(ClientEvent::ClockCorrected { offset_ms: 1 }),
            Event::Client(ClientEvent::ClockCorrected { offset_ms: -1 }),
            Event::Node(NodeEvent::Pulled { count: 1 }),
            Event::Node(rejoined(1, 2)),
            Event::Node(rejoined(2, 2)),
            accepted(2, 2),
            accepted(2, 1),
            accepted(2, 0),
            Event::Directory(DirectoryEvent::Silent { from: NODE }),
            Event::Directory(DirectoryEvent::Announced { to: NODE }),
            Event::Directory(DirectoryEvent::Refused {
                from: NODE,
                why: "expired",
            }),
            Event::Directory(DirectoryEvent::Refused {
                from: NODE,
                why: "older",
            }),
            Event::Directory(DirectoryEvent::Published {
                epoch: Epoch(1),
                nodes: 2,
            }),
            Event::Directory(DirectoryEvent::ClockOff {
                offset_ms: 1,
                answers: 2,
            }),
            taken_up(b"one"),
            taken_up(b"two"),
        ];
        for (i, a) in events.iter().enumerate() {
            for b in events.iter().skip(i + 1) {
                assert_ne!(bytes(a), bytes(b), "{a:?} {b:?}");
            }
        }
    }
}
