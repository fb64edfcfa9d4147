use salsa20::{cipher::consts::U10, hsalsa};
use zeroize::Zeroizing;

use crate::{
    AccountKey, Aead, AeadKey, CryptoError, DhError, DhSecret, Ephemeral, SharedSecret, Suite,
    TAG_LEN, XPublic, hash,
};

/// Bytes that a sealed box adds: 32 for the ephemeral key, 16 for the tag.
pub const SEALED_BOX_OVERHEAD: usize = PUBLIC_LEN + TAG_LEN;

/// Length of the ephemeral public key that a sealed box starts with, in bytes.
const PUBLIC_LEN: usize = 32;

/// Length of the nonce, in bytes.
const NONCE_LEN: usize = 24;

/// NaCl `crypto_box_seal` with the ephemeral scalar given (32 bytes of entropy).
///
/// Returns `E(32) || tag(16) || ciphertext` (crypto spec 2.1, step 4).
///
/// # Errors
/// [`DhError`] when the recipient's key has small order.
pub fn seal_box(
    suite: &dyn Suite,
    recipient: &XPublic,
    ephemeral: [u8; 32],
    plaintext: &[u8],
) -> Result<Vec<u8>, DhError> {
    let ephemeral = DhSecret::<Ephemeral>::one_time(suite, ephemeral);
    let shared = ephemeral.agree(suite, recipient)?;
    let key = box_key(&shared);
    let nonce = box_nonce(ephemeral.public(), recipient);

    let mut out = Vec::with_capacity(SEALED_BOX_OVERHEAD + plaintext.len());
    out.extend_from_slice(ephemeral.public().as_bytes());
    out.extend_from_slice(&[0; TAG_LEN]);
    out.extend_from_slice(plaintext);
    let (head, body) = out.split_at_mut(SEALED_BOX_OVERHEAD);
    let tag = suite.seal(Aead::XSalsa20Poly1305, &key, &nonce, body);
    head[PUBLIC_LEN..].copy_from_slice(&tag);
    Ok(out)
}

/// The deterministic variant: `ephemeral_seed` is hashed as `crypto_box_seed_keypair` does
/// (`SHA512(seed)[0:32]`).
///
/// # Errors
/// [`DhError`] when the recipient's key has small order.
pub fn seal_box_deterministic(
    suite: &dyn Suite,
    recipient: &XPublic,
    ephemeral_seed: &[u8; 32],
    plaintext: &[u8],
) -> Result<Vec<u8>, DhError> {
    let digest = Zeroizing::new(hash::sha512(&[ephemeral_seed]));
    let mut scalar = Zeroizing::new([0; 32]);
    scalar.copy_from_slice(&digest[..32]);
    seal_box(suite, recipient, *scalar, plaintext)
}

/// Opens a sealed box with the recipient's secret.
///
/// # Errors
/// [`CryptoError`] when it is too short, its ephemeral key has small order, or its tag is wrong.
pub fn open_sealed_box(
    suite: &dyn Suite,
    recipient: &DhSecret<AccountKey>,
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let too_short = || CryptoError::TooShort {
        len: sealed.len(),
        min: SEALED_BOX_OVERHEAD,
    };
    let (ephemeral, rest) = sealed.split_first_chunk().ok_or_else(too_short)?;
    let (tag, ciphertext) = rest.split_first_chunk().ok_or_else(too_short)?;

    let ephemeral = XPublic::from_bytes(*ephemeral);
    let shared = recipient
        .agree(suite, &ephemeral)
        .map_err(CryptoError::Dh)?;
    let key = box_key(&shared);
    let nonce = box_nonce(&ephemeral, recipient.public());

    let mut out = ciphertext.to_vec();
    suite
        .open(Aead::XSalsa20Poly1305, &key, &nonce, &mut out, tag)
        .map_err(CryptoError::Tag)?;
    Ok(out)
}

/// `HSalsa20(shared, 0^16)`, the key of NaCl `crypto_box`.
fn box_key(shared: &SharedSecret) -> AeadKey {
    let shared = shared.dangerously_expose().into();
    let key = Zeroizing::new(hsalsa::<U10>(shared, &[0; 16].into()));
    AeadKey::from_bytes(key.0)
}

/// BLAKE2b-24 of both public keys, unkeyed (native length, not truncation).
fn box_nonce(ephemeral: &XPublic, recipient: &XPublic) -> [u8; NONCE_LEN] {
    hash::blake2b(&[], &[], &[ephemeral.as_bytes(), recipient.as_bytes()])
}
