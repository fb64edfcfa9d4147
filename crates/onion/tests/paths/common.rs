use std::net::Ipv4Addr;

use leek_crypto::XPublic;
use leek_identity::{NodeAddress, NodeId, NodeRecord};
use leek_machine::{Seed, Stream, Tick};
use leek_onion::{PathHandle, PathPolicy, PathSet};
use rand_core::Rng as _;

pub(crate) fn stream(seed: u64) -> Stream {
    Seed::from_u64(seed).stream()
}

pub(crate) fn at(ms: u64) -> Tick {
    Tick::ZERO.after_ms(ms)
}

/// Node `n` of every network, its id and key at random, in the `n / per_net`-th /24.
pub(crate) fn node(n: usize, per_net: usize) -> NodeRecord {
    let mut draw = Seed::from_u64(0).child("node", n as u64).stream();
    let (mut id, mut key) = ([0; 32], [0; 32]);
    draw.fill_bytes(&mut id);
    draw.fill_bytes(&mut key);
    let [.., high, low] = (n / per_net).to_be_bytes();
    let host = u8::try_from(n % per_net + 1).unwrap();
    NodeRecord {
        id: NodeId::from_bytes(id),
        onion_key: XPublic::from_bytes(key),
        address: NodeAddress {
            ip: Ipv4Addr::new(10, high, low, host),
            port: 22_021,
        },
    }
}

/// `count` nodes, `per_net` in each /24, sorted by id.
pub(crate) fn network(count: usize, per_net: usize) -> Vec<NodeRecord> {
    sorted((0..count).map(|n| node(n, per_net)).collect())
}

pub(crate) fn sorted(mut pool: Vec<NodeRecord>) -> Vec<NodeRecord> {
    pool.sort_by_key(|node| node.id);
    pool
}

/// Paths that are ready, at tick 0.
pub(crate) fn ready(policy: PathPolicy, pool: &[NodeRecord], entropy: &mut Stream) -> PathSet {
    let mut paths = PathSet::new(policy).unwrap();
    paths.update(pool, &[], Tick::ZERO, entropy);
    assert!(!paths.incomplete());
    paths
}

/// The path whose guard this is, as ids, and its handle.
pub(crate) fn path_of(paths: &PathSet, guard: NodeId) -> (PathHandle, Vec<NodeId>) {
    let (handle, hops) = paths
        .paths()
        .find(|(handle, _)| handle.guard() == Some(guard))
        .unwrap();
    (handle, hops.iter().map(|hop| hop.id).collect())
}

pub(crate) fn first_path(paths: &PathSet) -> (PathHandle, Vec<NodeId>) {
    path_of(paths, paths.guards().next().unwrap())
}
