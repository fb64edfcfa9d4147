use std::sync::Arc;

use leek_identity::NodeId;
use leek_machine::Wall;
use leek_swarm::{Epoch, Snapshot};

use super::feed_node;

/// What a directory reports, and whoever follows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryEvent {
    /// A follower verified a snapshot and goes by it.
    Accepted {
        /// The bytes with their signatures, for the cache.
        signed: Arc<[u8]>,
        /// What they say.
        snapshot: Arc<Snapshot>,
        /// Until when it may be used.
        valid_until: Wall,
    },
    /// A follower did not accept what a directory sent.
    Refused {
        /// Who sent it.
        from: NodeId,
        /// Why, in words without secrets.
        why: &'static str,
    },
    /// A directory did not answer.
    Silent {
        /// Which.
        from: NodeId,
    },
    /// A directory has a new snapshot with enough signatures.
    Published {
        /// Its epoch.
        epoch: Epoch,
        /// Nodes in it.
        nodes: u32,
    },
    /// A directory took this node's descriptor.
    Announced {
        /// Which.
        to: NodeId,
    },
    /// The directories' clocks differ from this process's, or did so until now and agree again.
    ClockOff {
        /// To add to this process's clock, in ms: the median over the answers.
        offset_ms: i64,
        /// Directories that answered.
        answers: u8,
    },
    /// A directory has state that must be durable before it speaks on. Whoever runs it stores the
    /// bytes in place of those before, waits for them to be durable, and tells the machine.
    Keep {
        /// To be named in the answer; increasing.
        generation: u64,
        /// The whole state.
        state: Arc<[u8]>,
    },
}

impl DirectoryEvent {
    pub(super) fn feed(&self, sink: &mut dyn FnMut(&[u8])) {
        match self {
            Self::Accepted {
                signed,
                snapshot: _,
                valid_until,
            } => {
                // The snapshot is what the signed bytes say.
                sink(&[48]);
                sink(&(signed.len() as u64).to_le_bytes());
                sink(signed);
                sink(&valid_until.ms().to_le_bytes());
            }
            Self::Refused { from, why } => {
                feed_node(sink, 49, from);
                sink(&(why.len() as u64).to_le_bytes());
                sink(why.as_bytes());
            }
            Self::Silent { from } => feed_node(sink, 50, from),
            Self::Published { epoch, nodes } => {
                sink(&[51]);
                sink(&epoch.0.to_le_bytes());
                sink(&nodes.to_le_bytes());
            }
            Self::Announced { to } => feed_node(sink, 52, to),
            Self::ClockOff { offset_ms, answers } => {
                sink(&[53, *answers]);
                sink(&offset_ms.to_le_bytes());
            }
            Self::Keep { generation, state } => {
                sink(&[54]);
                sink(&generation.to_le_bytes());
                sink(&(state.len() as u64).to_le_bytes());
                sink(state);
            }
        }
    }
}
