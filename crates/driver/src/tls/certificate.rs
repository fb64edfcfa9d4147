//! What a node's certificate is, made and judged.

use std::time::Duration;

use leek_crypto::{EdPublic, Signature, Suite};
use leek_identity::NodeId;
use leek_machine::Wall;
use rcgen::{CertificateParams, DistinguishedName, DnType, date_time_ymd};
use rustls::pki_types::CertificateDer;
use x509_parser::{
    asn1_rs::Oid,
    certificate::X509Certificate,
    prelude::FromDer,
    x509::{AlgorithmIdentifier, X509Version},
};

/// Time before its making from which a certificate holds, in seconds: a day. A host whose clock is
/// wrong by a time zone still connects, and is then told that its clock is wrong.
pub(super) const BACKDATED_S: u64 = 24 * 3_600;
/// Time after its making until which a certificate holds, in seconds: 7 days.
pub(super) const LIFE_S: u64 = 7 * 24 * 3_600;
/// The longest validity we accept. Whoever shows a certificate can make a new one at any time.
const VALIDITY_S_MAX: i64 = (BACKDATED_S + LIFE_S).cast_signed();
/// Bytes of a certificate we parse; ours has about 250.
const CERTIFICATE_BYTES_MAX: usize = 1_024;
/// The last second X.509 can write: 9999-12-31 23:59:59 (RFC 5280 4.1.2.5).
const LAST_S: u64 = 253_402_300_799;
/// id-Ed25519 (RFC 8410 3).
const ED25519: &[u64] = &[1, 3, 101, 112];

/// Why a peer's certificate is not a node's, or not that node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateRefused {
    /// More than one certificate, or none.
    #[error("read certificate: not exactly one")]
    Chain,
    /// Longer than any of ours.
    #[error("read certificate: too long")]
    TooLong,
    /// Not X.509 version 3, or bytes left over.
    #[error("read certificate: malformed")]
    Malformed,
    /// It demands rules that we do not know.
    #[error("read certificate: it has a critical extension")]
    CriticalExtension,
    /// Its key or its signature is not Ed25519.
    #[error("read certificate: not Ed25519")]
    NotEd25519,
    /// Its key is not the one of the node we called.
    #[error("check certificate: it belongs to another key")]
    OtherKey,
    /// It is not signed by its own key.
    #[error("check certificate: its own signature does not hold")]
    SelfSignature,
    /// The peer did not sign the handshake with the certificate's key: it shows another's.
    #[error("check certificate: the peer does not hold its key")]
    KeyNotHeld,
    /// It holds longer than a node's may.
    #[error("check certificate: valid for too long")]
    ValidTooLong,
    /// It holds only from a later time on: one of the two clocks is wrong.
    #[error("check certificate: not valid yet")]
    NotYetValid,
    /// It held until an earlier time: one of the two clocks is wrong.
    #[error("check certificate: no longer valid")]
    Expired,
}

/// A certificate for `key`, valid from [`BACKDATED_S`] before `now` to [`LIFE_S`] after it. All
/// nodes' certificates differ in key and times only.
pub(super) fn make(
    key: &impl rcgen::SigningKey,
    now: Wall,
) -> Result<CertificateDer<'static>, rcgen::Error> {
    let now_s = (now.ms() / 1_000).min(LAST_S - LIFE_S);
    make_valid(key, now_s.saturating_sub(BACKDATED_S), now_s + LIFE_S)
}

/// A certificate for `key` that holds between two times in unix seconds.
pub(super) fn make_valid(
    key: &impl rcgen::SigningKey,
    from_s: u64,
    until_s: u64,
) -> Result<CertificateDer<'static>, rcgen::Error> {
    let epoch = date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.not_before = epoch + Duration::from_secs(from_s);
    params.not_after = epoch + Duration::from_secs(until_s);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "leek");
    Ok(params.self_signed(key)?.der().clone())
}

/// The node whose key a certificate carries. Nothing is checked but its form.
pub(super) fn key(certificate: &CertificateDer<'_>) -> Result<NodeId, CertificateRefused> {
    Ok(NodeId::new(Parsed::new(certificate)?.key))
}

