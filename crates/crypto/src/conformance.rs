//! What every suite must do, real or not: one set of checks for both backends, for the sized
//! suite and for any suite that wraps another. Each function panics when the suite fails it.

use crate::{
    AccountKey, Aead, AeadKey, CryptoError, DhError, DhSecret, EdPublic, Ephemeral,
    SEALED_BOX_OVERHEAD, Signature, SigningKey, Suite, Tag, XPublic, hash,
    keys::{SMALL_ORDER_U, SMALL_ORDER_Y},
    open_sealed_box, seal_box, seal_box_deterministic,
};

const AEADS: [Aead; 3] = [
    Aead::XChaCha20Poly1305,
    Aead::Aes256Gcm,
    Aead::XSalsa20Poly1305,
];

/// All checks, with keys that follow from `seed` and messages of `len` bytes.
pub fn check(suite: &dyn Suite, seed: u64, len: usize) {
    agreement(suite, seed);
    small_order_is_refused(suite, seed);
    signatures(suite, seed, len);
    for aead in AEADS {
        ciphers(suite, aead, seed, len);
    }
    sealed_boxes(suite, seed, len);
}

/// Two sides agree, whatever made their keys; other keys give other secrets.
pub fn agreement(suite: &dyn Suite, seed: u64) {
    let long = DhSecret::<AccountKey>::from_scalar(draw(seed, "long"));
    let other = DhSecret::<AccountKey>::from_scalar(draw(seed, "other"));
    let once = DhSecret::<Ephemeral>::one_time(suite, draw(seed, "once"));
    let twin = DhSecret::<Ephemeral>::one_time(suite, draw(seed, "once"));
    let next = DhSecret::<Ephemeral>::one_time(suite, draw(seed, "next"));
    assert_eq!(once.public(), twin.public());
    assert_ne!(once.public(), next.public());
    assert!(!once.public().is_small_order());
    let clamped = once.raw().dangerously_expose_scalar();
    assert_eq!(*once.public(), suite.dh_public(clamped));
    assert_eq!(*once.public(), suite.dh_public(&draw(seed, "once")));

    let forth = secret(suite, &long, once.public());
    assert_eq!(forth, secret(suite, &once, long.public()));
    assert_eq!(forth, secret(suite, &long, once.public()), "a kept key");
    assert_ne!(forth, secret(suite, &other, once.public()));
    assert_ne!(forth, secret(suite, &long, next.public()));
    let between = secret(suite, &long, other.public());
    assert_eq!(between, secret(suite, &other, long.public()));

    // RFC 7748 section 5: bit 255 of their key is ignored.
    let mut bytes = *other.public().as_bytes();
    bytes[31] |= 0x80;
    assert_eq!(between, secret(suite, &long, &XPublic::from_bytes(bytes)));
    // And the rest is reduced modulo p: p + 9 is 9.
    let (mut nine, mut unreduced) = ([0; 32], [0xff; 32]);
    nine[0] = 9;
    unreduced[0] = 0xed + 9;
    assert_eq!(
        secret(suite, &long, &XPublic::from_bytes(nine)),
        secret(suite, &long, &XPublic::from_bytes(unreduced))
    );
}

/// Keys of small order are refused in agreement and in verification.
pub fn small_order_is_refused(suite: &dyn Suite, seed: u64) {
    let ours = DhSecret::<AccountKey>::from_scalar(draw(seed, "ours"));
    for bytes in both_signs(&SMALL_ORDER_U) {
        let refused = ours.agree(suite, &XPublic::from_bytes(bytes)).err();
        assert_eq!(refused, Some(DhError::NonContributory), "{bytes:02x?}");
    }
    // R = B and s = 1 satisfy the bare equation whenever the order of the key divides the
    // challenge: for the identity always, for the others for one message in 2, 4 or 8.
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&ED25519_BASE);
    signature[32] = 1;
    let signature = Signature::from_bytes(signature);
    for bytes in both_signs(&SMALL_ORDER_Y) {
        let key = EdPublic::from_bytes_unchecked(bytes);
        for message in 0..32u8 {
            let held = suite.verify(&key, &[message], &signature);
            assert!(held.is_err(), "{bytes:02x?} over {message}");
        }
    }
}

