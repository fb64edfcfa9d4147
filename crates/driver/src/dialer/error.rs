use std::io;

use crate::tls::HandshakeError;

/// Why a node could not be called. Nothing of the call left this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DialError {
    /// As many calls are under way as there may be, to this peer or to all.
    #[error("call a node: too many calls under way")]
    Busy,
    /// It could not be reached a moment ago, and its pause is not over.
    #[error("call a node: it could not be reached a moment ago")]
    Resting,
    /// The network did not connect us.
    #[error("connect to a node ({0})")]
    Connect(io::ErrorKind),
    /// TLS did not come about, or not with this node.
    #[error("connect to a node")]
    Handshake(#[from] HandshakeError),
    /// The peer speaks no HTTP/2.
    #[error("connect to a node: no HTTP/2")]
    Http,
    /// It took too long.
    #[error("connect to a node: no end in time")]
    Timeout,
    /// The connection closed before it was used.
    #[error("call a node: the connection closed")]
    Closed,
}

impl DialError {
    /// A label for counters and logs; it names no peer.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Resting => "resting",
            Self::Connect(io::ErrorKind::ConnectionRefused) => "connect-refused",
            Self::Connect(_) => "connect",
            Self::Handshake(error) => error.kind(),
            Self::Http => "http",
            Self::Timeout => "dial-timeout",
            Self::Closed => "closed",
        }
    }
}
