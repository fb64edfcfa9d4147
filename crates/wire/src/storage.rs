use std::num::NonZeroU16;

use leek_crypto::{EdPublic, Signature};
use leek_identity::{
    AccountId, MessageHash, Namespace, NodeId, NodeRecord,
    signed_text::{ExpiryMode, Scope},
};
use leek_machine::Wall;
use leek_swarm::SwarmId;

use crate::Status;

/// Proof that the owner of an account asks: Ed25519 over the method's signed text
/// (`leek_identity::signed_text`, network spec 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnerProof {
    /// For `05` accounts: the Ed25519 key whose X25519 image is the account. Others sign with the
    /// account's own key.
    pub ed25519: Option<EdPublic>,
    /// The signature.
    pub signature: Signature,
}

/// How far a message must have come before a store is answered. The answer says how far it came
/// at each member; a level that could not be reached shows there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AckLevel {
    /// The asked node has it, in memory.
    Received,
    /// The asked node's store has committed it.
    Durable,
    /// So many members' stores have committed it.
    Quorum(NonZeroU16),
    /// Every member of the swarm ended: committed, failed or timed out.
    #[default]
    All,
}

/// A storage method and its parameters (network spec 2.6). Times are unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StorageRequest {
    /// Keep a message.
    Store {
        /// The mailbox's account.
        account: AccountId,
        /// The mailbox's namespace.
        namespace: Namespace,
        /// When the sender made it.
        timestamp: Wall,
        /// How long to keep it from `timestamp`, in ms.
        ttl_ms: u64,
        /// At most [`DATA_BYTES_MAX`](crate::limits::DATA_BYTES_MAX) bytes.
        data: Vec<u8>,
        /// The time in the signed text; `timestamp` when absent.
        sig_timestamp: Option<Wall>,
        /// Needed unless the namespace is a public inbox.
        proof: Option<OwnerProof>,
        /// When to answer.
        ack: AckLevel,
    },
    /// Return messages of one namespace.
    Retrieve {
        /// The mailbox's account.
        account: AccountId,
        /// The mailbox's namespace.
        namespace: Namespace,
        /// Only what this node stored after this message.
        last_hash: Option<MessageHash>,
        /// At most so many messages.
        max_count: Option<u32>,
        /// Bytes, or `-n` for the n-th part of the whole budget.
        max_size: Option<i64>,
        /// The time in the signed text.
        timestamp: Wall,
        /// Needed unless the namespace may be read by anyone.
        proof: Option<OwnerProof>,
    },
    /// Remove messages by hash, in any namespace.
    Delete {
        /// The owner.
        account: AccountId,
        /// Which.
        messages: Vec<MessageHash>,
        /// Refuse with 404 when nothing was deleted anywhere.
        required: bool,
        /// The owner's proof.
        proof: OwnerProof,
    },
    /// Remove everything in scope.
    DeleteAll {
        /// The owner.
        account: AccountId,
        /// Where.
        scope: Scope,
        /// The time in the signed text.
        timestamp: Wall,
        /// The owner's proof.
        proof: OwnerProof,
    },
    /// Remove what was stored with a timestamp up to `before`.
    DeleteBefore {
        /// The owner.
        account: AccountId,
        /// Where.
        scope: Scope,
        /// The bound.
        before: Wall,
        /// The owner's proof.
        proof: OwnerProof,
    },
    /// Change expiries by hash.
    Expire {
        /// The owner.
        account: AccountId,
        /// Which.
        messages: Vec<MessageHash>,
        /// One expiry for all, or one for each of `messages`.
        expiries: Vec<Wall>,
        /// How.
        mode: ExpiryMode,
        /// The owner's proof.
        proof: OwnerProof,
    },
    /// Shorten the expiry of everything in scope to at most `expiry`.
    ExpireAll {
        /// The owner.
        account: AccountId,
        /// Where.
        scope: Scope,
        /// The new latest expiry.
        expiry: Wall,
        /// The owner's proof.
        proof: OwnerProof,
    },
    /// Return expiries by hash.
    GetExpiries {
        /// The owner.
        account: AccountId,
        /// Which.
        messages: Vec<MessageHash>,
        /// The time in the signed text.
        timestamp: Wall,
        /// The owner's proof.
        proof: OwnerProof,
    },
    /// Return the swarm of an account. No proof; any node answers.
    GetSwarm {
        /// The account.
        account: AccountId,
    },
    /// Return the node's version and clock.
    Info,
    /// Run all, in order; at most [`BATCH_MAX`](crate::limits::BATCH_MAX), not nested.
    Batch(Vec<Self>),
    /// Run in order and stop after the first that does not succeed.
    Sequence(Vec<Self>),
}

