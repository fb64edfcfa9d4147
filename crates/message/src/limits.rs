/// Bytes of one stored message that a storage node takes (crypto spec 2.2).
pub const STORED_MAX: usize = 76_800;

/// Bytes of encoded content that fit a stored message whatever its timestamp: 478 padding blocks,
/// less the 0x80, less one since a multiple of the block would gain another block.
///
/// Around them stand at most 245 bytes: 144 of the encryption, 101 of the envelope and its frame.
pub const CONTENT_MAX: usize = 478 * 160 - 2;

/// Characters (Unicode scalar values) of a body that everybody may send (network spec, "DM
/// length").
pub const BODY_CHARS_MAX: usize = 2_000;

/// Characters of a body that a Pro account may send (crypto spec 7, message bit 0). Read, never
/// written: this crate attaches no proof.
pub const BODY_CHARS_PRO_MAX: usize = 10_000;

/// Attachments of one message, and of the message it quotes. Ours: what deployed clients let a
/// user pick.
pub const ATTACHMENTS_MAX: usize = 32;

/// Link previews of one message. Ours: deployed clients write one.
pub const PREVIEWS_MAX: usize = 8;

/// Messages one receipt may name. Ours: reading a screen full of messages names tens.
pub const RECEIPT_TIMESTAMPS_MAX: usize = 1_024;

/// Bytes of a display name. The limit that deployed clients put on profile and group names.
pub const NAME_BYTES_MAX: usize = 100;

/// How long a message is stored: 14 days (crypto spec 2.2).
pub const MESSAGE_TTL_MS: u64 = 14 * 24 * 60 * 60 * 1_000;

/// How long a typing notice is stored: 20 s (crypto spec 2.2).
pub const TYPING_TTL_MS: u64 = 20 * 1_000;

/// How long call signalling is stored: 5 min (crypto spec 2.2).
pub const CALL_TTL_MS: u64 = 5 * 60 * 1_000;

/// How long a config push is stored: 30 days (crypto spec 2.2).
pub const CONFIG_TTL_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