/// A signature holds for its key and message, and for nothing that differs in one bit.
pub fn signatures(suite: &dyn Suite, seed: u64, len: usize) {
    let key = SigningKey::<AccountKey>::from_seed(draw(seed, "sign"));
    let other = SigningKey::<AccountKey>::from_seed(draw(seed, "sign-other"));
    let message = text(seed, len);
    let signature = key.sign(suite, &message);
    assert_eq!(signature, key.sign(suite, &message), "a kept key");
    let holds = |key: &EdPublic, message: &[u8], signature: &Signature| {
        suite.verify(key, message, signature).is_ok()
    };
    assert!(holds(key.public(), &message, &signature));
    assert!(!holds(other.public(), &message, &signature));

    let longer = [&message[..], &[0]].concat();
    assert!(!holds(key.public(), &longer, &signature));
    if let Some((_, shorter)) = message.split_last() {
        assert!(!holds(key.public(), shorter, &signature));
    }
    for bit in spread(8 * len) {
        let changed = flipped(&message, bit);
        assert!(
            !holds(key.public(), &changed, &signature),
            "message bit {bit}"
        );
    }
    for bit in spread(8 * 64) {
        let mut bytes = *signature.as_bytes();
        flip(&mut bytes, bit);
        let changed = Signature::from_bytes(bytes);
        assert!(
            !holds(key.public(), &message, &changed),
            "signature bit {bit}"
        );
    }
    for bit in spread(8 * 32) {
        let mut bytes = *key.public().as_bytes();
        flip(&mut bytes, bit);
        let changed = EdPublic::from_bytes_unchecked(bytes);
        assert!(!holds(&changed, &message, &signature), "key bit {bit}");
    }
}

/// What was sealed opens under the same key, nonce and tag, and under nothing that differs in one
/// bit.
pub fn ciphers(suite: &dyn Suite, aead: Aead, seed: u64, len: usize) {
    let key = draw(seed, "key");
    let nonce = &draw(seed, "nonce")[..aead.nonce_len()];
    let plaintext = text(seed, len);
    let seal = |key: [u8; 32], nonce: &[u8]| {
        let mut body = plaintext.clone();
        let tag = suite.seal(aead, &AeadKey::from_bytes(key), nonce, &mut body);
        (body, tag)
    };
    let open = |key: [u8; 32], nonce: &[u8], body: &[u8], tag: &Tag| {
        let mut body = body.to_vec();
        let key = AeadKey::from_bytes(key);
        suite
            .open(aead, &key, nonce, &mut body, tag)
            .ok()
            .map(|()| body)
    };
    let (sealed, tag) = seal(key, nonce);
    assert_eq!(open(key, nonce, &sealed, &tag).as_ref(), Some(&plaintext));
    assert_eq!((sealed.clone(), tag), seal(key, nonce));

    for bit in spread(8 * nonce.len()) {
        let changed = flipped(nonce, bit);
        assert_eq!(open(key, &changed, &sealed, &tag), None, "nonce bit {bit}");
        assert_ne!(seal(key, &changed).1, tag);
    }
    for bit in spread(8 * 32) {
        let mut changed = key;
        flip(&mut changed, bit);
        assert_eq!(open(changed, nonce, &sealed, &tag), None, "key bit {bit}");
    }
    for bit in spread(8 * tag.len()) {
        let mut changed = tag;
        flip(&mut changed, bit);
        assert_eq!(open(key, nonce, &sealed, &changed), None, "tag bit {bit}");
    }
    for bit in spread(8 * len) {
        let changed = flipped(&sealed, bit);
        assert_eq!(open(key, nonce, &changed, &tag), None, "body bit {bit}");
    }
    let longer = [&sealed[..], &[0]].concat();
    assert_eq!(open(key, nonce, &longer, &tag), None);
    if let Some((_, shorter)) = sealed.split_last() {
        assert_eq!(open(key, nonce, shorter, &tag), None);
    }
    // From 16 bytes on, equality by chance is out of the question.
    if len >= 16 {
        assert_ne!(sealed, plaintext);
        assert_ne!(sealed, seal(draw(seed, "key-other"), nonce).0);
    }
}

