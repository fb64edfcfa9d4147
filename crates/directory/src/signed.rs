use core::fmt;
use std::collections::BTreeMap;

use leek_crypto::{Signature, Suite};
use leek_identity::{NodeId, NodeKeys};
use leek_proto::directory::v1 as proto;
use leek_wire::limits::SNAPSHOT_BYTES_MAX;
use prost::Message as _;

use crate::{
    Malformed,
    canon::{Problem, Reader},
    limits::DIRECTORIES_MAX,
    listing::check_next,
};

/// What stands in front of a listing's bytes when they are signed.
pub const SNAPSHOT_DOMAIN: &[u8] = b"leek-snapshot-v1";

/// A directory's signature over a listing's bytes.
pub fn sign_listing(suite: &dyn Suite, keys: &NodeKeys, listing: &[u8]) -> Signature {
    let text = [SNAPSHOT_DOMAIN, listing].concat();
    keys.signing().sign(suite, &text)
}

/// The bytes of a listing with its signatures: what directories hand out. At most
/// [`DIRECTORIES_MAX`] signatures.
pub fn assemble(listing: &[u8], signatures: &BTreeMap<NodeId, Signature>) -> Vec<u8> {
    let signatures = signatures.iter().map(|(signer, signature)| {
        let (signer, signature) = (signer.as_bytes().to_vec(), signature.as_bytes().to_vec());
        proto::SnapshotSignature { signer, signature }
    });
    proto::SignedSnapshot {
        snapshot: listing.to_vec(),
        signatures: signatures.collect(),
    }
    .encode_to_vec()
}

/// A listing's bytes and signatures, none of them checked.
pub(crate) struct Unchecked<'a> {
    pub(crate) listing: &'a [u8],
    /// Ascending by signer, except that one may come twice in a row: `Trust` tells that apart from
    /// other disorder.
    pub(crate) signatures: Vec<(NodeId, Signature)>,
}

impl<'a> Unchecked<'a> {
    /// Reads the frame only: a reader can check signatures before it looks inside.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("SignedSnapshot", bytes, SNAPSHOT_BYTES_MAX)?;
        let listing = reader.bytes(1, "snapshot")?;
        let listing = listing.ok_or_else(|| reader.wrong("snapshot", Problem::Missing))?;
        let mut signatures: Vec<(NodeId, Signature)> = Vec::new();
        while let Some(part) = reader.part(2, "signatures")? {
            let (signer, signature) = one(part)?;
            let before = signatures.last().map(|(before, _)| *before);
            let before = before.filter(|before| *before != signer);
            let count = signatures.len();
            check_next(
                &reader,
                "signatures",
                count,
                DIRECTORIES_MAX,
                before,
                signer,
            )?;
            signatures.push((signer, signature));
        }
        reader.end()?;
        Ok(Self {
            listing,
            signatures,
        })
    }
}

/// The sizes only.
impl fmt::Debug for Unchecked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unchecked")
            .field("listing", &self.listing.len())
            .field("signatures", &self.signatures.len())
            .finish()
    }
}

fn one(bytes: &[u8]) -> Result<(NodeId, Signature), Malformed> {
    let mut reader = Reader::new("SnapshotSignature", bytes, SNAPSHOT_BYTES_MAX)?;
    let signer = NodeId::from_bytes(reader.array(1, "signer")?);
    let signature = Signature::from_bytes(reader.array(2, "signature")?);
    reader.end()?;
    Ok((signer, signature))
}
