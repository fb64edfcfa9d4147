use leek_crypto::{Ephemeral, Signature, SigningKey, Suite};
use leek_machine::{Entropy, Wall};
use leek_proto::session::{self, envelope, web_socket_message};
use prost::Message as _;

use crate::limits::STORED_MAX;

/// What deployed clients write as the sender's device.
const SOURCE_DEVICE: u32 = 1;

/// A stored one-to-one message without its keys: the envelope and the frame around it (crypto
/// spec 2.2). What a storage node can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// When the sender says it was sent. Unauthenticated; [`open`](crate::open) compares it with
    /// the time inside.
    pub timestamp: Wall,
    /// The sender's device; config wrapping writes none.
    pub source_device: Option<u32>,
    /// The encrypted content.
    pub content: Vec<u8>,
    /// A signature by the sender's rotating Pro key over `content`, or a decoy; config wrapping
    /// writes none.
    pub pro_signature: Option<Signature>,
}

impl Envelope {
    /// The envelope of a message, with a decoy in the place of a Pro signature. Draws 32 bytes of
    /// entropy.
    pub fn for_message(
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        timestamp: Wall,
        content: Vec<u8>,
    ) -> Self {
        Self {
            timestamp,
            source_device: Some(SOURCE_DEVICE),
            pro_signature: Some(decoy_signature(suite, entropy, &content)),
            content,
        }
    }

    /// The stored bytes: the envelope in its frame.
    pub fn encode(self) -> Vec<u8> {
        let envelope = session::Envelope {
            r#type: Some(envelope::Type::SessionMessage.into()),
            source: None,
            timestamp: Some(self.timestamp.ms()),
            source_device: self.source_device,
            content: Some(self.content),
            server_timestamp: None,
            pro_sig: self.pro_signature.map(|sig| sig.as_bytes().to_vec()),
        };
        let frame = session::WebSocketMessage {
            r#type: Some(web_socket_message::Type::Request.into()),
            request: Some(session::WebSocketRequest {
                // Explicitly empty and zero: deployed clients write them.
                verb: Some(String::new()),
                path: Some(String::new()),
                body: Some(envelope.encode_to_vec()),
                id: Some(0),
                headers: Vec::new(),
            }),
        };
        frame.encode_to_vec()
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`EnvelopeError`] when they are no framed envelope of a one-to-one message.
    pub fn parse(stored: &[u8]) -> Result<Self, EnvelopeError> {
        let len = stored.len();
        if len > STORED_MAX {
            return Err(EnvelopeError::TooLong { len });
        }
        let malformed = |part| move |source| EnvelopeError::Malformed { part, source };
        let missing = |field| EnvelopeError::Missing { field };

        let frame = session::WebSocketMessage::decode(stored).map_err(malformed("frame"))?;
        let kind = frame.r#type.ok_or(missing("frame type"))?;
        if kind != i32::from(web_socket_message::Type::Request) {
            return Err(EnvelopeError::NotARequest { kind });
        }
        let request = frame.request.ok_or(missing("request"))?;
        let body = request.body.ok_or(missing("request body"))?;

        let envelope = session::Envelope::decode(body.as_slice()).map_err(malformed("envelope"))?;
        let kind = envelope.r#type.ok_or(missing("envelope type"))?;
        if kind != i32::from(envelope::Type::SessionMessage) {
            return Err(EnvelopeError::NotOneToOne { kind });
        }
        let pro_signature = envelope.pro_sig.map(|bytes| parse_signature(&bytes));
        Ok(Self {
            timestamp: Wall::from_ms(envelope.timestamp.ok_or(missing("timestamp"))?),
            source_device: envelope.source_device,
            content: envelope.content.ok_or(missing("content"))?,
            pro_signature: pro_signature.transpose()?,
        })
    }

    /// Bytes of the encoded form of a message's envelope around `content_len` encrypted bytes.
    pub(crate) const fn encoded_len(timestamp: Wall, content_len: usize) -> usize {
        let kind = 2;
        let source_device = 2;
        let pro_signature = field_len(64);
        let timestamp = 1 + varint_len(timestamp.ms());
        let envelope = kind + timestamp + source_device + field_len(content_len) + pro_signature;
        let verb_path_and_id = 6;
        let frame_type = 2;
        frame_type + field_len(verb_path_and_id + field_len(envelope))
    }
}

fn parse_signature(bytes: &[u8]) -> Result<Signature, EnvelopeError> {
    let len = bytes.len();
    let bytes = <[u8; 64]>::try_from(bytes).map_err(|_| EnvelopeError::ProSignature { len })?;
    Ok(Signature::from_bytes(bytes))
}

/// Stands where a Pro account has the signature of its rotating key, so that envelopes of both
/// kinds look alike (crypto spec 2.2). Draws 32 bytes of entropy.
///
/// It is the signature over `encrypted` by a key that is thrown away. The uniform secret makes its
/// two halves what the format asks of a decoy: a random multiple of the base point, and a random
/// scalar.
pub fn decoy_signature(
    suite: &dyn Suite,
    entropy: &mut dyn Entropy,
    encrypted: &[u8],
) -> Signature {
    let mut seed = [0; 32];
    entropy.fill_bytes(&mut seed);
    SigningKey::<Ephemeral>::from_seed(seed).sign(suite, encrypted)
}

/// Bytes of a length-delimited field with a one-byte key.
const fn field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// Bytes of a protobuf varint.
const fn varint_len(value: u64) -> usize {
    let bits = (u64::BITS - (value | 1).leading_zeros()) as usize;
    bits.div_ceil(7)
}

/// Bytes are no framed envelope of a one-to-one message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// More bytes than a node stores.
    #[error("read envelope: {len} bytes are more than a stored message has ({STORED_MAX})")]
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// Not the encoding of such a message.
    #[error("read {part}")]
    Malformed {
        /// What was being read.
        part: &'static str,
        /// What is wrong.
        #[source]
        source: prost::DecodeError,
    },
    /// A field is absent.
    #[error("read envelope: no {field}")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// The frame is no request.
    #[error("read envelope: the frame is of type {kind}, not a request")]
    NotARequest {
        /// The type given.
        kind: i32,
    },
    /// The envelope is not that of a one-to-one message.
    #[error("read envelope: it is of type {kind}, not a one-to-one message")]
    NotOneToOne {
        /// The type given.
        kind: i32,
    },
    /// The Pro signature has a wrong length.
    #[error("read envelope: a Pro signature of {len} bytes, not 64")]
    ProSignature {
        /// Bytes given.
        len: usize,
    },
}
