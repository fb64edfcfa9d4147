use std::net::Ipv4Addr;

use leek_crypto::{Signature, fast};
use leek_directory::{
    Absent, AuthorityState, DESCRIPTOR_DOMAIN, Descriptor, DirectoryAddress, DirectoryUrl, Listed,
    Listing, ListingDigest, NetworkFile, NetworkName, SignedDescriptor, Trust, assemble,
    authority::Promise,
    cosign::{CosignAnswer, CosignRequest, Declined, Proposal},
    sign_listing,
};
use leek_fuzz_bodies::directory::{directory, node};
use leek_identity::{NodeAddress, NodeKeys};
use leek_machine::Wall;
use leek_swarm::{Epoch, SwarmId};

use super::Seeds;

const NOW: Wall = Wall::from_ms(1_700_000_000_000);

fn address(last: u8) -> NodeAddress {
    NodeAddress {
        ip: Ipv4Addr::new(127, 0, last, 1),
        port: 22_021,
    }
}

fn signed_descriptor() -> SignedDescriptor {
    Descriptor {
        network: NetworkName::default(),
        record: node().record(address(1)),
        version: [1, 0, 65_535],
        published: NOW,
    }
    .sign(&*fast().suite(), &node())
}

/// Of so many nodes.
fn some_listing(nodes: u8, previous: Option<ListingDigest>) -> Listing {
    let mut listed: Vec<Listed> = (1..=nodes)
        .map(|seed| Listed {
            record: NodeKeys::from_seed([seed; 32]).record(address(seed)),
            swarm: SwarmId(u64::from(seed % 2) << 63),
            published: NOW,
        })
        .collect();
    listed.sort_by_key(|node| node.record.id);
    Listing {
        network: NetworkName::default(),
        epoch: Epoch(7),
        valid_from: NOW,
        valid_until: NOW.after_ms(3_600_000),
        previous,
        nodes: listed,
        absent: Vec::new(),
    }
}

fn full_listing() -> Listing {
    let away = Absent {
        id: NodeKeys::from_seed([99; 32]).id(),
        swarm: SwarmId(5),
        since: NOW,
    };
    Listing {
        absent: vec![away],
        ..some_listing(3, Some(ListingDigest([7; 32])))
    }
}

fn signed(listing: &Listing) -> Vec<u8> {
    let bytes = listing.to_bytes();
    let signature = sign_listing(&*fast().suite(), &directory(), &bytes);
    assemble(&bytes, &[(directory().id(), signature)].into())
}

fn behind(bytes: &[u8], more: &[u8]) -> Vec<u8> {
    [bytes, more].concat()
}

pub(super) fn announcement(seeds: &mut Seeds) {
    let good = signed_descriptor();
    seeds.valid("node", good.bytes());
    seeds.cuts("node", good.bytes());
    seeds.bad("unknown-field", behind(good.bytes(), &[0x18, 1]));
    let other = good
        .descriptor()
        .sign(&*fast().suite(), &NodeKeys::from_seed([2; 32]));
    seeds.bad("other-signer", other.bytes());
}

pub(super) fn descriptor(seeds: &mut Seeds) {
    // Behind the first two bytes of the announcement, and without the signature at its end.
    let announced = signed_descriptor();
    let inside = announced
        .bytes()
        .get(2..announced.bytes().len() - 66)
        .unwrap_or_default();
    seeds.valid("node", inside);
    seeds.cuts("node", inside);
    seeds.bad("twice", behind(inside, inside));
    seeds.bad("domain", DESCRIPTOR_DOMAIN);
    let mut zero_version = inside.to_vec();
    if let Some(at) = inside.windows(2).position(|two| two == [0x30, 1]) {
        zero_version[at + 1] = 0;
    }
    seeds.bad("default-written", zero_version);
}

pub(super) fn snapshot(seeds: &mut Seeds) {
    let good = signed(&full_listing());
    seeds.valid("full", &good);
    seeds.valid("empty", signed(&some_listing(0, None)));
    seeds.cuts("full", &good);
    let bytes = full_listing().to_bytes();
    seeds.bad("unsigned", assemble(&bytes, &[].into()));
    let stranger = NodeKeys::from_seed([3; 32]);
    let signature = sign_listing(&*fast().suite(), &stranger, &bytes);
    let strange = assemble(&bytes, &[(stranger.id(), signature)].into());
    seeds.bad("unknown-signer", strange);
    let forged = assemble(&bytes, &[(directory().id(), signature)].into());
    seeds.bad("bad-signature", forged);
    let tail = good.len() - 102;
    let twice = behind(&good, good.get(tail..).unwrap_or_default());
    seeds.bad("signed-twice", twice);
}

