//! Sides of a handshake that break one rule, built on rustls without our checks.

use rustls::{
    DigitallySignedStruct, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, UnixTime},
    sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey},
    version::TLS12,
};

use super::*;

/// What an odd side shows and speaks.
pub(super) struct Odd {
    pub(super) shown: Option<Arc<CertifiedKey>>,
    pub(super) version: &'static SupportedProtocolVersion,
    pub(super) alpn: Vec<Vec<u8>>,
}

impl Odd {
    /// All as it should be, with this certificate.
    pub(super) fn shows(shown: CertifiedKey) -> Self {
        Self {
            shown: Some(Arc::new(shown)),
            version: &TLS13,
            alpn: vec![ALPN.to_vec()],
        }
    }

    /// All as it should be; a client without a certificate.
    pub(super) fn anonymous() -> Self {
        Self {
            shown: None,
            version: &TLS13,
            alpn: vec![ALPN.to_vec()],
        }
    }

    pub(super) fn speaks(self, protocols: &[&[u8]]) -> Self {
        let alpn = protocols.iter().map(|name| name.to_vec()).collect();
        Self { alpn, ..self }
    }

    pub(super) fn old(self) -> Self {
        Self {
            version: &TLS12,
            ..self
        }
    }

    fn resolver(&self) -> Arc<SingleCertAndKey> {
        let shown = self
            .shown
            .clone()
            .expect("because servers have certificates");
        Arc::new(SingleCertAndKey::from(shown))
    }

    /// What our client makes of this as a server that should be the node `expected`.
    pub(super) fn serves(self, meeting: &Meeting, expected: NodeId) -> HandshakeError {
        let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_protocol_versions(&[self.version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(self.resolver());
        config.alpn_protocols = self.alpn;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (near, far) = wire();
        let client = meeting.client(None);
        meeting.rt.block_on(async {
            let (_served, connected) =
                tokio::join!(acceptor.accept(far), client.connect(near, expected));
            connected.err().expect("the odd server must be refused")
        })
    }

    /// What our server makes of this as a client.
    pub(super) fn calls(self, meeting: &Meeting) -> Result<Option<NodeId>, HandshakeError> {
        let server = meeting.server(1);
        self.calls_server(meeting, &server, 1)
            .map(|(node, _kind)| node)
    }

    /// What our server makes of this as a client that comes so many times, and keeps what it is
    /// given to resume; the last time counts.
    pub(super) fn calls_server(
        self,
        meeting: &Meeting,
        server: &ServerTls,
        times: u8,
    ) -> Result<(Option<NodeId>, Option<HandshakeKind>), HandshakeError> {
        let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_protocol_versions(&[self.version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Trusting));
        let mut config = match &self.shown {
            Some(_) => builder.with_client_cert_resolver(self.resolver()),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn;
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from("localhost").unwrap();
        let once = async || {
            let (near, far) = wire();
            let accept = async {
                let (mut stream, node) = server.accept(far).await?;
                stream.write_all(b"!").await.ok();
                Ok((node, stream.get_ref().1.handshake_kind()))
            };
            let call = async {
                // Tickets come with the first data.
                if let Ok(mut stream) = connector.connect(name.clone(), near).await {
                    stream.read_exact(&mut [0]).await.ok();
                }
            };
            tokio::join!(accept, call).0
        };
        meeting.rt.block_on(async {
            for _ in 1..times {
                once().await?;
            }
            once().await
        })
    }
}

/// Signs with a scheme of its own whatever the other side offers.
#[derive(Debug)]
pub(super) struct Stubborn {
    pub(super) key: Arc<dyn SigningKey>,
    pub(super) scheme: SignatureScheme,
}

impl SigningKey for Stubborn {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.key.choose_scheme(&[self.scheme])
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

/// Believes everything.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
