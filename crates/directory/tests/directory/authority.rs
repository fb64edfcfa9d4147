//! What one directory serves and takes, and when it proposes.

use std::sync::Arc;

use leek_directory::{
    AddressRule, Authority, AuthorityConfig, AuthorityInput, AuthorityPrep, AuthorityState,
    ConfigError, Descriptor, NetworkName, SignedDescriptor, SwarmRule,
    cosign::{CosignAnswer, CosignRequest, Declined},
};
use leek_machine::Tick;
use leek_swarm::Epoch;
use leek_wire::{
    CallId, DirectoryEvent, Input, Outcome, Output, Peer, Refusal, Request, Response, Status,
};

use crate::{
    desk::{Desk, directory, events, first_proposal, is_published, keeps, proposals, refusal},
    support::{
        BEGIN, address, announcement, authority_prep, descriptor, listing, node_keys, quick,
        signed_by, suite, trust,
    },
};

fn announce_as(desk: &mut Desk, from: Peer, signed: &SignedDescriptor) -> Result<(), Status> {
    let answer = desk.ask(from, Request::Announce(signed.bytes().to_vec()));
    match answer {
        Ok(Response::Announced { clock }) => {
            assert_eq!(clock, desk.now.wall);
            Ok(())
        }
        Ok(answer) => panic!("{answer:?}"),
        Err(refusal) => Err(refusal.status),
    }
}

#[test]
fn a_node_announces_itself_and_nobody_else_does() {
    let mut desk = Desk::of_three(0, 0);
    let node = Peer::Node(node_keys(1).id());
    let at = |ms: u64| announcement(1, BEGIN.after_ms(ms));
    assert_eq!(announce_as(&mut desk, node, &at(10)), Ok(()));
    assert_eq!(desk.authority.announced(), 1);
    // The same again is no harm; an older one is none of its business.
    assert_eq!(announce_as(&mut desk, node, &at(10)), Ok(()));
    assert_eq!(
        announce_as(&mut desk, node, &at(9)),
        Err(Status::NOT_ACCEPTABLE)
    );
    assert_eq!(announce_as(&mut desk, node, &at(60_000)), Ok(()));
    assert_eq!(
        announce_as(&mut desk, node, &at(60_001)),
        Err(Status::NOT_ACCEPTABLE)
    );
    // Nor does it say two things of one moment.
    let mut twice = descriptor(1, BEGIN.after_ms(60_000));
    twice.version = [0, 2, 0];
    let twice = twice.sign(&*suite(), &node_keys(1));
    assert_eq!(
        announce_as(&mut desk, node, &twice),
        Err(Status::NOT_ACCEPTABLE)
    );
    let other = Peer::Node(node_keys(2).id());
    let client = Peer::Client {
        ip: [127, 0, 0, 1].into(),
        port: 9,
    };
    for from in [other, client] {
        assert_eq!(
            announce_as(&mut desk, from, &at(11)),
            Err(Status::UNAUTHORIZED)
        );
    }
    let mut forged = at(12).bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let answer = desk.ask(node, Request::Announce(forged));
    assert_eq!(refusal(answer).0, Status::UNAUTHORIZED);
    let answer = desk.ask(node, Request::Announce(vec![1, 2]));
    assert_eq!(refusal(answer).0, Status::BAD_REQUEST);
    assert_eq!(desk.authority.announced(), 1);
}

