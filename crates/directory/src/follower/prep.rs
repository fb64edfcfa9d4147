use core::fmt;
use std::sync::Arc;

use leek_crypto::Suite;
use leek_identity::{NodeAddress, NodeId, NodeKeys};
use leek_machine::Wall;

use crate::{Descriptor, SignedDescriptor, Trust};

/// What the pure part of a follower's work needs: primitives, and whom to trust.
pub struct FollowerPrep {
    suite: Arc<dyn Suite>,
    trust: Trust,
}

impl FollowerPrep {
    /// Trusts `trust`, checked with `suite`.
    pub const fn new(suite: Arc<dyn Suite>, trust: Trust) -> Self {
        Self { suite, trust }
    }

    /// Whom it trusts.
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(crate) fn suite(&self) -> &dyn Suite {
        &*self.suite
    }
}

impl fmt::Debug for FollowerPrep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowerPrep")
            .field("suite", &self.suite.name())
            .field("trust", &self.trust)
            .finish()
    }
}

/// What a node tells the directories of itself. Clones share the keys.
#[derive(Clone)]
pub struct Announcer {
    keys: Arc<NodeKeys>,
    address: NodeAddress,
    version: [u16; 3],
}

impl Announcer {
    /// The node with these keys, which listens at `address` and runs this version of its software.
    pub const fn new(keys: Arc<NodeKeys>, address: NodeAddress, version: [u16; 3]) -> Self {
        Self {
            keys,
            address,
            version,
        }
    }

    /// The node.
    pub fn id(&self) -> NodeId {
        self.keys.id()
    }

    pub(super) fn descriptor(&self, prep: &FollowerPrep, now: Wall) -> SignedDescriptor {
        Descriptor {
            network: prep.trust().network().clone(),
            record: self.keys.record(self.address),
            version: self.version,
            published: now,
        }
        .sign(prep.suite(), &self.keys)
    }
}

/// The public half only.
impl fmt::Debug for Announcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announcer")
            .field("id", &self.keys.id())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
