//! Keys and signatures that a lenient implementation takes and that both backends refuse.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::{Scalar, clamp_integer},
    traits::Identity as _,
};
use data_encoding::HEXLOWER;
use ed25519_dalek::Verifier as _;
use leek_crypto::{
    AccountKey, BadSignature, DhError, DhSecret, EdPublic, ParseKeyError, Signature, SigningKey,
    Suite, XPublic, hash,
};
use proptest::prelude::*;

fn suites() -> [Arc<dyn Suite>; 2] {
    [leek_crypto::pure().suite(), leek_crypto::fast().suite()]
}

/// The twelve strings usually listed as unsafe X25519 keys (cr.yp.to/ecdh.html). The last five
/// exceed 2^255 and are unsafe only where bit 255 is read; RFC 7748 masks it, and so do we.
const TWELVE: [&str; 12] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
    "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
    "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

#[test]
fn x25519_keys_of_small_order() {
    let ours = DhSecret::<AccountKey>::from_scalar([0x5a; 32]);
    for (i, hex) in TWELVE.into_iter().enumerate() {
        let bytes = HEXLOWER.decode(hex.as_bytes()).unwrap();
        let theirs = XPublic::from_bytes(bytes.try_into().unwrap());
        let expected = (i < 7).then_some(DhError::NonContributory);
        assert_eq!(theirs.is_small_order(), i < 7, "{hex}");
        for suite in suites() {
            assert_eq!(ours.agree(&*suite, &theirs).err(), expected, "{hex}");
        }
    }
}

/// What ed25519-dalek's lenient `verify` says, to show that a refusal is due to strictness.
fn lenient(key: &[u8; 32], message: &[u8], signature: &Signature) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
    ed25519_dalek::VerifyingKey::from_bytes(key)
        .is_ok_and(|key| key.verify(message, &signature).is_ok())
}

fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&hash::sha512(&[r, key, message]))
}

fn assemble(r: &[u8; 32], s: &Scalar) -> Signature {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(r);
    bytes[32..].copy_from_slice(s.as_bytes());
    Signature::from_bytes(bytes)
}

#[test]
fn a_key_of_small_order_signs_nothing() {
    let signature = assemble(&ED25519_BASEPOINT_POINT.compress().0, &Scalar::ONE);
    for point in EIGHT_TORSION {
        let key = point.compress().0;
        // One message in eight at worst satisfies the bare equation.
        let message = (0..=u8::MAX)
            .find(|m| lenient(&key, &[*m], &signature))
            .unwrap();
        for suite in suites() {
            let key = EdPublic::from_bytes_unchecked(key);
            let result = suite.verify(&key, &[message], &signature);
            assert_eq!(result, Err(BadSignature));
        }
    }
}

/// The secret scalar of a seed, reduced (RFC 8032 section 5.1.5).
fn secret_scalar(seed: &[u8; 32]) -> Scalar {
    let digest = hash::sha512(&[seed]);
    Scalar::from_bytes_mod_order(clamp_integer(digest[..32].try_into().unwrap()))
}

#[test]
fn r_of_small_order_or_not_canonical() {
    let seed = [3; 32];
    let key = *SigningKey::<AccountKey>::from_seed(seed)
        .public()
        .as_bytes();
    let identity = EdwardsPoint::identity().compress().0;
    let mut unreduced = [0xff; 32]; // p + 1
    unreduced[0] = 0xee;
    unreduced[31] = 0x7f;
    let mut negative_zero = identity;
    negative_zero[31] = 0x80;
    for (r, lenient_takes_it) in [(identity, true), (unreduced, false), (negative_zero, false)] {
        // The owner of the key can sign with R = 0: then s = k a.
        let s = challenge(&r, &key, b"m") * secret_scalar(&seed);
        let signature = assemble(&r, &s);
        assert_eq!(lenient(&key, b"m", &signature), lenient_takes_it);
        let point = CompressedEdwardsY(r).decompress();
        assert_eq!(point, Some(EdwardsPoint::identity()), "R decodes to 0");
        for suite in suites() {
            let key = EdPublic::from_bytes_unchecked(key);
            assert_eq!(suite.verify(&key, b"m", &signature), Err(BadSignature));
        }
    }
}

/// The group order L = 2^252 + 27742317777372353535851937790883648493, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn s_must_be_reduced() {
    let key = SigningKey::<AccountKey>::from_seed([9; 32]);
    for suite in suites() {
        let mut bytes = *key.sign(&*suite, b"message").as_bytes();
        let good = Signature::from_bytes(bytes);
        assert_eq!(suite.verify(key.public(), b"message", &good), Ok(()));
        // s + L, s + 2L, .. satisfy the equation; there is room for fourteen or fifteen of them.
        for _ in 0..14 {
            let mut carry = 0;
            for (s, l) in bytes[32..].iter_mut().zip(L) {
                let sum = u16::from(*s) + u16::from(l) + carry;
                *s = sum.to_le_bytes()[0];
                carry = sum >> 8;
            }
            assert_eq!(carry, 0);
            let bad = Signature::from_bytes(bytes);
            let result = suite.verify(key.public(), b"message", &bad);
            assert_eq!(result, Err(BadSignature));
        }
    }
}

