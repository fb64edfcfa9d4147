//! Building the network of a scenario: keys, addresses, regions and swarms.

use std::{net::Ipv4Addr, sync::Arc};

use leek_identity::{NodeAddress, NodeKeys, NodeRecord};
use leek_machine::{Seed, bug};
use leek_swarm::{Epoch, Membership, Snapshot, SwarmId, assign_fixed};
use serde::Deserialize;

use crate::{
    cast::NodeSetup,
    scenario::{Network, Swarms},
};

/// TCP port of every node (network spec 0).
const NODE_PORT: u16 = 22_021;
/// TCP port a client's connections come from; one per client in this model.
const CLIENT_PORT: u16 = 40_000;

/// Number of different /24 networks that a scenario's nodes sit in: nodes that share one do so in
/// pairs.
pub(crate) fn subnets(network: &Network) -> u32 {
    network.nodes - sharing_pairs(network)
}

fn sharing_pairs(network: &Network) -> u32 {
    let sharing = f64::from(network.nodes) * network.shared_slash24.get();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most nodes"
    )]
    let sharing = sharing as u32;
    sharing / 2
}

/// The nodes, sorted by id: the position is the number of the node's actor.
pub(crate) fn build_nodes(network: &Network, seed: &Seed) -> Vec<NodeSetup> {
    let pairs = sharing_pairs(network);
    let mut nodes: Vec<NodeSetup> = (0u32..)
        .zip(node_seeds(network.nodes, seed))
        .map(|(i, secret)| {
            let keys = NodeKeys::from_seed(secret);
            // Keys are random, so who shares a /24 with whom is random too.
            let (subnet, host) = if i < 2 * pairs {
                (i / 2, 1 + i % 2)
            } else {
                (i - pairs, 1)
            };
            let record = NodeRecord {
                id: keys.id(),
                onion_key: *keys.onion().public(),
                address: NodeAddress {
                    ip: node_ip(subnet, host),
                    port: NODE_PORT,
                },
            };
            NodeSetup { keys, record }
        })
        .collect();
    nodes.sort_by_key(|node| node.record.id);
    nodes
}

/// The seeds of the keys of `count` nodes.
pub(crate) fn node_seeds(count: u32, seed: &Seed) -> impl Iterator<Item = [u8; 32]> {
    let seed = seed.clone();
    (0..count).map(move |i| *seed.child("node-key", u64::from(i)).bytes())
}

/// Nodes live in 10.0.0.0/8, a /24 for each `subnet`.
fn node_ip(subnet: u32, host: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 | (subnet << 8) | host)
}

/// The address of client number `i`: 100.64.0.0/10, apart from all nodes.
pub(crate) fn client_address(i: u32) -> NodeAddress {
    NodeAddress {
        ip: Ipv4Addr::from_bits(0x6440_0000 + i),
        port: CLIENT_PORT,
    }
}

/// The first membership snapshot.
pub(crate) fn build_snapshot(network: &Network, nodes: &[NodeSetup], seed: &Seed) -> Arc<Snapshot> {
    let records: Vec<NodeRecord> = nodes.iter().map(|node| node.record).collect();
    let size = match network.swarms {
        Swarms::Fixed { size } => usize::try_from(size).unwrap_or(usize::MAX),
        Swarms::Deployed {} => return Arc::new(deployed(records, seed)),
    };
    let swarms: Vec<SwarmId> = match assign_fixed(records.len(), size) {
        Ok(swarms) => swarms,
        Err(error) => bug!("a checked scenario divides into swarms: {error}"),
    };
    match Snapshot::new(Epoch(1), records.into_iter().zip(swarms).collect()) {
        Ok(snapshot) => Arc::new(snapshot),
        Err(error) => bug!("a built network has a snapshot: {error}"),
    }
}

/// The deployed rules, one node registering per block.
fn deployed(records: Vec<NodeRecord>, seed: &Seed) -> Snapshot {
    let mut membership = Membership::new();
    for (block, record) in (0u64..).zip(records) {
        if let Err(error) = membership.register(record) {
            bug!("node keys differ: {error}");
        }
        membership.rebalance(seed.child("block", block).bytes());
    }
    membership.snapshot()
}

/// The six regions of 2019 (see `data/regions.toml` for the source).
#[derive(Debug, Deserialize)]
pub(crate) struct Regions {
    /// Names, in the order of all other fields.
    pub(crate) regions: Vec<String>,
    /// Round trips in ms.
    pub(crate) latency_ms: Vec<Vec<u64>>,
    /// Mbit/s towards a host.
    pub(crate) download_mbit: Vec<f64>,
    /// Mbit/s from a host.
    pub(crate) upload_mbit: Vec<f64>,
    /// Mbit/s of one flow that leaves its region.
    pub(crate) inter_region_mbit: f64,
    /// Share of hosts; sums to one up to rounding.
    pub(crate) node_share: Vec<f64>,
}

impl Regions {
    /// The embedded data set.
    pub(crate) fn embedded() -> Self {
        match toml::from_str(include_str!("../data/regions.toml")) {
            Ok(regions) => regions,
            Err(error) => bug!("the embedded regions parse: {error}"),
        }
    }

    /// The region of host `index` of its `kind`, drawn by share.
    pub(crate) fn place(&self, seed: &Seed, kind: &str, index: u64) -> u8 {
        let mut at = seed.child(kind, index).stream().unit() * self.node_share.iter().sum::<f64>();
        for (region, share) in (0u8..).zip(&self.node_share) {
            if at < *share {
                return region;
            }
            at -= share;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::units::Share;

    #[test]
    fn a_tenth_of_the_nodes_shares_a_slash24() {
        let network = Network {
            nodes: 100,
            ..Network::default()
        };
        let nodes = build_nodes(&network, &Seed::from_u64(1));
        let mut nets: Vec<_> = nodes.iter().map(|n| n.record.address.ip.octets()).collect();
        nets.iter_mut().for_each(|octets| octets[3] = 0);
        nets.sort_unstable();
        let total = nets.len();
        let sharing = nets
            .chunk_by(|a, b| a == b)
            .filter(|c| c.len() > 1)
            .flatten()
            .count();
        nets.dedup();
        assert_eq!((total, nets.len(), sharing), (100, 95, 10));
        assert_eq!(subnets(&network), 95);
        let none = Network {
            shared_slash24: Share::constant(0.0),
            ..network
        };
        assert_eq!(subnets(&none), 100);
    }

    #[test]
    fn the_embedded_regions_are_consistent() {
        let regions = Regions::embedded();
        let n = regions.regions.len();
        assert_eq!(n, 6);
        for row in &regions.latency_ms {
            assert_eq!(row.len(), n);
        }
        for i in 0..n {
            for j in 0..n {
                assert_eq!(regions.latency_ms[i][j], regions.latency_ms[j][i]);
            }
        }
        assert_eq!(regions.upload_mbit.len(), n);
        assert_eq!(regions.download_mbit.len(), n);
        let sum: f64 = regions.node_share.iter().sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn hosts_are_placed_by_share() {
        let regions = Regions::embedded();
        let seed = Seed::from_u64(5);
        let mut counts = [0u32; 6];
        for i in 0..20_000 {
            counts[usize::from(regions.place(&seed, "node-region", i))] += 1;
        }
        for (count, share) in counts.iter().zip(&regions.node_share) {
            let expected = share * 20_000.0;
            let five_sigma = 5.0 * (expected * (1.0 - share)).sqrt();
            assert!(
                (f64::from(*count) - expected).abs() < five_sigma,
                "{counts:?}"
            );
        }
    }
}
