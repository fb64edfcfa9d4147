#![doc = include_str!("../README.md")]

use std::sync::Arc;

use leek_crypto::{
    Aead, AeadKey, BadSignature, BadTag, DhError, EdPublic, RawDh, RawEd, SharedSecret, Signature,
    Suite, Tag, XPublic,
};
use leek_machine::bug;

use crate::mix::{Domain, Mix, Stream};

mod mix;

/// The fast and insecure suite; see the crate's documentation for what it keeps of the real one.
pub fn sized() -> Arc<dyn Suite> {
    Arc::new(Sized)
}

struct Sized;

impl Suite for Sized {
    fn name(&self) -> &'static str {
        "sized"
    }

    fn dh_public(&self, scalar: &[u8; 32]) -> XPublic {
        let mut clamped = *scalar;
        clamped[0] &= 0b1111_1000;
        clamped[31] = clamped[31] & 0b0111_1111 | 0b0100_0000;
        let mut public: [u8; 32] = Mix::new(Domain::Public, &clamped, &[]).stream().fill();
        // The encodings of small order end in 00, 57 or 7f; these end in 20 to 3f.
        public[31] = public[31] & 0x1f | 0x20;
        XPublic::from_bytes(public)
    }

    fn dh(&self, ours: &RawDh, theirs: &XPublic) -> Result<SharedSecret, DhError> {
        if theirs.is_small_order() {
            return Err(DhError::NonContributory);
        }
        let (ours, theirs) = (reduced(ours.public()), reduced(theirs));
        let mut mix = Mix::new(Domain::Agreement, &ours.min(theirs), &[]);
        mix.bytes(&ours.max(theirs));
        Ok(SharedSecret::from_bytes(mix.stream().fill()))
    }

    fn sign(&self, key: &RawEd, message: &[u8]) -> Signature {
        signature(key.public(), message)
    }

    fn verify(
        &self,
        key: &EdPublic,
        message: &[u8],
        signed: &Signature,
    ) -> Result<(), BadSignature> {
        if key.is_small_order() || signature(key, message) != *signed {
            return Err(BadSignature);
        }
        Ok(())
    }

    fn seal(&self, aead: Aead, key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag {
        let (mut mix, mut stream) = start(aead, key, nonce);
        let (blocks, rest) = in_out.as_chunks_mut();
        for block in blocks {
            stream.xor(block);
            mix.block(block);
        }
        stream.xor_rest(rest);
        mix.tail(rest);
        mix.finish(in_out.len())
    }

    fn open(
        &self,
        aead: Aead,
        key: &AeadKey,
        nonce: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), BadTag> {
        let (mut mix, mut stream) = start(aead, key, nonce);
        let (blocks, rest) = in_out.as_chunks_mut();
        for block in blocks {
            mix.block(block);
            stream.xor(block);
        }
        mix.tail(rest);
        stream.xor_rest(rest);
        if mix.finish(in_out.len()) != *tag {
            in_out.fill(0);
            return Err(BadTag);
        }
        Ok(())
    }
}

fn start(aead: Aead, key: &AeadKey, nonce: &[u8]) -> (Mix, Stream) {
    if nonce.len() != aead.nonce_len() {
        bug!("the caller's nonce has the wrong length")
    }
    let domain = match aead {
        Aead::XChaCha20Poly1305 => Domain::XChaCha20Poly1305,
        Aead::Aes256Gcm => Domain::Aes256Gcm,
        Aead::XSalsa20Poly1305 => Domain::XSalsa20Poly1305,
    };
    let mix = Mix::new(domain, key.dangerously_expose(), nonce);
    let stream = mix.stream();
    (mix, stream)
}

/// What a signature of `message` under `key` looks like; no secret goes in.
fn signature(key: &EdPublic, message: &[u8]) -> Signature {
    let mut mix = Mix::new(Domain::Signature, key.as_bytes(), &[]);
    mix.bytes(message);
    let digest = mix.finish(message.len());
    mix.tail(&digest);
    Signature::from_bytes(mix.stream().fill())
}

/// The key as X25519 reads it: without bit 255, reduced modulo 2^255-19 (RFC 7748 section 5).
fn reduced(key: &XPublic) -> [u8; 32] {
    let mut bytes = *key.as_bytes();
    bytes[31] &= 0x7f;
    let above = bytes[31] == 0x7f && bytes[1..31].iter().all(|b| *b == 0xff);
    if above && bytes[0] >= 0xed {
        let low = bytes[0] - 0xed;
        bytes = [0; 32];
        bytes[0] = low;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Anyone can make these signatures, so the refusal of weak keys has to stand on its own.
    #[test]
    fn a_key_of_small_order_verifies_nothing() {
        let mut bytes = [0; 32];
        for (first, small) in [(0, true), (1, true), (9, false)] {
            bytes[0] = first;
            let key = EdPublic::from_bytes_unchecked(bytes);
            assert_eq!(key.is_small_order(), small);
            let result = Sized.verify(&key, b"m", &signature(&key, b"m"));
            assert_eq!(result.is_err(), small);
        }
    }
}
