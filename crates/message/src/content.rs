mod data;
mod decode;
mod encode;
mod error;

use leek_identity::AccountId;
use leek_machine::Wall;

pub use data::{
    Attachment, AttachmentKey, DataMessage, KeyLengthError, Profile, ProfileKey, ProfilePicture,
    Quote, Reaction, ReactionAction,
};
pub use error::{ContentError, EncodeError};

use crate::limits::{CALL_TTL_MS, CONFIG_TTL_MS, MESSAGE_TTL_MS, TYPING_TTL_MS};

/// Field numbers of [`Content`](leek_proto::session::Content) (crypto spec 2.3).
mod tag {
    pub(super) const DATA: u32 = 1;
    pub(super) const CALL: u32 = 3;
    pub(super) const RECEIPT: u32 = 5;
    pub(super) const TYPING: u32 = 6;
    pub(super) const UNSEND: u32 = 9;
    pub(super) const SHARED_CONFIG: u32 = 11;
    /// All fields known to say something; the others besides those above are call signalling (3),
    /// screenshot notices (8), message request answers (10).
    pub(super) const BODIES: [u32; 8] = [1, 3, 5, 6, 8, 9, 10, 11];
    /// Expiry (two), sent time, Pro claim, Pro signature: about the message, not what it says.
    pub(super) const AROUND: [u32; 5] = [12, 13, 15, 16, 17];
}

/// What one account tells another (crypto spec 2.3).
///
/// `Debug` shows what people wrote, but no keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// When the sender says it was sent; names the message in quotes, reactions and receipts.
    pub sent_at: Wall,
    /// Whether it is to disappear.
    pub expiry: Option<ExpiryTimer>,
    /// What it says.
    pub body: ContentBody,
}

impl Content {
    /// A message that does not disappear.
    pub const fn new(sent_at: Wall, body: ContentBody) -> Self {
        Self {
            sent_at,
            expiry: None,
            body,
        }
    }

    /// How long deployed clients ask nodes to store such a message, in ms (crypto spec 2.2). The
    /// expiry timer does not shorten it here.
    pub const fn ttl_ms(&self) -> u64 {
        match self.body {
            ContentBody::Typing(_) => TYPING_TTL_MS,
            ContentBody::Unsupported(FieldTag(tag::CALL)) => CALL_TTL_MS,
            ContentBody::Unsupported(FieldTag(tag::SHARED_CONFIG)) => CONFIG_TTL_MS,
            _ => MESSAGE_TTL_MS,
        }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentBody {
    /// Something written, sent or reacted with.
    Data(Box<DataMessage>),
    /// The sender began or ceased to write.
    Typing(Typing),
    /// Messages arrived or were read.
    Receipt(Receipt),
    /// Delete one of the sender's messages.
    Unsend(Unsend),
    /// A kind this crate does not read: calls, message request answers, screenshot notices, and
    /// whatever comes later. Never written.
    Unsupported(FieldTag),
}

impl From<DataMessage> for ContentBody {
    fn from(data: DataMessage) -> Self {
        Self::Data(Box::new(data))
    }
}

/// The number of a protobuf field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldTag(pub u32);

/// When a message disappears from devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpiryTimer {
    /// What starts the timer.
    pub mode: ExpiryMode,
    /// Seconds it runs; 0 is read as no timer.
    pub seconds: core::num::NonZeroU32,
}

/// What starts an expiry timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExpiryMode {
    /// The recipient reads the message.
    AfterRead,
    /// The sender sends it.
    AfterSend,
}

/// A typing notice. On the wire it repeats the sent time, which is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Typing {
    /// Began to write.
    Started,
    /// Ceased to write.
    Stopped,
}

/// Messages that arrived or were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which of the two.
    pub kind: ReceiptKind,
    /// Sent times of the messages, at most
    /// [`RECEIPT_TIMESTAMPS_MAX`](crate::RECEIPT_TIMESTAMPS_MAX).
    pub timestamps: Vec<Wall>,
}

/// What a receipt confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceiptKind {
    /// The messages arrived; written by older clients.
    Delivery,
    /// The messages were read.
    Read,
}

/// Asks to delete one message everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsend {
    /// The message's sent time.
    pub timestamp: Wall,
    /// The message's author: [`open`](crate::open) refuses any but the sender.
    pub author: AccountId,
}

#[cfg(test)]
mod tests;
