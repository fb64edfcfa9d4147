//! What rustls asks about a peer's certificate, on either side.

use std::{fmt, sync::Arc};

use leek_crypto::Suite;
use leek_identity::NodeId;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{aws_lc_rs, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, ServerName, UnixTime, alg_id},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    sign::public_key_to_spki,
};

use super::certificate::{self, CertificateRefused};

/// Accepts the certificate of one node.
pub(super) struct NodeVerifier {
    expected: NodeId,
    suite: Arc<dyn Suite>,
}

impl NodeVerifier {
    pub(super) fn new(expected: NodeId) -> Self {
        Self {
            expected,
            suite: leek_crypto::fast().suite(),
        }
    }
}

impl ServerCertVerifier for NodeVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let node = checked(&*self.suite, certificate, intermediates, now)?;
        if node != self.expected {
            return Err(CertificateRefused::OtherKey.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature(&self.expected, message, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

impl fmt::Debug for NodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeVerifier(..)")
    }
}

/// Accepts peers without a certificate, and any node's.
pub(super) struct PeerVerifier {
    suite: Arc<dyn Suite>,
}

impl PeerVerifier {
    pub(super) fn new() -> Self {
        Self {
            suite: leek_crypto::fast().suite(),
        }
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        checked(&*self.suite, certificate, intermediates, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::SupportedVersionsExtensionRequired.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature(&certificate::key(certificate)?, message, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

impl fmt::Debug for PeerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerVerifier")
    }
}

fn checked(
    suite: &dyn Suite,
    certificate: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<NodeId, CertificateRefused> {
    if !intermediates.is_empty() {
        return Err(CertificateRefused::Chain);
    }
    let now_s = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    certificate::check(suite, certificate, now_s)
}

/// Whether the peer holds the key of `node`: its signature over the handshake so far.
fn signature(
    node: &NodeId,
    message: &[u8],
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    if signed.scheme != SignatureScheme::ED25519 {
        return Err(PeerIncompatible::NoSignatureSchemesInCommon.into());
    }
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    let key = public_key_to_spki(&alg_id::ED25519, node.as_bytes());
    verify_tls13_signature_with_raw_key(message, &key, signed, &algorithms)
        .map_err(|_bad| CertificateRefused::KeyNotHeld.into())
}