impl StorageRequest {
    /// The account the request is about; `None` for `Info`, batches and sequences.
    pub const fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Store { account, .. }
            | Self::Retrieve { account, .. }
            | Self::Delete { account, .. }
            | Self::DeleteAll { account, .. }
            | Self::DeleteBefore { account, .. }
            | Self::Expire { account, .. }
            | Self::ExpireAll { account, .. }
            | Self::GetExpiries { account, .. }
            | Self::GetSwarm { account } => Some(account),
            Self::Info | Self::Batch(_) | Self::Sequence(_) => None,
        }
    }

    /// Whether the swarm's other members must run it too.
    pub const fn is_write(&self) -> bool {
        matches!(
            self,
            Self::Store { .. }
                | Self::Delete { .. }
                | Self::DeleteAll { .. }
                | Self::DeleteBefore { .. }
                | Self::Expire { .. }
                | Self::ExpireAll { .. }
        )
    }
}

/// A stored message as a retrieve returns it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredMessage {
    /// Its hash.
    pub hash: MessageHash,
    /// The sender's timestamp.
    pub timestamp: Wall,
    /// When it expires.
    pub expiry: Wall,
    /// The bytes.
    pub data: Vec<u8>,
}

/// What one member of the swarm did, signed with its node key (network spec 2.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MemberChange {
    /// It holds the message.
    Stored {
        /// Over the hash's text; followed by `received` when not durable.
        signature: Signature,
        /// Until when.
        expiry: Wall,
        /// Whether it held it before.
        already: bool,
        /// Whether its store has committed it; else it was only received.
        durable: bool,
    },
    /// It deleted these.
    Deleted {
        /// Over the method's text and the sorted hashes.
        signature: Signature,
        /// Deleted messages with their namespace, sorted by hash text.
        deleted: Vec<(Namespace, MessageHash)>,
    },
    /// It changed these expiries.
    Expired {
        /// Over the method's text and the sorted hashes.
        signature: Signature,
        /// Messages whose expiry changed, with the new one, sorted by hash text.
        updated: Vec<(MessageHash, Wall)>,
        /// Messages found but not changed, with the expiry they keep, sorted by hash text.
        unchanged: Vec<(MessageHash, Wall)>,
    },
}

/// Why a member's result is missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MemberFailure {
    /// No answer in time.
    Timeout,
    /// It refused with this code.
    Refused {
        /// The status code.
        status: Status,
        /// Its words; at most [`REASON_BYTES_MAX`](crate::limits::REASON_BYTES_MAX) bytes.
        reason: String,
    },
    /// Its answer was not one to this request.
    BadResponse,
    /// Its store failed.
    QueryFailure,
}

/// One member of the swarm and its result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// Which node.
    pub node: NodeId,
    /// What it did, or why that is not known.
    pub result: Result<MemberChange, MemberFailure>,
}

/// The body of a storage reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StorageBody {
    /// A write ran: one entry per member of the swarm that ended, this node included. All did,
    /// unless a store asked for its answer earlier.
    Changed {
        /// For `store`: the message's hash.
        hash: Option<MessageHash>,
        /// Sorted by node id.
        members: Vec<Member>,
    },
    /// Messages in this node's insertion order.
    Messages {
        /// The messages.
        messages: Vec<StoredMessage>,
        /// Whether more are waiting.
        more: bool,
    },
    /// Expiries of the messages that exist, sorted by hash text.
    Expiries(Vec<(MessageHash, Wall)>),
    /// The swarm of an account: the answer to `get_swarm`, and the body of a 421.
    Swarm {
        /// Its id.
        swarm: SwarmId,
        /// Its members, sorted by node id.
        nodes: Vec<NodeRecord>,
    },
    /// The node's version and clock.
    Info {
        /// Major, minor, patch.
        version: [u16; 3],
    },
    /// One reply per subrequest that ran.
    Batch(Vec<StorageReply>),
    /// A refusal's text.
    Error(String),
}

/// A storage reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StorageReply {
    /// The status code.
    pub status: Status,
    /// The node's clock (`t`), from which clients correct theirs.
    pub clock: Wall,
    /// The body.
    pub body: StorageBody,
}

impl StorageReply {
    /// A refusal.
    pub fn error(status: Status, clock: Wall, text: impl Into<String>) -> Self {
        Self {
            status,
            clock,
            body: StorageBody::Error(text.into()),
        }
    }
}
