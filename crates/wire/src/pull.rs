use std::sync::Arc;

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;

/// Messages that a swarm member holds, as it tells another one: nothing of it is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PullPage {
    /// By the bytes of their hashes, ascending, all larger than the `after` of the request; at
    /// most [`PULL_ROWS_MAX`](crate::limits::PULL_ROWS_MAX), and together with the framing at most
    /// [`PULL_PAGE_BYTES_MAX`](crate::limits::PULL_PAGE_BYTES_MAX) bytes.
    pub rows: Vec<PulledRow>,
    /// The `after` of the next page; `None` when this is the last. Not before the last of `rows`.
    pub next: Option<MessageHash>,
}

/// One message of a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PulledRow {
    /// Its hash, as the member says.
    pub hash: MessageHash,
    /// Its owner.
    pub account: AccountId,
    /// Its namespace.
    pub namespace: Namespace,
    /// The sender's timestamp.
    pub timestamp: Wall,
    /// When it expires.
    pub expiry: Wall,
    /// The bytes, shared with the store that served them; at most
    /// [`DATA_BYTES_MAX`](crate::limits::DATA_BYTES_MAX).
    pub data: Arc<[u8]>,
}
