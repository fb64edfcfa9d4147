//! Every limit of the onion formats, with the source of its number.

/// Bytes of a request at any hop, framing included: the deployed body limit of 10 MiB (network
/// spec 3.5). A request is held in memory at every hop.
pub const REQUEST_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Bytes of a reply. The deployed network states no limit of its own; replies travel the same
/// connections as requests, so the same cap holds.
pub const REPLY_BYTES_MAX: usize = REQUEST_BYTES_MAX;

/// Highest `hop_no` a node accepts (network spec 3.2: above 15 it answers 400).
pub const HOP_NO_MAX: u8 = 15;

/// Nodes of a path, the destination not counted: the guard is reached with `hop_no` 0 and the
/// destination with `hop_no` = path length, which may be [`HOP_NO_MAX`] at most.
pub const HOPS_MAX: usize = HOP_NO_MAX as usize;

/// Layers of a packet: one for each hop and one for the destination.
pub const LAYERS_MAX: usize = HOPS_MAX + 1;

/// Bytes of the routing JSON behind a ciphertext. Deployed nodes set no limit; the largest one we
/// write (a server with [`HOST_BYTES_MAX`] and [`TARGET_BYTES_MAX`], every byte escaped to six)
/// fits.
pub const ROUTING_BYTES_MAX: usize = 8_192;

/// Bytes of a server's host name: the longest DNS name.
pub const HOST_BYTES_MAX: usize = 253;

/// Bytes of a server's URL path. Deployed ones are `/oxen/v4/lsrpc` and the like; ours is a
/// round number with ample room.
pub const TARGET_BYTES_MAX: usize = 1_024;

/// Bytes of the JSON head of a v4 body: no deployed limit; our own, four times the common 16 KiB
/// limit of HTTP headers, which it carries.
pub const V4_HEAD_BYTES_MAX: usize = 65_536;

/// Entropy drawn for one layer, whatever its cipher or suite: a scalar of 32 bytes and room for
/// the longest nonce, 24 bytes. Constant, so that changing a cipher leaves later draws as they
/// were.
pub const LAYER_ENTROPY_BYTES: usize = 32 + NONCE_BYTES_MAX;

/// Entropy drawn for one reply, whatever its cipher or suite.
pub const REPLY_ENTROPY_BYTES: usize = NONCE_BYTES_MAX;

/// Bytes of the longest nonce in use (`XChaCha20`).
pub const NONCE_BYTES_MAX: usize = 24;
