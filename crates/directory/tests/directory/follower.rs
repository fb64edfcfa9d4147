//! One follower, and directories that say what the test wants.

use std::{cell::Cell, sync::Arc};

use leek_directory::{
    Announcer, Follower, FollowerConfig, Listing, SignedDescriptor, SnapshotRefused, Standing,
    limits::BACKDATE_TOLERANCE_MS,
};
use leek_identity::NodeId;
use leek_machine::{Cx, Machine, Now, Seed, Stream, Tick, Wall};
use leek_swarm::Epoch;
use leek_wire::{
    CallId, DirectoryEvent, Event, Input, Outcome, Output, Peer, Refusal, Request, Response, Status,
};

use crate::support::{
    BEGIN, address, directory_keys, follower_prep, listing, node_keys, quick_follower, signed_by,
    suite, trust,
};

struct Desk {
    follower: Follower,
    now: Now,
    entropy: Stream,
    events: Vec<DirectoryEvent>,
    /// Calls that are out.
    open: Vec<(NodeId, CallId, Request)>,
}

impl Desk {
    fn new(announcer: Option<Announcer>) -> Self {
        Self {
            follower: Follower::new(quick_follower(), follower_prep(&trust(3, 2)), announcer),
            now: Now {
                tick: Tick::ZERO,
                wall: BEGIN,
            },
            entropy: Seed::from_u64(3).stream(),
            events: Vec::new(),
            open: Vec::new(),
        }
    }

    fn step(&mut self, act: impl FnOnce(&mut Follower, &mut Cx<'_, ()>)) {
        let mut cx = Cx {
            now: self.now,
            entropy: &mut self.entropy,
            view: &(),
        };
        act(&mut self.follower, &mut cx);
        while let Some(output) = self.follower.poll_output() {
            match output {
                Output::Call {
                    to,
                    call,
                    body,
                    deadline,
                } => {
                    assert_eq!(deadline, self.now.tick.after_ms(1_000));
                    self.open.push((to, call, body));
                }
                Output::Event(Event::Directory(event)) => self.events.push(event),
                output => panic!("{output:?}"),
            }
        }
    }

    /// Lets `ms` pass; every call is answered at once by what `answer` says for it.
    fn pass(&mut self, ms: u64, answer: impl Fn(usize, &Request, Wall) -> Outcome<Response>) {
        let end = self.now.tick.after_ms(ms);
        loop {
            while !self.open.is_empty() {
                let (to, call, body) = self.open.remove(0);
                let number = (0..3).find(|number| directory_keys(3, *number).id() == to);
                let outcome = answer(number.unwrap(), &body, self.now.wall);
                let reply = Input::Reply { call, outcome };
                self.step(|follower, cx| follower.handle(cx, reply.into()));
            }
            let (next, _) = self.follower.poll_timeout().unwrap();
            if next > end {
                break;
            }
            let passed_ms = next.since_ns(self.now.tick).div_ceil(1_000_000);
            self.now.tick = self.now.tick.after_ms(passed_ms);
            self.now.wall = self.now.wall.after_ms(passed_ms);
            self.step(|follower, cx| follower.handle_timeout(cx));
        }
        let passed_ms = end.since_ns(self.now.tick) / 1_000_000;
        self.now.tick = end;
        self.now.wall = self.now.wall.after_ms(passed_ms);
    }

    fn epoch(&self) -> Option<Epoch> {
        self.follower.newest().map(|newest| newest.epoch())
    }

    fn count(&self, kind: fn(&DirectoryEvent) -> bool) -> usize {
        self.events.iter().filter(|event| kind(event)).count()
    }

    fn refused(&self) -> Vec<&'static str> {
        let why = |event: &DirectoryEvent| match event {
            DirectoryEvent::Refused { why, .. } => Some(*why),
            _ => None,
        };
        let mut why: Vec<_> = self.events.iter().filter_map(why).collect();
        why.sort_unstable();
        why.dedup();
        why
    }
}

