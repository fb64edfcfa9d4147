use core::fmt;
use std::sync::Arc;

use leek_crypto::{Signature, Suite};
use leek_identity::{NodeId, NodeKeys};

/// What the pure part of a node's work needs: primitives and keys. Shared, never copied.
pub struct NodePrep {
    suite: Arc<dyn Suite>,
    keys: NodeKeys,
}

impl NodePrep {
    /// The keys of one node, used through `suite`.
    pub const fn new(suite: Arc<dyn Suite>, keys: NodeKeys) -> Self {
        Self { suite, keys }
    }

    /// The node's public id.
    pub const fn id(&self) -> NodeId {
        self.keys.id()
    }

    /// The node's keys.
    pub const fn keys(&self) -> &NodeKeys {
        &self.keys
    }

    /// The primitives.
    pub fn suite(&self) -> &dyn Suite {
        &*self.suite
    }

    pub(crate) fn sign(&self, text: &str) -> Signature {
        self.keys.signing().sign(self.suite(), text.as_bytes())
    }
}

/// The public half only.
impl fmt::Debug for NodePrep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodePrep")
            .field("id", &self.keys.id())
            .field("suite", &self.suite.name())
            .finish_non_exhaustive()
    }
}