#[test]
fn an_address_is_for_one_node_and_a_network_for_its_own() {
    let mut desk = Desk::of_three(0, 3);
    let from = Peer::Node(node_keys(7).id());
    let say = |change: fn(&mut Descriptor)| {
        let mut said = descriptor(7, BEGIN);
        change(&mut said);
        said.sign(&*suite(), &node_keys(7))
    };
    let taken = say(|said| said.record.address = address(2, 22_021));
    assert_eq!(announce_as(&mut desk, from, &taken), Err(Status::FORBIDDEN));
    let foreign = say(|said| said.network = NetworkName::parse("other").unwrap());
    assert_eq!(
        announce_as(&mut desk, from, &foreign),
        Err(Status::BAD_REQUEST)
    );
    let old = say(|said| said.published = BEGIN.before_ms(120_000));
    assert_eq!(
        announce_as(&mut desk, from, &old),
        Err(Status::NOT_ACCEPTABLE)
    );
    // Who moves away leaves the address to others.
    let mut moved = descriptor(2, BEGIN.after_ms(1));
    moved.record.address = address(9, 1);
    let moved = moved.sign(&*suite(), &node_keys(2));
    let mover = Peer::Node(node_keys(2).id());
    assert_eq!(announce_as(&mut desk, mover, &moved), Ok(()));
    assert_eq!(announce_as(&mut desk, from, &taken), Ok(()));
    // A network of the public internet has no loopback addresses.
    let public = AuthorityConfig {
        addresses: AddressRule::Public,
        ..quick()
    };
    let mut desk = Desk::new(0, 3, 2, public);
    assert_eq!(
        announce_as(&mut desk, from, &say(|_| ())),
        Err(Status::FORBIDDEN)
    );
    assert_eq!(desk.authority.announced(), 0);
}

#[test]
fn a_directory_serves_membership_and_nothing_else() {
    let mut desk = Desk::of_three(0, 0);
    let answer = desk.ask(directory(1), Request::Pull { after: None });
    assert_eq!(answer, Err(Refusal::not_served()));
    // Only directories of the network ask for signatures.
    let proposal = CosignRequest::Proposal(first_proposal()).to_bytes();
    let stranger = Peer::Node(node_keys(1).id());
    let client = Peer::Client {
        ip: [127, 0, 0, 1].into(),
        port: 9,
    };
    for from in [stranger, client] {
        let answer = desk.ask(from, Request::Cosign(proposal.clone()));
        assert_eq!(refusal(answer).0, Status::UNAUTHORIZED);
    }
    let answer = desk.ask(directory(1), Request::Cosign(vec![0; 3]));
    assert_eq!(refusal(answer).0, Status::BAD_REQUEST);
}

#[test]
fn snapshots_are_served_to_whoever_has_none_or_an_older_one() {
    let mut desk = Desk::of_three(0, 0);
    let newest = |desk: &mut Desk, newer_than: Option<u64>| {
        let newer_than = newer_than.map(Epoch);
        match desk.ask(
            Peer::Node(node_keys(0).id()),
            Request::Snapshot { newer_than },
        ) {
            Ok(Response::Snapshot { clock, signed }) => {
                assert_eq!(clock, desk.now.wall);
                signed
            }
            answer => panic!("{answer:?}"),
        }
    };
    assert_eq!(newest(&mut desk, None), None);
    let signed = signed_by(&listing(5, 6, BEGIN), 3, &[0, 1]);
    desk.tell(signed.clone());
    assert_eq!(newest(&mut desk, None).as_deref(), Some(&signed[..]));
    assert_eq!(newest(&mut desk, Some(4)).as_deref(), Some(&signed[..]));
    assert_eq!(newest(&mut desk, Some(5)), None);
    assert_eq!(newest(&mut desk, Some(6)), None);
    // It does not go back, nor take what too few signed.
    desk.tell(signed_by(&listing(4, 6, BEGIN), 3, &[0, 1]));
    assert_eq!(newest(&mut desk, None).as_deref(), Some(&signed[..]));
    let few = signed_by(&listing(6, 6, BEGIN), 3, &[1]);
    let body = Request::Cosign(CosignRequest::Certified(few).to_bytes());
    let answer = desk.ask(directory(1), body);
    assert_eq!(
        refusal(answer),
        (Status::BAD_REQUEST, "too few signatures".to_owned())
    );
    // Nor one that is valid only tomorrow.
    let tomorrow = listing(7, 6, BEGIN.after_ms(86_400_000));
    let body = CosignRequest::Certified(signed_by(&tomorrow, 3, &[0, 1])).to_bytes();
    assert!(desk.ask(directory(1), Request::Cosign(body)).is_err());
}

