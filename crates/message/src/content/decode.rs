use core::num::NonZeroU32;
use std::collections::BTreeSet;

use leek_identity::AccountId;
use leek_machine::Wall;
use leek_proto::session::{self, attachment_pointer, content::ExpirationType, data_message};
use leek_proto::session::{reaction, receipt_message, typing_message};
use prost::Message as _;
use zeroize::Zeroizing;

use super::{
    Attachment, AttachmentKey, Content, ContentBody, ContentError, DataMessage, ExpiryMode,
    ExpiryTimer, FieldTag, Profile, ProfileKey, ProfilePicture, Quote, Reaction, ReactionAction,
    Receipt, ReceiptKind, Typing, Unsend, tag,
};
use crate::{
    limits::{
        ATTACHMENTS_MAX, BODY_CHARS_PRO_MAX, PREVIEWS_MAX, RECEIPT_TIMESTAMPS_MAX, STORED_MAX,
    },
    proto_scan::{Fields, count},
};

/// Fields of a data message that are read, or carry nothing (7, an unused time).
const DATA_FIELDS_READ: [u32; 9] = [1, 2, 4, 6, 7, 8, 11, 101, 105];

/// What is counted before the message is decoded, so that memory stays in proportion: an empty
/// attachment is 2 bytes on the wire and some 300 decoded.
const COUNTED: [(&str, &[u32], usize); 3] = [
    ("attachments", &[tag::DATA, 2], ATTACHMENTS_MAX),
    ("quoted attachments", &[tag::DATA, 8, 4], ATTACHMENTS_MAX),
    ("previews", &[tag::DATA, 10], PREVIEWS_MAX),
];

impl Content {
    /// Reads the encoded, unpadded form.
    ///
    /// # Errors
    /// [`ContentError`] when it is not content, lacks a field, or exceeds a limit. A kind that is
    /// merely unknown is no error: [`ContentBody::Unsupported`]. Content without a sent time, as
    /// clients wrote before there was that field, is refused: nothing vouches for the envelope's.
    pub fn parse(bytes: &[u8]) -> Result<Self, ContentError> {
        let len = bytes.len();
        if len > STORED_MAX {
            return Err(ContentError::TooLong { len });
        }
        for (what, path, max) in COUNTED {
            at_most(what, count(bytes, path)?, max)?;
        }
        let kind = kind_of(bytes)?;
        let content = session::Content::decode(bytes).map_err(ContentError::Malformed)?;
        let sent_at = content.sig_timestamp.ok_or(missing("sent time"))?;
        let body = match kind.0 {
            tag::DATA => {
                let data = content.data_message.ok_or(missing("data message"))?;
                ContentBody::Data(Box::new(parse_data(data, unsupported_fields(bytes)?)?))
            }
            tag::TYPING => {
                let typing = content.typing_message.ok_or(missing("typing message"))?;
                ContentBody::Typing(parse_typing(typing)?)
            }
            tag::RECEIPT => {
                let receipt = content.receipt_message.ok_or(missing("receipt"))?;
                ContentBody::Receipt(parse_receipt(receipt)?)
            }
            tag::UNSEND => {
                let unsend = content.unsend_request.ok_or(missing("unsend request"))?;
                ContentBody::Unsend(Unsend {
                    timestamp: time(unsend.timestamp, "unsent message's time")?,
                    author: account(unsend.author, "unsent message's author")?,
                })
            }
            _ => ContentBody::Unsupported(kind),
        };
        Ok(Self {
            sent_at: Wall::from_ms(sent_at),
            expiry: parse_expiry(content.expiration_type, content.expiration_timer)?,
            body,
        })
    }
}

/// The one field that says something: of those known to do so, else the first unknown one.
fn kind_of(bytes: &[u8]) -> Result<FieldTag, ContentError> {
    let (mut kind, mut unknown) = (None, None);
    for field in Fields::new(bytes) {
        let found = FieldTag(field?.tag);
        if tag::BODIES.contains(&found.0) {
            let first = *kind.get_or_insert(found);
            if first != found {
                let second = found;
                return Err(ContentError::Several { first, second });
            }
        } else if !tag::AROUND.contains(&found.0) {
            unknown.get_or_insert(found);
        }
    }
    kind.or(unknown).ok_or(ContentError::Empty)
}

/// The fields of the data message in `content` that this crate does not read.
fn unsupported_fields(content: &[u8]) -> Result<Vec<FieldTag>, ContentError> {
    let mut tags = BTreeSet::new();
    for outer in Fields::new(content) {
        let outer = outer?;
        if outer.tag != tag::DATA {
            continue;
        }
        for inner in Fields::new(outer.bytes.unwrap_or_default()) {
            tags.insert(inner?.tag);
        }
    }
    Ok(tags
        .into_iter()
        .filter(|tag| !DATA_FIELDS_READ.contains(tag))
        .map(FieldTag)
        .collect())
}

fn parse_expiry(
    mode: Option<i32>,
    seconds: Option<u32>,
) -> Result<Option<ExpiryTimer>, ContentError> {
    let mode = match known::<ExpirationType>(mode, "expiration type")? {
        None | Some(ExpirationType::Unknown) => return Ok(None),
        Some(ExpirationType::DeleteAfterRead) => ExpiryMode::AfterRead,
        Some(ExpirationType::DeleteAfterSend) => ExpiryMode::AfterSend,
    };
    let seconds = seconds.and_then(NonZeroU32::new);
    Ok(seconds.map(|seconds| ExpiryTimer { mode, seconds }))
}

