//! Each broken rule, in both directions: a node we call, and a peer that calls us.

use rcgen::{
    CertificateParams, CustomExtension, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    date_time_ymd,
};
use rustls::{
    SignatureScheme,
    pki_types::{CertificateDer, PrivateKeyDer},
    sign::{CertifiedKey, SigningKey},
};

use super::{
    super::{certificate, identity::Key},
    odd::{Odd, Stubborn},
    *,
};

const START_S: u64 = START.ms() / 1_000;
const DAY_S: u64 = 86_400;

/// The key of the node of seed 4, the odd one.
fn odd_key() -> Key {
    Key::new(keys(4), &leek_crypto::fast())
}

fn shown(certificates: Vec<CertificateDer<'static>>, key: impl SigningKey + 'static) -> Odd {
    Odd::shows(CertifiedKey::new(certificates, Arc::new(key)))
}

fn valid(from_s: u64, until_s: u64) -> CertificateDer<'static> {
    certificate::make_valid(&odd_key(), from_s, until_s).unwrap()
}

fn right() -> CertificateDer<'static> {
    certificate::make(&odd_key(), START).unwrap()
}

/// A certificate of the odd key, valid at `START`, with something changed.
fn with(change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2027, 1, 14);
    params.not_after = date_time_ymd(2027, 1, 18);
    change(&mut params);
    params.self_signed(&odd_key()).unwrap().der().clone()
}

/// Refused as a node that we call, and as a peer that calls us, for the same reason.
fn refused(odd: impl Fn() -> Odd, reason: CertificateRefused) {
    let meeting = Meeting::new();
    let expected = HandshakeError::Certificate(reason);
    assert_eq!(odd().serves(&meeting, keys(4).id()), expected);
    assert_eq!(odd().calls(&meeting), Err(expected));
}

#[test]
fn the_odd_sides_are_accepted_when_nothing_is_odd() {
    let meeting = Meeting::new();
    let odd = shown(vec![right()], odd_key());
    assert_eq!(odd.calls(&meeting), Ok(Some(keys(4).id())));
    let odd = shown(vec![with(|_| ())], odd_key());
    assert_eq!(odd.calls(&meeting), Ok(Some(keys(4).id())));
    assert_eq!(Odd::anonymous().calls(&meeting), Ok(None));
    // As a server it gets past everything but the expected key.
    let odd = shown(vec![right()], odd_key());
    let reason = HandshakeError::Certificate(CertificateRefused::OtherKey);
    assert_eq!(odd.serves(&meeting, keys(5).id()), reason);
}

#[test]
fn another_nodes_certificate_without_its_key() {
    let thief = || Key::new(keys(6), &leek_crypto::fast());
    refused(
        || shown(vec![right()], thief()),
        CertificateRefused::KeyNotHeld,
    );
}

#[test]
fn a_certificate_outside_its_time() {
    let past = || valid(START_S - 7 * DAY_S, START_S - 1);
    refused(
        || shown(vec![past()], odd_key()),
        CertificateRefused::Expired,
    );
    let future = || valid(START_S + 1, START_S + DAY_S);
    refused(
        || shown(vec![future()], odd_key()),
        CertificateRefused::NotYetValid,
    );
    let long = || valid(START_S - DAY_S, START_S + 7 * DAY_S + 1);
    refused(
        || shown(vec![long()], odd_key()),
        CertificateRefused::ValidTooLong,
    );
}

#[test]
fn a_certificate_that_its_key_did_not_sign() {
    let tampered = || {
        let mut bytes = right().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        CertificateDer::from(bytes)
    };
    refused(
        || shown(vec![tampered()], odd_key()),
        CertificateRefused::SelfSignature,
    );
    let renamed = || {
        let mut bytes = right().to_vec();
        let name = bytes.windows(4).position(|four| four == b"leek").unwrap();
        bytes[name] = b'g';
        CertificateDer::from(bytes)
    };
    refused(
        || shown(vec![renamed()], odd_key()),
        CertificateRefused::SelfSignature,
    );
}

#[test]
fn a_key_for_which_anybody_can_sign() {
    refused_small_order(Anybody([0; 32]));
    let mut identity = [0; 32];
    identity[0] = 1;
    refused_small_order(Anybody(identity));
}

fn refused_small_order(key: Anybody) {
    let meeting = Meeting::new();
    let certificate = || certificate::make(&key, START).unwrap();
    let reason = HandshakeError::Certificate(CertificateRefused::SelfSignature);
    let odd = shown(vec![certificate()], key);
    assert_eq!(odd.serves(&meeting, NodeId::from_bytes(key.0)), reason);
    assert_eq!(shown(vec![certificate()], key).calls(&meeting), Err(reason));
}

