use zeroize::{Zeroize, ZeroizeOnDrop};

/// Length of an authentication tag, in bytes. All three constructions use 16.
pub const TAG_LEN: usize = 16;

/// An authentication tag.
pub type Tag = [u8; TAG_LEN];

/// An authenticated cipher without associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aead {
    /// XChaCha20-Poly1305 (IETF), 24-byte nonce.
    XChaCha20Poly1305,
    /// AES-256-GCM, 12-byte nonce.
    Aes256Gcm,
    /// XSalsa20-Poly1305 (NaCl secretbox), 24-byte nonce.
    XSalsa20Poly1305,
}

impl Aead {
    /// Length of the nonce, in bytes.
    pub const fn nonce_len(self) -> usize {
        match self {
            Self::XChaCha20Poly1305 | Self::XSalsa20Poly1305 => 24,
            Self::Aes256Gcm => 12,
        }
    }
}

/// A 256-bit key for one AEAD use; zeroized on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct AeadKey([u8; 32]);

impl AeadKey {
    /// A key from 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for implementations of a suite.
    pub const fn dangerously_expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AeadKey(..)")
    }
}
