mod chaos;
mod naive;

use std::{collections::BTreeSet, sync::Arc};

use chaos::{Chaos, Disk};
use leek_identity::NodeId;
use leek_machine::{Now, Seed, Tick, Wall};
use leek_wire::{CallId, Event, Input, Outcome, Peer, Refusal, Request, Response, StoreError};
use naive::Naive;
use proptest::prelude::*;

use super::{Core, Effects, GroupCommit, Parts};

/// One thing that happens to a host.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A new request comes.
    Request,
    /// A reply to one of the calls made so far comes, perhaps again, perhaps late.
    Reply(prop::sample::Index),
    /// Time passes, at most this much: wakes come at their times.
    Pass(u64),
    /// The host ends in good order.
    Flush,
}

/// What a host did, in order, as text.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) lines: Vec<String>,
    pub(super) calls: Vec<CallId>,
    /// Batches that ended so far.
    ended: u64,
    answers: Vec<Answered>,
}

/// An answer that left.
#[derive(Debug)]
struct Answered {
    call: CallId,
    /// The batch it depends on, when it says so.
    after: Option<u64>,
    /// Batches that had ended by then.
    ended: u64,
}

impl Trace {
    pub(super) fn line(&mut self, line: String) {
        self.lines.push(line);
    }
}

impl Effects for Trace {
    fn call(&mut self, _: NodeId, call: CallId, _: Request, deadline: Tick) {
        self.calls.push(call);
        self.line(format!("call {} until {}", call.0, deadline.ns()));
    }

    fn forget(&mut self, _: CallId) {}

    fn answer(&mut self, call: CallId, body: Result<Response, Refusal>) {
        let after = match &body {
            Ok(Response::Cosigned(bytes)) => bytes.as_slice().try_into().ok(),
            _ => None,
        };
        self.answers.push(Answered {
            call,
            after: after.map(u64::from_be_bytes),
            ended: self.ended,
        });
        self.line(format!("answer {} {body:?}", call.0));
    }

    fn event(&mut self, now: Now, event: Event) {
        self.line(format!("event {} {event:?}", now.tick.ns()));
    }

    fn committing(&mut self) {}

    fn committed(&mut self, batches: usize, failed: usize) {
        self.ended += batches as u64;
        self.line(format!("commit {batches} {failed}"));
    }
}

/// How a host is set up.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) seed: u64,
    pub(super) wait_ns: u64,
    pub(super) batches_max: usize,
    pub(super) calls_max: usize,
    /// Batches that fail, by name.
    pub(super) full: Vec<u64>,
}

pub(super) const fn at(tick: u64) -> Now {
    Now {
        tick: Tick::from_ns(tick),
        wall: Wall::from_ms(tick),
    }
}

pub(super) const PEER: Peer = Peer::Client {
    ip: std::net::Ipv4Addr::LOCALHOST,
    port: 1,
};

pub(super) fn request(call: u64) -> Input {
    Input::Request {
        from: PEER,
        call: CallId(call),
        body: Request::Announce(Vec::new()),
    }
}

pub(super) fn reply(call: CallId) -> Input {
    Input::Reply {
        call,
        outcome: Outcome::Done(Response::Cosigned(Vec::new())),
    }
}

fn core(setup: &Setup, disk: Disk) -> Core<Chaos> {
    Core::new(Parts {
        machine: Chaos::new(setup.seed),
        prep: Arc::new(()),
        storage: Box::new(disk),
        entropy: Box::new(Seed::from_u64(setup.seed).stream()),
        group: GroupCommit {
            wait_ns: setup.wait_ns,
            batches_max: setup.batches_max,
        },
        calls_max: setup.calls_max,
    })
}