pub(super) fn listing(seeds: &mut Seeds) {
    let good = full_listing().to_bytes();
    seeds.valid("full", &good);
    seeds.valid("empty", some_listing(0, None).to_bytes());
    let network = NetworkName::parse("other").unwrap_or_default();
    let other = Listing {
        network,
        ..full_listing()
    };
    seeds.valid("other-network", other.to_bytes());
    seeds.cuts("full", &good);
    seeds.bad("unknown-field", behind(&good, &[0x78, 1]));
    seeds.bad("epoch-twice", behind(&good, &[0x10, 7]));
    let bad = |alter: fn(&mut Listing)| {
        let mut listing = full_listing();
        alter(&mut listing);
        listing.to_bytes()
    };
    seeds.bad("no-epoch", bad(|l| l.epoch = Epoch(0)));
    seeds.bad("backwards", bad(|l| l.valid_until = l.valid_from));
    seeds.bad("unsorted", bad(|l| l.nodes.reverse()));
    seeds.bad("node-twice", bad(|l| l.nodes[0] = l.nodes[1]));
    seeds.bad("no-swarm", bad(|l| l.nodes[0].swarm = SwarmId::UNASSIGNED));
    seeds.bad("no-port", bad(|l| l.nodes[0].record.address.port = 0));
    seeds.bad(
        "here-and-away",
        bad(|l| l.absent[0].id = l.nodes[0].record.id),
    );
}

pub(super) fn cosign(seeds: &mut Seeds) {
    let first = Proposal::new(some_listing(1, None), None, vec![signed_descriptor()]);
    let next = Proposal::new(full_listing(), Some(Epoch(6)), Vec::new());
    let good = CosignRequest::Proposal(first).to_bytes();
    seeds.valid("first", &good);
    seeds.valid("next", CosignRequest::Proposal(next).to_bytes());
    let certified = CosignRequest::Certified(signed(&full_listing()));
    seeds.valid("certified", certified.to_bytes());
    seeds.cuts("first", &good);
    let half = Proposal::new(full_listing(), None, Vec::new());
    seeds.bad("no-base", CosignRequest::Proposal(half).to_bytes());
    let twice = Proposal::new(some_listing(1, None), None, vec![signed_descriptor(); 2]);
    seeds.bad(
        "descriptor-twice",
        CosignRequest::Proposal(twice).to_bytes(),
    );
    seeds.bad("both", behind(&good, &[0x12, 0]));
}

pub(super) fn cosign_answer(seeds: &mut Seeds) {
    let signature = CosignAnswer::Signature(Signature::from_bytes([7; 64])).to_bytes();
    seeds.valid("signature", &signature);
    seeds.valid("taken", CosignAnswer::Taken.to_bytes());
    let promised = CosignAnswer::Declined(Declined::Promised(Epoch(300)));
    seeds.valid("promised", promised.to_bytes());
    seeds.valid("busy", CosignAnswer::Declined(Declined::Busy).to_bytes());
    seeds.cuts("signature", &signature);
    seeds.bad("both", behind(&signature, &[0x18, 1]));
    seeds.bad("unknown-reason", [0x12, 2, 8, 99]);
    seeds.bad("busy-with-epoch", [0x12, 4, 8, 1, 16, 1]);
}

pub(super) fn state(seeds: &mut Seeds) {
    let full = AuthorityState {
        since: NOW,
        promise: Some(Promise {
            epoch: Epoch(7),
            digest: ListingDigest([7; 32]),
        }),
        newest: Some(signed(&full_listing()).into()),
    };
    let good = full.to_bytes();
    seeds.valid("full", &good);
    seeds.valid("new", AuthorityState::new(NOW).to_bytes());
    // Nothing is the state at the beginning of time.
    seeds.valid("nothing", []);
    let (half, _) = good.split_at(good.len() / 2);
    seeds.bad("full-half", half);
    seeds.bad("unknown-field", behind(&good, &[0x28, 1]));
    seeds.bad("half-a-promise", [0x10, 7]);
}

pub(super) fn url(seeds: &mut Seeds) {
    let id = directory().id();
    let address = address(0);
    let url = DirectoryUrl(DirectoryAddress { id, address }).to_string();
    seeds.valid("lower-case", &url);
    seeds.valid("upper-case", url.to_uppercase().replacen("LEEK", "leek", 1));
    seeds.cuts("url", url.replace(":22021", ":2").as_bytes());
    seeds.bad("scheme", url.replacen("leek", "http", 1));
    seeds.bad("port", url.replace(":22021", ":0"));
    seeds.bad("host", url.replace("127.0.0.1", "localhost"));
    seeds.bad("path", format!("{url}/"));
}

pub(super) fn network_file(seeds: &mut Seeds) {
    let signers = (0..3_u8).map(|number| DirectoryAddress {
        id: NodeKeys::from_seed([200 + number; 32]).id(),
        address: address(number),
    });
    let Ok(trust) = Trust::majority(NetworkName::default(), signers.collect()) else {
        return;
    };
    let text = NetworkFile::new(trust).to_toml();
    seeds.valid("three", &text);
    seeds.valid("no-threshold", text.replace("threshold = 2\n", ""));
    seeds.cuts("three", text.trim_end().as_bytes());
    seeds.bad("minority", text.replace("threshold = 2", "threshold = 1"));
    seeds.bad("too-many", text.replace("threshold = 2", "threshold = 4"));
    seeds.bad("negative", text.replace("threshold = 2", "threshold = -2"));
    seeds.bad("name", text.replace("local", "Local"));
    seeds.bad("unknown-key", format!("treshold = 2\n{text}"));
    seeds.bad("url", text.replacen("leek://", "leek:/", 1));
}
