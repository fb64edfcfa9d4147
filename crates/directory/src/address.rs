use leek_identity::NodeAddress;

/// Which addresses a network's nodes may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressRule {
    /// Only addresses that the whole internet reaches.
    #[default]
    Public,
    /// Also loopback, private and other addresses that somebody can listen at: for networks on one
    /// machine or inside one organisation.
    Any,
}

impl AddressRule {
    /// Whether a node may announce this address.
    ///
    /// What is left out of public addresses is the IANA IPv4 special-purpose registry (RFC 6890
    /// and its updates): this network, private, shared, loopback, link-local, protocol assignments,
    /// documentation, benchmarking, multicast and reserved ones.
    pub const fn allows(self, address: NodeAddress) -> bool {
        let [a, b, c, _] = address.ip.octets();
        // This network, multicast, and reserved addresses with broadcast: nobody listens there.
        if address.port == 0 || a == 0 || a >= 224 {
            return false;
        }
        match self {
            Self::Any => true,
            Self::Public => {
                !(address.ip.is_private()
                    || address.ip.is_loopback()
                    || address.ip.is_link_local()
                    || address.ip.is_documentation()
                    || (a == 100 && b & 0xc0 == 64)
                    || (a == 192 && b == 0 && c == 0)
                    || (a == 198 && b & 0xfe == 18))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ip: &str, port: u16) -> NodeAddress {
        NodeAddress {
            ip: ip.parse().unwrap(),
            port,
        }
    }

    #[test]
    fn nobody_listens_at_these() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!AddressRule::Any.allows(at(ip, 1)), "{ip}");
            assert!(!AddressRule::Public.allows(at(ip, 1)), "{ip}");
        }
        assert!(!AddressRule::Any.allows(at("8.8.8.8", 0)));
    }

    #[test]
    fn these_are_for_closed_networks_only() {
        for ip in [
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.4.5.6",
            "169.254.0.1",
            "172.31.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.1",
        ] {
            assert!(AddressRule::Any.allows(at(ip, 1)), "{ip}");
            assert!(!AddressRule::Public.allows(at(ip, 1)), "{ip}");
        }
        for ip in [
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "223.0.0.1",
        ] {
            assert!(AddressRule::Public.allows(at(ip, 22_021)), "{ip}");
        }
    }
}
