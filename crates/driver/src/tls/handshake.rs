use std::{io, sync::Arc};

use rustls::{AlertDescription, CertificateError, Error, OtherError, PeerIncompatible};

use super::CertificateRefused;

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandshakeError {
    /// The peer's certificate is not what we accept.
    #[error("shake hands: refuse the peer's certificate")]
    Certificate(#[from] CertificateRefused),
    /// The peer does not speak TLS 1.3.
    #[error("shake hands: the peer does not speak TLS 1.3")]
    Version,
    /// The peer does not speak HTTP/2.
    #[error("shake hands: the peer does not speak h2")]
    Protocol,
    /// The peer ended the handshake and said why.
    #[error("shake hands: the peer said {0:?}")]
    Alert(AlertDescription),
    /// The peer broke the rules of TLS, or cannot do what we need.
    #[error("shake hands: not the TLS we speak")]
    Tls,
    /// The connection broke.
    #[error("shake hands: the connection broke ({0})")]
    Broken(io::ErrorKind),
    /// It took too long.
    #[error("shake hands: no end in time")]
    Timeout,
}

impl HandshakeError {
    /// A label for counters and logs; it names no peer.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Certificate(CertificateRefused::Expired | CertificateRefused::NotYetValid) => {
                "certificate-time"
            }
            Self::Certificate(_) => "certificate",
            Self::Version => "tls-version",
            Self::Protocol => "protocol",
            Self::Alert(_) => "alert",
            Self::Tls => "tls",
            Self::Broken(_) => "broken",
            Self::Timeout => "timeout",
        }
    }

    /// What rustls meant, out of what tokio-rustls made of it.
    pub(super) fn of(error: &io::Error) -> Self {
        let Some(tls) = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Error>())
        else {
            return Self::Broken(error.kind());
        };
        match tls {
            Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) => cause
                .downcast_ref::<CertificateRefused>()
                .map_or(Self::Tls, |refused| Self::Certificate(*refused)),
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::SupportedVersionsExtensionRequired
                | PeerIncompatible::Tls12NotOfferedOrEnabled,
            ) => Self::Version,
            Error::NoApplicationProtocol => Self::Protocol,
            Error::AlertReceived(AlertDescription::ProtocolVersion) => Self::Version,
            Error::AlertReceived(AlertDescription::NoApplicationProtocol) => Self::Protocol,
            Error::AlertReceived(alert) => Self::Alert(*alert),
            _ => Self::Tls,
        }
    }
}

impl From<CertificateRefused> for Error {
    fn from(refused: CertificateRefused) -> Self {
        CertificateError::Other(OtherError(Arc::new(refused))).into()
    }
}
