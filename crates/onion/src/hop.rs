//! One layer: its key, and sealing and opening it.
//!
//! These are the pieces the formats are made of. The functions that take whole messages exist for
//! test vectors and other outside checks; the formats work in place.

use core::fmt;

use leek_crypto::{
    AeadKey, DhError, DhSecret, Ephemeral, OnionHop, SharedSecret, Suite, TAG_LEN, Tag, XPublic,
    hash,
};

use crate::{EncType, LayerError};

/// The constant that keys the derivation of an AES-GCM key (network spec 3.3).
const GCM_KDF_KEY: &[u8] = b"LOKI";

/// The symmetric key of one layer. Both sides derive the same one, and both directions use it.
///
/// No `Clone`, no `Debug` of its bytes; zeroized on drop.
pub struct LayerKey {
    enc: EncType,
    key: AeadKey,
}

impl LayerKey {
    /// The key as the client derives it: its one-time secret with the hop's public key.
    ///
    /// # Errors
    /// [`DhError`] when `server` has small order.
    pub fn of_client(
        suite: &dyn Suite,
        enc: EncType,
        client: &DhSecret<Ephemeral>,
        server: &XPublic,
    ) -> Result<Self, DhError> {
        let shared = client.agree(suite, server)?;
        Ok(Self::derive(enc, &shared, client.public(), server))
    }

    /// The key as the hop derives it: its long-term secret with the client's one-time key.
    ///
    /// # Errors
    /// [`DhError`] when `client` has small order.
    pub fn of_server(
        suite: &dyn Suite,
        enc: EncType,
        server: &DhSecret<OnionHop>,
        client: &XPublic,
    ) -> Result<Self, DhError> {
        let shared = server.agree(suite, client)?;
        Ok(Self::derive(enc, &shared, client, server.public()))
    }

    /// `BLAKE2b-256(shared || client || server)`, the client first in both directions, or
    /// `HMAC-SHA256("LOKI", shared)` (network spec 3.3).
    fn derive(enc: EncType, shared: &SharedSecret, client: &XPublic, server: &XPublic) -> Self {
        let shared = shared.dangerously_expose();
        let key = match enc {
            EncType::XChaCha20 => {
                hash::blake2b_256(&[shared, client.as_bytes(), server.as_bytes()])
            }
            EncType::AesGcm => hash::hmac_sha256(GCM_KDF_KEY, &[shared]),
        };
        Self {
            enc,
            key: AeadKey::from_bytes(key),
        }
    }

    /// The cipher this key is for.
    pub const fn enc(&self) -> EncType {
        self.enc
    }

    /// Seals in place: `region` is `nonce || plaintext || 16 spare bytes` and becomes
    /// `nonce || ciphertext || tag`.
    pub(crate) fn seal_region(&self, suite: &dyn Suite, region: &mut [u8]) {
        let (nonce, rest) = region.split_at_mut(self.enc.nonce_len());
        let (text, tag) = rest.split_at_mut(rest.len() - TAG_LEN);
        tag.copy_from_slice(&suite.seal(self.enc.aead(), &self.key, nonce, text));
    }

    /// Opens in place: afterwards the plaintext stands between nonce and tag.
    pub(crate) fn open_region(
        &self,
        suite: &dyn Suite,
        region: &mut [u8],
    ) -> Result<(), LayerError> {
        let (len, min) = (region.len(), self.enc.overhead());
        if len < min {
            return Err(LayerError::Short { len, min });
        }
        let (nonce, rest) = region.split_at_mut(self.enc.nonce_len());
        let (text, tag_bytes) = rest.split_at_mut(len - min);
        let mut tag = Tag::default();
        tag.copy_from_slice(tag_bytes);
        Ok(suite.open(self.enc.aead(), &self.key, nonce, text, &tag)?)
    }

    /// `nonce || ciphertext || tag` of `message`, in a new buffer.
    ///
    /// # Errors
    /// [`LayerError::NonceLength`] when `nonce` does not fit the cipher.
    pub fn seal_with_nonce(
        &self,
        suite: &dyn Suite,
        nonce: &[u8],
        message: &[u8],
    ) -> Result<Vec<u8>, LayerError> {
        let expected = self.enc.nonce_len();
        if nonce.len() != expected {
            return Err(LayerError::NonceLength {
                len: nonce.len(),
                expected,
            });
        }
        let mut out = Vec::with_capacity(message.len() + self.enc.overhead());
        out.extend_from_slice(nonce);
        out.extend_from_slice(message);
        out.extend_from_slice(&Tag::default());
        self.seal_region(suite, &mut out);
        Ok(out)
    }

    /// The plaintext of a blob, in a new buffer.
    ///
    /// # Errors
    /// [`LayerError`] when it is short or does not open.
    pub fn open(&self, suite: &dyn Suite, blob: &[u8]) -> Result<Vec<u8>, LayerError> {
        let mut out = blob.to_vec();
        self.open_region(suite, &mut out)?;
        out.truncate(out.len() - TAG_LEN);
        out.drain(..self.enc.nonce_len());
        Ok(out)
    }
}

impl fmt::Debug for LayerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LayerKey({:?}, ..)", self.enc)
    }
}

/// What a client sends to a hop: `message` sealed under a given nonce.
///
/// # Errors
/// [`LayerError`] when `server` has small order or the nonce has another length.
pub fn encrypt_with_nonce(
    suite: &dyn Suite,
    enc: EncType,
    client: &DhSecret<Ephemeral>,
    server: &XPublic,
    nonce: &[u8],
    message: &[u8],
) -> Result<Vec<u8>, LayerError> {
    LayerKey::of_client(suite, enc, client, server)?.seal_with_nonce(suite, nonce, message)
}

/// What a hop reads of [`encrypt_with_nonce`].
///
/// # Errors
/// [`LayerError`] when it does not open.
pub fn decrypt_request(
    suite: &dyn Suite,
    enc: EncType,
    server: &DhSecret<OnionHop>,
    client: &XPublic,
    blob: &[u8],
) -> Result<Vec<u8>, LayerError> {
    LayerKey::of_server(suite, enc, server, client)?.open(suite, blob)
}

/// What a destination replies: `message` sealed under a given nonce.
///
/// # Errors
/// [`LayerError`] when `client` has small order or the nonce has another length.
pub fn encrypt_reply_with_nonce(
    suite: &dyn Suite,
    enc: EncType,
    server: &DhSecret<OnionHop>,
    client: &XPublic,
    nonce: &[u8],
    message: &[u8],
) -> Result<Vec<u8>, LayerError> {
    LayerKey::of_server(suite, enc, server, client)?.seal_with_nonce(suite, nonce, message)
}

/// What a client reads of [`encrypt_reply_with_nonce`].
///
/// # Errors
/// [`LayerError`] when it does not open.
pub fn decrypt_reply(
    suite: &dyn Suite,
    enc: EncType,
    client: &DhSecret<Ephemeral>,
    server: &XPublic,
    blob: &[u8],
) -> Result<Vec<u8>, LayerError> {
    LayerKey::of_client(suite, enc, client, server)?.open(suite, blob)
}