/// A directory that has this, told only to those who have something older.
fn has(listing: &Listing, clock: Wall, body: &Request) -> Outcome<Response> {
    let Request::Snapshot { newer_than } = body else {
        return Outcome::Done(Response::Announced { clock });
    };
    let newer = newer_than.is_none_or(|epoch| epoch < listing.epoch);
    let signed = newer.then(|| signed_by(listing, 3, &[0, 2]).into());
    Outcome::Done(Response::Snapshot { clock, signed })
}

fn gives(signed: Vec<u8>, clock: Wall) -> Outcome<Response> {
    let signed = Some(signed.into());
    Outcome::Done(Response::Snapshot { clock, signed })
}

fn silent(_: usize, _: &Request, _: Wall) -> Outcome<Response> {
    Outcome::Lost
}

#[test]
fn one_directory_that_knows_is_enough() {
    for knows in 0..3 {
        let mut desk = Desk::new(None);
        desk.pass(1_500, |number, body, clock| {
            if number == knows {
                has(&listing(5, 6, BEGIN), clock, body)
            } else {
                Outcome::Lost
            }
        });
        assert_eq!(desk.epoch(), Some(Epoch(5)));
        let accepted = |event: &DirectoryEvent| matches!(event, DirectoryEvent::Accepted { .. });
        assert_eq!(desk.count(accepted), 1);
        assert!(desk.count(|event| matches!(event, DirectoryEvent::Silent { .. })) > 0);
    }
}

#[test]
fn every_round_asks_all_so_that_stale_ones_hide_nothing() {
    let mut desk = Desk::new(None);
    let stale = listing(5, 6, BEGIN);
    desk.pass(1_000, |_, body, clock| has(&stale, clock, body));
    assert_eq!(desk.epoch(), Some(Epoch(5)));
    desk.pass(2_500, |number, body, clock| {
        let newer = listing(if number == 1 { 6 } else { 5 }, 6, BEGIN);
        has(&newer, clock, body)
    });
    assert_eq!(desk.epoch(), Some(Epoch(6)));
    assert_eq!(desk.refused(), [""; 0]);
}

#[test]
fn bad_directories_below_the_threshold_change_nothing() {
    let held = listing(5, 6, BEGIN);
    let mut desk = Desk::new(None);
    desk.pass(1_000, |_, body, clock| has(&held, clock, body));
    let now = desk.now.wall;
    let newer = listing(9, 6, now);
    let mut soon = listing(9, 6, now.after_ms(200_000));
    soon.valid_until = soon.valid_from.after_ms(1_000_000);
    let mut over = listing(9, 6, BEGIN);
    over.valid_until = now;
    let backdated = listing(9, 6, BEGIN.before_ms(BACKDATE_TOLERANCE_MS + 1));
    let bad = [
        (signed_by(&newer, 3, &[]), "unsigned snapshot"),
        (signed_by(&newer, 3, &[1]), "too few signatures"),
        (signed_by(&held, 3, &[0, 1]), "older snapshot"),
        (signed_by(&listing(4, 6, now), 3, &[0, 1]), "older snapshot"),
        (signed_by(&soon, 3, &[0, 1]), "snapshot not yet valid"),
        (signed_by(&over, 3, &[0, 1]), "expired snapshot"),
        (signed_by(&backdated, 3, &[0, 1]), "backdated snapshot"),
        (vec![9; 99], "malformed snapshot"),
    ];
    for (signed, why) in bad {
        desk.events.clear();
        desk.pass(2_500, |_, _, clock| gives(signed.clone(), clock));
        assert_eq!(desk.refused(), [why]);
        assert_eq!(desk.epoch(), Some(Epoch(5)), "{why}");
    }
    // Nor do other answers and refusals.
    desk.events.clear();
    desk.pass(2_500, |number, _, clock| match number {
        0 => Outcome::Refused(Refusal::new(Status::INTERNAL, "no")),
        1 => Outcome::Done(Response::Announced { clock }),
        _ => Outcome::Lost,
    });
    assert_eq!(desk.refused(), ["answered something else", "refused"]);
    assert_eq!(desk.epoch(), Some(Epoch(5)));
    desk.pass(2_500, |_, body, clock| has(&newer, clock, body));
    assert_eq!(desk.epoch(), Some(Epoch(9)));
}

