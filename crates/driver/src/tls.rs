//! TLS 1.3 between processes, bound to Ed25519 node keys.
//!
//! - A node shows a self-signed certificate whose public key is its node key. A caller expects one
//!   node and accepts its key only. There are no authorities, no names and no SNI: who listens at
//!   an address is not told to those on the way (the certificate travels encrypted).
//! - Nothing is resumed: no tickets, no session storage, no early data. A ticket would let a peer
//!   skip the proof of its key, mark a client across networks, keep a secret that opens recorded
//!   traffic, and early data could be replayed. Connections are long, so handshakes are few.
//! - One version, one key exchange, one protocol (`h2`), checked again after the handshake.

mod certificate;
mod handshake;
mod identity;
mod verify;

use std::sync::Arc;

use leek_identity::NodeId;
use rustls::{
    ClientConfig, ServerConfig,
    client::Resumption,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{IpAddr, Ipv4Addr, ServerName},
    server::NoServerSessionStorage,
    version::TLS13,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

pub(crate) use certificate::CertificateRefused;
pub(crate) use handshake::HandshakeError;
pub use identity::Identity;

use self::{
    identity::Shown,
    verify::{NodeVerifier, PeerVerifier},
};
use crate::{Clock, network::ByteStream};

/// The one application protocol: HTTP/2.
const ALPN: &[u8] = b"h2";

/// The accepting side.
#[derive(Clone)]
pub(crate) struct ServerTls(Arc<ServerConfig>);

impl ServerTls {
    /// Shows `identity`'s certificate and judges others' by `clock`.
    pub(crate) fn new(identity: Arc<Identity>, clock: &Clock) -> Self {
        let mut config = ServerConfig::builder_with_details(provider(), Arc::new(clock.clone()))
            .with_protocol_versions(&[&TLS13])
            .expect("because the provider has suites of TLS 1.3")
            .with_client_cert_verifier(Arc::new(PeerVerifier::new()))
            .with_cert_resolver(Arc::new(Shown::new(identity, clock.clone())));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        Self(Arc::new(config))
    }

    /// Shakes hands with whoever opened `stream`. The id is there when the peer proved to be a
    /// node.
    pub(crate) async fn accept(
        &self,
        stream: ByteStream,
    ) -> Result<(server::TlsStream<ByteStream>, Option<NodeId>), HandshakeError> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.0));
        let stream = acceptor
            .accept(stream)
            .await
            .map_err(|error| HandshakeError::of(&error))?;
        let (_, session) = stream.get_ref();
        if session.alpn_protocol() != Some(ALPN) {
            return Err(HandshakeError::Protocol);
        }
        let node = match session.peer_certificates() {
            Some([certificate]) => Some(certificate::key(certificate)?),
            Some(_) => return Err(CertificateRefused::Chain.into()),
            None => None,
        };
        Ok((stream, node))
    }
}

/// The calling side.
#[derive(Clone)]
pub(crate) struct ClientTls {
    provider: Arc<CryptoProvider>,
    clock: Clock,
    shown: Option<Arc<Shown>>,
}

impl ClientTls {
    /// Judges certificates by `clock`, and shows `identity`'s own if there is one.
    pub(crate) fn new(identity: Option<Arc<Identity>>, clock: &Clock) -> Self {
        Self {
            provider: provider(),
            clock: clock.clone(),
            shown: identity.map(|identity| Arc::new(Shown::new(identity, clock.clone()))),
        }
    }

    /// Shakes hands over `stream` with the node `expected` and nobody else.
    pub(crate) async fn connect(
        &self,
        stream: ByteStream,
        expected: NodeId,
    ) -> Result<client::TlsStream<ByteStream>, HandshakeError> {
        let connector = TlsConnector::from(Arc::new(self.config(expected)));
        // Not sent, and not looked at by the verifier; rustls wants a name. An address never
        // becomes an SNI, even were it switched on.
        let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0])));
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| HandshakeError::of(&error))?;
        if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(HandshakeError::Protocol);
        }
        Ok(stream)
    }

    fn config(&self, expected: NodeId) -> ClientConfig {
        let time = Arc::new(self.clock.clone());
        let builder = ClientConfig::builder_with_details(Arc::clone(&self.provider), time)
            .with_protocol_versions(&[&TLS13])
            .expect("because the provider has suites of TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(NodeVerifier::new(expected)));
        let mut config = match &self.shown {
            Some(shown) => {
                let shown: Arc<Shown> = Arc::clone(shown);
                builder.with_client_cert_resolver(shown)
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_sni = false;
        config.resumption = Resumption::disabled();
        config.enable_early_data = false;
        config
    }
}

/// aws-lc with X25519 alone: every process runs this code, so there is nothing to agree on, and a
/// hello that differs would tell its sender apart.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
    Arc::new(provider)
}

#[cfg(test)]
mod tests;
