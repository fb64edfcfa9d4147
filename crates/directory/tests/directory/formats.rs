//! The formats, byte for byte.

use std::collections::BTreeMap;

use leek_crypto::{Signature, XPublic, hash};
use leek_directory::{
    Absent, AuthorityState, Descriptor, DescriptorRefused, Listed, Listing, ListingDigest,
    Malformed, NetworkName, Problem, SignedDescriptor, Trust, assemble,
    authority::Promise,
    cosign::{CosignAnswer, CosignRefused, CosignRequest, Declined, Proposal},
    sign_listing,
};
use leek_identity::{NodeAddress, NodeId, NodeKeys, NodeRecord};
use leek_machine::Wall;
use leek_proto::directory::v1 as proto;
use leek_swarm::{Epoch, SwarmId};
use proptest::{collection::vec, option, prelude::*};
use prost::Message as _;

use crate::support::{
    BEGIN, address, announcement, descriptor, directory_address, listing, node_keys, suite,
};

const DESCRIPTOR: &str = include_str!("../../testdata/descriptor_v1.hex");
const SNAPSHOT: &str = include_str!("../../testdata/snapshot_v1.hex");

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'\n').collect();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = core::str::from_utf8(pair).unwrap();
        u8::from_str_radix(pair, 16).unwrap()
    });
    pairs.collect()
}

fn seeds(seeds: &[u8]) -> Vec<NodeKeys> {
    let mut keys: Vec<NodeKeys> = seeds
        .iter()
        .map(|seed| NodeKeys::from_seed([*seed; 32]))
        .collect();
    keys.sort_by_key(NodeKeys::id);
    keys
}

fn vector_trust() -> Trust {
    let signers = seeds(&[200, 201, 202]);
    let signers = signers.iter().enumerate();
    let signers = signers.map(|(number, keys)| directory_address(keys, number));
    Trust::majority(NetworkName::default(), signers.collect()).unwrap()
}

fn vector_listing() -> Listing {
    let mut nodes: Vec<Listed> = (0..3)
        .map(|number| Listed {
            record: node_keys(number).record(address(number, 22_021)),
            swarm: SwarmId(if number == 1 { 1 << 63 } else { 0 }),
            published: BEGIN.before_ms(u64::from(number) * 1_000),
        })
        .collect();
    nodes.sort_by_key(|node| node.record.id);
    Listing {
        network: NetworkName::default(),
        epoch: Epoch(7),
        valid_from: BEGIN,
        valid_until: BEGIN.after_ms(24 * 3_600_000),
        previous: Some(ListingDigest(hash::sha256(&[b"previous"]))),
        nodes,
        absent: vec![Absent {
            id: node_keys(3).id(),
            swarm: SwarmId(1 << 63),
            since: BEGIN.before_ms(5),
        }],
    }
}

#[test]
fn the_descriptor_vector() {
    let bytes = unhex(DESCRIPTOR);
    let read = SignedDescriptor::verify(&*suite(), &bytes).unwrap();
    assert_eq!(*read.descriptor(), descriptor(0, BEGIN));
    assert_eq!(read.bytes(), bytes);
    assert_eq!(announcement(0, BEGIN).bytes(), bytes);
}

#[test]
fn the_snapshot_vector() {
    let bytes = unhex(SNAPSHOT);
    let read = vector_trust().authenticate(&*suite(), &bytes).unwrap();
    assert_eq!(*read.listing, vector_listing());
    assert_eq!(*read.signed, *bytes);
    assert_eq!(read.snapshot.nodes().len(), 3);
    assert_eq!(read.snapshot.members(SwarmId(0)).len(), 2);
    let listing = vector_listing().to_bytes();
    let signatures: BTreeMap<NodeId, Signature> = seeds(&[200, 201])
        .iter()
        .map(|keys| (keys.id(), sign_listing(&*suite(), keys, &listing)))
        .collect();
    assert_eq!(assemble(&listing, &signatures), bytes);
}

#[test]
fn any_changed_byte_of_a_descriptor_is_refused() {
    let bytes = announcement(3, BEGIN).bytes().to_vec();
    for at in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            let read = SignedDescriptor::verify(&*suite(), &changed);
            assert!(read.is_err(), "byte {at} by {change}");
        }
        assert!(SignedDescriptor::verify(&*suite(), &bytes[..at]).is_err());
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(SignedDescriptor::verify(&*suite(), &longer).is_err());
}