#[test]
fn with_a_good_cache_no_directory_is_needed() {
    let kept = listing(5, 6, BEGIN);
    let signed = signed_by(&kept, 3, &[0, 1]);
    let mut desk = Desk::new(None);
    assert_eq!(desk.follower.standing(BEGIN), Standing::Nothing);
    desk.follower.start_from(&signed, BEGIN).unwrap();
    desk.pass(60_000, silent);
    let DirectoryEvent::Accepted {
        signed: reported,
        snapshot,
        valid_until,
    } = &desk.events[0]
    else {
        panic!("{:?}", desk.events[0])
    };
    assert_eq!(
        (&reported[..], *valid_until),
        (&signed[..], kept.valid_until)
    );
    assert_eq!(snapshot.nodes().len(), 6);
    let until = kept.valid_until;
    let epoch = Epoch(5);
    assert_eq!(
        desk.follower.standing(desk.now.wall),
        Standing::Valid { epoch, until }
    );
    let since = until;
    assert_eq!(
        desk.follower.standing(until),
        Standing::Expired { epoch, since }
    );
}

#[test]
fn an_expired_cache_is_not_used_but_not_forgotten_either() {
    let kept = listing(5, 6, BEGIN);
    let mut desk = Desk::new(None);
    desk.now.wall = kept.valid_until;
    let started = desk
        .follower
        .start_from(&signed_by(&kept, 3, &[0, 1]), desk.now.wall);
    assert!(matches!(started, Err(SnapshotRefused::Expired { .. })));
    let mut older = listing(4, 6, desk.now.wall);
    older.valid_until = older.valid_from.after_ms(1_000_000);
    desk.pass(1_000, |_, _, clock| {
        gives(signed_by(&older, 3, &[0, 1]), clock)
    });
    assert_eq!(desk.refused(), ["older snapshot"]);
    let newer = Listing {
        epoch: Epoch(6),
        ..older
    };
    desk.pass(1_500, |_, body, clock| has(&newer, clock, body));
    assert_eq!(desk.epoch(), Some(Epoch(6)));
    // What too few signed is no cache at all.
    let mut desk = Desk::new(None);
    let started = desk.follower.start_from(&signed_by(&kept, 3, &[0]), BEGIN);
    assert!(matches!(
        started,
        Err(SnapshotRefused::TooFewSignatures { .. })
    ));
    assert_eq!(desk.epoch(), None);
}

#[test]
fn it_asks_less_and_less_often_while_nobody_answers_and_regularly_when_all_is_well() {
    let mut desk = Desk::new(None);
    desk.pass(20_000, silent);
    let silences = desk.count(|event| matches!(event, DirectoryEvent::Silent { .. }));
    // Rounds of three: after 100, 200, 400, 800 ms, then every 750 to 1,000.
    assert!((23 * 3..=30 * 3).contains(&silences), "{silences}");
    let good = listing(5, 6, desk.now.wall);
    desk.pass(1_000, |_, body, clock| has(&good, clock, body));
    desk.events.clear();
    desk.pass(20_000, silent);
    let silences = desk.count(|event| matches!(event, DirectoryEvent::Silent { .. }));
    assert!((9 * 3..=14 * 3).contains(&silences), "{silences}");
}

#[test]
fn a_short_validity_is_refreshed_at_a_third() {
    let mut desk = Desk::new(None);
    let config = FollowerConfig {
        refresh_ms: 60_000,
        ..quick_follower()
    };
    desk.follower = Follower::new(config, follower_prep(&trust(3, 2)), None);
    let mut short = listing(6, 6, BEGIN);
    short.valid_until = BEGIN.after_ms(9_000);
    desk.pass(100, |_, body, clock| has(&short, clock, body));
    assert_eq!(desk.epoch(), Some(Epoch(6)));
    desk.pass(8_000, silent);
    let silences = desk.count(|event| matches!(event, DirectoryEvent::Silent { .. }));
    assert!((2 * 3..=3 * 3).contains(&silences), "{silences}");
}

