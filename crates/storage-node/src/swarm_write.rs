//! One write and what every member of the swarm made of it (network spec 1.5).

use std::collections::BTreeMap;

use leek_identity::{MessageHash, NodeId};
use leek_machine::Wall;
use leek_wire::{
    AckLevel, Member, MemberChange, MemberFailure, Outcome, Response, Status, StorageBody,
    StorageReply, StorageRequest, StoreError, WriteId,
};

use crate::{NodePrep, sign};

/// What a write is, as far as its answers are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteKind {
    Store(MessageHash),
    Delete { required: bool },
    Expire,
}

impl WriteKind {
    pub(crate) const fn of(request: &StorageRequest, hash: Option<MessageHash>) -> Self {
        match (request, hash) {
            (StorageRequest::Store { .. }, Some(hash)) => Self::Store(hash),
            (StorageRequest::Delete { required, .. }, _) => Self::Delete {
                required: *required,
            },
            (StorageRequest::DeleteAll { .. } | StorageRequest::DeleteBefore { .. }, _) => {
                Self::Delete { required: false }
            }
            _ => Self::Expire,
        }
    }

    const fn hash(self) -> Option<MessageHash> {
        match self {
            Self::Store(hash) => Some(hash),
            Self::Delete { .. } | Self::Expire => None,
        }
    }

    const fn fits(self, change: &MemberChange) -> bool {
        matches!(
            (self, change),
            (Self::Store(_), MemberChange::Stored { .. })
                | (Self::Delete { .. }, MemberChange::Deleted { .. })
                | (Self::Expire, MemberChange::Expired { .. })
        )
    }
}

/// A write under way: done once this node's part is durable and every peer ended.
#[derive(Clone, Debug)]
pub(crate) struct SwarmWrite {
    kind: WriteKind,
    me: NodeId,
    /// When to answer, if that comes before the end.
    ack: AckLevel,
    /// This node's part, until it is durable.
    local: Option<(WriteId, MemberChange)>,
    /// Peers that have not ended.
    waiting: usize,
    results: BTreeMap<NodeId, Result<MemberChange, MemberFailure>>,
}

impl SwarmWrite {
    pub(crate) const fn new(kind: WriteKind, me: NodeId, ack: AckLevel, peers: usize) -> Self {
        Self {
            kind,
            me,
            ack,
            local: None,
            waiting: peers,
            results: BTreeMap::new(),
        }
    }

    /// This node did its part, which is durable with `write`, or at once.
    pub(crate) fn applied(&mut self, change: MemberChange, write: Option<WriteId>) {
        match write {
            Some(write) => self.local = Some((write, change)),
            None => {
                self.results.insert(self.me, Ok(change));
            }
        }
    }

    /// This node could not do its part.
    pub(crate) fn failed(&mut self, failure: MemberFailure) {
        self.results.insert(self.me, Err(failure));
    }

    /// `write` ended.
    pub(crate) fn written(&mut self, write: WriteId, result: Result<(), StoreError>) {
        if let Some((_, change)) = self.local.take_if(|(mine, _)| *mine == write) {
            let result = result.map_err(|_| MemberFailure::QueryFailure);
            self.results.insert(self.me, result.map(|()| change));
        }
    }

    /// The call to `peer` ended.
    pub(crate) fn peer_ended(&mut self, peer: NodeId, outcome: Outcome<Response>) {
        let result = self.read(peer, outcome);
        self.results.insert(peer, result);
        self.waiting = self.waiting.saturating_sub(1);
    }

    pub(crate) const fn is_finished(&self) -> bool {
        self.local.is_none() && self.waiting == 0
    }

    /// Whether it came as far as the client asked, though not all ended.
    pub(crate) fn is_acknowledged(&self) -> bool {
        let here = matches!(self.results.get(&self.me), Some(Ok(_)));
        match self.ack {
            AckLevel::Received => here || self.local.is_some(),
            AckLevel::Durable => here,
            AckLevel::Quorum(members) => self.durable_members() >= usize::from(members.get()),
            AckLevel::All => false,
        }
    }

    fn durable_members(&self) -> usize {
        let durable = |result: &&Result<MemberChange, MemberFailure>| {
            matches!(result, Ok(MemberChange::Stored { durable: true, .. }))
        };
        self.results.values().filter(durable).count()
    }

