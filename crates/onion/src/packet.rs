use core::fmt;

use leek_crypto::{Aead, TAG_LEN, XPublic};
use leek_identity::{NodeId, NodeRecord};

use crate::{
    FrameError, RoutingError,
    limits::REQUEST_BYTES_MAX,
    session_v4::{frame, routing},
};

/// One node of a path, as the builder of a packet needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// The node's name; the hop before it is told this name.
    pub id: NodeId,
    /// The X25519 key its layer is encrypted to.
    pub key: XPublic,
}

impl From<&NodeRecord> for Hop {
    fn from(record: &NodeRecord) -> Self {
        Self {
            id: record.id,
            key: record.onion_key,
        }
    }
}

/// The cipher of one layer (network spec 3.3).
///
/// The deployed network also knows `aes-cbc`, which authenticates nothing; it is not offered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EncType {
    /// `XChaCha20-Poly1305` under `BLAKE2b-256(shared || client || server)`.
    XChaCha20,
    /// `AES-256-GCM` under `HMAC-SHA256("LOKI", shared)`.
    AesGcm,
}

impl EncType {
    /// What a frame without `enc_type` means (network spec 3.2).
    pub const WHEN_ABSENT: Self = Self::AesGcm;

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::XChaCha20 => "xchacha20",
            Self::AesGcm => "aes-gcm",
        }
    }

    /// Reads a name or one of its deployed aliases (network spec 3.3).
    ///
    /// # Errors
    /// [`RoutingError::UnknownEncType`] for any other text, `aes-cbc` included.
    pub fn parse(name: &str) -> Result<Self, RoutingError> {
        match name {
            "xchacha20" | "xchacha20-poly1305" => Ok(Self::XChaCha20),
            "aes-gcm" | "gcm" => Ok(Self::AesGcm),
            _ => Err(RoutingError::UnknownEncType),
        }
    }

    /// The cipher itself.
    pub const fn aead(self) -> Aead {
        match self {
            Self::XChaCha20 => Aead::XChaCha20Poly1305,
            Self::AesGcm => Aead::Aes256Gcm,
        }
    }

    /// Bytes of the nonce in front of the ciphertext: 24 or 12.
    pub const fn nonce_len(self) -> usize {
        self.aead().nonce_len()
    }

    /// Bytes a blob is longer than its plaintext: nonce and tag, 40 or 28.
    pub const fn overhead(self) -> usize {
        self.nonce_len() + TAG_LEN
    }
}

/// What one hop receives: a ciphertext and what is needed to open it.
///
/// In the `direct` format `blob` is the payload itself, `ephemeral` all zero, and `enc` means
/// nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Packet {
    /// `nonce || ciphertext || tag`.
    pub blob: Vec<u8>,
    /// The client's one-time key for this layer.
    pub ephemeral: XPublic,
    /// The cipher of this layer.
    pub enc: EncType,
    /// Hops passed so far, as claimed by the client plus one for each relay.
    pub hop_no: u8,
}

impl Packet {
    /// The body a client posts to its guard: `LE32(N) || blob || {"enc_type":..,
    /// "ephemeral_key":..[,"hop_no":..]}`; `hop_no` is left out when 0 (network spec 3.2).
    pub fn to_frame(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.frame_len());
        frame::push_len(&mut out, self.blob.len());
        out.extend_from_slice(&self.blob);
        routing::push_entry(&mut out, self.enc, &self.ephemeral, self.hop_no);
        out
    }

    /// Bytes [`Packet::to_frame`] returns.
    pub fn frame_len(&self) -> usize {
        frame::LEN_BYTES + self.blob.len() + routing::entry_len(self.enc, self.hop_no)
    }

    /// Reads a body as a guard receives it. `body` becomes the blob: one shift by 4 bytes, no
    /// copy. Unknown JSON keys are ignored, since newer clients may add some.
    ///
    /// # Errors
    /// [`FrameError`] naming what is wrong.
    pub fn parse_frame(mut body: Vec<u8>) -> Result<Self, FrameError> {
        if body.len() > REQUEST_BYTES_MAX {
            return Err(FrameError::TooLarge {
                len: body.len(),
                max: REQUEST_BYTES_MAX,
            });
        }
        let (inner, json) = frame::split(&body)?;
        let entry = routing::parse_entry(json)?;
        let (start, end) = (frame::LEN_BYTES, frame::LEN_BYTES + inner.len());
        frame::keep(&mut body, start, end);
        Ok(Self {
            blob: body,
            ephemeral: entry.ephemeral,
            enc: entry.enc,
            hop_no: entry.hop_no,
        })
    }
}