/// Plays a script on the core.
fn play(setup: &Setup, script: &[Step]) -> Trace {
    let mut core = core(setup, Disk::new(&setup.full));
    let mut trace = Trace::default();
    let mut now = 0;
    let mut requests = 0;
    for step in script {
        match step {
            Step::Request => {
                let call = CallId(requests);
                core.request(at(now), call, request(requests), &mut trace);
                requests += 1;
            }
            Step::Reply(which) => {
                if !trace.calls.is_empty() {
                    let call = *which.get(&trace.calls);
                    core.reply(at(now), call, reply(call), &mut trace);
                }
            }
            Step::Pass(ns) => {
                let end = now + ns;
                while let Some(due) = core.next_wake().map(Tick::ns).filter(|due| *due <= end) {
                    now = due.max(now);
                    core.wake(at(now), &mut trace).unwrap();
                }
                now = end;
            }
            Step::Flush => core.flush(at(now), &mut trace).unwrap(),
        }
        let load = (core.calls(), core.writes(), core.held());
        trace.line(format!("now {now} load {load:?}"));
    }
    trace
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Request),
        4 => any::<prop::sample::Index>().prop_map(Step::Reply),
        4 => (0..40_u64).prop_map(Step::Pass),
        1 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 0..60)
}

fn setups() -> impl Strategy<Value = Setup> {
    (
        any::<u64>(),
        0..20_u64,
        1..5_usize,
        1..12_usize,
        prop::collection::vec(0..40_u64, 0..6),
    )
        .prop_map(|(seed, wait_ns, batches_max, calls_max, full)| Setup {
            seed,
            wait_ns,
            batches_max,
            calls_max,
            full,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The core does what a plain interpreter does, step for step.
    #[test]
    fn the_core_does_what_a_plain_interpreter_does(setup in setups(), script in steps()) {
        let plain = Naive::play(&setup, &script);
        prop_assert_eq!(play(&setup, &script).lines, plain.lines);
    }

    /// Every request is answered at most once; no success leaves before its batch has ended, and
    /// none at all when the batch failed.
    #[test]
    fn nothing_is_acknowledged_that_is_not_durable(setup in setups(), script in steps()) {
        let trace = play(&setup, &script);
        let mut answered = BTreeSet::new();
        for Answered { call, after, ended } in trace.answers {
            prop_assert!(answered.insert(call), "{:?} twice", call);
            if let Some(after) = after {
                prop_assert!(after < ended, "batch {} of {}", after, ended);
                prop_assert!(!setup.full.contains(&after), "batch {}", after);
            }
        }
    }
}

/// The properties above see all of these happen; scripts in which nothing happens prove nothing.
#[test]
fn scripts_reach_every_kind_of_step() {
    let mut script = Vec::new();
    for _ in 0..40 {
        script.extend([Step::Request, Step::Pass(4), Step::Request, Step::Pass(9)]);
    }
    let mut lines = String::new();
    for seed in 0..20 {
        let setup = Setup {
            seed,
            wait_ns: 9,
            batches_max: 3,
            calls_max: 4,
            full: (0..20).map(|n| 3 * n).collect(),
        };
        lines += &play(&setup, &script).lines.join("\n");
    }
    for word in [
        "call ",
        "commit 3 ",
        "commit 1 ",
        "the store is full",
        "an earlier batch failed",
        "Ok(Cosigned([0",
        "Ok(Cosigned([])",
        "event ",
    ] {
        assert!(lines.contains(word), "{word:?}");
    }
}

/// A batch before the failure is acknowledged, nothing after it is, and the machine hears no more.
#[test]
fn a_broken_medium_stops_everything_behind_it() {
    let setup = Setup {
        seed: 1,
        wait_ns: 5,
        batches_max: 100,
        calls_max: 1,
        full: Vec::new(),
    };
    let mut disk = Disk::new(&[]);
    disk.broken = Some(1);
    let mut core = core(&setup, disk);
    let mut trace = Trace::default();
    core.machine.writes_only();
    for call in 0..4 {
        core.request(at(0), CallId(call), request(call), &mut trace);
    }
    let error = core.wake(at(5), &mut trace).unwrap_err();
    assert_eq!(error, StoreError::Io("gone".to_owned()));
    let answers: Vec<_> = trace
        .lines
        .iter()
        .filter(|line| line.starts_with("answer"))
        .collect();
    assert_eq!(answers, ["answer 0 Ok(Cosigned([]))"]);
    let told = trace.lines.iter().filter(|line| line.contains("Cleaned"));
    // Four requests and one batch.
    assert_eq!(told.count(), 5);
}
