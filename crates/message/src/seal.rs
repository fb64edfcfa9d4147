use leek_crypto::Suite;
use leek_identity::{Account, AccountId};
use leek_machine::{Entropy, Wall};

use crate::{
    content::{Content, ContentBody, ContentError, EncodeError},
    envelope::{Envelope, EnvelopeError},
    limits::CONTENT_MAX,
    padding::{pad, unpad},
    v1::{self, DecryptError, EncryptError, encrypted_len},
};

/// A message as a storage node keeps it: encrypted, in its envelope, at most
/// [`STORED_MAX`](crate::STORED_MAX) bytes. Base64 for a store request is the caller's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, owned.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Encodes, pads, signs and encrypts `content` from one account to another (crypto spec 2.1), and
/// wraps it (2.2). Draws 64 bytes of entropy, the same for every suite. To sync a message to one's
/// own devices, seal a copy with `sync_target` to oneself.
///
/// # Errors
/// [`SealError`] when the content cannot be written or the recipient cannot be encrypted to.
pub fn seal(
    suite: &dyn Suite,
    entropy: &mut dyn Entropy,
    sender: &Account,
    recipient: &AccountId,
    content: &Content,
) -> Result<Sealed, SealError> {
    let encoded = content.encode()?;
    seal_encoded(suite, entropy, sender, recipient, content.sent_at, encoded)
}

/// As [`seal`], for content encoded elsewhere: any bytes, which `sent_at` must match for the
/// recipient to take them.
///
/// # Errors
/// [`SealError`] when there are more than [`CONTENT_MAX`] bytes or the recipient cannot be
/// encrypted to.
pub fn seal_encoded(
    suite: &dyn Suite,
    entropy: &mut dyn Entropy,
    sender: &Account,
    recipient: &AccountId,
    sent_at: Wall,
    content: Vec<u8>,
) -> Result<Sealed, SealError> {
    let len = content.len();
    if len > CONTENT_MAX {
        return Err(SealError::Encode(EncodeError::TooLong { len }));
    }
    let recipient = recipient.x25519().ok_or(SealError::NotAUser)?;
    let padded = pad(content);
    let encrypted = v1::encrypt_padded(suite, entropy, sender.signing(), &recipient, &padded)?;
    let envelope = Envelope::for_message(suite, entropy, sent_at, encrypted);
    Ok(Sealed(envelope.encode()))
}

/// Bytes of the sealed form of `content_len` bytes of content sent at `sent_at`.
pub const fn sealed_len(content_len: usize, sent_at: Wall) -> usize {
    Envelope::encoded_len(sent_at, encrypted_len(content_len))
}

/// A message that came with a good signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Who signed it to us.
    pub sender: AccountId,
    /// What they say.
    pub content: Content,
    /// The envelope's time; equal to `content.sent_at`.
    pub envelope_timestamp: Wall,
}

/// Reads a stored message: unwraps, decrypts, checks signature and times, parses.
///
/// Deduplication is the caller's: a replayed message opens again.
///
/// # Errors
/// [`OpenError`] says which step refused it.
pub fn open(suite: &dyn Suite, recipient: &Account, stored: &[u8]) -> Result<Opened, OpenError> {
    let envelope = Envelope::parse(stored)?;
    let decrypted = v1::decrypt(suite, recipient.dh(), &envelope.content)?;
    let content = Content::parse(unpad(&decrypted.padded))?;
    if content.sent_at != envelope.timestamp {
        return Err(OpenError::TimestampMismatch {
            envelope: envelope.timestamp,
            signed: content.sent_at,
        });
    }
    check_authority(recipient.id(), decrypted.sender, &content.body)?;
    Ok(Opened {
        sender: decrypted.sender,
        content,
        envelope_timestamp: envelope.timestamp,
    })
}

/// What only some may say: "this I sent from another device", and "delete my message".
fn check_authority(own: AccountId, sender: AccountId, body: &ContentBody) -> Result<(), OpenError> {
    match body {
        ContentBody::Data(data) if data.sync_target.is_some() && sender != own => {
            Err(OpenError::ForeignSync)
        }
        ContentBody::Unsend(unsend) if unsend.author != sender => Err(OpenError::ForeignUnsend),
        _ => Ok(()),
    }
}

/// Sealing failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The content cannot be written.
    #[error("seal message")]
    Encode(#[from] EncodeError),
    /// Only users (prefix 05) have a key to encrypt to.
    #[error("seal message: the recipient is no user")]
    NotAUser,
    /// The recipient's key is unfit.
    #[error("seal message")]
    Encrypt(#[from] EncryptError),
}

/// Opening failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The bytes are no envelope.
    #[error("open message")]
    Envelope(#[from] EnvelopeError),
    /// Not for us, damaged, or not signed by its sender to us.
    #[error("open message")]
    Decrypt(#[from] DecryptError),
    /// Signed, but not content as we know it.
    #[error("open message")]
    Content(#[from] ContentError),
    /// Somebody dated the envelope anew.
    #[error("open message: the envelope says {} ms, its signed content {} ms", envelope.ms(), signed.ms())]
    TimestampMismatch {
        /// The time on the envelope.
        envelope: Wall,
        /// The time the sender signed.
        signed: Wall,
    },
    /// A sync copy that another account sent.
    #[error("open message: a sync copy from another account")]
    ForeignSync,
    /// A request to delete a message of somebody other than the requester.
    #[error("open message: asks to delete another account's message")]
    ForeignUnsend,
}