/// A sealed box opens for its recipient only, and only as it was.
pub fn sealed_boxes(suite: &dyn Suite, seed: u64, len: usize) {
    let recipient = DhSecret::<AccountKey>::from_scalar(draw(seed, "recipient"));
    let stranger = DhSecret::<AccountKey>::from_scalar(draw(seed, "stranger"));
    let plaintext = text(seed, len);
    let ephemeral = draw(seed, "ephemeral");
    let random = seal_box(suite, recipient.public(), ephemeral, &plaintext);
    let fixed = seal_box_deterministic(suite, recipient.public(), &ephemeral, &plaintext);
    assert_ne!(random, fixed, "the deterministic variant hashes its seed");
    for sealed in [random, fixed] {
        let Ok(sealed) = sealed else {
            panic!("seal to a good key")
        };
        assert_eq!(sealed.len(), len + SEALED_BOX_OVERHEAD);
        let opened = open_sealed_box(suite, &recipient, &sealed);
        assert_eq!(opened.as_ref(), Ok(&plaintext));
        assert!(open_sealed_box(suite, &stranger, &sealed).is_err());
        for bit in spread(8 * sealed.len()) {
            let opened = open_sealed_box(suite, &recipient, &flipped(&sealed, bit));
            assert!(opened.is_err(), "bit {bit}");
        }
        for short in [0, 1, SEALED_BOX_OVERHEAD - 1] {
            let expected = CryptoError::TooShort {
                len: short,
                min: SEALED_BOX_OVERHEAD,
            };
            let opened = open_sealed_box(suite, &recipient, &sealed[..short]);
            assert_eq!(opened, Err(expected));
        }
        // An ephemeral key of small order is its own error.
        let mut weak = sealed;
        weak[..32].fill(0);
        let opened = open_sealed_box(suite, &recipient, &weak);
        assert_eq!(opened, Err(CryptoError::Dh(DhError::NonContributory)));
    }
    let refused = seal_box(suite, &XPublic::from_bytes([0; 32]), ephemeral, &plaintext);
    assert_eq!(refused, Err(DhError::NonContributory));
}

/// The base point of Ed25519, y = 4/5 (RFC 8032 section 5.1).
const ED25519_BASE: [u8; 32] = {
    let mut y = [0x66; 32];
    y[0] = 0x58;
    y
};

fn both_signs(list: &[[u8; 32]]) -> impl Iterator<Item = [u8; 32]> {
    list.iter().flat_map(|&low| {
        let mut high = low;
        high[31] |= 0x80;
        [low, high]
    })
}

fn secret<P: crate::Purpose>(suite: &dyn Suite, ours: &DhSecret<P>, theirs: &XPublic) -> [u8; 32] {
    match ours.agree(suite, theirs) {
        Ok(shared) => *shared.dangerously_expose(),
        Err(e) => panic!("{e}"),
    }
}

fn draw(seed: u64, label: &str) -> [u8; 32] {
    hash::blake2b_256(&[&seed.to_le_bytes(), label.as_bytes()])
}

fn text(seed: u64, len: usize) -> Vec<u8> {
    draw(seed, "text").into_iter().cycle().take(len).collect()
}

/// At most 32 positions below `bits`: the first, the last, and others between them.
fn spread(bits: usize) -> impl Iterator<Item = usize> {
    (0..bits)
        .step_by(bits.div_ceil(31).max(1))
        .chain(bits.checked_sub(1))
}

fn flip(bytes: &mut [u8], bit: usize) {
    bytes[bit / 8] ^= 1 << (bit % 8);
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    flip(&mut out, bit);
    out
}
