//! Every limit of the protocol, with the source of its number.

/// Bytes of one stored message: the deployed limit (network spec 2.3).
pub const DATA_BYTES_MAX: usize = 76_800;
/// Bytes of a whole request or reply: the deployed body limit (network spec 2.1).
pub const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Bytes of the largest encoded request or response: what a transport must carry.
pub const MESSAGE_BYTES_MAX: usize = BODY_BYTES_MAX;
/// Requests that a host serves at once, simulated or real; more are refused as busy. At the 30 s a
/// relay may wait for its next hop that is 130 relayed requests a second, all of them stuck.
pub const SERVING_MAX: usize = 4_096;
/// Subrequests of a batch or sequence (network spec 2.3).
pub const BATCH_MAX: usize = 20;
/// Hashes in one delete, expire or `get_expiries`. The deployed node bounds them only by the body
/// limit; ours keeps the work of one request small: one mailbox's worth of a full retrieve.
pub const HASHES_MAX: usize = 1_000;
/// Bytes of a refusal's text: room for a node id and a sentence.
pub const REASON_BYTES_MAX: usize = 512;
/// Entries of one list in a reply (messages, changed hashes): as many as fit into a body, since
/// each carries a hash of 32 bytes behind 2 bytes of framing.
pub const REPLY_ENTRIES_MAX: usize = BODY_BYTES_MAX / 34;
/// The smallest status code (RFC 9110 15).
pub const STATUS_MIN: u16 = 100;
/// The largest status code (RFC 9110 15).
pub const STATUS_MAX: u16 = 599;
/// Nodes listed in a swarm. The deployed network has no hard maximum; 1 + 9 is its soft upper
/// size, and ten times that is surely a lie.
pub const SWARM_NODES_MAX: usize = 100;
/// Operations of one write batch: a `delete_all` of a large mailbox is cut into several.
pub const WRITE_OPS_MAX: usize = 10_000;

/// Bytes of one encoded page of a pull: a tenth of the body limit, so that a pull never holds much
/// of a connection, and at least 13 messages of the largest size.
pub const PULL_PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Messages of one page of a pull: they become one write batch, below [`WRITE_OPS_MAX`].
pub const PULL_ROWS_MAX: usize = 4_096;
/// Bytes of a node's signed descriptor: its record takes 76, its signature 64; the rest is room
/// for what later versions add.
pub const DESCRIPTOR_BYTES_MAX: usize = 1_024;
/// Bytes of a signed snapshot: 20,000 nodes of at most 96 bytes, ten times the deployed network,
/// and a hundred signatures.
pub const SNAPSHOT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of a proposal to co-sign and of the answer: a snapshot, and for each of its nodes a
/// descriptor of 300 bytes.
pub const COSIGN_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The whole budget of a retrieve, in bytes (`max_size = -1`; network spec 2.6).
pub const RETRIEVE_BYTES_MAX: u64 = 7_800_000;
/// The part of the budget used when neither count nor size is given (network spec 2.6).
pub const RETRIEVE_DEFAULT_PART: i64 = -5;
/// Fixed cost of one message in a retrieve (network spec 2.6).
pub const RETRIEVE_MESSAGE_OVERHEAD: u64 = 100;

/// Shortest TTL, in ms (network spec 2.3).
pub const TTL_MS_MIN: u64 = 10_000;
/// Longest TTL in public-inbox namespaces, in ms: 14 days (network spec 2.3).
pub const TTL_INBOX_MS_MAX: u64 = 14 * 24 * 3_600_000;
/// Longest TTL in all other namespaces, in ms: 30 days (network spec 2.3).
pub const TTL_MS_MAX: u64 = 30 * 24 * 3_600_000;
/// Tolerance of a store's timestamp against the node's clock, in ms (network spec 2.3).
pub const STORE_TOLERANCE_MS: u64 = 10_000;
/// Tolerance of a signature's timestamp, in ms (network spec 2.3).
pub const SIGNATURE_TOLERANCE_MS: u64 = 60_000;
/// The same for copies forwarded inside a swarm, in ms (network spec 2.3).
pub const FORWARDED_TOLERANCE_MS: u64 = 70_000;

/// Time a member has to answer a forwarded write, in ms (network spec 1.5).
pub const FORWARD_TIMEOUT_MS: u64 = 5_000;
/// Time a hop waits for the next one, in ms (network spec 3.2).
pub const RELAY_TIMEOUT_MS: u64 = 30_000;
/// Period of the expiry cleaner, in ms (network spec 5.1).
pub const CLEAN_PERIOD_MS: u64 = 10_000;
/// Relayed packets a node keeps waiting for an answer: the deployed job queue (network spec 5.2).
pub const RELAYS_MAX: usize = 1_000;
/// Client writes a node keeps waiting for its swarm (network spec 5.2, storage queue).
pub const WRITES_PENDING_MAX: usize = 1_000;
/// Bytes a node stores: the deployed cap of 3.5 GiB (network spec 5.1).
pub const STORE_BYTES_MAX: u64 = 3_584 * 1024 * 1024;

/// Bytes a node stores for one account: 64 MiB, 870 messages of the largest size, and a 56th of the
/// whole store, so that no mailbox fills a node. The deployed node has no such limit.
pub const ACCOUNT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The longest start of a refusal's text that has at most [`REASON_BYTES_MAX`] bytes and ends with
/// a whole character.
pub fn cut_reason(text: &str) -> &str {
    text.get(..text.floor_char_boundary(REASON_BYTES_MAX))
        .unwrap_or(text)
}
