//! Pure Rust: dalek and RustCrypto.

use aes_gcm::Aes256Gcm;
use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{AeadInOut, KeyInit, array::Array},
};
use curve25519_dalek::edwards::EdwardsPoint;
use ed25519_dalek::Signer as _;
use leek_machine::bug;

use super::secretbox;
use crate::{
    Aead, AeadKey, BadSignature, BadTag, DhError, EdPublic, RawDh, RawEd, SharedSecret, Signature,
    Suite, TAG_LEN, Tag, XPublic,
};

pub(super) struct Pure;

impl Suite for Pure {
    fn name(&self) -> &'static str {
        "real-pure"
    }

    fn dh_public(&self, scalar: &[u8; 32]) -> XPublic {
        let public = EdwardsPoint::mul_base_clamped(*scalar).to_montgomery();
        XPublic::from_bytes(public.to_bytes())
    }

    fn dh(&self, ours: &RawDh, theirs: &XPublic) -> Result<SharedSecret, DhError> {
        let ours = x25519_dalek::StaticSecret::from(*ours.dangerously_expose_scalar());
        let shared = ours.diffie_hellman(&x25519_dalek::PublicKey::from(*theirs.as_bytes()));
        if !shared.was_contributory() {
            return Err(DhError::NonContributory);
        }
        Ok(SharedSecret::from_bytes(shared.to_bytes()))
    }

    fn sign(&self, key: &RawEd, message: &[u8]) -> Signature {
        let key = ed25519_dalek::SigningKey::from_bytes(key.dangerously_expose_seed());
        Signature::from_bytes(key.sign(message).to_bytes())
    }

    fn verify(
        &self,
        key: &EdPublic,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        ed25519_dalek::VerifyingKey::from_bytes(key.as_bytes())
            .and_then(|key| key.verify_strict(message, &signature))
            .map_err(|_| BadSignature)
    }

    fn seal(&self, aead: Aead, key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag {
        match aead {
            Aead::XChaCha20Poly1305 => seal_with::<XChaCha20Poly1305>(key, nonce, in_out),
            Aead::Aes256Gcm => seal_with::<Aes256Gcm>(key, nonce, in_out),
            Aead::XSalsa20Poly1305 => secretbox::seal(key, nonce, in_out),
        }
    }

    fn open(
        &self,
        aead: Aead,
        key: &AeadKey,
        nonce: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), BadTag> {
        match aead {
            Aead::XChaCha20Poly1305 => open_with::<XChaCha20Poly1305>(key, nonce, in_out, tag),
            Aead::Aes256Gcm => open_with::<Aes256Gcm>(key, nonce, in_out, tag),
            Aead::XSalsa20Poly1305 => secretbox::open(key, nonce, in_out, tag),
        }
    }
}

fn seal_with<A: AeadInOut + KeyInit>(key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag {
    let (cipher, nonce) = with_key::<A>(key, nonce);
    let Ok(tag) = cipher.encrypt_inout_detached(nonce, &[], in_out.into()) else {
        bug!("a buffer in memory is longer than the cipher's limit")
    };
    let mut out = [0; TAG_LEN];
    out.copy_from_slice(&tag);
    out
}

fn open_with<A: AeadInOut + KeyInit>(
    key: &AeadKey,
    nonce: &[u8],
    in_out: &mut [u8],
    tag: &Tag,
) -> Result<(), BadTag> {
    let (cipher, nonce) = with_key::<A>(key, nonce);
    let Ok(tag) = <&Array<u8, A::TagSize>>::try_from(tag.as_slice()) else {
        bug!("every cipher here has a tag of 16 bytes")
    };
    cipher
        .decrypt_inout_detached(nonce, &[], in_out.into(), tag)
        .map_err(|_| BadTag)
}

fn with_key<'n, A: AeadInOut + KeyInit>(
    key: &AeadKey,
    nonce: &'n [u8],
) -> (A, &'n Array<u8, A::NonceSize>) {
    let Ok(cipher) = A::new_from_slice(key.dangerously_expose()) else {
        bug!("every cipher here has a key of 32 bytes")
    };
    let Ok(nonce) = nonce.try_into() else {
        bug!("the caller's nonce has the wrong length")
    };
    (cipher, nonce)
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::XChaCha20Poly1305;
    use salsa20::XSalsa20;
    use zeroize::ZeroizeOnDrop;

    /// Holds only with the `zeroize` features of these crates, which are off by default.
    #[test]
    fn key_schedules_are_wiped_on_drop() {
        const fn wiped<T: ZeroizeOnDrop>() {}
        const {
            wiped::<aes_gcm::Aes256Gcm>();
            wiped::<XChaCha20Poly1305>();
            wiped::<XSalsa20>();
            wiped::<ed25519_dalek::SigningKey>();
            wiped::<x25519_dalek::StaticSecret>();
            wiped::<x25519_dalek::SharedSecret>();
        }
    }
}
