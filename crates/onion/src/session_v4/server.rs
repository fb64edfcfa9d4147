use core::fmt;

use crate::limits::{HOST_BYTES_MAX, TARGET_BYTES_MAX};

/// How an exit reaches a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Protocol {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The protocol of this name.
    ///
    /// # Errors
    /// [`ServerTargetError::Protocol`] for any other text.
    pub fn parse(name: &str) -> Result<Self, ServerTargetError> {
        match name {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            _ => Err(ServerTargetError::Protocol),
        }
    }
}

/// A server outside the network, as an exit node posts to it. Checked on construction.
///
/// Any host and port pass, as deployed: an exit is an open proxy for POST, limited by the path
/// (network spec 3.2).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerTarget {
    host: String,
    target: String,
    protocol: Protocol,
    port: u16,
}

/// An exit does not post there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerTargetError {
    /// The host name is empty or too long.
    #[error("read a server's host: {len} bytes, 1 to {max} expected")]
    Host {
        /// Bytes given.
        len: usize,
        /// [`HOST_BYTES_MAX`].
        max: usize,
    },
    /// Neither `http` nor `https`.
    #[error("read a server's protocol")]
    Protocol,
    /// The path does not begin with `/loki/` or `/oxen/`, does not end with `/lsrpc`, has a query,
    /// or is too long.
    #[error("read a server's URL path")]
    Target,
}

impl ServerTarget {
    /// A server, checked by the rules of network spec 3.2.
    ///
    /// # Errors
    /// [`ServerTargetError`] naming the part that is unfit.
    pub fn new(
        host: impl Into<String>,
        protocol: Protocol,
        port: u16,
        target: impl Into<String>,
    ) -> Result<Self, ServerTargetError> {
        let (host, target) = (host.into(), target.into());
        if host.is_empty() || host.len() > HOST_BYTES_MAX {
            return Err(ServerTargetError::Host {
                len: host.len(),
                max: HOST_BYTES_MAX,
            });
        }
        let ours = target.starts_with("/loki/") || target.starts_with("/oxen/");
        let fits = target.len() <= TARGET_BYTES_MAX;
        if !fits || !ours || !target.ends_with("/lsrpc") || target.contains('?') {
            return Err(ServerTargetError::Target);
        }
        Ok(Self {
            host,
            target,
            protocol,
            port,
        })
    }

    /// The host name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL path.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// How to reach it.
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Debug for ServerTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (protocol, host) = (self.protocol.name(), &self.host);
        write!(f, "{protocol}://{host}:{}{}", self.port, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_target(target: &str) -> Result<ServerTarget, ServerTargetError> {
        ServerTarget::new("example.org", Protocol::Https, 443, target)
    }

    #[test]
    fn url_paths_as_deployed_nodes_filter_them() {
        for target in [
            "/loki/v3/lsrpc",
            "/loki/oxen/v4/lsrpc",
            "/oxen/v3/lsrpc",
            "/oxen/v4/lsrpc",
            "/loki/lsrpc",
        ] {
            assert!(try_target(target).is_ok(), "{target}");
        }
        for target in [
            "",
            "/not_loki/v3/lsrpc",
            "/loki/v3",
            "loki/v3/lsrpc",
            "/loki/v3/lsrpc?foo=bar",
            "/loki/v3?foo=/lsrpc",
            "/loki/v3/lsrpc/",
        ] {
            assert_eq!(
                try_target(target),
                Err(ServerTargetError::Target),
                "{target}"
            );
        }
        let long = format!("/oxen/{}/lsrpc", "a".repeat(TARGET_BYTES_MAX));
        assert_eq!(try_target(&long), Err(ServerTargetError::Target));
    }

    #[test]
    fn hosts_have_a_length() {
        for (len, ok) in [(0, false), (1, true), (253, true), (254, false)] {
            let made = ServerTarget::new("h".repeat(len), Protocol::Http, 80, "/oxen/v4/lsrpc");
            assert_eq!(made.is_ok(), ok, "{len}");
        }
    }
}
