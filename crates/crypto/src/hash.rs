//! Hashes and key derivation. Always real, in every suite.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use leek_machine::bug;
use sha2::{Digest as _, Sha256, Sha512};

/// BLAKE2b with native digest length `N` (1 to 64, not truncation), optional key (at most 64
/// bytes) and personal (at most 16 bytes, padded with zeros), over the concatenation of `parts`.
///
/// An empty `key` or `personal` means none. A longer one is a caller's bug: both are constants or
/// fixed-length values everywhere in the formats (crypto spec, notation).
pub fn blake2b<const N: usize>(key: &[u8], personal: &[u8], parts: &[&[u8]]) -> [u8; N] {
    const { assert!(N >= 1 && N <= blake2b_simd::OUTBYTES) };
    if key.len() > blake2b_simd::KEYBYTES || personal.len() > blake2b_simd::PERSONALBYTES {
        bug!(
            "BLAKE2b takes 64 bytes of key and 16 of personal, got {} and {}",
            key.len(),
            personal.len()
        )
    }
    let mut state = blake2b_simd::Params::new()
        .hash_length(N)
        .key(key)
        .personal(personal)
        .to_state();
    for part in parts {
        state.update(part);
    }
    let mut out = [0; N];
    out.copy_from_slice(state.finalize().as_bytes());
    out
}

/// BLAKE2b-256 without key or personal.
pub fn blake2b_256(parts: &[&[u8]]) -> [u8; 32] {
    blake2b(&[], &[], parts)
}

/// SHA-256 over the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = Sha256::new();
    for part in parts {
        state.update(part);
    }
    state.finalize().into()
}

/// SHA-512 over the concatenation of `parts`.
pub fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    let mut state = Sha512::new();
    for part in parts {
        state.update(part);
    }
    state.finalize().into()
}

/// HMAC-SHA256 with `key` (any length) over the concatenation of `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        bug!("HMAC takes keys of any length")
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HKDF-SHA256 (RFC 5869): `N` bytes, at most 8160. An empty `salt` is the RFC's default salt.
pub fn hkdf_sha256<const N: usize>(salt: &[u8], ikm: &[u8], info: &[u8]) -> [u8; N] {
    const { assert!(N <= 255 * 32) };
    let mut out = [0; N];
    if Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(info, &mut out)
        .is_err()
    {
        bug!("HKDF-SHA256 yields up to 8160 bytes")
    }
    out
}
