use leek_crypto::Signature;
use leek_directory::{Authority, AuthorityInput, Follower};
use leek_machine::{Cx, Machine, Tick};
use leek_wire::{Input, Output};

use crate::byzantine::Byzantine;

/// The machine of an actor.
pub(crate) enum Brain {
    Directory(Box<Authority>),
    Byzantine(Box<Byzantine>),
    Node(Box<Follower>),
}

impl Brain {
    pub(super) fn timeout(&self) -> Option<Tick> {
        let timeout = match self {
            Self::Directory(authority) => authority.poll_timeout(),
            Self::Byzantine(byzantine) => byzantine.inner.poll_timeout(),
            Self::Node(follower) => follower.poll_timeout(),
        };
        timeout.map(|(tick, _)| tick)
    }

    pub(super) fn handle(&mut self, cx: &mut Cx<'_, ()>, input: Input) {
        match self {
            Self::Directory(authority) => authority.handle(cx, input.into()),
            Self::Byzantine(byzantine) => byzantine.handle(cx, input),
            Self::Node(follower) => follower.handle(cx, input.into()),
        }
    }

    pub(super) fn handle_timeout(&mut self, cx: &mut Cx<'_, ()>) {
        match self {
            Self::Directory(authority) => authority.handle_timeout(cx),
            Self::Byzantine(byzantine) => byzantine.inner.handle_timeout(cx),
            Self::Node(follower) => follower.handle_timeout(cx),
        }
    }

    pub(super) fn kept(&mut self, cx: &mut Cx<'_, ()>, generation: u64) {
        let kept = AuthorityInput::kept(generation);
        match self {
            Self::Directory(authority) => authority.handle(cx, kept),
            Self::Byzantine(byzantine) => byzantine.inner.handle(cx, kept),
            Self::Node(_) => panic!("nodes keep nothing"),
        }
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        match self {
            Self::Directory(authority) => authority.poll_output(),
            Self::Byzantine(byzantine) => byzantine.poll_output(),
            Self::Node(follower) => follower.poll_output(),
        }
    }

    /// Signatures that a dishonest directory made for itself.
    pub(super) fn signed(&mut self) -> Vec<(Vec<u8>, Signature)> {
        match self {
            Self::Byzantine(byzantine) => core::mem::take(&mut byzantine.signed),
            Self::Directory(_) | Self::Node(_) => Vec::new(),
        }
    }
}