#[test]
fn a_node_is_announced_to_all_directories_again_and_again() {
    let keys = Arc::new(node_keys(4));
    let announcer = Announcer::new(Arc::clone(&keys), address(4, 22_021), [0, 1, 0]);
    assert_eq!(announcer.id(), keys.id());
    let mut desk = Desk::new(Some(announcer));
    let begin = BEGIN;
    desk.pass(60_000, |number, body, clock| {
        if let Request::Announce(bytes) = body {
            let signed = SignedDescriptor::verify(&*suite(), bytes).unwrap();
            let said = signed.descriptor();
            assert_eq!(said.record, keys.record(address(4, 22_021)));
            assert_eq!(said.published, clock);
            assert_eq!(said.network.as_str(), "local");
        }
        // Directory 2 comes up after half a minute.
        if number == 2 && clock < begin.after_ms(30_000) {
            return Outcome::Lost;
        }
        has(&listing(5, 6, begin), clock, body)
    });
    let to = |number| {
        let id = directory_keys(3, number).id();
        let announced = |event: &&DirectoryEvent| **event == DirectoryEvent::Announced { to: id };
        desk.events.iter().filter(announced).count()
    };
    for number in [0, 1] {
        assert!((6..=9).contains(&to(number)), "{}", to(number));
    }
    assert!((1..=4).contains(&to(2)), "{}", to(2));
}

#[test]
fn an_announcement_that_is_not_taken_is_soon_repeated() {
    let announcer = Announcer::new(Arc::new(node_keys(4)), address(4, 22_021), [0, 1, 0]);
    let mut desk = Desk::new(Some(announcer));
    let announced = Cell::new(0);
    desk.pass(8_000, |_, body, _| {
        if matches!(body, Request::Announce(_)) {
            announced.set(announced.get() + 1);
        }
        Outcome::Lost
    });
    // At once, then after half a second, one, two and four seconds, each or a quarter less.
    let per_directory = announced.get() / 3;
    assert!((5..=6).contains(&per_directory), "{per_directory}");
}

#[test]
fn clocks_are_compared_by_the_median() {
    let off = |clocks: [i64; 3]| {
        let mut desk = Desk::new(None);
        desk.pass(90, |number, body, now| {
            let clock = Wall::from_ms(now.ms().saturating_add_signed(clocks[number]));
            has(&listing(5, 6, BEGIN), clock, body)
        });
        desk.events.into_iter().find_map(|event| match event {
            DirectoryEvent::ClockOff { offset_ms, answers } => Some((offset_ms, answers)),
            _ => None,
        })
    };
    assert_eq!(off([0, 20, -20]), None);
    assert_eq!(off([0, 3_600_000, 0]), None);
    assert_eq!(off([29_000, 3_600_000, 30_000]), None);
    assert_eq!(off([-3_600_000, -3_600_005, 0]), Some((-3_600_000, 3)));
}

#[test]
fn a_call_whose_end_nobody_tells_is_given_up() {
    let mut desk = Desk::new(None);
    desk.step(|follower, cx| follower.handle_timeout(cx));
    assert_eq!(desk.open.len(), 1);
    let (late, _) = desk.follower.poll_timeout().unwrap();
    assert_eq!(late, Tick::ZERO.after_ms(2_000));
    desk.now.tick = late;
    desk.step(|follower, cx| follower.handle_timeout(cx));
    assert_eq!(desk.open.len(), 2);
    assert_eq!(desk.events.len(), 1);
    // Its late answer is nobody's any more.
    let (_, call, _) = desk.open[0].clone();
    let outcome = gives(signed_by(&listing(5, 6, BEGIN), 3, &[0, 1]), BEGIN);
    let reply = Input::Reply { call, outcome };
    desk.step(|follower, cx| follower.handle(cx, reply.into()));
    assert_eq!(desk.epoch(), None);
}

#[test]
fn it_serves_nobody() {
    let mut follower = Follower::new(quick_follower(), follower_prep(&trust(3, 2)), None);
    let mut entropy = Seed::from_u64(1).stream();
    let mut cx = Cx {
        now: Now::default(),
        entropy: &mut entropy,
        view: &(),
    };
    let request = Input::Request {
        from: Peer::Node(node_keys(1).id()),
        call: CallId(7),
        body: Request::Snapshot { newer_than: None },
    };
    follower.handle(&mut cx, request.into());
    let Some(Output::Answer { body: Err(no), .. }) = follower.poll_output() else {
        panic!("no answer")
    };
    assert_eq!(no, Refusal::not_served());
}
