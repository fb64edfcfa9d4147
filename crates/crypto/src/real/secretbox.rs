//! XSalsa20-Poly1305 as in NaCl `crypto_secretbox`, detached and in place.
//!
//! Both backends use it: no well-kept C library that we link has Salsa20.

use leek_machine::bug;
use poly1305::{
    Block, Poly1305,
    universal_hash::{KeyInit as _, UniversalHash as _},
};
use salsa20::{
    XSalsa20,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{AeadKey, BadTag, TAG_LEN, Tag};

/// Length of the nonce, in bytes.
const NONCE_LEN: usize = 24;

pub(super) fn seal(key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag {
    let (mut cipher, mac) = start(key, nonce);
    cipher.apply_keystream(in_out);
    tag(mac, in_out)
}

pub(super) fn open(
    key: &AeadKey,
    nonce: &[u8],
    in_out: &mut [u8],
    expected: &Tag,
) -> Result<(), BadTag> {
    let (mut cipher, mac) = start(key, nonce);
    if !bool::from(tag(mac, in_out).ct_eq(expected)) {
        return Err(BadTag);
    }
    cipher.apply_keystream(in_out);
    Ok(())
}

/// The first 32 bytes of the keystream are the MAC's key; the rest encrypts.
fn start(key: &AeadKey, nonce: &[u8]) -> (XSalsa20, Poly1305) {
    let Ok(nonce) = <&[u8; NONCE_LEN]>::try_from(nonce) else {
        bug!("the caller's nonce has the wrong length")
    };
    let mut cipher = XSalsa20::new(key.dangerously_expose().into(), nonce.into());
    let mut mac_key = Zeroizing::new([0; 32]);
    cipher.apply_keystream(mac_key.as_mut_slice());
    let mac_key: &[u8; 32] = &mac_key;
    (cipher, Poly1305::new(mac_key.into()))
}

/// Whole blocks go through `update`, which can take several at a time.
fn tag(mut mac: Poly1305, ciphertext: &[u8]) -> Tag {
    let (blocks, rest) = Block::slice_as_chunks(ciphertext);
    mac.update(blocks);
    let mut out = [0; TAG_LEN];
    out.copy_from_slice(&mac.compute_unpadded(rest));
    out
}
