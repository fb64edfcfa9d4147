use leek_proto::session::{self, attachment_pointer, content::ExpirationType, data_message};
use leek_proto::session::{reaction, receipt_message, typing_message};
use prost::Message as _;

use super::{
    Attachment, Content, ContentBody, DataMessage, EncodeError, ExpiryMode, Profile, Reaction,
    ReactionAction, Receipt, ReceiptKind, Typing,
};
use crate::limits::{
    ATTACHMENTS_MAX, BODY_CHARS_MAX, CONTENT_MAX, NAME_BYTES_MAX, RECEIPT_TIMESTAMPS_MAX,
};

impl Content {
    /// The encoded form, unpadded.
    ///
    /// # Errors
    /// [`EncodeError`] when a limit is exceeded or the kind is not supported.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut content = session::Content {
            sig_timestamp: Some(self.sent_at.ms()),
            ..Default::default()
        };
        if let Some(expiry) = self.expiry {
            let mode = match expiry.mode {
                ExpiryMode::AfterRead => ExpirationType::DeleteAfterRead,
                ExpiryMode::AfterSend => ExpirationType::DeleteAfterSend,
            };
            content.expiration_type = Some(mode.into());
            content.expiration_timer = Some(expiry.seconds.get());
        }
        match &self.body {
            ContentBody::Data(data) => content.data_message = Some(data_to_proto(data)?),
            ContentBody::Typing(typing) => {
                let action = match typing {
                    Typing::Started => typing_message::Action::Started,
                    Typing::Stopped => typing_message::Action::Stopped,
                };
                content.typing_message = Some(session::TypingMessage {
                    timestamp: Some(self.sent_at.ms()),
                    action: Some(action.into()),
                });
            }
            ContentBody::Receipt(receipt) => {
                content.receipt_message = Some(receipt_to_proto(receipt)?);
            }
            ContentBody::Unsend(unsend) => {
                content.unsend_request = Some(session::UnsendRequest {
                    timestamp: Some(unsend.timestamp.ms()),
                    author: Some(unsend.author.to_hex()),
                });
            }
            ContentBody::Unsupported(tag) => return Err(EncodeError::Unsupported { tag: *tag }),
        }
        let len = content.encoded_len();
        if len > CONTENT_MAX {
            return Err(EncodeError::TooLong { len });
        }
        Ok(content.encode_to_vec())
    }
}

fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), EncodeError> {
    if count > max {
        return Err(EncodeError::TooMany { what, count, max });
    }
    Ok(())
}

fn receipt_to_proto(receipt: &Receipt) -> Result<session::ReceiptMessage, EncodeError> {
    let count = receipt.timestamps.len();
    at_most("receipt timestamps", count, RECEIPT_TIMESTAMPS_MAX)?;
    let kind = match receipt.kind {
        ReceiptKind::Delivery => receipt_message::Type::Delivery,
        ReceiptKind::Read => receipt_message::Type::Read,
    };
    Ok(session::ReceiptMessage {
        r#type: Some(kind.into()),
        timestamp: receipt.timestamps.iter().map(|at| at.ms()).collect(),
    })
}

fn data_to_proto(data: &DataMessage) -> Result<session::DataMessage, EncodeError> {
    if let Some(&tag) = data.unsupported.first() {
        return Err(EncodeError::Unsupported { tag });
    }
    if let Some(body) = &data.body {
        at_most("characters of text", body.chars().count(), BODY_CHARS_MAX)?;
    }
    at_most("attachments", data.attachments.len(), ATTACHMENTS_MAX)?;
    let profile = data.profile.as_ref();
    if let Some(name) = profile.and_then(|profile| profile.display_name.as_ref()) {
        at_most("bytes of name", name.len(), NAME_BYTES_MAX)?;
    }
    let picture = profile.and_then(|profile| profile.picture.as_ref());
    Ok(session::DataMessage {
        body: data.body.clone(),
        attachments: data.attachments.iter().map(attachment_to_proto).collect(),
        flags: data
            .expiry_update
            .then_some(data_message::Flags::ExpirationTimerUpdate as u32),
        profile_key: picture.map(|picture| picture.key.dangerously_expose().to_vec()),
        quote: data.quote.map(|quote| session::Quote {
            id: Some(quote.timestamp.ms()),
            author: Some(quote.author.to_hex()),
            ..Default::default()
        }),
        reaction: data.reaction.as_ref().map(reaction_to_proto),
        profile: profile.map(profile_to_proto),
        sync_target: data.sync_target.map(|peer| peer.to_hex()),
        ..Default::default()
    })
}

fn reaction_to_proto(reaction: &Reaction) -> session::Reaction {
    let action = match reaction.action {
        ReactionAction::React => reaction::Action::React,
        ReactionAction::Remove => reaction::Action::Remove,
    };
    session::Reaction {
        id: Some(reaction.timestamp.ms()),
        author: Some(reaction.author.to_hex()),
        emoji: Some(reaction.emoji.clone()),
        action: Some(action.into()),
    }
}

/// The picture's key stands in the message around it.
fn profile_to_proto(profile: &Profile) -> session::LokiProfile {
    session::LokiProfile {
        display_name: profile.display_name.clone(),
        profile_picture: profile.picture.as_ref().map(|picture| picture.url.clone()),
        last_update_seconds: profile.updated_s,
    }
}

fn attachment_to_proto(attachment: &Attachment) -> session::AttachmentPointer {
    let key = attachment.key.as_ref();
    session::AttachmentPointer {
        id: attachment.id,
        content_type: attachment.content_type.clone(),
        key: key.map(|key| key.dangerously_expose().to_vec()),
        size: attachment.size,
        thumbnail: None,
        digest: attachment.digest.map(|digest| digest.to_vec()),
        file_name: attachment.file_name.clone(),
        flags: attachment
            .voice
            .then_some(attachment_pointer::Flags::VoiceMessage as u32),
        width: attachment.width,
        height: attachment.height,
        caption: attachment.caption.clone(),
        url: attachment.url.clone(),
    }
}
