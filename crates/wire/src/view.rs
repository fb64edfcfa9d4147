use std::{ops::ControlFlow, sync::Arc};

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;

use crate::Scope;

/// A store failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StoreError {
    /// An earlier batch failed, so this one was not tried.
    #[error("commit: an earlier batch failed")]
    Aborted,
    /// The store is full.
    #[error("commit: the store is full")]
    Full,
    /// The medium failed.
    #[error("access the store: {0}")]
    Io(String),
}

/// A stored message without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// Its hash; unique in a store.
    pub hash: MessageHash,
    /// Its owner.
    pub account: AccountId,
    /// Its namespace.
    pub namespace: Namespace,
    /// The sender's timestamp.
    pub timestamp: Wall,
    /// When it expires.
    pub expiry: Wall,
    /// Length of its bytes.
    pub len: u32,
}

/// A stored message with its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredRow {
    /// Its hash; unique in a store.
    pub hash: MessageHash,
    /// Its owner.
    pub account: AccountId,
    /// Its namespace.
    pub namespace: Namespace,
    /// The sender's timestamp.
    pub timestamp: Wall,
    /// When it expires.
    pub expiry: Wall,
    /// The bytes, shared: a store, a view and a reply hold one copy.
    pub data: Arc<[u8]>,
}

/// What a node may read: committed state plus every batch already handed out, in order.
///
/// Expired messages may still be present; callers filter by expiry.
pub trait ReadView {
    /// The row with this hash.
    ///
    /// # Errors
    /// When the medium fails.
    fn find(&self, hash: &MessageHash) -> Result<Option<Row>, StoreError>;

    /// Visits the messages of one mailbox in this store's insertion order, from the one after
    /// `after` (from the beginning when `after` is absent or not in this mailbox).
    ///
    /// # Errors
    /// When the medium fails.
    fn mailbox(
        &self,
        account: &AccountId,
        namespace: Namespace,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Visits the rows of an account in scope, in insertion order.
    ///
    /// # Errors
    /// When the medium fails.
    fn owned(
        &self,
        account: &AccountId,
        scope: Scope,
        visit: &mut dyn FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Hashes of at most `max` messages whose expiry is at or before `now`, earliest first,
    /// then in insertion order.
    ///
    /// # Errors
    /// When the medium fails.
    fn expired(&self, now: Wall, max: usize) -> Result<Vec<MessageHash>, StoreError>;

    /// The earliest expiry of all messages.
    ///
    /// # Errors
    /// When the medium fails.
    fn next_expiry(&self) -> Result<Option<Wall>, StoreError>;

    /// Bytes of all messages (data only).
    fn used_bytes(&self) -> u64;

    /// Bytes of all messages of one account (data only), in all its namespaces.
    ///
    /// # Errors
    /// When the medium fails.
    fn account_bytes(&self, account: &AccountId) -> Result<u64, StoreError>;

    /// Visits all rows in the order of their hashes' bytes, ascending, from the first hash larger
    /// than `after`, whether or not `after` is present.
    ///
    /// # Errors
    /// When the medium fails.
    fn scan(
        &self,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
}

/// One change to a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WriteOp {
    /// Add a message; if its hash is present, keep the row and the later expiry.
    Insert(StoredRow),
    /// Set the expiry of a message, if present.
    SetExpiry {
        /// Which.
        hash: MessageHash,
        /// Until when.
        expiry: Wall,
    },
    /// Remove a message, if present.
    Delete {
        /// Which.
        hash: MessageHash,
    },
}

impl WriteOp {
    /// Whether it adds a message.
    pub const fn is_insert(&self) -> bool {
        matches!(self, Self::Insert(_))
    }
}

/// Changes that commit together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WriteBatch {
    /// In order; at most [`WRITE_OPS_MAX`](crate::limits::WRITE_OPS_MAX).
    pub ops: Vec<WriteOp>,
}
