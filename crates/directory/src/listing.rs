use core::fmt;

use leek_crypto::hash;
use leek_identity::{NodeId, NodeRecord};
use leek_machine::Wall;
use leek_proto::directory::v1 as proto;
use leek_swarm::{Epoch, Snapshot, SwarmId};
use leek_wire::limits::SNAPSHOT_BYTES_MAX;
use prost::Message as _;

use crate::{
    Malformed, NetworkName,
    canon::{Problem, Reader},
    descriptor::{network, record},
    limits::{ABSENT_MAX, EPOCH_MAX, LISTED_MAX, TIME_MS_MAX, VALIDITY_MS_MAX},
};

/// What directories sign: who is in a network for a while, and what the next listing needs to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Listing {
    /// Of which network.
    pub network: NetworkName,
    /// Its number, from 1 to [`EPOCH_MAX`]. Later listings have larger ones; numbers are left out.
    pub epoch: Epoch,
    /// From when it may be used.
    pub valid_from: Wall,
    /// Until when it may be used; at most [`VALIDITY_MS_MAX`] later.
    pub valid_until: Wall,
    /// The listing that it follows; `None` for the first.
    pub previous: Option<ListingDigest>,
    /// The nodes, ascending by id; at most [`LISTED_MAX`].
    pub nodes: Vec<Listed>,
    /// Nodes whose places are kept while they are away, ascending by id; at most [`ABSENT_MAX`],
    /// none of them listed.
    pub absent: Vec<Absent>,
}

/// A node in a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listed {
    /// Its keys and its address.
    pub record: NodeRecord,
    /// Its swarm.
    pub swarm: SwarmId,
    /// Of when the descriptor is that it is listed by.
    pub published: Wall,
}

/// A node that is away and may come back to its swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Absent {
    /// Which.
    pub id: NodeId,
    /// Its swarm.
    pub swarm: SwarmId,
    /// Since when it is not listed.
    pub since: Wall,
}

/// SHA-256 of a listing's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListingDigest(pub [u8; 32]);

impl ListingDigest {
    /// The digest of these bytes.
    pub fn of(listing: &[u8]) -> Self {
        Self(hash::sha256(&[listing]))
    }
}

/// Shortened to 8 digits.
impl fmt::Debug for ListingDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "listing:{a:02x}{b:02x}{c:02x}{d:02x}..")
    }
}

impl Listing {
    /// Reads the bytes of a listing.
    ///
    /// # Errors
    /// [`Malformed`] when they are not the canonical encoding of one.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("Snapshot", bytes, SNAPSHOT_BYTES_MAX)?;
        let network = network(&mut reader, 1)?;
        let epoch = Epoch(reader.ranged(2, "epoch", 1, EPOCH_MAX)?);
        let from = reader.ranged(3, "valid_from_ms", 0, TIME_MS_MAX)?;
        let until = reader.ranged(4, "valid_until_ms", from + 1, from + VALIDITY_MS_MAX)?;
        let previous = reader.optional_array(5, "previous")?.map(ListingDigest);
        let mut nodes: Vec<Listed> = Vec::new();
        while let Some(part) = reader.part(6, "nodes")? {
            let node = listed(part)?;
            let before = nodes.last().map(|node| node.record.id);
            check_next(
                &reader,
                "nodes",
                nodes.len(),
                LISTED_MAX,
                before,
                node.record.id,
            )?;
            nodes.push(node);
        }
        let mut absent: Vec<Absent> = Vec::new();
        while let Some(part) = reader.part(7, "absent")? {
            let node = absentee(part)?;
            let before = absent.last().map(|node| node.id);
            check_next(&reader, "absent", absent.len(), ABSENT_MAX, before, node.id)?;
            if find(&nodes, &node.id).is_some() {
                return Err(reader.wrong("absent", Problem::Value("a node that is listed")));
            }
            absent.push(node);
        }
        reader.end()?;
        Ok(Self {
            network,
            epoch,
            valid_from: Wall::from_ms(from),
            valid_until: Wall::from_ms(until),
            previous,
            nodes,
            absent,
        })
    }

    /// The canonical encoding: what is signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        proto::Snapshot {
            network: self.network.as_str().to_owned(),
            epoch: self.epoch.0,
            valid_from_ms: self.valid_from.ms(),
            valid_until_ms: self.valid_until.ms(),
            previous: self
                .previous
                .map_or_else(Vec::new, |digest| digest.0.to_vec()),
            nodes: self.nodes.iter().map(listed_proto).collect(),
            absent: self.absent.iter().map(absent_proto).collect(),
        }
        .encode_to_vec()
    }

    /// The membership as machines use it.
    pub fn snapshot(&self) -> Snapshot {
        let nodes = self.nodes.iter().map(|node| (node.record, node.swarm));
        match Snapshot::new(self.epoch, nodes.collect()) {
            Ok(snapshot) => snapshot,
            Err(error) => leek_machine::bug!("a listing has few, unique, placed nodes: {error}"),
        }
    }

    /// The node of this id.
    pub fn node(&self, id: &NodeId) -> Option<&Listed> {
        find(&self.nodes, id)
    }
}

