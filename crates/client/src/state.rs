use leek_identity::{MessageHash, Namespace, NodeId};
use leek_machine::Wall;
use leek_onion::{GUARDS_MAX, PolicyError};

use crate::limits::{CURSORS_MAX, SEEN_MAX};

/// What of a client must survive a restart; everything else is found again.
///
/// Without the guards, every restart would show the client's address to more nodes; without the
/// hashes, messages would be delivered again; without the cursors, all of them would be fetched
/// again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientState {
    /// Guards in use, and those that wait to be used again; at most
    /// [`GUARDS_MAX`](leek_onion::GUARDS_MAX).
    pub guards: Vec<NodeId>,
    /// How far each node's mailboxes were read; at most
    /// [`CURSORS_MAX`](crate::limits::CURSORS_MAX).
    pub cursors: Vec<Cursor>,
    /// Messages that were delivered; at most [`SEEN_MAX`](crate::limits::SEEN_MAX).
    pub seen: Vec<SeenMessage>,
}

impl ClientState {
    /// That no list is longer than a client's.
    pub(crate) fn check(&self) -> Result<(), StateError> {
        for (what, found, max) in [
            ("guards", self.guards.len(), usize::from(GUARDS_MAX)),
            ("cursors", self.cursors.len(), CURSORS_MAX),
            ("messages", self.seen.len(), SEEN_MAX),
        ] {
            if found > max {
                return Err(StateError::TooMany { what, found, max });
            }
        }
        Ok(())
    }
}

/// The last message read at one node in one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// The node, whose own order this is a place in.
    pub node: NodeId,
    /// The namespace of the client's account.
    pub namespace: Namespace,
    /// The message.
    pub last: MessageHash,
}

/// A message that was delivered, or found unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeenMessage {
    /// Its hash.
    pub hash: MessageHash,
    /// When it expires.
    pub expiry: Wall,
}

/// A client cannot go on from a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The numbers of the path policy do not fit together.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No client had so many: the state is damaged.
    #[error("restore a client: {found} {what}, {max} at most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// The limit.
        max: usize,
    },
}