    /// The answer before the end: what ended, and this node, if only to say that it has it.
    pub(crate) fn acknowledge(&self, prep: &NodePrep, clock: Wall) -> StorageReply {
        let mut results = self.results.clone();
        if let (
            WriteKind::Store(hash),
            Some((
                _,
                MemberChange::Stored {
                    expiry, already, ..
                },
            )),
        ) = (self.kind, &self.local)
        {
            let received = MemberChange::Stored {
                signature: prep.sign(&sign::received(&hash)),
                expiry: *expiry,
                already: *already,
                durable: false,
            };
            results.insert(self.me, Ok(received));
        }
        self.reply(Status::OK, clock, results)
    }

    /// The message stored here, and whether it was new: once that is durable.
    pub(crate) fn stored_here(&self) -> Option<(MessageHash, bool)> {
        match (self.kind, self.results.get(&self.me)) {
            (WriteKind::Store(hash), Some(Ok(MemberChange::Stored { already, .. }))) => {
                Some((hash, !already))
            }
            _ => None,
        }
    }

    /// 200 if any member did it, 500 if none, 507 if none because the mailbox is full here; 404 if
    /// nothing of a required delete was there (the documented rule; the deployed node answers 200
    /// in any case).
    pub(crate) fn conclude(&mut self, clock: Wall) -> StorageReply {
        let any_success = self.results.values().any(Result::is_ok);
        let any_deleted = self.results.values().any(|result| match result {
            Ok(MemberChange::Deleted { deleted, .. }) => !deleted.is_empty(),
            _ => false,
        });
        let required = self.kind == WriteKind::Delete { required: true };
        let full_here = matches!(
            self.results.get(&self.me),
            Some(Err(MemberFailure::Refused {
                status: Status::INSUFFICIENT_STORAGE,
                ..
            }))
        );
        let status = if !any_success && full_here {
            Status::INSUFFICIENT_STORAGE
        } else if !any_success {
            Status::INTERNAL
        } else if required && !any_deleted {
            Status::NOT_FOUND
        } else {
            Status::OK
        };
        let results = core::mem::take(&mut self.results);
        self.reply(status, clock, results)
    }

    fn reply(
        &self,
        status: Status,
        clock: Wall,
        results: BTreeMap<NodeId, Result<MemberChange, MemberFailure>>,
    ) -> StorageReply {
        let members = results
            .into_iter()
            .map(|(node, result)| Member { node, result })
            .collect();
        StorageReply {
            status,
            clock,
            body: StorageBody::Changed {
                hash: self.kind.hash(),
                members,
            },
        }
    }

    fn read(
        &self,
        peer: NodeId,
        outcome: Outcome<Response>,
    ) -> Result<MemberChange, MemberFailure> {
        match outcome {
            Outcome::Lost => Err(MemberFailure::Timeout),
            Outcome::Refused(refusal) => Err(MemberFailure::Refused {
                status: refusal.status,
                reason: refusal.reason,
            }),
            Outcome::Done(Response::Forward(reply)) => self.read_reply(peer, reply),
            Outcome::Done(_) => Err(MemberFailure::BadResponse),
        }
    }

    /// A peer speaks for itself only, about this write only.
    fn read_reply(&self, peer: NodeId, reply: StorageReply) -> Result<MemberChange, MemberFailure> {
        let status = reply.status;
        match reply.body {
            StorageBody::Changed { hash, members } => match <[Member; 1]>::try_from(members) {
                Ok([member]) if member.node == peer && hash == self.kind.hash() => {
                    match member.result {
                        Ok(change) if self.kind.fits(&change) => Ok(change),
                        Err(
                            failure @ (MemberFailure::QueryFailure | MemberFailure::Refused { .. }),
                        ) => Err(failure),
                        Ok(_) | Err(_) => Err(MemberFailure::BadResponse),
                    }
                }
                Ok(_) | Err(_) => Err(MemberFailure::BadResponse),
            },
            StorageBody::Error(reason) if !status.is_success() => {
                Err(MemberFailure::Refused { status, reason })
            }
            StorageBody::Swarm { .. } if status == Status::WRONG_SWARM => {
                Err(MemberFailure::Refused {
                    status,
                    reason: "the account belongs to another swarm".into(),
                })
            }
            _ => Err(MemberFailure::BadResponse),
        }
    }
}
