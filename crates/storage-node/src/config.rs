use leek_wire::limits::{ACCOUNT_BYTES_MAX, STORE_BYTES_MAX};

/// What may differ between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// What `info` tells: major, minor, patch.
    pub version: [u16; 3],
    /// Bytes of messages after which a new one is refused.
    pub store_bytes_max: u64,
    /// Bytes of messages of one account after which a new one is refused.
    pub account_bytes_max: u64,
    /// Whether to ask the other members of the swarm for their messages, once, after the first
    /// membership that places this node: for a node that starts without its messages.
    pub rejoin: bool,
    /// Whether to report facts. Changes nothing else.
    pub observe: bool,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            version: VERSION,
            store_bytes_max: STORE_BYTES_MAX,
            account_bytes_max: ACCOUNT_BYTES_MAX,
            rejoin: false,
            observe: false,
        }
    }
}

/// The version of this crate; a test compares it with the package's.
pub const VERSION: [u16; 3] = [0, 1, 0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_packages() {
        let [major, minor, patch] = VERSION;
        assert_eq!(
            format!("{major}.{minor}.{patch}"),
            env!("CARGO_PKG_VERSION")
        );
    }
}
