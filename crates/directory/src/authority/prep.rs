use core::fmt;
use std::sync::Arc;

use leek_crypto::Suite;
use leek_identity::{NodeId, NodeKeys};

use crate::Trust;

/// What the pure part of a directory's work needs: primitives, its keys, and who the directories
/// are.
pub struct AuthorityPrep {
    suite: Arc<dyn Suite>,
    keys: NodeKeys,
    trust: Trust,
}

impl AuthorityPrep {
    /// The directory with these keys, one of those in `trust`.
    pub const fn new(suite: Arc<dyn Suite>, keys: NodeKeys, trust: Trust) -> Self {
        Self { suite, keys, trust }
    }

    /// The directory's public id.
    pub const fn id(&self) -> NodeId {
        self.keys.id()
    }

    /// The directories of the network.
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(crate) fn suite(&self) -> &dyn Suite {
        &*self.suite
    }

    pub(crate) const fn keys(&self) -> &NodeKeys {
        &self.keys
    }
}

/// The public half only.
impl fmt::Debug for AuthorityPrep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorityPrep")
            .field("id", &self.keys.id())
            .field("suite", &self.suite.name())
            .finish_non_exhaustive()
    }
}