/// The sizes only.
impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing")
            .field("epoch", &self.epoch.0)
            .field("nodes", &self.nodes.len())
            .field("absent", &self.absent.len())
            .finish_non_exhaustive()
    }
}

fn listed_proto(node: &Listed) -> proto::ListedNode {
    proto::ListedNode {
        id: node.record.id.as_bytes().to_vec(),
        onion_key: node.record.onion_key.as_bytes().to_vec(),
        ipv4: node.record.address.ip.to_bits(),
        port: node.record.address.port.into(),
        swarm: node.swarm.0,
        published_ms: node.published.ms(),
    }
}

fn absent_proto(node: &Absent) -> proto::AbsentNode {
    proto::AbsentNode {
        id: node.id.as_bytes().to_vec(),
        swarm: node.swarm.0,
        since_ms: node.since.ms(),
    }
}

fn find<'a>(nodes: &'a [Listed], id: &NodeId) -> Option<&'a Listed> {
    let at = nodes.binary_search_by_key(id, |node| node.record.id).ok()?;
    nodes.get(at)
}

fn listed(bytes: &[u8]) -> Result<Listed, Malformed> {
    let mut reader = Reader::new("ListedNode", bytes, SNAPSHOT_BYTES_MAX)?;
    let record = record(&mut reader, 1)?;
    let swarm = swarm(&mut reader, 5)?;
    let published = Wall::from_ms(reader.uint(6, "published_ms")?);
    reader.end()?;
    Ok(Listed {
        record,
        swarm,
        published,
    })
}

fn absentee(bytes: &[u8]) -> Result<Absent, Malformed> {
    let mut reader = Reader::new("AbsentNode", bytes, SNAPSHOT_BYTES_MAX)?;
    let id = NodeId::from_bytes(reader.array(1, "id")?);
    let swarm = swarm(&mut reader, 2)?;
    let since = Wall::from_ms(reader.uint(3, "since_ms")?);
    reader.end()?;
    Ok(Absent { id, swarm, since })
}

fn swarm(reader: &mut Reader<'_>, tag: u64) -> Result<SwarmId, Malformed> {
    match SwarmId(reader.fixed64(tag, "swarm")?) {
        SwarmId::UNASSIGNED => Err(reader.wrong("swarm", Problem::Value("no swarm"))),
        swarm => Ok(swarm),
    }
}

/// One more entry of a list fits, and stands behind the one before.
pub(crate) fn check_next(
    reader: &Reader<'_>,
    field: &'static str,
    count: usize,
    max: usize,
    before: Option<NodeId>,
    id: NodeId,
) -> Result<(), Malformed> {
    if count == max {
        return Err(reader.wrong(field, Problem::TooMany { max }));
    }
    if before.is_some_and(|before| before >= id) {
        return Err(reader.wrong(field, Problem::Order));
    }
    Ok(())
}
