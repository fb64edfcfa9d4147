//! What one directory signs, and what it does not.

use leek_directory::{
    Absent, Authority, AuthorityConfig, AuthorityInput, AuthorityState, Listing, ListingDigest,
    NetworkName, SNAPSHOT_DOMAIN, Verified,
    cosign::{CosignAnswer, CosignRequest, Declined, Proposal},
    sign_listing,
};
use leek_swarm::{Epoch, SwarmId};
use leek_wire::{Input, Outcome, Output, Peer, Request, Response};

use crate::{
    desk::{
        Desk, altered, answer, base, cosigned, directory, first_proposal, keeps, proposals,
        with_base,
    },
    support::{
        BEGIN, announcement, authority_prep, directory_keys, listing, node_keys, quick, signed_by,
        suite, trust,
    },
};

#[test]
fn a_signature_leaves_when_its_promise_is_kept() {
    let mut desk = Desk::of_three(0, 6);
    let proposal = first_proposal();
    let body = Request::Cosign(CosignRequest::Proposal(proposal.clone()).to_bytes());
    let outputs = desk.request(directory(1), body.clone());
    assert!(answer(&outputs).is_none());
    let (generation, state) = keeps(&outputs).pop().unwrap();
    let promise = state.promise.unwrap();
    assert_eq!(promise.epoch, Epoch(1));
    assert_eq!(promise.digest, ListingDigest::of(proposal.bytes()));
    // Asked again meanwhile, it promises nothing more.
    let outputs = desk.request(directory(1), body.clone());
    assert!(answer(&outputs).is_none() && keeps(&outputs).is_empty());
    let outputs = desk.input(AuthorityInput::kept(generation));
    assert_eq!(outputs.len(), 2);
    let CosignAnswer::Signature(signature) = cosigned(answer(&outputs).unwrap()) else {
        panic!("{outputs:?}")
    };
    let text = [SNAPSHOT_DOMAIN, proposal.bytes()].concat();
    let key = directory_keys(3, 0);
    assert!(suite().verify(key.id().key(), &text, &signature).is_ok());
    // And after that at once.
    let outputs = desk.request(directory(1), body);
    assert!(matches!(
        cosigned(answer(&outputs).unwrap()),
        CosignAnswer::Signature(_)
    ));
}

#[test]
fn a_promise_binds_also_after_a_restart() {
    let proposal = first_proposal();
    let mut desk = Desk::of_three(0, 6);
    let signed = desk.cosign(1, &proposal);
    let state = AuthorityState::parse(&desk.authority.state().to_bytes()).unwrap();
    let prep = authority_prep(&trust(3, 2), 0);
    desk.authority = Authority::with_state(quick(), prep, state).unwrap();
    let other = altered(&proposal, |listing| {
        listing.valid_from = listing.valid_from.after_ms(1);
        listing.valid_until = listing.valid_until.after_ms(1);
    });
    assert_eq!(desk.declined(1, &other), Declined::Promised(Epoch(1)));
    assert_eq!(desk.cosign(1, &proposal), signed);
    // Directory 2 has the next epoch, and 1 the one after two more: they are free to ask.
    let next = altered(&other, |listing| listing.epoch = Epoch(2));
    assert!(matches!(desk.cosign(2, &next), CosignAnswer::Signature(_)));
    assert_eq!(desk.declined(1, &proposal), Declined::Promised(Epoch(2)));
}