#[test]
fn a_single_directory_publishes_once_there_are_enough_nodes_and_its_state_is_kept() {
    let mut desk = Desk::new(0, 1, 1, quick());
    desk.announce(0);
    desk.announce(1);
    assert!(keeps(&desk.pass(5_000)).is_empty());
    desk.announce(2);
    let outputs = desk.pass(1_000);
    let (generation, state) = keeps(&outputs).pop().unwrap();
    assert_eq!(state.promise.unwrap().epoch, Epoch(1));
    assert!(desk.authority.newest().is_none() && !is_published(&outputs));
    // The word on an older state, or on one that never was, is not enough.
    assert!(desk.input(AuthorityInput::kept(generation - 1)).is_empty());
    assert!(desk.input(AuthorityInput::kept(generation + 1)).is_empty());
    let outputs = desk.input(AuthorityInput::kept(generation));
    assert!(is_published(&outputs));
    let newest = desk.authority.newest().unwrap();
    assert_eq!(newest.listing.nodes.len(), 3);
    assert_eq!(*desk.authority.state(), keeps(&outputs).pop().unwrap().1);

    // Nothing changes: the next comes when half the validity is over, and with fresh descriptors
    // when half a life is.
    assert!(!outputs.is_empty());
    assert!(keeps(&desk.pass(59_000)).is_empty());
    for node in 0..3 {
        desk.announce(node);
    }
    assert_eq!(keeps(&desk.pass(3_000)).len(), 1);
}

#[test]
fn half_way_through_its_validity_a_snapshot_is_renewed() {
    let config = AuthorityConfig {
        validity_ms: 60_000,
        ..quick()
    };
    let mut desk = Desk::new(0, 1, 1, config);
    for node in 0..3 {
        desk.announce(node);
    }
    let (generation, _) = keeps(&desk.pass(1_000)).pop().unwrap();
    desk.input(AuthorityInput::kept(generation));
    let first = desk.authority.newest().unwrap().listing.clone();
    assert!(keeps(&desk.pass(29_000)).is_empty());
    let (generation, _) = keeps(&desk.pass(1_000)).pop().unwrap();
    desk.input(AuthorityInput::kept(generation));
    let second = &desk.authority.newest().unwrap().listing;
    assert_eq!(second.nodes, first.nodes);
    let later_ms = second.valid_from.ms() - first.valid_from.ms();
    assert!((30_000..31_000).contains(&later_ms), "{later_ms}");
}

#[test]
fn the_others_follow_in_turn_when_the_first_is_silent() {
    // Before the first snapshot the order is 1, 2, 0: by epochs 1, 2, 3.
    let first = |number| {
        let mut desk = Desk::of_three(number, 6);
        let outputs = desk.pass(4_000);
        let call = outputs
            .iter()
            .position(|output| !proposals(core::slice::from_ref(output)).is_empty());
        let epoch = proposals(&outputs)[0].2.listing().epoch;
        let from = proposals(&outputs)[0].2.listing().valid_from.ms() - BEGIN.ms();
        assert!(call.is_some());
        (epoch, from)
    };
    assert_eq!(first(1), (Epoch(1), 250));
    assert_eq!(first(2), (Epoch(2), 1_250));
    assert_eq!(first(0), (Epoch(3), 2_250));
}

#[test]
fn whose_proposal_failed_lets_the_others_go_first_again() {
    let mut desk = Desk::of_three(0, 6);
    let outputs = desk.pass(7_000);
    let begins = proposals(&outputs).into_iter().map(|(_, _, proposal)| {
        let listing = proposal.listing();
        (listing.epoch, listing.valid_from.ms() - BEGIN.ms())
    });
    let mut begins: Vec<_> = begins.collect();
    begins.dedup();
    // Two graces behind the others, a grace of waiting in vain, and the same once more. The epoch
    // is not used up: nobody signed.
    assert_eq!(begins, [(Epoch(3), 2_250), (Epoch(3), 5_450)]);
}

