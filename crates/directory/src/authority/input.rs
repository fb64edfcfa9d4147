//! Inputs, and the pure part of handling them.

use leek_identity::NodeId;
use leek_machine::Wall;
use leek_wire::{CallId, Input, Outcome, Peer, Request, Response};

use super::AuthorityPrep;
use crate::{
    DescriptorRefused, Malformed, SignedDescriptor, SnapshotRefused, Verified,
    cosign::{CosignAnswer, CosignRefused, CosignRequest, Proposal},
};

/// What a directory takes: an input of the world, or the word that its state is durable.
///
/// Made from a [`leek_wire::Input`] or by [`AuthorityInput::kept`]; preparing checks signatures. A
/// directory that is handed one unprepared prepares it itself.
#[derive(Clone, Debug)]
pub struct AuthorityInput(pub(super) Stage);

#[derive(Clone, Debug)]
pub(super) enum Stage {
    Raw(Input),
    Kept(u64),
    Announce(
        Peer,
        CallId,
        Box<Result<SignedDescriptor, DescriptorRefused>>,
    ),
    Propose(NodeId, CallId, Box<Proposal>),
    Certified(NodeId, CallId, Box<Result<Verified, SnapshotRefused>>),
    CosignRefused(NodeId, CallId, CosignRefused),
    Fetched(CallId, Fetched),
    Cosigned(CallId, Result<CosignAnswer, Malformed>),
}

/// What another directory has, and what its clock says.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) clock: Wall,
    pub(super) newest: Option<Box<Result<Verified, SnapshotRefused>>>,
}

impl From<Input> for AuthorityInput {
    fn from(input: Input) -> Self {
        Self(Stage::Raw(input))
    }
}

impl AuthorityInput {
    /// The state of this generation, and with it all before, is durable: the answer to
    /// [`DirectoryEvent::Keep`](leek_wire::DirectoryEvent::Keep).
    pub const fn kept(generation: u64) -> Self {
        Self(Stage::Kept(generation))
    }

    /// Decodes and checks signatures. Does nothing the second time.
    pub(super) fn prepared(self, prep: &AuthorityPrep) -> Self {
        Self(match self.0 {
            Stage::Raw(Input::Request {
                from,
                call,
                body: Request::Announce(bytes),
            }) => {
                let descriptor = SignedDescriptor::verify(prep.suite(), &bytes);
                Stage::Announce(from, call, Box::new(descriptor))
            }
            Stage::Raw(Input::Request {
                from: Peer::Node(from),
                call,
                body: Request::Cosign(bytes),
            }) if prep.trust().index_of(&from).is_some() => cosign(prep, from, call, &bytes),
            Stage::Raw(Input::Reply { call, outcome }) => reply(prep, call, outcome),
            stage => stage,
        })
    }
}

fn cosign(prep: &AuthorityPrep, from: NodeId, call: CallId, bytes: &[u8]) -> Stage {
    match CosignRequest::read(prep.suite(), bytes) {
        Ok(CosignRequest::Proposal(proposal)) => Stage::Propose(from, call, Box::new(proposal)),
        Ok(CosignRequest::Certified(signed)) => {
            let verified = prep.trust().authenticate(prep.suite(), &signed);
            Stage::Certified(from, call, Box::new(verified))
        }
        Err(error) => Stage::CosignRefused(from, call, error),
    }
}

fn reply(prep: &AuthorityPrep, call: CallId, outcome: Outcome<Response>) -> Stage {
    match outcome {
        Outcome::Done(Response::Cosigned(bytes)) => {
            Stage::Cosigned(call, CosignAnswer::read(&bytes))
        }
        Outcome::Done(Response::Snapshot { clock, signed }) => {
            let verified = signed.map(|signed| prep.trust().authenticate(prep.suite(), &signed));
            let newest = verified.map(Box::new);
            Stage::Fetched(call, Fetched { clock, newest })
        }
        outcome => Stage::Raw(Input::Reply { call, outcome }),
    }
}
