#![doc = include_str!("../README.md")]

mod config;
mod content;
mod envelope;
mod limits;
mod padding;
mod proto_scan;
mod seal;
mod v1;

pub use config::{
    ConfigKind, SharedConfig, UnwrapConfigError, WrapConfigError, unwrap_config, wrap_config,
};
pub use content::{
    Attachment, AttachmentKey, Content, ContentBody, ContentError, DataMessage, EncodeError,
    ExpiryMode, ExpiryTimer, FieldTag, KeyLengthError, Profile, ProfileKey, ProfilePicture, Quote,
    Reaction, ReactionAction, Receipt, ReceiptKind, Typing, Unsend,
};
pub use envelope::{Envelope, EnvelopeError, decoy_signature};
pub use limits::{
    ATTACHMENTS_MAX, BODY_CHARS_MAX, BODY_CHARS_PRO_MAX, CALL_TTL_MS, CONFIG_TTL_MS, CONTENT_MAX,
    MESSAGE_TTL_MS, NAME_BYTES_MAX, PREVIEWS_MAX, RECEIPT_TIMESTAMPS_MAX, STORED_MAX,
    TYPING_TTL_MS,
};
pub use padding::{PADDING_BLOCK, old_client_len, pad, padded_len, unpad};
pub use seal::{OpenError, Opened, SealError, Sealed, open, seal, seal_encoded, sealed_len};
pub use v1::{
    DecryptError, Decrypted, EncryptError, V1_OVERHEAD, decrypt, encrypt_deterministic,
    encrypt_padded, encrypted_len, signed_plaintext,
};
