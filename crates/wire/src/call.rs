use std::{net::Ipv4Addr, sync::Arc};

use leek_identity::{MessageHash, NodeId};
use leek_machine::{Tick, Wall};
use leek_onion::{FormatId, Packet};
use leek_swarm::{Epoch, Snapshot};

use crate::{Event, PullPage, StorageReply, StorageRequest, StoreError, WriteBatch};

/// Names one call between a machine and its interpreter; unique per machine, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Names one write batch of a machine; increasing in the order the batches commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// Who is at the other end of the connection a request came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A node that proved its key on the connection.
    Node(NodeId),
    /// Anybody else, known by network address only.
    Client {
        /// IPv4 address.
        ip: Ipv4Addr,
        /// TCP port.
        port: u16,
    },
}

/// An HTTP-like status code (network spec 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u16);

impl Status {
    /// Done.
    pub const OK: Self = Self(200);
    /// Malformed request, too much data, or too many hops.
    pub const BAD_REQUEST: Self = Self(400);
    /// Signature missing or wrong; also a stale `delete_before` or `expire`.
    pub const UNAUTHORIZED: Self = Self(401);
    /// TTL outside the namespace's limits.
    pub const FORBIDDEN: Self = Self(403);
    /// A `required` delete that deleted nothing.
    pub const NOT_FOUND: Self = Self(404);
    /// Timestamp outside the tolerance: somebody's clock is wrong.
    pub const NOT_ACCEPTABLE: Self = Self(406);
    /// The account belongs to another swarm; the body lists it.
    pub const WRONG_SWARM: Self = Self(421);
    /// Over a rate limit.
    pub const TOO_MANY_REQUESTS: Self = Self(429);
    /// Every member of the swarm failed, or the store did.
    pub const INTERNAL: Self = Self(500);
    /// The next hop is unknown or unreachable.
    pub const BAD_GATEWAY: Self = Self(502);
    /// Not ready, or busy.
    pub const UNAVAILABLE: Self = Self(503);
    /// The next hop did not answer in time.
    pub const GATEWAY_TIMEOUT: Self = Self(504);
    /// The mailbox's quota is used up.
    pub const INSUFFICIENT_STORAGE: Self = Self(507);

    /// Whether the code is 2xx.
    pub const fn is_success(self) -> bool {
        self.0 >= 200 && self.0 < 300
    }
}

/// A refusal in the clear: anybody on the way could have made it (network spec 3.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The status code.
    pub status: Status,
    /// Text for people and for `leek_onion::HopError`; at most
    /// [`REASON_BYTES_MAX`](crate::limits::REASON_BYTES_MAX) bytes.
    pub reason: String,
}

impl Refusal {
    /// A refusal with this status and reason.
    pub fn new(status: Status, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
        }
    }

    /// The refusal of an interpreter whose inbox is full.
    pub fn busy() -> Self {
        Self::new(Status::UNAVAILABLE, "busy")
    }

    /// The refusal of a machine that is asked for what it does not do.
    pub fn not_served() -> Self {
        Self::new(Status::BAD_REQUEST, "not served here")
    }
}

/// How a call ended, as its caller sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome<T> {
    /// The peer answered.
    Done(T),
    /// The peer, or somebody in its name, refused.
    Refused(Refusal),
    /// No answer before the deadline, or the connection broke. It may or may not have run.
    Lost,
}

/// An onion packet on its way, or a bare storage request under the `direct` format.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OnionRequest {
    /// How the packet is built.
    pub format: FormatId,
    /// The packet for this hop.
    pub packet: Packet,
}

/// What one process asks another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Peel this and pass it on, or serve it.
    Onion(OnionRequest),
    /// A swarm member passes on a write it received. The peer checks everything itself and does
    /// not pass it on again.
    Forward(StorageRequest),
    /// A swarm member asks for the messages that this one holds, page by page.
    Pull {
        /// Only messages whose hashes are larger, by their bytes.
        after: Option<MessageHash>,
    },
    /// A node tells a directory of itself: a signed descriptor of at most
    /// [`DESCRIPTOR_BYTES_MAX`](crate::limits::DESCRIPTOR_BYTES_MAX) bytes.
    Announce(Vec<u8>),
    /// Asks a directory for its newest signed snapshot.
    Snapshot {
        /// What the asker has: an older or equal one is not sent.
        newer_than: Option<Epoch>,
    },
    /// A directory asks another to sign its proposal of at most
    /// [`COSIGN_BYTES_MAX`](crate::limits::COSIGN_BYTES_MAX) bytes.
    Cosign(Vec<u8>),
}

/// What a process answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Response {
    /// The destination's reply, opaque to every hop; all hops pass the same bytes.
    Onion(Vec<u8>),
    /// This member's result of a forwarded write.
    Forward(StorageReply),
    /// A page of this member's messages.
    Pull(PullPage),
    /// The directory took the descriptor.
    Announced {
        /// The directory's clock.
        clock: Wall,
    },
    /// What a directory has.
    Snapshot {
        /// The directory's clock.
        clock: Wall,
        /// The newest signed snapshot, of at most
        /// [`SNAPSHOT_BYTES_MAX`](crate::limits::SNAPSHOT_BYTES_MAX) bytes; `None` when the
        /// asker's is as new, or there is none.
        signed: Option<Arc<[u8]>>,
    },
    /// A directory's signature, of at most
    /// [`COSIGN_BYTES_MAX`](crate::limits::COSIGN_BYTES_MAX) bytes.
    Cosigned(Vec<u8>),
}

/// What the world tells a node; the client wraps it and adds commands.
#[derive(Clone, Debug)]
pub enum Input {
    /// A peer asks something.
    Request {
        /// Who is on the connection.
        from: Peer,
        /// The name to answer under.
        call: CallId,
        /// What it asks.
        body: Request,
    },
    /// A call of ours ended.
    Reply {
        /// The call.
        call: CallId,
        /// How it ended.
        outcome: Outcome<Response>,
    },
    /// A write batch of ours is durable, or failed.
    Written {
        /// The batch.
        write: WriteId,
        /// Whether it is durable.
        result: Result<(), StoreError>,
    },
    /// The membership changed, or is known for the first time.
    Membership(Arc<Snapshot>),
}

/// What a machine asks of the world.
#[derive(Clone, Debug)]
pub enum Output {
    /// Call a node.
    Call {
        /// Whom.
        to: NodeId,
        /// The name under which the outcome returns.
        call: CallId,
        /// What to ask.
        body: Request,
        /// When to give up, on this host's monotonic clock.
        deadline: Tick,
    },
    /// Answer a request.
    Answer {
        /// Which.
        call: CallId,
        /// Release it only once this batch, and all before it, are durable.
        after: Option<WriteId>,
        /// The answer.
        body: Result<Response, Refusal>,
    },
    /// Commit a batch, after all earlier ones.
    Write {
        /// Its name.
        write: WriteId,
        /// Its content.
        batch: WriteBatch,
    },
    /// Report something.
    Event(Event),
}