#[test]
fn one_who_proposes_what_it_must_not_gets_no_signature() {
    let proposal = first_proposal();
    let mut desk = Desk::of_three(0, 6);
    let mut decline = |from, proposal: &Proposal| desk.declined(from, proposal);
    assert_eq!(decline(2, &proposal), Declined::NotYours);
    let alter = |alter: fn(&mut Listing)| altered(&proposal, alter);
    assert_eq!(
        decline(1, &alter(|l| l.epoch = Epoch(4))),
        Declined::TooEarly
    );
    assert_eq!(
        decline(1, &alter(|l| l.epoch = Epoch(1 << 52 | 1))),
        Declined::NotYours
    );
    let late = alter(|l| l.valid_from = l.valid_from.after_ms(61_000));
    assert_eq!(decline(1, &late), Declined::Clock);
    let early = alter(|l| l.valid_from = l.valid_from.before_ms(61_000));
    assert_eq!(decline(1, &early), Declined::Clock);

    let differs: [fn(&mut Listing); 9] = [
        |l| l.valid_until = l.valid_until.after_ms(1),
        |l| {
            l.nodes.pop();
        },
        |l| l.nodes[0].swarm.0 ^= 1,
        |l| l.nodes.swap(0, 5),
        |l| l.nodes[0].published = l.nodes[0].published.after_ms(1),
        |l| l.nodes[0].record.address.port ^= 1,
        |l| l.nodes[0].record.onion_key = l.nodes[1].record.onion_key,
        |l| {
            l.absent.push(Absent {
                id: node_keys(9).id(),
                swarm: SwarmId(0),
                since: BEGIN,
            });
        },
        |l| l.network = NetworkName::parse("other").unwrap(),
    ];
    for (number, alter) in differs.into_iter().enumerate() {
        let altered = altered(&proposal, alter);
        // Not sorted is not even read.
        if Listing::parse(altered.bytes()).is_ok() {
            assert_eq!(decline(1, &altered), Declined::Differs, "{number}");
        }
    }
    // A node that nobody heard of, and a descriptor that changes nothing.
    let listing = proposal.listing().clone();
    let without = Proposal::new(listing.clone(), None, proposal.descriptors()[1..].to_vec());
    assert_eq!(decline(1, &without), Declined::Differs);
    let mut more = proposal.descriptors().to_vec();
    more.push(announcement(9, BEGIN.before_ms(120_000)));
    more.sort_by_key(|one| one.descriptor().record.id);
    assert_eq!(
        decline(1, &Proposal::new(listing, None, more)),
        Declined::Differs
    );
    // Too few nodes for a first snapshot; none at all.
    let mut leader = Desk::new(
        1,
        3,
        2,
        AuthorityConfig {
            expect_nodes: 2,
            ..quick()
        },
    );
    leader.announce(0);
    leader.announce(1);
    let small = proposals(&leader.pass(1_000)).swap_remove(0).2;
    assert_eq!(decline(1, &small), Declined::TooEarly);
    let empty = altered(
        &Proposal::new(small.listing().clone(), None, Vec::new()),
        |l| l.nodes.clear(),
    );
    assert_eq!(decline(1, &empty), Declined::Differs);
    assert!(desk.authority.state().promise.is_none());
}
#[test]
fn a_proposal_follows_the_newest_snapshot() {
    let (mut desk, proposal) = with_base();
    assert!(matches!(
        desk.clone_cosign(&proposal),
        CosignAnswer::Signature(_)
    ));
    // Who is behind learns where from, and asks.
    let mut behind = Desk::of_three(1, 6);
    let body = Request::Cosign(CosignRequest::Proposal(proposal.clone()).to_bytes());
    let outputs = behind.request(directory(0), body);
    let declined = cosigned(answer(&outputs).unwrap());
    assert_eq!(declined, CosignAnswer::Declined(Declined::Behind));
    let asked = outputs.iter().find_map(|output| match output {
        Output::Call {
            to,
            call,
            body: Request::Snapshot { newer_than },
            ..
        } => Some((*to, *call, *newer_than)),
        _ => None,
    });
    let (to, call, newer_than) = asked.unwrap();
    assert_eq!((Peer::Node(to), newer_than), (directory(0), None));
    let response = Response::Snapshot {
        clock: BEGIN,
        signed: Some(base().1.into()),
    };
    let outcome = Outcome::Done(response);
    behind.input(Input::Reply { call, outcome });
    assert_eq!(
        behind.authority.newest().map(Verified::epoch),
        Some(Epoch(5))
    );
    assert!(matches!(
        behind.cosign(0, &proposal),
        CosignAnswer::Signature(_)
    ));

    // Who is ahead says so; another snapshot of the base's epoch is no base.
    let mut ahead = Desk::of_three(1, 6);
    ahead.tell(signed_by(&listing(6, 6, BEGIN), 3, &[0, 1]));
    assert_eq!(ahead.declined(0, &proposal), Declined::Newer(Epoch(6)));
    let mut other = Desk::of_three(1, 6);
    other.tell(signed_by(&listing(5, 6, BEGIN), 3, &[0, 1]));
    assert_eq!(other.declined(0, &proposal), Declined::Differs);
    // Time does not stand still.
    let still = altered(&proposal, |l| l.valid_from = base().0.valid_from);
    assert_eq!(desk.declined(0, &still), Declined::Clock);
}
#[test]
fn epochs_are_used_up_no_faster_than_one_per_grace() {
    let (mut desk, proposal) = with_base();
    let jump = altered(&proposal, |listing| listing.epoch = Epoch(9));
    assert_eq!(desk.declined(0, &jump), Declined::TooEarly);
    // Three graces after the base began, three more epochs are open.
    let later = altered(&proposal, |listing| {
        listing.epoch = Epoch(9);
        listing.valid_from = base().0.valid_from.after_ms(3_000);
        listing.valid_until = listing.valid_from.after_ms(quick().validity_ms);
    });
    assert!(matches!(desk.cosign(0, &later), CosignAnswer::Signature(_)));
}