#[test]
fn both_backends_use_the_equation_without_cofactor() {
    // A key with a component of small order verifies for the messages whose challenge cancels it.
    let a = secret_scalar(&[4; 32]);
    let key = (EdwardsPoint::mul_base(&a) + EIGHT_TORSION[1]).compress().0;
    let r = Scalar::from(77_u32);
    let big_r = EdwardsPoint::mul_base(&r).compress().0;
    let mut held = 0;
    for message in 0..=u8::MAX {
        let k = challenge(&big_r, &key, &[message]);
        let signature = assemble(&big_r, &(r + k * a));
        let expected = k.as_bytes()[0].is_multiple_of(8);
        held += u32::from(expected);
        for suite in suites() {
            let key = EdPublic::from_bytes_unchecked(key);
            let result = suite.verify(&key, &[message], &signature);
            assert_eq!(result.is_ok(), expected, "{} on {message}", suite.name());
        }
    }
    assert!((1..256).contains(&held));
    assert_eq!(EdPublic::parse(key), Err(ParseKeyError::NotAPoint));
}

fn refuses(bytes: [u8; 32]) {
    let result = EdPublic::parse(bytes);
    assert_eq!(result, Err(ParseKeyError::NotAPoint), "{bytes:02x?}");
}

#[test]
fn parse_takes_only_canonical_points_of_the_prime_order_subgroup() {
    assert!(EdPublic::parse(ED25519_BASEPOINT_POINT.compress().0).is_ok());
    for point in EIGHT_TORSION {
        refuses(point.compress().0);
        if point != EdwardsPoint::identity() {
            let mixed = (ED25519_BASEPOINT_POINT + point).compress().0;
            refuses(mixed);
            let mixed = EdPublic::from_bytes_unchecked(mixed);
            assert_eq!(mixed.to_x25519(), Err(ParseKeyError::NotAPoint));
            let base = XPublic::from_bytes(ED25519_BASEPOINT_POINT.to_montgomery().to_bytes());
            assert!(
                !mixed.has_image(&base),
                "a mixed-order key owns no honest account"
            );
        }
    }
    // y = p + 0 ..= p + 18, with either sign: no encoding that is not reduced is taken.
    let mut on_curve = 0;
    for low in 0xed..=0xff {
        for sign in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            bytes[0] = low;
            bytes[31] = sign;
            on_curve += u32::from(CompressedEdwardsY(bytes).decompress().is_some());
            refuses(bytes);
        }
    }
    assert!(on_curve > 4, "some of them are points");
    // y = 2 is on no point: (y^2 - 1) / (d y^2 + 1) is not a square.
    let mut two = [0; 32];
    two[0] = 2;
    assert_eq!(CompressedEdwardsY(two).decompress(), None);
    refuses(two);
}

#[test]
fn an_x25519_key_on_the_twist_has_no_counterpart() {
    // u = 2 lies on the twist; u = -1 has no image at all.
    for first in [2, 0xec] {
        let mut bytes = if first == 2 { [0; 32] } else { [0xff; 32] };
        bytes[0] = first;
        bytes[31] &= 0x7f;
        let result = XPublic::from_bytes(bytes).to_positive_ed();
        assert_eq!(result, Err(ParseKeyError::NoCounterpart));
    }
    let small = XPublic::from_bytes([0; 32]).to_positive_ed();
    assert_eq!(small, Err(ParseKeyError::NotAPoint));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// `x(pos(X)) = X`, and `pos` is the signer's key up to its sign.
    #[test]
    fn only_a_key_and_its_negative_have_its_image(
        seed in any::<[u8; 32]>(),
        other in any::<[u8; 32]>(),
    ) {
        let key = *SigningKey::<AccountKey>::from_seed(seed).public();
        let image = key.to_x25519().unwrap();
        let mut negative = *key.as_bytes();
        negative[31] ^= 0x80;
        prop_assert!(key.has_image(&image));
        prop_assert!(EdPublic::from_bytes_unchecked(negative).has_image(&image));
        let other = *SigningKey::<AccountKey>::from_seed(other).public();
        prop_assert_eq!(other.has_image(&image), other.to_x25519() == Ok(image));
    }

    #[test]
    fn the_two_maps_are_inverse(seed in any::<[u8; 32]>()) {
        let key = SigningKey::<AccountKey>::from_seed(seed);
        let x = *key.to_dh::<AccountKey>().public();
        prop_assert_eq!(key.public().to_x25519(), Ok(x));
        let positive = x.to_positive_ed().unwrap();
        prop_assert!(!positive.is_negative());
        prop_assert_eq!(positive.to_x25519(), Ok(x));
        let mut bytes = *key.public().as_bytes();
        bytes[31] &= 0x7f;
        prop_assert_eq!(*positive.as_bytes(), bytes);
        prop_assert_eq!(EdPublic::parse(*key.public().as_bytes()), Ok(*key.public()));
    }
}
