//! Both backends keep the common contract and agree with each other on every output.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use leek_crypto::{
    AccountKey, Aead, AeadKey, BadSignature, BadTag, DhError, DhSecret, EdPublic, Ephemeral, RawDh,
    RawEd, SharedSecret, Signature, SigningKey, Suite, Tag, XPublic, conformance, open_sealed_box,
    seal_box,
};
use proptest::prelude::*;

#[test]
fn names() {
    assert_eq!(leek_crypto::pure().suite().name(), "real-pure");
    let fast = if cfg!(feature = "fast") {
        "real-fast"
    } else {
        "real-pure"
    };
    assert_eq!(leek_crypto::fast().suite().name(), fast);
}

#[test]
fn pure_conforms() {
    for (seed, len) in [(0, 0), (1, 1), (2, 16), (3, 333)] {
        conformance::check(&*leek_crypto::pure().suite(), seed, len);
    }
}

#[test]
fn fast_conforms() {
    for (seed, len) in [(0, 0), (1, 1), (2, 16), (3, 333)] {
        conformance::check(&*leek_crypto::fast().suite(), seed, len);
    }
}

fn aead() -> impl Strategy<Value = Aead> {
    prop_oneof![
        Just(Aead::XChaCha20Poly1305),
        Just(Aead::Aes256Gcm),
        Just(Aead::XSalsa20Poly1305),
    ]
}