#[test]
fn late_words_on_an_earlier_proposal_say_nothing() {
    let mut desk = Desk::of_three(1, 6);
    let earlier = proposals(&desk.pass(500));
    let later = proposals(&desk.pass(1_500));
    assert_ne!(earlier[0].2.bytes(), later[0].2.bytes());
    for (_, call, _) in earlier {
        let lie = CosignAnswer::Declined(Declined::Promised(Epoch(1)));
        let outcome = Outcome::Done(Response::Cosigned(lie.to_bytes()));
        assert!(desk.input(Input::Reply { call, outcome }).is_empty());
    }
}

#[test]
fn who_starts_listens_before_it_drops_anybody_and_forgets_who_is_silent() {
    let first = listing(5, 6, BEGIN);
    let mut desk = Desk::of_three(0, 6);
    desk.now.tick = Tick::ZERO.after_ms(1);
    desk.tell(signed_by(&first, 3, &[0, 1]));
    // Everybody was away for the life of a descriptor; three come back.
    desk.now.wall = BEGIN.after_ms(120_000);
    assert!(proposals(&desk.pass(1_000)).is_empty());
    assert_eq!(desk.authority.announced(), 0);
    for node in 0..3 {
        desk.announce(node);
    }
    assert!(proposals(&desk.pass(2_900)).is_empty());
    let outputs = desk.pass(2_000);
    let listing = proposals(&outputs)[0].2.listing().clone();
    assert_eq!((listing.nodes.len(), listing.absent.len()), (3, 3));
}

#[test]
fn a_lie_about_promises_costs_no_more_than_the_tolerance() {
    let mut desk = Desk::of_three(1, 6);
    let outputs = desk.pass(1_000);
    for (_, call, _) in proposals(&outputs) {
        let lie = CosignAnswer::Declined(Declined::Promised(Epoch(1 << 53)));
        let outcome = Outcome::Done(Response::Cosigned(lie.to_bytes()));
        desk.input(Input::Reply { call, outcome });
    }
    let next = proposals(&desk.pass(70_000)).swap_remove(0).2;
    // After one second and the tolerance 64 epochs are open; its next one after that is 67.
    assert_eq!(next.listing().epoch, Epoch(67));
}

#[test]
fn wrong_clocks_are_reported() {
    let mut desk = Desk::of_three(0, 0);
    let outputs = desk.pass(250);
    let calls: Vec<CallId> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Call { call, .. } => Some(*call),
            _ => None,
        })
        .collect();
    assert_eq!(calls.len(), 2);
    let mut outputs = Vec::new();
    for call in calls {
        let response = Response::Snapshot {
            clock: desk.now.wall.after_ms(45_000),
            signed: None,
        };
        let outcome = Outcome::Done(response);
        outputs.extend(desk.input(Input::Reply { call, outcome }));
    }
    // Asked 200 ms before: half of that is the way.
    let off = DirectoryEvent::ClockOff {
        offset_ms: 45_100,
        answers: 2,
    };
    assert_eq!(events(&outputs), [off]);
}

#[test]
fn nonsense_does_not_start() {
    let prep = authority_prep(&trust(3, 2), 0);
    let start = |state| Authority::with_state(quick(), Arc::clone(&prep), state).err();
    let good = AuthorityState {
        newest: Some(signed_by(&listing(5, 6, BEGIN), 3, &[0, 1]).into()),
        ..AuthorityState::new(BEGIN)
    };
    assert_eq!(start(good.clone()), None);
    let few = AuthorityState {
        newest: Some(signed_by(&listing(5, 6, BEGIN), 3, &[0]).into()),
        ..good
    };
    assert!(matches!(start(few), Some(ConfigError::State(_))));
    let stranger = AuthorityPrep::new(suite(), node_keys(1), trust(3, 2));
    let started = Authority::new(quick(), Arc::new(stranger), BEGIN);
    assert_eq!(started.err(), Some(ConfigError::NotTrusted));
    let empty = AuthorityConfig {
        swarms: SwarmRule::Fixed { size: 0 },
        ..quick()
    };
    let started = Authority::new(empty, prep, BEGIN);
    assert_eq!(started.err(), Some(ConfigError::EmptySwarms));
}
