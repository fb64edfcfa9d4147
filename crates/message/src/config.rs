use leek_crypto::Suite;
use leek_identity::{Account, Namespace};
use leek_machine::Wall;
use leek_proto::session::{self, shared_config_message::Kind};
use prost::Message as _;

use crate::{
    envelope::{Envelope, EnvelopeError},
    limits::STORED_MAX,
    padding::unpad,
    v1::{self, DecryptError, EncryptError},
};

/// What config wrapping writes as the envelope's time, for all devices alike.
const WRAP_TIMESTAMP: Wall = Wall::from_ms(1);

/// Ends the content; config wrapping does not pad further.
const END: u8 = 0x80;

/// Which of the user's configs a push belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigKind {
    /// The user's name and picture.
    UserProfile,
    /// The user's contacts.
    Contacts,
    /// What the user has read.
    Conversations,
    /// The user's groups.
    UserGroups,
}

impl ConfigKind {
    /// The config stored in `namespace`, if any.
    pub fn from_namespace(namespace: Namespace) -> Option<Self> {
        match namespace {
            Namespace::USER_PROFILE => Some(Self::UserProfile),
            Namespace::CONTACTS => Some(Self::Contacts),
            Namespace::CONVERSATIONS => Some(Self::Conversations),
            Namespace::USER_GROUPS => Some(Self::UserGroups),
            _ => None,
        }
    }

    const fn to_proto(self) -> Kind {
        match self {
            Self::UserProfile => Kind::UserProfile,
            Self::Contacts => Kind::Contacts,
            Self::Conversations => Kind::ConvoInfoVolatile,
            Self::UserGroups => Kind::UserGroups,
        }
    }

    const fn from_proto(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Unset => None,
            Kind::UserProfile => Some(Self::UserProfile),
            Kind::Contacts => Some(Self::Contacts),
            Kind::ConvoInfoVolatile => Some(Self::Conversations),
            Kind::UserGroups => Some(Self::UserGroups),
        }
    }
}

/// A config push out of its wrapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedConfig {
    /// Which config.
    pub kind: ConfigKind,
    /// The push's sequence number.
    pub seqno: u64,
    /// The encrypted config.
    pub data: Vec<u8>,
}

/// Wraps a config push as a message to oneself (crypto spec 4): content with one 0x80, the
/// deterministic encryption, an envelope of time 1. The same push gives the same bytes.
///
/// # Errors
/// [`WrapConfigError`]; for `TooLong` deployed clients store the push bare.
pub fn wrap_config(
    suite: &dyn Suite,
    account: &Account,
    kind: ConfigKind,
    seqno: u64,
    data: &[u8],
) -> Result<Vec<u8>, WrapConfigError> {
    let content = session::Content {
        shared_config_message: Some(session::SharedConfigMessage {
            kind: Some(kind.to_proto().into()),
            seqno: Some(seqno),
            data: Some(data.to_vec()),
        }),
        ..Default::default()
    };
    let mut padded = content.encode_to_vec();
    padded.push(END);
    let (signing, own) = (account.signing(), account.dh().public());
    let envelope = Envelope {
        timestamp: WRAP_TIMESTAMP,
        source_device: None,
        content: v1::encrypt_deterministic(suite, signing, own, &padded)?,
        pro_signature: None,
    };
    let wrapped = envelope.encode();
    let len = wrapped.len();
    if len > STORED_MAX {
        return Err(WrapConfigError::TooLong { len });
    }
    Ok(wrapped)
}

/// Takes one wrapping off a config push of `account`. Deployed readers meet bare, wrapped and
/// doubly wrapped pushes: try this, and on [`UnwrapConfigError::Envelope`] take the bytes as bare.
///
/// # Errors
/// [`UnwrapConfigError`] says which step refused it.
pub fn unwrap_config(
    suite: &dyn Suite,
    account: &Account,
    stored: &[u8],
) -> Result<SharedConfig, UnwrapConfigError> {
    let envelope = Envelope::parse(stored)?;
    let decrypted = v1::decrypt(suite, account.dh(), &envelope.content)?;
    if decrypted.sender != account.id() {
        return Err(UnwrapConfigError::Foreign);
    }
    let config = session::Content::decode(unpad(&decrypted.padded))
        .map_err(UnwrapConfigError::Malformed)?
        .shared_config_message
        .ok_or(UnwrapConfigError::Missing { field: "config" })?;
    let kind = config
        .kind
        .ok_or(UnwrapConfigError::Missing { field: "kind" })?;
    Ok(SharedConfig {
        kind: Kind::try_from(kind)
            .ok()
            .and_then(ConfigKind::from_proto)
            .ok_or(UnwrapConfigError::Kind { kind })?,
        seqno: config
            .seqno
            .ok_or(UnwrapConfigError::Missing { field: "seqno" })?,
        data: config
            .data
            .ok_or(UnwrapConfigError::Missing { field: "data" })?,
    })
}

/// Wrapping a config push failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrapConfigError {
    /// The account's own key is unfit.
    #[error("wrap config")]
    Encrypt(#[from] EncryptError),
    /// More bytes than a node stores.
    #[error("wrap config: {len} bytes are more than a node stores ({STORED_MAX})")]
    TooLong {
        /// Bytes of the wrapped push.
        len: usize,
    },
}

/// Unwrapping a config push failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapConfigError {
    /// The bytes are no envelope.
    #[error("unwrap config")]
    Envelope(#[from] EnvelopeError),
    /// The envelope does not decrypt.
    #[error("unwrap config")]
    Decrypt(#[from] DecryptError),
    /// Another account sent it.
    #[error("unwrap config: another account sent it")]
    Foreign,
    /// Not the encoding of content.
    #[error("unwrap config")]
    Malformed(#[source] prost::DecodeError),
    /// A field is absent.
    #[error("unwrap config: no {field}")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// No known config.
    #[error("unwrap config: no config has kind {kind}")]
    Kind {
        /// The kind given.
        kind: i32,
    },
}