/// Random points and strings that are no point, with the known special ones mixed in.
fn x_public() -> impl Strategy<Value = [u8; 32]> {
    let edge = (0..=40u8, any::<bool>(), any::<bool>()).prop_map(|(low, top, sign)| {
        // 0..=40 or p-20..=p+18, with either bit 255
        let mut bytes = if top { [0xff; 32] } else { [0; 32] };
        bytes[0] = if top {
            0xd9_u8.saturating_add(low)
        } else {
            low
        };
        bytes[31] = if top { 0x7f } else { 0 } | if sign { 0x80 } else { 0 };
        bytes
    });
    prop_oneof![3 => any::<[u8; 32]>(), 1 => edge]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn agreements_are_equal(scalar in any::<[u8; 32]>(), theirs in x_public()) {
        let (pure, fast) = (leek_crypto::pure().suite(), leek_crypto::fast().suite());
        let theirs = XPublic::from_bytes(theirs);
        let long = DhSecret::<AccountKey>::from_scalar(scalar);
        let once = DhSecret::<Ephemeral>::one_time(&*fast, scalar);
        prop_assert_eq!(long.public(), once.public());
        prop_assert_eq!(pure.dh_public(&scalar), fast.dh_public(&scalar));
        let expected = long.agree(&*pure, &theirs).map(|s| *s.dangerously_expose());
        prop_assert_eq!(expected.is_err(), theirs.is_small_order());
        for ours in [long.raw(), once.raw()] {
            let got = fast.dh(ours, &theirs).map(|s| *s.dangerously_expose());
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn signatures_are_equal(
        seed in any::<[u8; 32]>(),
        message in prop::collection::vec(any::<u8>(), 0..600),
        bit in 0..512usize,
    ) {
        let (pure, fast) = (leek_crypto::pure().suite(), leek_crypto::fast().suite());
        let key = SigningKey::<AccountKey>::from_seed(seed);
        let signature = key.sign(&*pure, &message);
        prop_assert_eq!(signature, key.sign(&*fast, &message));
        let mut tampered = *signature.as_bytes();
        tampered[bit / 8] ^= 1 << (bit % 8);
        let tampered = Signature::from_bytes(tampered);
        for suite in [&pure, &fast] {
            prop_assert_eq!(suite.verify(key.public(), &message, &signature), Ok(()));
            prop_assert_eq!(suite.verify(key.public(), &message, &tampered), Err(BadSignature));
        }
    }

    #[test]
    fn ciphertexts_are_equal(
        aead in aead(),
        key in any::<[u8; 32]>(),
        nonce in any::<[u8; 24]>(),
        plaintext in prop::collection::vec(any::<u8>(), 0..5000),
        at in any::<prop::sample::Index>(),
    ) {
        let (pure, fast) = (leek_crypto::pure().suite(), leek_crypto::fast().suite());
        let nonce = &nonce[..aead.nonce_len()];
        let (mut a, mut b) = (plaintext.clone(), plaintext.clone());
        let key = AeadKey::from_bytes(key);
        let tag = pure.seal(aead, &key, nonce, &mut a);
        prop_assert_eq!(tag, fast.seal(aead, &key, nonce, &mut b));
        prop_assert_eq!(&a, &b);

        let mut sealed = [&a[..], &tag].concat();
        let at = at.index(8 * sealed.len());
        sealed[at / 8] ^= 1 << (at % 8);
        let (body, bad_tag) = sealed.split_at(a.len());
        let bad_tag: &Tag = bad_tag.try_into().unwrap();
        for suite in [&pure, &fast] {
            let result = suite.open(aead, &key, nonce, &mut body.to_vec(), bad_tag);
            prop_assert_eq!(result, Err(BadTag));
        }
        prop_assert_eq!(fast.open(aead, &key, nonce, &mut a, &tag), Ok(()));
        prop_assert_eq!(pure.open(aead, &key, nonce, &mut b, &tag), Ok(()));
        prop_assert_eq!(&a, &plaintext);
        prop_assert_eq!(&b, &plaintext);
    }

    #[test]
    fn sealed_boxes_cross(
        recipient in any::<[u8; 32]>(),
        ephemeral in any::<[u8; 32]>(),
        plaintext in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let (pure, fast) = (leek_crypto::pure().suite(), leek_crypto::fast().suite());
        let recipient = DhSecret::<AccountKey>::from_scalar(recipient);
        let a = seal_box(&*pure, recipient.public(), ephemeral, &plaintext).unwrap();
        let b = seal_box(&*fast, recipient.public(), ephemeral, &plaintext).unwrap();
        prop_assert_eq!(&a, &b);
        prop_assert_eq!(open_sealed_box(&*fast, &recipient, &a).unwrap(), plaintext.clone());
        prop_assert_eq!(open_sealed_box(&*pure, &recipient, &b).unwrap(), plaintext);
    }
}

#[test]
fn a_nonce_of_the_wrong_length_is_our_own_bug() {
    for suite in [leek_crypto::pure().suite(), leek_crypto::fast().suite()] {
        for aead in [
            Aead::XChaCha20Poly1305,
            Aead::Aes256Gcm,
            Aead::XSalsa20Poly1305,
        ] {
            for len in [
                0,
                aead.nonce_len() - 1,
                aead.nonce_len() + 1,
                36 - aead.nonce_len(),
            ] {
                let suite = std::panic::AssertUnwindSafe(&suite);
                let caught = std::panic::catch_unwind(|| {
                    suite.seal(
                        aead,
                        &AeadKey::from_bytes([0; 32]),
                        &[0; 36][..len],
                        &mut [],
                    )
                });
                assert!(caught.is_err(), "{aead:?} took a nonce of {len} bytes");
            }
        }
    }
}

/// A suite with one fault, to show that the contract's checks catch it.
#[derive(Clone, Copy, Debug)]
enum Fault {
    AcceptsAnySignature,
    AcceptsAnyTag,
    AcceptsSmallOrder,
    IgnoresNonce,
    DoesNotEncrypt,
}

struct Faulty(Fault);

impl Suite for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn dh_public(&self, scalar: &[u8; 32]) -> XPublic {
        leek_crypto::pure().suite().dh_public(scalar)
    }

    fn dh(&self, ours: &RawDh, theirs: &XPublic) -> Result<SharedSecret, DhError> {
        match (self.0, leek_crypto::pure().suite().dh(ours, theirs)) {
            (Fault::AcceptsSmallOrder, Err(_)) => Ok(SharedSecret::from_bytes([0; 32])),
            (_, result) => result,
        }
    }

    fn sign(&self, key: &RawEd, message: &[u8]) -> Signature {
        leek_crypto::pure().suite().sign(key, message)
    }

    fn verify(&self, key: &EdPublic, message: &[u8], s: &Signature) -> Result<(), BadSignature> {
        match self.0 {
            Fault::AcceptsAnySignature => Ok(()),
            _ => leek_crypto::pure().suite().verify(key, message, s),
        }
    }

    fn seal(&self, aead: Aead, key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag {
        let zero = [0; 24];
        let pure = leek_crypto::pure().suite();
        match self.0 {
            Fault::IgnoresNonce => pure.seal(aead, key, &zero[..nonce.len()], in_out),
            Fault::DoesNotEncrypt => pure.seal(aead, key, nonce, &mut in_out.to_vec()),
            _ => pure.seal(aead, key, nonce, in_out),
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
        let zero = [0; 24];
        let pure = leek_crypto::pure().suite();
        match self.0 {
            Fault::IgnoresNonce => pure.open(aead, key, &zero[..nonce.len()], in_out, tag),
            Fault::DoesNotEncrypt => {
                let again = pure.seal(aead, key, nonce, &mut in_out.to_vec());
                (again == *tag).then_some(()).ok_or(BadTag)
            }
            Fault::AcceptsAnyTag => {
                let _ = pure.open(aead, key, nonce, in_out, tag);
                Ok(())
            }
            _ => pure.open(aead, key, nonce, in_out, tag),
        }
    }
}

#[test]
fn the_contract_catches_faulty_suites() {
    for fault in [
        Fault::AcceptsAnySignature,
        Fault::AcceptsAnyTag,
        Fault::AcceptsSmallOrder,
        Fault::IgnoresNonce,
        Fault::DoesNotEncrypt,
    ] {
        let caught = std::panic::catch_unwind(|| conformance::check(&Faulty(fault), 0, 64));
        assert!(caught.is_err(), "{fault:?} passed");
    }
}
