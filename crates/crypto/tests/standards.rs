//! Vectors of the standards, for both backends.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use data_encoding::HEXLOWER;
use leek_crypto::{AccountKey, Aead, AeadKey, DhSecret, SigningKey, Suite, XPublic, ct_eq, hash};

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn hex32(text: &str) -> [u8; 32] {
    hex(text).try_into().unwrap()
}

fn suites() -> [Arc<dyn Suite>; 2] {
    [leek_crypto::pure().suite(), leek_crypto::fast().suite()]
}

/// RFC 8032 section 7.1, tests 1 and 2.
#[test]
fn ed25519() {
    for (seed, public, message, signature) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39\
             701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36\
             13d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ] {
        let key = SigningKey::<AccountKey>::from_seed(hex32(seed));
        assert_eq!(*key.public().as_bytes(), hex32(public));
        for suite in suites() {
            let signed = key.sign(&*suite, &hex(message));
            assert_eq!(signed.as_bytes()[..], hex(signature));
            suite.verify(key.public(), &hex(message), &signed).unwrap();
        }
    }
}

/// RFC 7748 section 5.2: the first vector, then 1 and 1,000 iterations.
#[test]
fn x25519() {
    let agree = |suite: &dyn Suite, k: [u8; 32], u: [u8; 32]| {
        let ours = DhSecret::<AccountKey>::from_scalar(k);
        let shared = ours.agree(suite, &XPublic::from_bytes(u)).unwrap();
        *shared.dangerously_expose()
    };
    for suite in suites() {
        let shared = agree(
            &*suite,
            hex32("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
            hex32("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
        );
        let expected = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552";
        assert_eq!(shared, hex32(expected));

        let mut k = [0; 32];
        k[0] = 9;
        let mut u = k;
        for i in 1..=1000 {
            (k, u) = (agree(&*suite, k, u), k);
            if i == 1 {
                let once = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";
                assert_eq!(k, hex32(once));
            }
        }
        let thousand = "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51";
        assert_eq!(k, hex32(thousand));
    }
}

/// GCM specification (McGrew and Viega), test case 14: AES-256, one block of zeros.
#[test]
fn aes_256_gcm() {
    for suite in suites() {
        let key = AeadKey::from_bytes([0; 32]);
        let mut body = [0; 16];
        let tag = suite.seal(Aead::Aes256Gcm, &key, &[0; 12], &mut body);
        assert_eq!(body[..], hex("cea7403d4d606b6e074ec5d3baf39d18"));
        assert_eq!(tag[..], hex("d0d1c8a799996bf0265b98b5d48ab919"));
    }
}

/// The secretbox example of "Cryptography in NaCl" (Bernstein, 2009), section 10.
#[test]
fn xsalsa20_poly1305() {
    let key = hex32("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
    let nonce = hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
    let plaintext = hex(
        "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e\
         6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a\
         838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705",
    );
    let expected = hex(
        "8e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec\
         48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6b\
         b3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5",
    );
    for suite in suites() {
        let mut body = plaintext.clone();
        let key = AeadKey::from_bytes(key);
        let tag = suite.seal(Aead::XSalsa20Poly1305, &key, &nonce, &mut body);
        assert_eq!(tag[..], hex("f3ffc7703f9400e52a7dfb4b3d3305d9"));
        assert_eq!(body, expected);
    }
}

/// FIPS 180-4 examples ("abc") and RFC 7693 appendix A.
#[test]
fn hashes_of_abc_in_parts() {
    let parts: [&[u8]; 3] = [b"a", b"", b"bc"];
    assert_eq!(
        hash::sha256(&parts)[..],
        hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
    assert_eq!(
        hash::sha512(&parts)[..],
        hex(
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c\
             23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        )
    );
    assert_eq!(
        hash::blake2b::<64>(&[], &[], &parts)[..],
        hex(
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5\
             de4533cc9518d38aa8dbf1925ab92386edd4009923"
        )
    );
}

#[test]
#[should_panic(expected = "BLAKE2b takes 64 bytes of key and 16 of personal, got 65 and 0")]
fn blake2b_key_too_long() {
    hash::blake2b::<32>(&[0; 65], &[], &[]);
}

#[test]
#[should_panic(expected = "BLAKE2b takes 64 bytes of key and 16 of personal, got 0 and 17")]
fn blake2b_personal_too_long() {
    hash::blake2b::<32>(&[], &[0; 17], &[]);
}

/// RFC 4231 section 4.2 and RFC 5869 appendix A.1 and A.3.
#[test]
fn hmac_and_hkdf() {
    assert_eq!(
        hash::hmac_sha256(&[0x0b; 20], &[b"Hi ", b"There"])[..],
        hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    );
    let salt: Vec<u8> = (0..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    assert_eq!(
        hash::hkdf_sha256::<42>(&salt, &[0x0b; 22], &info)[..],
        hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    );
    assert_eq!(
        hash::hkdf_sha256::<42>(&[], &[0x0b; 22], &[])[..],
        hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
    );
}

#[test]
fn comparison() {
    assert!(ct_eq(b"", b""));
    assert!(ct_eq(b"same", b"same"));
    for bit in 0..32 {
        let mut other = *b"same";
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!ct_eq(b"same", &other));
    }
    assert!(!ct_eq(b"same", b"sam"));
    assert!(!ct_eq(b"", b"\0"));
}
