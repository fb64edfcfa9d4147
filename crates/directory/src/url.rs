use core::{fmt, net::Ipv4Addr, str::FromStr};

use leek_identity::{NodeAddress, NodeId, ParseHexError};

use crate::{AddressRule, DirectoryAddress};

/// Where a directory is and which key it has: `leek://KEY@IPV4:PORT`, the key as 64 hexadecimal
/// digits.
///
/// Read with either case of digits; shown with lower-case ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryUrl(pub DirectoryAddress);

impl DirectoryUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`ParseUrlError`] naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ParseUrlError> {
        let rest = text.strip_prefix("leek://").ok_or(ParseUrlError::Scheme)?;
        let (key, place) = rest.split_once('@').ok_or(ParseUrlError::NoAt)?;
        let id = NodeId::parse_hex(key)?;
        let (ip, port) = place.rsplit_once(':').ok_or(ParseUrlError::NoPort)?;
        let ip: Ipv4Addr = ip.parse().map_err(|_| ParseUrlError::Ip)?;
        // `parse` would take `+7` and `007` too.
        let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
        let port = port.parse().ok().filter(|_| plain);
        let port = port.ok_or(ParseUrlError::Port)?;
        let address = NodeAddress { ip, port };
        if !AddressRule::Any.allows(address) {
            return Err(ParseUrlError::Ip);
        }
        Ok(Self(DirectoryAddress { id, address }))
    }
}

impl FromStr for DirectoryUrl {
    type Err = ParseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for DirectoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leek://{}@{}", self.0.id.to_hex(), self.0.address)
    }
}

/// A text is no URL of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseUrlError {
    /// It begins with something else.
    #[error("read directory URL: it does not begin with `leek://`")]
    Scheme,
    /// No key, or no address.
    #[error("read directory URL: no `@` between key and address")]
    NoAt,
    /// The key.
    #[error("read directory URL: the key")]
    Key(#[from] ParseHexError),
    /// No port.
    #[error("read directory URL: no `:` between address and port")]
    NoPort,
    /// The address.
    #[error("read directory URL: the host is no IPv4 address that somebody can listen at")]
    Ip,
    /// The port.
    #[error("read directory URL: the port is no number from 1 to 65535")]
    Port,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";

    #[test]
    fn a_url_is_read_and_written() {
        let text = format!("leek://{KEY}@127.0.0.1:7001");
        let url = DirectoryUrl::parse(&text).unwrap();
        assert_eq!(url.0.id.to_hex(), KEY);
        assert_eq!(url.0.address.to_string(), "127.0.0.1:7001");
        assert_eq!(url.to_string(), text);
        let upper = format!("leek://{}@127.0.0.1:7001", KEY.to_uppercase());
        assert_eq!(upper.parse(), Ok(url));
    }

    #[test]
    fn each_wrong_part_has_its_error() {
        let error = |rest: &str| DirectoryUrl::parse(&format!("leek://{rest}")).unwrap_err();
        assert_eq!(DirectoryUrl::parse(""), Err(ParseUrlError::Scheme));
        assert_eq!(DirectoryUrl::parse("https://a"), Err(ParseUrlError::Scheme));
        assert_eq!(error(KEY), ParseUrlError::NoAt);
        assert!(matches!(error("ab@127.0.0.1:1"), ParseUrlError::Key(_)));
        assert_eq!(error(&format!("{KEY}@127.0.0.1")), ParseUrlError::NoPort);
        for ip in ["", "localhost", "127.1", "[::1]", "0.0.0.0", "127.0.0.01"] {
            assert_eq!(error(&format!("{KEY}@{ip}:1")), ParseUrlError::Ip, "{ip}");
        }
        for port in ["", "0", "01", "+1", "65536", "1/", "-1", " 1"] {
            let rest = format!("{KEY}@127.0.0.1:{port}");
            assert_eq!(error(&rest), ParseUrlError::Port, "{port}");
        }
    }
}