#[test]
fn any_changed_byte_of_a_snapshot_is_refused() {
    let (trust, bytes) = (vector_trust(), unhex(SNAPSHOT));
    for at in 0..bytes.len() {
        for change in [1, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            let read = trust.authenticate(&*suite(), &changed);
            assert!(read.is_err(), "byte {at} by {change}");
        }
        assert!(trust.authenticate(&*suite(), &bytes[..at]).is_err());
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(trust.authenticate(&*suite(), &longer).is_err());
}

fn problem(listing: &proto::Snapshot) -> (&'static str, Problem) {
    let error = Listing::parse(&listing.encode_to_vec()).unwrap_err();
    (error.field, error.problem)
}

#[test]
fn what_no_listing_can_mean_is_refused_and_named() {
    let good = proto::Snapshot::decode(vector_listing().to_bytes().as_slice()).unwrap();
    assert!(Listing::parse(&good.encode_to_vec()).is_ok());
    let with = |change: fn(&mut proto::Snapshot)| {
        let mut changed = good.clone();
        change(&mut changed);
        problem(&changed)
    };
    let range = |found, min, max| Problem::Range { found, min, max };
    let epoch_max = 1 << 53;
    assert_eq!(with(|l| l.epoch = 0), ("epoch", range(0, 1, epoch_max)));
    assert_eq!(with(|l| l.epoch = u64::MAX).0, "epoch");
    assert_eq!(with(|l| l.valid_from_ms = u64::MAX).0, "valid_from_ms");
    assert_eq!(
        with(|l| l.valid_until_ms = l.valid_from_ms).0,
        "valid_until_ms"
    );
    assert_eq!(with(|l| l.valid_until_ms = u64::MAX).0, "valid_until_ms");
    assert_eq!(with(|l| l.network = "Local".to_owned()).0, "network");
    assert_eq!(with(|l| l.network.clear()).0, "network");
    assert_eq!(with(|l| l.previous = vec![1; 31]).0, "previous");
    assert_eq!(with(|l| l.nodes.swap(0, 1)), ("nodes", Problem::Order));
    assert_eq!(
        with(|l| l.nodes[1] = l.nodes[0].clone()),
        ("nodes", Problem::Order)
    );
    assert_eq!(with(|l| l.nodes[0].id.truncate(31)).0, "id");
    assert_eq!(with(|l| l.nodes[0].onion_key = vec![0; 32]).0, "onion_key");
    assert_eq!(with(|l| l.nodes[0].port = 0).0, "ipv4");
    assert_eq!(with(|l| l.nodes[0].port = 65_536).0, "port");
    assert_eq!(with(|l| l.nodes[0].ipv4 = 0xe000_0001).0, "ipv4");
    assert_eq!(with(|l| l.nodes[0].swarm = u64::MAX).0, "swarm");
    assert_eq!(with(|l| l.absent[0].swarm = u64::MAX).0, "swarm");
    assert_eq!(
        with(|l| l.absent.push(l.absent[0].clone())),
        ("absent", Problem::Order)
    );
    assert_eq!(with(|l| l.absent[0].id = l.nodes[0].id.clone()).0, "absent");
}

#[test]
fn other_encodings_of_the_same_are_refused() {
    let bytes = vector_listing().to_bytes();
    let refused = |bytes: &[u8]| Listing::parse(bytes).unwrap_err().problem;
    // An unknown field behind, one that comes twice, and one with its default value.
    assert_eq!(
        refused(&[&bytes[..], &[0x78, 1]].concat()),
        Problem::Unexpected
    );
    assert_eq!(
        refused(&[&bytes[..], &[0x10, 7]].concat()),
        Problem::Unexpected
    );
    let epoch = bytes.iter().position(|byte| *byte == 0x10).unwrap();
    let (front, rest) = bytes.split_at(epoch);
    let long = [front, &[0x10, 0x87, 0], &rest[2..]].concat();
    assert_eq!(refused(&long), Problem::NotShortest);
    // protobuf would read all of these alike.
    assert_eq!(
        proto::Snapshot::decode(long.as_slice()),
        proto::Snapshot::decode(bytes.as_slice())
    );
    assert!(Listing::parse(&vec![0; leek_wire::limits::SNAPSHOT_BYTES_MAX + 1]).is_err());
}

#[test]
fn the_largest_of_each_fits() {
    use leek_directory::limits::{ABSENT_MAX, LISTED_MAX};
    let id = |number: usize| {
        let mut id = [0xff; 32];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        NodeId::from_bytes(id)
    };
    let nodes = (0..LISTED_MAX).map(|number| Listed {
        record: NodeRecord {
            id: id(number),
            onion_key: XPublic::from_bytes([0xee; 32]),
            address: address(255, 65_535),
        },
        swarm: SwarmId::MAX,
        published: Wall::from_ms(u64::MAX),
    });
    let absent = (0..ABSENT_MAX).map(|number| Absent {
        id: id(LISTED_MAX + number),
        swarm: SwarmId::MAX,
        since: Wall::from_ms(u64::MAX),
    });
    let largest = Listing {
        network: NetworkName::parse(&"n".repeat(32)).unwrap(),
        epoch: Epoch(1 << 53),
        valid_from: Wall::from_ms(1 << 53),
        nodes: nodes.collect(),
        absent: absent.collect(),
        valid_until: Wall::from_ms((1 << 53) + 1),
        ..vector_listing()
    };
    let bytes = largest.to_bytes();
    assert_eq!(Listing::parse(&bytes).as_ref(), Ok(&largest));
    let signature = Signature::from_bytes([0xff; 64]);
    let signatures = (0..16).map(|number| (id(number), signature)).collect();
    let signed = assemble(&bytes, &signatures);
    assert!(signed.len() <= leek_wire::limits::SNAPSHOT_BYTES_MAX);
    let mut more = largest;
    more.absent.pop();
    more.nodes.push(Listed {
        record: NodeRecord {
            id: id(LISTED_MAX),
            ..more.nodes[0].record
        },
        ..more.nodes[0]
    });
    more.absent.remove(0);
    let error = Listing::parse(&more.to_bytes()).unwrap_err();
    assert_eq!(error.problem, Problem::TooMany { max: LISTED_MAX });
}

#[test]
fn requests_to_cosign_are_read_again_and_nothing_else_is() {
    let descriptors = vec![announcement(0, BEGIN)];
    let first = Proposal::new(listing(1, 3, BEGIN), None, descriptors.clone());
    let next = Proposal::new(vector_listing(), Some(Epoch(6)), Vec::new());
    for request in [
        CosignRequest::Proposal(first.clone()),
        CosignRequest::Proposal(next),
        CosignRequest::Certified(vec![1, 2, 3]),
    ] {
        let bytes = request.to_bytes();
        assert_eq!(CosignRequest::read(&*suite(), &bytes), Ok(request));
        let longer = [&bytes[..], &[0x12, 0]].concat();
        assert!(CosignRequest::read(&*suite(), &longer).is_err());
    }
    let refused = |request: CosignRequest| CosignRequest::read(&*suite(), &request.to_bytes());
    // A base without its digest, and the other way round.
    for (listing, base) in [
        (listing(1, 3, BEGIN), Some(Epoch(6))),
        (vector_listing(), None),
    ] {
        let half = Proposal::new(listing, base, Vec::new());
        let read = refused(CosignRequest::Proposal(half));
        assert!(matches!(
            read,
            Err(CosignRefused::Malformed(Malformed {
                field: "base_epoch",
                ..
            }))
        ));
    }
    let twice = Proposal::new(
        listing(1, 3, BEGIN),
        None,
        [descriptors.clone(), descriptors].concat(),
    );
    assert!(refused(CosignRequest::Proposal(twice)).is_err());
    // A descriptor with a bad signature.
    let mut bytes = CosignRequest::Proposal(first).to_bytes();
    *bytes.last_mut().unwrap() ^= 1;
    let forged = CosignRefused::Descriptor(DescriptorRefused::Signature);
    assert_eq!(CosignRequest::read(&*suite(), &bytes), Err(forged));
    assert!(CosignRequest::read(&*suite(), &[]).is_err());
}

#[test]
fn answers_are_read_again_and_nothing_else_is() {
    use Declined::{Behind, Busy, Clock, Differs, Drops, Newer, NotYours, Promised, TooEarly};
    let declined = [
        Busy,
        Behind,
        Newer(Epoch(5)),
        Promised(Epoch(0)),
        NotYours,
        TooEarly,
        Clock,
        Differs,
        Drops,
    ];
    let answers = declined.map(CosignAnswer::Declined).into_iter().chain([
        CosignAnswer::Signature(Signature::from_bytes([7; 64])),
        CosignAnswer::Taken,
    ]);
    for answer in answers {
        let bytes = answer.to_bytes();
        assert_eq!(CosignAnswer::read(&bytes), Ok(answer));
        assert!(CosignAnswer::read(&[&bytes[..], &[0x18, 1]].concat()).is_err());
        assert!(CosignAnswer::read(&bytes[..bytes.len() - 1]).is_err());
    }
    // No reason, an unknown one, and an epoch that belongs to no reason.
    for bytes in [
        &[0x12, 0][..],
        &[0x12, 2, 8, 99],
        &[0x12, 4, 8, 1, 16, 1],
        &[0x18, 2],
    ] {
        assert!(CosignAnswer::read(bytes).is_err(), "{bytes:?}");
    }
}

fn name() -> impl Strategy<Value = NetworkName> {
    "[a-z0-9-]{1,32}".prop_map(|name| NetworkName::parse(&name).unwrap())
}

fn node_address() -> impl Strategy<Value = NodeAddress> {
    (1_u8..224, any::<[u8; 3]>(), 1_u16..).prop_map(|(a, [b, c, d], port)| NodeAddress {
        ip: [a, b, c, d].into(),
        port,
    })
}

fn wall() -> impl Strategy<Value = Wall> {
    any::<u64>().prop_map(Wall::from_ms)
}

prop_compose! {
    fn record()(id: [u8; 32], onion in 2_u8.., address in node_address()) -> NodeRecord {
        NodeRecord {
            id: NodeId::from_bytes(id),
            onion_key: XPublic::from_bytes([onion; 32]),
            address,
        }
    }
}

prop_compose! {
    fn any_listing()(
        network in name(),
        epoch in 1_u64..=1 << 53,
        from in 0_u64..=1 << 53,
        validity in 1_u64..=30 * 86_400_000,
        previous in option::of(any::<[u8; 32]>()),
        nodes in vec((record(), 0..u64::MAX, wall()), 0..8),
        absent in vec((any::<[u8; 32]>(), 0..u64::MAX, wall()), 0..4),
    ) -> Listing {
        let nodes: BTreeMap<NodeId, Listed> = nodes.into_iter().map(|(record, swarm, published)| {
            (record.id, Listed { record, swarm: SwarmId(swarm), published })
        }).collect();
        let absent: BTreeMap<NodeId, Absent> = absent.into_iter().map(|(id, swarm, since)| {
            let id = NodeId::from_bytes(id);
            (id, Absent { id, swarm: SwarmId(swarm), since })
        }).collect();
        Listing {
            network,
            epoch: Epoch(epoch),
            valid_from: Wall::from_ms(from),
            valid_until: Wall::from_ms(from + validity),
            previous: previous.map(ListingDigest),
            absent: absent.into_values().filter(|one| !nodes.contains_key(&one.id)).collect(),
            nodes: nodes.into_values().collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn listings_are_read_again(listing in any_listing()) {
        let bytes = listing.to_bytes();
        prop_assert_eq!(Listing::parse(&bytes), Ok(listing));
    }

    /// Whatever is taken has one encoding: the one that was read.
    #[test]
    fn a_listing_has_one_encoding(
        listing in any_listing(),
        at in any::<prop::sample::Index>(),
        byte: u8,
        insert: bool,
    ) {
        let mut bytes = listing.to_bytes();
        let at = at.index(bytes.len());
        if insert {
            bytes.insert(at, byte);
        } else {
            bytes[at] = byte;
        }
        if let Ok(read) = Listing::parse(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn descriptors_are_read_again(
        network in name(),
        seed: [u8; 32],
        address in node_address(),
        version: [u16; 3],
        published in wall(),
    ) {
        let keys = NodeKeys::from_seed(seed);
        let record = keys.record(address);
        let said = Descriptor { network, record, version, published };
        let signed = said.sign(&*suite(), &keys);
        prop_assert!(signed.bytes().len() <= leek_wire::limits::DESCRIPTOR_BYTES_MAX);
        let read = SignedDescriptor::verify(&*suite(), signed.bytes()).unwrap();
        prop_assert_eq!(read.descriptor(), &said);
        // Signed by somebody else.
        let other = said.sign(&*suite(), &NodeKeys::from_seed([99; 32]));
        let refused = SignedDescriptor::verify(&*suite(), other.bytes());
        prop_assert_eq!(refused, Err(DescriptorRefused::Signature));
    }

    #[test]
    fn states_are_read_again(
        since in wall(),
        promise in option::of((1_u64..=1 << 53, any::<[u8; 32]>())),
        newest in option::of(vec(any::<u8>(), 1..50)),
    ) {
        let state = AuthorityState {
            since,
            promise: promise.map(|(epoch, digest)| Promise {
                epoch: Epoch(epoch),
                digest: ListingDigest(digest),
            }),
            newest: newest.map(Into::into),
        };
        prop_assert_eq!(AuthorityState::parse(&state.to_bytes()), Ok(state));
    }

    #[test]
    fn bytes_at_random_are_refused_without_harm(bytes in vec(any::<u8>(), 0..200)) {
        let suite = suite();
        prop_assert!(SignedDescriptor::verify(&*suite, &bytes).is_err());
        prop_assert!(vector_trust().authenticate(&*suite, &bytes).is_err());
        if let Ok(listing) = Listing::parse(&bytes) {
            prop_assert_eq!(listing.to_bytes(), bytes.clone());
        }
        if let Ok(request) = CosignRequest::read(&*suite, &bytes) {
            prop_assert_eq!(request.to_bytes(), bytes.clone());
        }
        if let Ok(answer) = CosignAnswer::read(&bytes) {
            prop_assert_eq!(answer.to_bytes(), bytes.clone());
        }
        if let Ok(state) = AuthorityState::parse(&bytes) {
            prop_assert_eq!(state.to_bytes(), bytes);
        }
    }
}
