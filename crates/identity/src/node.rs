use core::{fmt, net::Ipv4Addr};

use leek_crypto::{DhSecret, EdPublic, NodeKey, OnionHop, SigningKey, XPublic};

use crate::hex::{self, ParseHexError};

/// The public name of a node: its Ed25519 key. Ordered as its 32 bytes are.
///
/// Not checked to be a point: ids are compared; verification refuses unfit keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(EdPublic);

impl NodeId {
    /// The id of the node with this key.
    pub const fn new(key: EdPublic) -> Self {
        Self(key)
    }

    /// An id from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(EdPublic::from_bytes_unchecked(bytes))
    }

    /// Reads 64 hexadecimal digits of either case.
    ///
    /// # Errors
    /// [`ParseHexError`] naming the place that is wrong.
    pub fn parse_hex(text: &str) -> Result<Self, ParseHexError> {
        hex::parse(text).map(Self::from_bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.as_bytes())
    }

    /// The key that this node's signatures verify with.
    pub const fn key(&self) -> &EdPublic {
        &self.0
    }
}

/// Shortened to 8 digits.
impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.as_bytes();
        write!(f, "node:{a:02x}{b:02x}{c:02x}{d:02x}..")
    }
}

/// A node's keys: one Ed25519 key, and the X25519 key of the same seed for peeling onion layers
/// (as deployed, network spec 0).
///
/// No `Clone` (share it by `Arc`), no `Debug` of its keys; zeroized on drop.
pub struct NodeKeys {
    id: NodeId,
    signing: SigningKey<NodeKey>,
    onion: DhSecret<OnionHop>,
}

impl NodeKeys {
    /// Derives the keys from a 32-byte Ed25519 seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let signing = SigningKey::from_seed(seed);
        Self {
            id: NodeId::new(*signing.public()),
            onion: signing.to_dh(),
            signing,
        }
    }

    /// The node's public id.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// The key that signs the node's replies.
    pub const fn signing(&self) -> &SigningKey<NodeKey> {
        &self.signing
    }

    /// The key that peels onion layers.
    pub const fn onion(&self) -> &DhSecret<OnionHop> {
        &self.onion
    }

    /// What the network knows of this node when it listens at `address`.
    pub const fn record(&self, address: NodeAddress) -> NodeRecord {
        NodeRecord {
            id: self.id,
            onion_key: *self.onion.public(),
            address,
        }
    }
}

impl fmt::Debug for NodeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeKeys({:?})", self.id)
    }
}

/// Where a node listens. Nodes have public IPv4 addresses only (network spec 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeAddress {
    /// The IPv4 address.
    pub ip: Ipv4Addr,
    /// The port.
    pub port: u16,
}

impl NodeAddress {
    /// The /24 network of the address: path policies keep hops out of each other's.
    pub const fn slash24(&self) -> Slash24 {
        let [a, b, c, _] = self.ip.octets();
        Slash24([a, b, c])
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.ip, self.port)
    }
}

/// A /24 network of IPv4 addresses: the first three octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slash24([u8; 3]);

impl fmt::Display for Slash24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "{a}.{b}.{c}.0/24")
    }
}

/// What everybody knows of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeRecord {
    /// Its name and signature key.
    pub id: NodeId,
    /// The X25519 key that onion layers for it are encrypted to.
    pub onion_key: XPublic,
    /// Where it listens.
    pub address: NodeAddress,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_onion_key_is_the_image_of_the_identity_key() {
        let keys = NodeKeys::from_seed([9; 32]);
        assert_eq!(
            keys.id().key().to_x25519().as_ref(),
            Ok(keys.onion().public())
        );
        assert_eq!(keys.signing().public(), keys.id().key());
    }

    #[test]
    fn a_record_shows_public_parts_only() {
        let keys = NodeKeys::from_seed([9; 32]);
        let address = NodeAddress {
            ip: Ipv4Addr::new(198, 51, 100, 7),
            port: 22021,
        };
        let record = keys.record(address);
        assert_eq!(record.id, keys.id());
        assert_eq!(record.onion_key, *keys.onion().public());
        assert_eq!(record.address.to_string(), "198.51.100.7:22021");
        assert_eq!(record.address.slash24().to_string(), "198.51.100.0/24");
        assert_eq!(format!("{keys:?}"), format!("NodeKeys({:?})", keys.id()));
    }

    #[test]
    fn networks_differ_by_their_first_three_octets() {
        let network = |octets: [u8; 4]| {
            NodeAddress {
                ip: octets.into(),
                port: 1,
            }
            .slash24()
        };
        assert_eq!(network([10, 1, 2, 3]), network([10, 1, 2, 200]));
        assert_ne!(network([10, 1, 2, 3]), network([10, 1, 3, 3]));
    }

    #[test]
    fn ids_are_read_and_written_as_hex() {
        let id = NodeKeys::from_seed([3; 32]).id();
        assert_eq!(NodeId::parse_hex(&id.to_hex().to_uppercase()), Ok(id));
        let short = ParseHexError::Length {
            digits: 2,
            expected: 64,
        };
        assert_eq!(NodeId::parse_hex("00"), Err(short));
    }
}
