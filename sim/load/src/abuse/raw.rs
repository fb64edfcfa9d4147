//! Connections of an attacker: from any loopback address, trusting anybody.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    sync::Arc,
    time::Duration,
};

use leek_identity::NodeAddress;
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// How long one read or write of an attacker may block.
const BLOCK: Duration = Duration::from_millis(500);

/// Opens a TCP connection from `source`.
pub(super) fn tcp(source: Ipv4Addr, to: NodeAddress) -> io::Result<TcpStream> {
    let fd = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&fd, &SocketAddrV4::new(source, 0))?;
    connect(&fd, &SocketAddrV4::new(to.ip, to.port))?;
    let stream = TcpStream::from(fd);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(BLOCK))?;
    stream.set_write_timeout(Some(BLOCK))?;
    Ok(stream)
}

/// A TLS connection that asks for `h2`.
pub(super) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Opens a TLS connection from `source`, whoever answers.
pub(super) fn tls(source: Ipv4Addr, to: NodeAddress) -> io::Result<Tls> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.enable_sni = false;
    let name = ServerName::IpAddress(std::net::IpAddr::V4(to.ip).into());
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = tcp(source, to)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

/// Reads what the other side sent and drops it. `false` once it closed the connection.
pub(super) fn drain(tls: &mut Tls, wait: Duration) -> bool {
    let mut sink = [0; 4_096];
    if tls.sock.set_read_timeout(Some(wait)).is_err() {
        return false;
    }
    loop {
        match tls.read(&mut sink) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => {
                use io::ErrorKind::{TimedOut, WouldBlock};
                return matches!(error.kind(), WouldBlock | TimedOut);
            }
        }
    }
}

/// Writes all of it, now. `false` when the connection is gone or does not take it.
pub(super) fn push(tls: &mut Tls, bytes: &[u8]) -> bool {
    tls.write_all(bytes).and_then(|()| tls.flush()).is_ok()
}

/// An attacker does not care whom it attacks.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
