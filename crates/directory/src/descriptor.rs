use core::{fmt, net::Ipv4Addr};

use leek_crypto::{Signature, Suite, XPublic};
use leek_identity::{NodeAddress, NodeId, NodeKeys, NodeRecord};
use leek_machine::Wall;
use leek_proto::directory::v1 as proto;
use leek_wire::limits::DESCRIPTOR_BYTES_MAX;
use prost::Message as _;

use crate::{
    AddressRule, Malformed, NetworkName,
    canon::{Problem, Reader},
    limits::SIGNED_DESCRIPTOR_BYTES_MAX,
};

/// What stands in front of a descriptor's bytes when they are signed.
pub const DESCRIPTOR_DOMAIN: &[u8] = b"leek-descriptor-v1";

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// The network it wants to be in.
    pub network: NetworkName,
    /// Its keys and its address.
    pub record: NodeRecord,
    /// The version of its software: major, minor, patch.
    pub version: [u16; 3],
    /// When it said so, by its own clock.
    pub published: Wall,
}

impl Descriptor {
    /// Signs the descriptor with the node's key: the bytes to announce.
    ///
    /// `keys` are those of `self.record`; with others nobody takes the result.
    pub fn sign(&self, suite: &dyn Suite, keys: &NodeKeys) -> SignedDescriptor {
        let descriptor = self.to_bytes();
        let signature = keys
            .signing()
            .sign(suite, &[DESCRIPTOR_DOMAIN, &descriptor].concat());
        let signed = proto::SignedDescriptor {
            descriptor,
            signature: signature.as_bytes().to_vec(),
        };
        SignedDescriptor {
            descriptor: self.clone(),
            bytes: signed.encode_to_vec(),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let [major, minor, patch] = self.version.map(u32::from);
        proto::Descriptor {
            network: self.network.as_str().to_owned(),
            id: self.record.id.as_bytes().to_vec(),
            onion_key: self.record.onion_key.as_bytes().to_vec(),
            ipv4: self.record.address.ip.to_bits(),
            port: self.record.address.port.into(),
            version_major: major,
            version_minor: minor,
            version_patch: patch,
            published_ms: self.published.ms(),
        }
        .encode_to_vec()
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("Descriptor", bytes, SIGNED_DESCRIPTOR_BYTES_MAX)?;
        let network = network(&mut reader, 1)?;
        let record = record(&mut reader, 2)?;
        let version = [
            reader.u16(6, "version_major")?,
            reader.u16(7, "version_minor")?,
            reader.u16(8, "version_patch")?,
        ];
        let published = Wall::from_ms(reader.uint(9, "published_ms")?);
        reader.end()?;
        Ok(Self {
            network,
            record,
            version,
            published,
        })
    }
}

/// A descriptor whose signature holds, with the bytes that say so.
///
/// Made by [`Descriptor::sign`] or [`SignedDescriptor::verify`] only.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedDescriptor {
    descriptor: Descriptor,
    bytes: Vec<u8>,
}

impl SignedDescriptor {
    /// Reads the bytes of an announcement and checks the signature of the node that it names.
    ///
    /// Whether it is for the right network, fresh, and newer than another one is the taker's
    /// question.
    ///
    /// # Errors
    /// [`DescriptorRefused`] when the bytes are not canonical, or the signature does not hold.
    pub fn verify(suite: &dyn Suite, bytes: &[u8]) -> Result<Self, DescriptorRefused> {
        let mut reader = Reader::new("SignedDescriptor", bytes, DESCRIPTOR_BYTES_MAX)?;
        let signed = reader.bytes(1, "descriptor")?;
        let signed = signed.ok_or_else(|| reader.wrong("descriptor", Problem::Missing))?;
        let signature = Signature::from_bytes(reader.array(2, "signature")?);
        reader.end()?;
        let descriptor = Descriptor::parse(signed)?;
        suite
            .verify(
                descriptor.record.id.key(),
                &[DESCRIPTOR_DOMAIN, signed].concat(),
                &signature,
            )
            .map_err(|_| DescriptorRefused::Signature)?;
        Ok(Self {
            descriptor,
            bytes: bytes.to_vec(),
        })
    }

    /// What the node says.
    pub const fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The bytes as they were signed and received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The node.
    pub(crate) const fn id(&self) -> NodeId {
        self.descriptor.record.id
    }
}

/// The descriptor only.
impl fmt::Debug for SignedDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignedDescriptor")
            .field(&self.descriptor)
            .finish()
    }
}

/// An announcement is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorRefused {
    /// The bytes are no descriptor.
    #[error("read node descriptor")]
    Malformed(#[from] Malformed),
    /// The signature is not the named node's.
    #[error("verify node descriptor: its signature does not hold")]
    Signature,
}

/// Reads the network's name at `tag`.
pub(crate) fn network(reader: &mut Reader<'_>, tag: u64) -> Result<NetworkName, Malformed> {
    let bytes = reader.bytes(tag, "network")?.unwrap_or_default();
    let name = core::str::from_utf8(bytes).ok();
    let name = name.and_then(|name| NetworkName::parse(name).ok());
    name.ok_or_else(|| reader.wrong("network", Problem::Value("not the name of a network")))
}

/// Reads a node's keys and address at the four tags from `tag`.
pub(crate) fn record(reader: &mut Reader<'_>, tag: u64) -> Result<NodeRecord, Malformed> {
    let id = NodeId::from_bytes(reader.array(tag, "id")?);
    let onion_key = XPublic::from_bytes(reader.array(tag + 1, "onion_key")?);
    if onion_key.is_small_order() {
        return Err(reader.wrong("onion_key", Problem::Value("a key of small order")));
    }
    let ip = Ipv4Addr::from_bits(reader.fixed32(tag + 2, "ipv4")?);
    let port = reader.u16(tag + 3, "port")?;
    let address = NodeAddress { ip, port };
    if !AddressRule::Any.allows(address) {
        return Err(reader.wrong("ipv4", Problem::Value("nobody can listen at this address")));
    }
    Ok(NodeRecord {
        id,
        onion_key,
        address,
    })
}