fn parse_typing(typing: session::TypingMessage) -> Result<Typing, ContentError> {
    match known(typing.action, "typing action")?.ok_or(missing("typing action"))? {
        typing_message::Action::Started => Ok(Typing::Started),
        typing_message::Action::Stopped => Ok(Typing::Stopped),
    }
}

fn parse_receipt(receipt: session::ReceiptMessage) -> Result<Receipt, ContentError> {
    let count = receipt.timestamp.len();
    at_most("receipt timestamps", count, RECEIPT_TIMESTAMPS_MAX)?;
    let kind = match known(receipt.r#type, "receipt type")?.ok_or(missing("receipt type"))? {
        receipt_message::Type::Delivery => ReceiptKind::Delivery,
        receipt_message::Type::Read => ReceiptKind::Read,
    };
    Ok(Receipt {
        kind,
        timestamps: receipt.timestamp.into_iter().map(Wall::from_ms).collect(),
    })
}

fn parse_data(
    data: session::DataMessage,
    unsupported: Vec<FieldTag>,
) -> Result<DataMessage, ContentError> {
    if let Some(body) = &data.body {
        at_most(
            "characters of text",
            body.chars().count(),
            BODY_CHARS_PRO_MAX,
        )?;
    }
    let flags = data.flags.unwrap_or_default();
    let attachments = data.attachments.into_iter().map(parse_attachment);
    let sync_target = data
        .sync_target
        .filter(|peer| !peer.is_empty())
        .map(|peer| account(Some(peer), "sync target"));
    Ok(DataMessage {
        body: data.body,
        quote: data.quote.map(parse_quote).transpose()?,
        reaction: data.reaction.map(parse_reaction).transpose()?,
        attachments: attachments.collect::<Result<_, _>>()?,
        profile: data
            .profile
            .map(|profile| parse_profile(profile, data.profile_key))
            .transpose()?,
        sync_target: sync_target.transpose()?,
        expiry_update: flags & data_message::Flags::ExpirationTimerUpdate as u32 != 0,
        unsupported,
    })
}

fn parse_quote(quote: session::Quote) -> Result<Quote, ContentError> {
    Ok(Quote {
        timestamp: time(quote.id, "quoted message's time")?,
        author: account(quote.author, "quoted message's author")?,
    })
}

fn parse_reaction(reaction: session::Reaction) -> Result<Reaction, ContentError> {
    let action = known(reaction.action, "reaction action")?.ok_or(missing("reaction action"))?;
    Ok(Reaction {
        timestamp: time(reaction.id, "reaction's message time")?,
        author: account(reaction.author, "reaction's message author")?,
        emoji: reaction.emoji.ok_or(missing("reaction emoji"))?,
        action: match action {
            reaction::Action::React => ReactionAction::React,
            reaction::Action::Remove => ReactionAction::Remove,
        },
    })
}

fn parse_profile(
    profile: session::LokiProfile,
    key: Option<Vec<u8>>,
) -> Result<Profile, ContentError> {
    // Clients without a picture write both parts empty.
    let url = profile.profile_picture.filter(|url| !url.is_empty());
    let key = key.filter(|key| !key.is_empty()).map(Zeroizing::new);
    let picture = match (url, key) {
        (Some(url), Some(key)) => Some(ProfilePicture {
            url,
            key: ProfileKey::from_bytes(&key)?,
        }),
        _ => None,
    };
    Ok(Profile {
        display_name: profile.display_name,
        picture,
        updated_s: profile.last_update_seconds,
    })
}

fn parse_attachment(pointer: session::AttachmentPointer) -> Result<Attachment, ContentError> {
    // Files of communities are not encrypted: their key and digest may be empty.
    let key = pointer.key.filter(|key| !key.is_empty());
    let key = key.map(Zeroizing::new);
    let digest = pointer.digest.filter(|digest| !digest.is_empty());
    let digest = digest.map(|digest| {
        let len = digest.len();
        <[u8; 32]>::try_from(digest).map_err(|_| ContentError::Digest { len })
    });
    let flags = pointer.flags.unwrap_or_default();
    Ok(Attachment {
        url: pointer.url,
        id: pointer.id,
        content_type: pointer.content_type,
        key: key.map(|key| AttachmentKey::from_bytes(&key)).transpose()?,
        size: pointer.size,
        digest: digest.transpose()?,
        file_name: pointer.file_name,
        caption: pointer.caption,
        voice: flags & attachment_pointer::Flags::VoiceMessage as u32 != 0,
        width: pointer.width,
        height: pointer.height,
    })
}

const fn missing(field: &'static str) -> ContentError {
    ContentError::Missing { field }
}

fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), ContentError> {
    if count > max {
        return Err(ContentError::TooMany { what, count, max });
    }
    Ok(())
}

fn time(ms: Option<u64>, field: &'static str) -> Result<Wall, ContentError> {
    ms.map(Wall::from_ms).ok_or(missing(field))
}

fn account(hex: Option<String>, field: &'static str) -> Result<AccountId, ContentError> {
    let hex = hex.ok_or(missing(field))?;
    AccountId::parse_hex(&hex).map_err(|source| ContentError::Account { field, source })
}

/// The enum value of a number that may be absent.
fn known<E: TryFrom<i32>>(
    value: Option<i32>,
    field: &'static str,
) -> Result<Option<E>, ContentError> {
    let known = |value| E::try_from(value).map_err(|_| ContentError::UnknownValue { field, value });
    value.map(known).transpose()
}