/// The node whose certificate this is: its key signed it, and it is valid at `now_s` (unix
/// seconds). That the peer holds the key is shown by the handshake's signature.
pub(super) fn check(
    suite: &dyn Suite,
    certificate: &CertificateDer<'_>,
    now_s: i64,
) -> Result<NodeId, CertificateRefused> {
    let parsed = Parsed::new(certificate)?;
    let (from_s, until_s) = (parsed.from_s, parsed.until_s);
    if until_s.saturating_sub(from_s) > VALIDITY_S_MAX {
        return Err(CertificateRefused::ValidTooLong);
    }
    if now_s < from_s {
        return Err(CertificateRefused::NotYetValid);
    }
    if now_s > until_s {
        return Err(CertificateRefused::Expired);
    }
    // Strict verification: a key of small order, for which anybody can sign, is refused here.
    suite
        .verify(&parsed.key, &parsed.signed, &parsed.signature)
        .map_err(|_bad| CertificateRefused::SelfSignature)?;
    Ok(NodeId::new(parsed.key))
}

struct Parsed {
    key: EdPublic,
    from_s: i64,
    until_s: i64,
    signed: Vec<u8>,
    signature: Signature,
}

impl Parsed {
    fn new(certificate: &[u8]) -> Result<Self, CertificateRefused> {
        if certificate.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateRefused::TooLong);
        }
        let parsed = X509Certificate::from_der(certificate);
        let (rest, x509) = parsed.map_err(|_error| CertificateRefused::Malformed)?;
        if !rest.is_empty() || x509.version() != X509Version::V3 {
            return Err(CertificateRefused::Malformed);
        }
        if x509.extensions().iter().any(|extension| extension.critical) {
            return Err(CertificateRefused::CriticalExtension);
        }
        let key = x509.public_key();
        let algorithms = [&x509.signature_algorithm, &x509.signature, &key.algorithm];
        if !algorithms.into_iter().all(is_ed25519) {
            return Err(CertificateRefused::NotEd25519);
        }
        let key = bits::<32>(&key.subject_public_key)?;
        let signature = bits::<64>(&x509.signature_value)?;
        let signed: &[u8] = x509.tbs_certificate.as_ref();
        if certificate != wrapped(signed, &signature) {
            return Err(CertificateRefused::Malformed);
        }
        Ok(Self {
            key: EdPublic::from_bytes_unchecked(key),
            from_s: x509.validity().not_before.timestamp(),
            until_s: x509.validity().not_after.timestamp(),
            signed: signed.to_vec(),
            signature: Signature::from_bytes(signature),
        })
    }
}

/// The one DER encoding of a certificate around its signed part. The parser overlooks wrong tags
/// there, which no signature covers.
fn wrapped(signed: &[u8], signature: &[u8; 64]) -> Vec<u8> {
    /// The algorithm's identifier, then the head of a bit string of 64 bytes.
    const BEFORE_SIGNATURE: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 65, 0];
    let length = signed.len() + BEFORE_SIGNATURE.len() + signature.len();
    let head = match length.to_be_bytes() {
        [0, 0, 0, 0, 0, 0, 0, short @ ..0x80] => vec![0x30, short],
        [0, 0, 0, 0, 0, 0, 0, byte] => vec![0x30, 0x81, byte],
        [.., high, low] => vec![0x30, 0x82, high, low],
    };
    [&head, signed, BEFORE_SIGNATURE, signature].concat()
}

/// The identifier has no parameters (RFC 8410 3).
fn is_ed25519(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    Oid::from(ED25519).is_ok_and(|ed25519| algorithm.algorithm == ed25519)
        && algorithm.parameters.is_none()
}

fn bits<const N: usize>(
    bits: &x509_parser::der_parser::asn1_rs::BitString<'_>,
) -> Result<[u8; N], CertificateRefused> {
    if bits.unused_bits != 0 {
        return Err(CertificateRefused::Malformed);
    }
    let bytes: &[u8] = &bits.data;
    bytes
        .try_into()
        .map_err(|_length| CertificateRefused::Malformed)
}
