//! Keys, addresses and configurations that the tests share.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use leek_crypto::{Suite, fast};
use leek_directory::{
    AddressRule, AuthorityConfig, AuthorityPrep, Descriptor, DirectoryAddress, FollowerConfig,
    FollowerPrep, Listed, Listing, NetworkName, SignedDescriptor, SwarmRule, Trust, assemble,
    sign_listing,
};
use leek_identity::{NodeAddress, NodeId, NodeKeys};
use leek_machine::Wall;
use leek_swarm::{Epoch, SwarmId};

/// The wall clock when tests begin.
pub(crate) const BEGIN: Wall = Wall::from_ms(1_700_000_000_000);

pub(crate) fn suite() -> Arc<dyn Suite> {
    fast().suite()
}

/// Keys of directory number `number`, in the order of their ids.
pub(crate) fn directory_keys(count: u8, number: usize) -> NodeKeys {
    let mut seeds: Vec<[u8; 32]> = (0..count).map(|seed| [200 + seed; 32]).collect();
    seeds.sort_by_key(|seed| NodeKeys::from_seed(*seed).id());
    NodeKeys::from_seed(seeds[number])
}

pub(crate) fn node_keys(number: u8) -> NodeKeys {
    NodeKeys::from_seed([number + 1; 32])
}

pub(crate) fn address(network: u8, port: u16) -> NodeAddress {
    NodeAddress {
        ip: Ipv4Addr::new(127, 0, network, 1),
        port,
    }
}

pub(crate) fn directory_address(keys: &NodeKeys, number: usize) -> DirectoryAddress {
    DirectoryAddress {
        id: keys.id(),
        address: address(250, 7_001 + u16::try_from(number).unwrap()),
    }
}

pub(crate) fn trust(count: u8, threshold: usize) -> Trust {
    let signers = (0..usize::from(count))
        .map(|number| directory_address(&directory_keys(count, number), number));
    Trust::new(NetworkName::default(), signers.collect(), threshold).unwrap()
}

pub(crate) fn authority_prep(trust: &Trust, number: usize) -> Arc<AuthorityPrep> {
    let count = u8::try_from(trust.signers().len()).unwrap();
    let keys = directory_keys(count, number);
    Arc::new(AuthorityPrep::new(suite(), keys, trust.clone()))
}

pub(crate) fn follower_prep(trust: &Trust) -> Arc<FollowerPrep> {
    Arc::new(FollowerPrep::new(suite(), trust.clone()))
}

/// Times a hundred times shorter than the usual ones.
pub(crate) fn quick() -> AuthorityConfig {
    AuthorityConfig {
        swarms: SwarmRule::Fixed { size: 3 },
        addresses: AddressRule::Any,
        expect_nodes: 3,
        validity_ms: 240_000,
        descriptor_life_ms: 120_000,
        memory_ms: 600_000,
        grace_ms: 1_000,
        settle_ms: 200,
        listen_ms: 4_000,
        sync_ms: 5_000,
    }
}

/// The same for followers.
pub(crate) fn quick_follower() -> FollowerConfig {
    FollowerConfig {
        refresh_ms: 2_000,
        retry_ms_min: 100,
        retry_ms_max: 1_000,
        answer_ms: 1_000,
        announce_ms: 10_000,
    }
}

pub(crate) fn descriptor(number: u8, published: Wall) -> Descriptor {
    Descriptor {
        network: NetworkName::default(),
        record: node_keys(number).record(address(number, 22_021)),
        version: [0, 1, 0],
        published,
    }
}

pub(crate) fn announcement(number: u8, published: Wall) -> SignedDescriptor {
    descriptor(number, published).sign(&*suite(), &node_keys(number))
}

/// A listing of so many nodes in swarms of three, valid for an hour from `from`.
pub(crate) fn listing(epoch: u64, nodes: u8, from: Wall) -> Listing {
    let mut listed: Vec<Listed> = (0..nodes)
        .map(|number| Listed {
            record: descriptor(number, from).record,
            swarm: SwarmId(u64::from(number / 3) << 60),
            published: from,
        })
        .collect();
    listed.sort_by_key(|node| node.record.id);
    Listing {
        network: NetworkName::default(),
        epoch: Epoch(epoch),
        valid_from: from,
        valid_until: from.after_ms(3_600_000),
        previous: None,
        nodes: listed,
        absent: Vec::new(),
    }
}

/// The listing with the signatures of these of `count` directories.
pub(crate) fn signed_by(listing: &Listing, count: u8, signers: &[usize]) -> Vec<u8> {
    let bytes = listing.to_bytes();
    let one = |number: &usize| {
        let keys = directory_keys(count, *number);
        (keys.id(), sign_listing(&*suite(), &keys, &bytes))
    };
    let signatures: BTreeMap<NodeId, _> = signers.iter().map(one).collect();
    assemble(&bytes, &signatures)
}
