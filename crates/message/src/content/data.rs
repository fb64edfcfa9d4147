use core::fmt;

use leek_identity::AccountId;
use leek_machine::Wall;
use subtle::ConstantTimeEq as _;
use zeroize::ZeroizeOnDrop;

use super::FieldTag;

/// Something a person wrote, sent or reacted with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataMessage {
    /// The text, at most [`BODY_CHARS_MAX`](crate::BODY_CHARS_MAX) characters when written and
    /// [`BODY_CHARS_PRO_MAX`](crate::BODY_CHARS_PRO_MAX) when read.
    pub body: Option<String>,
    /// The message this one answers.
    pub quote: Option<Quote>,
    /// A reaction to another message.
    pub reaction: Option<Reaction>,
    /// Files, at most [`ATTACHMENTS_MAX`](crate::ATTACHMENTS_MAX).
    pub attachments: Vec<Attachment>,
    /// How the sender wants to be shown.
    pub profile: Option<Profile>,
    /// On the copy for the sender's own devices: the account the message went to.
    pub sync_target: Option<AccountId>,
    /// The message does nothing but announce a new expiry timer.
    pub expiry_update: bool,
    /// Fields found that this crate does not read (link previews, community invitations, group
    /// updates, later ones), ascending, each once. Must be empty when written.
    pub unsupported: Vec<FieldTag>,
}

impl DataMessage {
    /// A message of text alone.
    pub fn text(body: impl Into<String>) -> Self {
        Self {
            body: Some(body.into()),
            ..Self::default()
        }
    }
}

/// The message that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its sent time.
    pub timestamp: Wall,
    /// Its author.
    pub author: AccountId,
}

/// An emoji set under a message, or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The message's sent time.
    pub timestamp: Wall,
    /// The message's author.
    pub author: AccountId,
    /// The emoji.
    pub emoji: String,
    /// Set or taken away.
    pub action: ReactionAction,
}

/// What a reaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReactionAction {
    /// Set the emoji.
    React,
    /// Take it away.
    Remove,
}

/// How an account wants to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name, at most [`NAME_BYTES_MAX`](crate::NAME_BYTES_MAX) bytes when written.
    pub display_name: Option<String>,
    /// The picture; read only when both its parts are there.
    pub picture: Option<ProfilePicture>,
    /// When the profile last changed, unix seconds.
    pub updated_s: Option<u64>,
}

/// Where an encrypted profile picture lies, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilePicture {
    /// Its URL.
    pub url: String,
    /// Its key.
    pub key: ProfileKey,
}

/// Where an encrypted file lies, and how to read it. Thumbnails, which current clients do not
/// write, are not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The URL. Its fragment may carry the server's key and the mark of deterministic encryption.
    pub url: Option<String>,
    /// The file server's number; deprecated in favour of the URL.
    pub id: Option<u64>,
    /// MIME type.
    pub content_type: Option<String>,
    /// The key.
    pub key: Option<AttachmentKey>,
    /// Bytes of the file before padding.
    pub size: Option<u32>,
    /// SHA-256 of the encrypted file.
    pub digest: Option<[u8; 32]>,
    /// The file's name.
    pub file_name: Option<String>,
    /// Text under the file.
    pub caption: Option<String>,
    /// A recorded voice message.
    pub voice: bool,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
}

/// The key of an attachment: 64 bytes (AES-CBC and HMAC, the older encryption) or 32 (the
/// deterministic one). No `Debug` of its bytes; compared in constant time; zeroized on drop.
#[derive(Clone, ZeroizeOnDrop)]
pub struct AttachmentKey(Vec<u8>);

impl AttachmentKey {
    /// A key from its bytes.
    ///
    /// # Errors
    /// [`KeyLengthError`] unless there are 32 or 64.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyLengthError> {
        match bytes.len() {
            32 | 64 => Ok(Self(bytes.to_vec())),
            len => Err(KeyLengthError { len }),
        }
    }

    /// The bytes.
    pub fn dangerously_expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AttachmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentKey(..)")
    }
}

impl PartialEq for AttachmentKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for AttachmentKey {}

/// The key of a profile picture: 32 bytes. No `Debug` of its bytes; compared in constant time;
/// zeroized on drop.
#[derive(Clone, ZeroizeOnDrop)]
pub struct ProfileKey([u8; 32]);

impl ProfileKey {
    /// A key from its bytes.
    ///
    /// # Errors
    /// [`KeyLengthError`] unless there are 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyLengthError> {
        let len = bytes.len();
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| KeyLengthError { len })
    }

    /// The bytes.
    pub const fn dangerously_expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ProfileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProfileKey(..)")
    }
}

impl PartialEq for ProfileKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for ProfileKey {}

/// No key has this many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read file key: none has {len} bytes")]
pub struct KeyLengthError {
    /// Bytes given.
    pub len: usize,
}