#[test]
fn after_one_signature_others_wait_a_grace() {
    let (mut desk, proposal) = with_base();
    assert!(matches!(
        desk.cosign(0, &proposal),
        CosignAnswer::Signature(_)
    ));
    desk.pass(600);
    let next = altered(&proposal, |listing| {
        listing.epoch = Epoch(8);
        listing.valid_from = listing.valid_from.after_ms(2_000);
        listing.valid_until = listing.valid_until.after_ms(2_000);
    });
    assert_eq!(desk.declined(2, &next), Declined::Busy);
    desk.pass(500);
    assert!(matches!(desk.cosign(2, &next), CosignAnswer::Signature(_)));
}

#[test]
fn nobody_who_lives_is_dropped() {
    let (_, signed) = base();
    let (mut leader, mut desk) = (Desk::of_three(0, 6), Desk::of_three(1, 6));
    for desk in [&mut leader, &mut desk] {
        desk.tell(signed.clone());
        desk.pass(100_000);
    }
    // Node 5 does not reach the leader any more.
    for node in 0..6 {
        desk.announce(node);
        if node < 5 {
            leader.announce(node);
        }
    }
    let outputs = leader.pass(40_000);
    let dropping = proposals(&outputs);
    let dropping = dropping.iter().map(|(_, _, proposal)| proposal);
    let mut dropping = dropping.filter(|proposal| proposal.listing().nodes.len() == 5);
    let dropping = dropping
        .next_back()
        .expect("the leader believes that node 5 is gone");
    assert_eq!(dropping.listing().absent.len(), 1);
    desk.pass(40_000);
    assert_eq!(desk.declined(0, dropping), Declined::Drops);
    // Who heard nothing of it either agrees, but not before it listened for a while.
    let mut fresh = Desk::of_three(1, 0);
    (fresh.now.wall, fresh.now.tick) = (desk.now.wall, desk.now.tick);
    fresh.tell(signed);
    assert_eq!(fresh.declined(0, dropping), Declined::TooEarly);
    fresh.pass(4_000);
    assert!(matches!(
        fresh.cosign(0, dropping),
        CosignAnswer::Signature(_)
    ));
}

#[test]
fn of_two_proposals_under_way_the_lower_epoch_wins() {
    let lower = first_proposal();
    let mut desk = Desk::of_three(2, 6);
    let outputs = desk.pass(1_500);
    let own = proposals(&outputs);
    assert_eq!(own[0].2.listing().epoch, Epoch(2));
    // The one below is signed, and ends its own: what comes to that is nothing any more.
    assert!(matches!(desk.cosign(1, &lower), CosignAnswer::Signature(_)));
    let mut outputs = Vec::new();
    for (to, call, proposal) in own {
        let number = (0..3).find(|number| directory_keys(3, *number).id() == to);
        let keys = directory_keys(3, number.unwrap());
        let signature = sign_listing(&*suite(), &keys, proposal.bytes());
        let answer = CosignAnswer::Signature(signature).to_bytes();
        let outcome = Outcome::Done(Response::Cosigned(answer));
        outputs.extend(desk.input(Input::Reply { call, outcome }));
    }
    assert!(keeps(&outputs).is_empty());
    // The one above is not, while its own is under way.
    let mut desk = Desk::of_three(1, 6);
    assert_eq!(proposals(&desk.pass(500)).len(), 2);
    let higher = altered(&lower, |listing| listing.epoch = Epoch(2));
    assert_eq!(desk.declined(2, &higher), Declined::Busy);
}