/// The ciphertext is shown by its length only.
impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("blob_len", &self.blob.len())
            .field("ephemeral", &self.ephemeral)
            .field("enc", &self.enc)
            .field("hop_no", &self.hop_no)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(hop_no: u8) -> Packet {
        Packet {
            blob: b"not really a ciphertext".to_vec(),
            ephemeral: XPublic::from_bytes([0xab; 32]),
            enc: EncType::XChaCha20,
            hop_no,
        }
    }

    #[test]
    fn frame_round_trips_and_has_the_length_it_says() {
        for hop_no in [0, 1, 9, 10, 15, 99, 100, 255] {
            let packet = packet(hop_no);
            let frame = packet.to_frame();
            assert_eq!(frame.len(), packet.frame_len());
            assert_eq!(frame.capacity(), frame.len());
            assert_eq!(Packet::parse_frame(frame).unwrap(), packet);
        }
    }

    #[test]
    fn frame_defaults_are_the_deployed_ones() {
        let mut body = vec![2, 0, 0, 0, 7, 8];
        body.extend_from_slice(br#"{ "ephemeral_key" : "#);
        body.extend_from_slice(format!("\"{}\", \"x\": [1]}}", "AB".repeat(32)).as_bytes());
        let packet = Packet::parse_frame(body).unwrap();
        assert_eq!(packet.blob, [7, 8]);
        assert_eq!(packet.ephemeral, XPublic::from_bytes([0xab; 32]));
        assert_eq!((packet.enc, packet.hop_no), (EncType::AesGcm, 0));
    }

    #[test]
    fn bad_frames_are_refused_by_name() {
        let with = |json: &str| Packet::parse_frame([&[0, 0, 0, 0], json.as_bytes()].concat());
        let key = "ab".repeat(32);
        assert_eq!(
            Packet::parse_frame(vec![1, 2]),
            Err(FrameError::Short { len: 2, need: 4 })
        );
        assert_eq!(
            Packet::parse_frame(vec![9, 0, 0, 0, 1]),
            Err(FrameError::Short { len: 5, need: 13 })
        );
        let routing = |error| Err(FrameError::Routing(error));
        assert_eq!(with(""), routing(RoutingError::BadJson));
        assert_eq!(with("{}"), routing(RoutingError::Missing("ephemeral_key")));
        assert_eq!(
            with(&format!(
                "{{\"ephemeral_key\":\"{key}\",\"enc_type\":\"aes-cbc\"}}"
            )),
            routing(RoutingError::UnknownEncType)
        );
        assert_eq!(
            with(&format!("{{\"ephemeral_key\":\"{key}ab\"}}")),
            routing(RoutingError::BadKey("ephemeral_key"))
        );
        assert_eq!(
            with(&format!("{{\"ephemeral_key\":\"{key}\",\"hop_no\":-1}}")),
            routing(RoutingError::BadJson)
        );
        // A count too large for our field is kept as the largest one, which every node refuses.
        let packet = with(&format!("{{\"ephemeral_key\":\"{key}\",\"hop_no\":70000}}")).unwrap();
        assert_eq!(packet.hop_no, u8::MAX);
        assert!(matches!(
            Packet::parse_frame(vec![0; REQUEST_BYTES_MAX + 1]),
            Err(FrameError::TooLarge { .. })
        ));
    }

    #[test]
    fn aliases_of_ciphers() {
        for (name, enc) in [
            ("xchacha20", EncType::XChaCha20),
            ("xchacha20-poly1305", EncType::XChaCha20),
            ("aes-gcm", EncType::AesGcm),
            ("gcm", EncType::AesGcm),
        ] {
            assert_eq!(EncType::parse(name), Ok(enc));
        }
        for name in ["aes-cbc", "cbc", "", "AES-GCM", "none"] {
            assert_eq!(EncType::parse(name), Err(RoutingError::UnknownEncType));
        }
    }
}
