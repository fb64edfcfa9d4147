use core::net::Ipv4Addr;

use leek_identity::NodeKeys;

use super::*;
use crate::limits::CLOCK_TOLERANCE_MS;

const LIFE_MS: u64 = 100_000;
const MEMORY_MS: u64 = 1_000_000;

fn rules() -> Rules {
    Rules {
        network: NetworkName::default(),
        swarms: SwarmRule::Fixed { size: 2 },
        addresses: AddressRule::Any,
        validity_ms: 500_000,
        life_ms: LIFE_MS,
        memory_ms: MEMORY_MS,
    }
}

fn at(ms: u64) -> Wall {
    Wall::from_ms(10_000_000 + ms)
}

/// Node `seed` at address `host`, as it said at `ms`.
fn says(seed: u8, host: u8, ms: u64) -> Descriptor {
    let address = NodeAddress {
        ip: Ipv4Addr::new(127, 0, host, 1),
        port: 7,
    };
    Descriptor {
        network: NetworkName::default(),
        record: NodeKeys::from_seed([seed; 32]).record(address),
        version: [0, 1, 0],
        published: at(ms),
    }
}

fn sorted(mut descriptors: Vec<Descriptor>) -> Vec<Descriptor> {
    descriptors.sort_by_key(|descriptor| descriptor.record.id);
    descriptors
}

fn follow(base: Option<&Listing>, descriptors: Vec<Descriptor>, ms: u64) -> (Roster, Listing) {
    let rules = rules();
    let digest = base.map(|listing| ListingDigest::of(&listing.to_bytes()));
    let base = base
        .zip(digest)
        .map(|(listing, digest)| Base { listing, digest });
    let descriptors = sorted(descriptors);
    let roster = rules.roster(base, descriptors.iter(), at(ms));
    let epoch = base.map_or(Epoch(1), |base| base.listing.epoch.next());
    let listing = rules.listing(base, &roster, epoch, at(ms));
    assert_eq!(Listing::parse(&listing.to_bytes()).as_ref(), Ok(&listing));
    (roster, listing)
}

fn first() -> Listing {
    follow(None, (1..=4).map(|seed| says(seed, seed, 0)).collect(), 0).1
}

fn id(seed: u8) -> NodeId {
    NodeKeys::from_seed([seed; 32]).id()
}

#[test]
fn the_first_listing_has_whoever_announced_itself() {
    let listing = first();
    assert_eq!(listing.nodes.len(), 4);
    assert_eq!(listing.previous, None);
    assert_eq!(listing.snapshot().swarm_ids().len(), 2);
    assert_eq!(listing.valid_until, at(500_000));
}

#[test]
fn without_news_everybody_stays_until_their_life_is_over() {
    let listing = first();
    let (roster, next) = follow(Some(&listing), Vec::new(), LIFE_MS - 1);
    assert!(!roster.differs(&listing) && roster.shown.is_empty());
    assert_eq!(next.nodes, listing.nodes);
    assert_eq!(next.previous, Some(ListingDigest::of(&listing.to_bytes())));
    let (roster, next) = follow(Some(&listing), Vec::new(), LIFE_MS);
    assert_eq!(roster.dropped.len(), 4);
    assert!(next.nodes.is_empty());
    assert_eq!(next.absent.len(), 4);
}

#[test]
fn a_node_that_returns_in_time_finds_its_swarm_and_later_it_does_not() {
    let listing = first();
    let stay: Vec<_> = (1..=3).map(|seed| says(seed, seed, 90_000)).collect();
    let (roster, without) = follow(Some(&listing), stay, LIFE_MS);
    assert_eq!(roster.dropped, [id(4)]);
    let swarm = listing.node(&id(4)).unwrap().swarm;
    let away = Absent {
        id: id(4),
        swarm,
        since: at(LIFE_MS),
    };
    assert_eq!(without.absent, [away]);

    let (_, back) = follow(Some(&without), vec![says(4, 4, 150_000)], 150_000);
    assert_eq!(back.node(&id(4)).unwrap().swarm, swarm);
    assert!(back.absent.is_empty());

    // A day later others fill the place; still remembered, it comes back to it.
    let later = LIFE_MS + MEMORY_MS;
    let stay = |ms| (1..=3).map(|seed| says(seed, seed, ms)).collect::<Vec<_>>();
    let (_, remembered) = follow(Some(&without), stay(later - 1), later - 1);
    assert_eq!(remembered.absent, [away]);
    let (_, forgotten) = follow(Some(&without), stay(later), later);
    assert!(forgotten.absent.is_empty());
}

#[test]
fn descriptors_count_when_fresh_for_this_network_and_newer() {
    let listing = first();
    let counted = |descriptor: Descriptor, ms| {
        let (roster, next) = follow(Some(&listing), vec![descriptor.clone()], ms);
        let node = next.node(&descriptor.record.id).copied();
        assert_eq!(
            roster.shown.is_empty(),
            node.is_none_or(|node| {
                node.published != descriptor.published || node.published == at(0)
            })
        );
        node.is_some_and(|node| node.published == descriptor.published)
    };
    assert!(counted(says(5, 5, 50_000), 50_000));
    assert!(counted(says(5, 5, 50_000 + CLOCK_TOLERANCE_MS), 50_000));
    assert!(!counted(says(5, 5, 50_001 + CLOCK_TOLERANCE_MS), 50_000));
    assert!(counted(says(5, 5, 1), LIFE_MS));
    assert!(!counted(says(5, 5, 0), LIFE_MS));
    let mut foreign = says(5, 5, 50_000);
    foreign.network = NetworkName::parse("other").unwrap();
    assert!(!counted(foreign, 50_000));
    // Not newer than what is listed.
    let (roster, _) = follow(Some(&listing), vec![says(1, 1, 0)], 1);
    assert!(roster.shown.is_empty());
}

#[test]
fn one_address_is_for_one_node() {
    let listing = first();
    // A newcomer cannot take an address, nor can a listed node move to one.
    let (roster, next) = follow(Some(&listing), vec![says(5, 1, 9), says(2, 3, 9)], 9);
    assert!(!roster.differs(&listing) && roster.shown.is_empty());
    assert_eq!(next.nodes, listing.nodes);
    // Two newcomers at one address: one of them.
    let (_, next) = follow(Some(&listing), vec![says(5, 9, 9), says(6, 9, 9)], 9);
    assert_eq!(next.nodes.len(), 5);
    // Moving away frees the address for the listing after.
    let moves = vec![says(1, 9, 9), says(5, 1, 9)];
    let (roster, moved) = follow(Some(&listing), moves.clone(), 9);
    assert_eq!(roster.shown, [id(1)]);
    assert!(roster.differs(&listing));
    assert_eq!(
        moved.node(&id(1)).unwrap().swarm,
        listing.node(&id(1)).unwrap().swarm
    );
    let (roster, _) = follow(Some(&moved), moves, 10);
    assert_eq!(roster.shown, [id(5)]);
}

#[test]
fn showing_only_what_counted_gives_the_same_listing() {
    let listing = first();
    let all = vec![
        says(1, 9, 9),
        says(5, 1, 9),
        says(6, 6, 9),
        says(7, 6, 9),
        says(2, 2, 9),
        says(3, 4, 9),
    ];
    let (roster, next) = follow(Some(&listing), all.clone(), 9);
    let shown = all.into_iter();
    let shown = shown.filter(|one| roster.shown.contains(&one.record.id));
    let (again, same) = follow(Some(&listing), shown.collect(), 9);
    assert_eq!((again, same), (roster, next));
}