#[test]
fn a_certificate_of_another_form() {
    let two = || vec![right(), right()];
    refused(|| shown(two(), odd_key()), CertificateRefused::Chain);
    let garbage = || CertificateDer::from(vec![0x30, 3, 1, 2, 3]);
    refused(
        || shown(vec![garbage()], odd_key()),
        CertificateRefused::Malformed,
    );
    let trailing = || CertificateDer::from([&*right(), &[0]].concat());
    refused(
        || shown(vec![trailing()], odd_key()),
        CertificateRefused::Malformed,
    );
    let critical = || with(|params| params.is_ca = IsCa::ExplicitNoCa);
    refused(
        || shown(vec![critical()], odd_key()),
        CertificateRefused::CriticalExtension,
    );
    let long = || {
        let filler = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5; 900]);
        with(|params| params.custom_extensions = vec![filler])
    };
    refused(
        || shown(vec![long()], odd_key()),
        CertificateRefused::TooLong,
    );
}

#[test]
fn a_key_of_another_kind() {
    let kinds = [
        (
            &PKCS_ECDSA_P256_SHA256,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ),
        (&PKCS_RSA_SHA256, SignatureScheme::RSA_PSS_SHA256),
    ];
    for (algorithm, scheme) in kinds {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(2027, 1, 14);
        params.not_after = date_time_ymd(2027, 1, 18);
        let certificate = params.self_signed(&pair).unwrap().der().clone();
        let der = PrivateKeyDer::try_from(pair.serialize_der()).unwrap();
        let key = aws_lc_rs::sign::any_supported_type(&der).unwrap();
        // One that keeps to what is offered finds no scheme; the verifiers see one that does not.
        let meeting = Meeting::new();
        let honest = CertifiedKey::new(vec![certificate.clone()], Arc::clone(&key));
        let no_scheme = Odd::shows(honest).serves(&meeting, keys(4).id());
        assert!(
            matches!(no_scheme, HandshakeError::Alert(_)),
            "{no_scheme:?}"
        );
        let stubborn = || {
            let key = Arc::clone(&key);
            shown(vec![certificate.clone()], Stubborn { key, scheme })
        };
        let odd_length = scheme == SignatureScheme::RSA_PSS_SHA256;
        let reason = match odd_length {
            true => refusal_of(&certificate),
            false => CertificateRefused::NotEd25519,
        };
        refused(stubborn, reason);
    }
}

/// An RSA certificate may be over the length limit already.
fn refusal_of(certificate: &CertificateDer<'_>) -> CertificateRefused {
    let suite = leek_crypto::fast().suite();
    let now_s = i64::try_from(START_S).unwrap();
    let refused = certificate::check(&*suite, certificate, now_s).unwrap_err();
    let expected = [CertificateRefused::TooLong, CertificateRefused::NotEd25519];
    assert!(expected.contains(&refused), "{refused:?}");
    refused
}

#[test]
fn tls_1_2_alone() {
    let meeting = Meeting::new();
    let odd = shown(vec![right()], odd_key()).old();
    assert_eq!(odd.serves(&meeting, keys(4).id()), HandshakeError::Version);
    assert_eq!(
        Odd::anonymous().old().calls(&meeting),
        Err(HandshakeError::Version)
    );
    let odd = shown(vec![right()], odd_key()).old();
    assert_eq!(odd.calls(&meeting), Err(HandshakeError::Version));
}

#[test]
fn no_or_another_application_protocol() {
    let meeting = Meeting::new();
    for protocols in [&[][..], &[&b"http/1.1"[..]], &[b"h3", b"h2c"]] {
        let odd = shown(vec![right()], odd_key()).speaks(protocols);
        assert_eq!(odd.serves(&meeting, keys(4).id()), HandshakeError::Protocol);
        let odd = Odd::anonymous().speaks(protocols);
        assert_eq!(odd.calls(&meeting), Err(HandshakeError::Protocol));
    }
    // `h2` among others will do.
    let odd = Odd::anonymous().speaks(&[b"http/1.1", b"h2"]);
    assert_eq!(odd.calls(&meeting), Ok(None));
}

/// A key of small order, with the signature (R = identity, s = 0) that a verifier without strict
/// checks takes for any message.
#[derive(Clone, Copy, Debug)]
struct Anybody([u8; 32]);

impl Anybody {
    fn signature() -> Vec<u8> {
        let mut signature = vec![0; 64];
        signature[0] = 1;
        signature
    }
}

impl rcgen::PublicKeyData for Anybody {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for Anybody {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Self::signature())
    }
}

impl SigningKey for Anybody {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        Some(Box::new(*self))
    }

    fn algorithm(&self) -> rustls::SignatureAlgorithm {
        rustls::SignatureAlgorithm::ED25519
    }
}

impl rustls::sign::Signer for Anybody {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(Self::signature())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
