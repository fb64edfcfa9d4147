use leek_crypto::{
    AccountKey, BadSignature, CryptoError, DhError, DhSecret, EdPublic, ParseKeyError,
    SEALED_BOX_OVERHEAD, Signature, SigningKey, Suite, XPublic, hash, open_sealed_box, seal_box,
    seal_box_deterministic,
};
use leek_identity::AccountId;
use leek_machine::Entropy;
use zeroize::Zeroizing;

use crate::padding::padded_len;

/// Bytes of the sender's key and signature inside the box.
const SIGNED_LEN: usize = KEY_LEN + SIGNATURE_LEN;
const KEY_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;

/// Bytes that encryption adds to padded content: 48 of the sealed box, 32 of the sender's key, 64
/// of the signature (crypto spec 2.1).
pub const V1_OVERHEAD: usize = SEALED_BOX_OVERHEAD + SIGNED_LEN;

/// Key of the hash that gives the deterministic variant its ephemeral seed.
const EPHEMERAL_KEY: &[u8] = b"SessionBoxEphemeralHashKey";

/// Bytes of the encrypted form of `len` bytes of content.
pub const fn encrypted_len(len: usize) -> usize {
    padded_len(len) + V1_OVERHEAD
}

/// What stands in the sealed box: `M || A || Ed(sk, M || A || Y)` for the padded content `M`, the
/// sender's Ed25519 key `A` and the recipient's X25519 key `Y`, which is signed but not sent.
pub fn signed_plaintext(
    suite: &dyn Suite,
    sender: &SigningKey<AccountKey>,
    recipient: &XPublic,
    padded: &[u8],
) -> Vec<u8> {
    let mut text = Vec::with_capacity(padded.len() + SIGNED_LEN);
    text.extend_from_slice(padded);
    text.extend_from_slice(sender.public().as_bytes());
    let boxed_len = text.len();
    text.extend_from_slice(recipient.as_bytes());
    let signature = sender.sign(suite, &text);
    text.truncate(boxed_len);
    text.extend_from_slice(signature.as_bytes());
    text
}

/// Signs and seals padded content (crypto spec 2.1), with 32 bytes of entropy. The bytes are taken
/// as they are: padding is the caller's.
///
/// # Errors
/// [`EncryptError`] when the recipient's key has small order.
pub fn encrypt_padded(
    suite: &dyn Suite,
    entropy: &mut dyn Entropy,
    sender: &SigningKey<AccountKey>,
    recipient: &XPublic,
    padded: &[u8],
) -> Result<Vec<u8>, EncryptError> {
    let mut ephemeral = Zeroizing::new([0; 32]);
    entropy.fill_bytes(ephemeral.as_mut_slice());
    let text = signed_plaintext(suite, sender, recipient, padded);
    seal_box(suite, recipient, *ephemeral, &text).map_err(EncryptError)
}

/// The variant without entropy: the ephemeral seed is `BLAKE2b-32(seed32 || Y || M)` keyed with
/// `SessionBoxEphemeralHashKey`, so that all devices of an account wrap a config alike.
///
/// # Errors
/// [`EncryptError`] when the recipient's key has small order.
pub fn encrypt_deterministic(
    suite: &dyn Suite,
    sender: &SigningKey<AccountKey>,
    recipient: &XPublic,
    padded: &[u8],
) -> Result<Vec<u8>, EncryptError> {
    let seed = sender.raw().dangerously_expose_seed();
    let parts: [&[u8]; 3] = [seed, recipient.as_bytes(), padded];
    let ephemeral_seed = Zeroizing::new(hash::blake2b::<32>(EPHEMERAL_KEY, &[], &parts));
    let text = signed_plaintext(suite, sender, recipient, padded);
    seal_box_deterministic(suite, recipient, &ephemeral_seed, &text).map_err(EncryptError)
}

/// A message out of its box: padded content and who signed it to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decrypted {
    /// The account whose key signed.
    pub sender: AccountId,
    /// The padded content.
    pub padded: Vec<u8>,
}

/// Opens the box and checks that the sender signed it to this recipient (crypto spec 2.1, step 5).
///
/// A recipient who seals the inside again, to somebody else, is refused there: the signature covers
/// the first recipient's key. Nothing here stops a replay.
///
/// # Errors
/// [`DecryptError`] says which check failed.
pub fn decrypt(
    suite: &dyn Suite,
    recipient: &DhSecret<AccountKey>,
    encrypted: &[u8],
) -> Result<Decrypted, DecryptError> {
    let len = encrypted.len();
    if len < V1_OVERHEAD {
        return Err(DecryptError::TooShort { len });
    }
    let mut text = open_sealed_box(suite, recipient, encrypted).map_err(DecryptError::Box)?;
    let too_short = DecryptError::TooShort { len };
    let (rest, signature) = text.split_last_chunk::<SIGNATURE_LEN>().ok_or(too_short)?;
    let signature = Signature::from_bytes(*signature);
    let (padded, key) = rest.split_last_chunk::<KEY_LEN>().ok_or(too_short)?;
    let key = EdPublic::from_bytes_unchecked(*key);
    let padded_len = padded.len();

    text.truncate(padded_len + KEY_LEN);
    text.extend_from_slice(recipient.public().as_bytes());
    suite
        .verify(&key, &text, &signature)
        .map_err(DecryptError::Signature)?;
    let sender = key.to_x25519().map_err(DecryptError::SenderKey)?;
    text.truncate(padded_len);
    Ok(Decrypted {
        sender: AccountId::user(&sender),
        padded: text,
    })
}

/// Encrypting failed: the recipient's key contributes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("encrypt message")]
pub struct EncryptError(#[source] DhError);

/// Decrypting failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// Fewer bytes than the overhead alone.
    #[error("decrypt message: {len} bytes are fewer than the overhead of {V1_OVERHEAD}")]
    TooShort {
        /// Bytes given.
        len: usize,
    },
    /// The box does not open: damaged, forged, or for another account.
    #[error("decrypt message")]
    Box(#[source] CryptoError),
    /// The signature does not hold for this content, sender and recipient.
    #[error("decrypt message: the sender did not sign it to this account")]
    Signature(#[source] BadSignature),
    /// The signer's key names no account.
    #[error("decrypt message: the signer's key has no account id")]
    SenderKey(#[source] ParseKeyError),
}
