//! The fastest well-kept implementation of each primitive; the measurements are in ADR 0002.
//!
//! aws-lc keys are imported from our bytes, never generated, so no entropy is drawn here.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{PrivateKey, UnparsedPublicKey, X25519, agree},
    signature::Ed25519KeyPair,
};
use chacha20::{R20, hchacha};
use ed25519_dalek::Verifier as _;
use leek_machine::bug;
use zeroize::Zeroizing;

use super::secretbox;
use crate::{
    Aead, AeadKey, BadSignature, BadTag, DhError, EdPublic, RawDh, RawEd, SharedSecret, Signature,
    Suite, TAG_LEN, Tag, XPublic,
};

pub(super) struct Fast;

impl Suite for Fast {
    fn name(&self) -> &'static str {
        "real-fast"
    }

    fn dh_public(&self, scalar: &[u8; 32]) -> XPublic {
        public_of(&import_dh(scalar))
    }

    fn dh_one_time(&self, scalar: &[u8; 32]) -> RawDh {
        let key = import_dh(scalar);
        let raw = RawDh::new(scalar, public_of(&key));
        raw.imported().or_import(|| key);
        raw
    }

    fn dh(&self, ours: &RawDh, theirs: &XPublic) -> Result<SharedSecret, DhError> {
        let ours = ours
            .imported()
            .or_import(|| import_dh(ours.dangerously_expose_scalar()));
        let theirs_raw = UnparsedPublicKey::new(&X25519, theirs.as_bytes());
        agree(ours, theirs_raw, DhError::NonContributory, |shared| {
            let Ok(shared) = shared.try_into() else {
                bug!("an X25519 result has 32 bytes")
            };
            Ok(SharedSecret::from_bytes(shared))
        })
        .inspect_err(|_| {
            if !theirs.is_small_order() {
                bug!("aws-lc refused an X25519 key that is not of small order")
            }
        })
    }

    fn sign(&self, key: &RawEd, message: &[u8]) -> Signature {
        let pair = key.imported().or_import(|| {
            let seed = key.dangerously_expose_seed();
            match Ed25519KeyPair::from_seed_and_public_key(seed, key.public().as_bytes()) {
                Ok(pair) => pair,
                Err(e) => bug!("import our own Ed25519 key: {e}"),
            }
        });
        let signature = match pair.try_sign(message) {
            Ok(signature) => signature,
            Err(e) => bug!("sign with our own Ed25519 key: {e}"),
        };
        let Ok(bytes) = signature.as_ref().try_into() else {
            bug!("an Ed25519 signature has 64 bytes")
        };
        Signature::from_bytes(bytes)
    }

    /// `verify_strict` without its decompression of R, which is a tenth of the work. Plain
    /// `verify` recomputes R and compares encodings, so an R that passes is canonical, and small
    /// order can be read off the bytes.
    fn verify(
        &self,
        key: &EdPublic,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        let r = EdPublic::from_bytes_unchecked(*signature.r_bytes());
        if key.is_small_order() || r.is_small_order() {
            return Err(BadSignature);
        }
        ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes())
            .and_then(|key| key.verify(message, &signature))
            .map_err(|_| BadSignature)
    }

    fn seal(&self, aead: Aead, key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag {
        let (key, nonce) = match aead {
            Aead::XChaCha20Poly1305 => xchacha20(key, nonce),
            Aead::Aes256Gcm => aes_256_gcm(key, nonce),
            Aead::XSalsa20Poly1305 => return secretbox::seal(key, nonce, in_out),
        };
        let Ok(tag) = key.seal_in_place_separate_tag(nonce, Aad::empty(), in_out) else {
            bug!("a buffer in memory is longer than the cipher's limit")
        };
        let mut out = [0; TAG_LEN];
        out.copy_from_slice(tag.as_ref());
        out
    }

    fn open(
        &self,
        aead: Aead,
        key: &AeadKey,
        nonce: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), BadTag> {
        let (key, nonce) = match aead {
            Aead::XChaCha20Poly1305 => xchacha20(key, nonce),
            Aead::Aes256Gcm => aes_256_gcm(key, nonce),
            Aead::XSalsa20Poly1305 => return secretbox::open(key, nonce, in_out, tag),
        };
        key.open_in_place_separate_tag(nonce, Aad::empty(), tag, in_out)
            .map(|_| ())
            .map_err(|_| BadTag)
    }
}

fn import_dh(scalar: &[u8; 32]) -> PrivateKey {
    match PrivateKey::from_private_key(&X25519, scalar) {
        Ok(key) => key,
        Err(e) => bug!("import our own X25519 key: {e}"),
    }
}

fn public_of(key: &PrivateKey) -> XPublic {
    let public = match key.compute_public_key() {
        Ok(public) => public,
        Err(e) => bug!("read the public half of our own X25519 key: {e}"),
    };
    let Ok(bytes) = public.as_ref().try_into() else {
        bug!("an X25519 public key has 32 bytes")
    };
    XPublic::from_bytes(bytes)
}

/// XChaCha20-Poly1305 is ChaCha20-Poly1305 under the key `HChaCha20(key, nonce[0:16])`, with the
/// nonce `0^4 || nonce[16:24]` (draft-irtf-cfrg-xchacha, section 2.3).
fn xchacha20(key: &AeadKey, nonce: &[u8]) -> (LessSafeKey, Nonce) {
    let Ok(nonce) = <&[u8; 24]>::try_from(nonce) else {
        bug!("the caller's nonce has the wrong length")
    };
    let (head, tail) = nonce.split_at(16);
    let mut input = [0; 16];
    input.copy_from_slice(head);
    let subkey = Zeroizing::new(hchacha::<R20>(
        key.dangerously_expose().into(),
        &input.into(),
    ));
    let mut short = [0; 12];
    short[4..].copy_from_slice(tail);
    (
        unbound(&CHACHA20_POLY1305, &subkey),
        Nonce::assume_unique_for_key(short),
    )
}

fn aes_256_gcm(key: &AeadKey, nonce: &[u8]) -> (LessSafeKey, Nonce) {
    let Ok(nonce) = Nonce::try_assume_unique_for_key(nonce) else {
        bug!("the caller's nonce has the wrong length")
    };
    (unbound(&AES_256_GCM, key.dangerously_expose()), nonce)
}

fn unbound(algorithm: &'static Algorithm, key: &[u8]) -> LessSafeKey {
    match UnboundKey::new(algorithm, key) {
        Ok(key) => LessSafeKey::new(key),
        Err(e) => bug!("import a key of 32 bytes: {e}"),
    }
}
