//! Whoever goes by the directories' snapshots: nodes and clients.

use std::{collections::VecDeque, sync::Arc};

use leek_identity::NodeId;
use leek_machine::{Cx, Machine, Now, Tick, Wall, below};
use leek_swarm::Epoch;
use leek_wire::{
    CallId, DirectoryEvent, Event, Input, Outcome, Output, Refusal, Request, Response,
};

mod announcing;
mod config;
mod prep;

pub use config::FollowerConfig;
pub use prep::{Announcer, FollowerPrep};

use announcing::Announcing;

use crate::{SnapshotRefused, Verified, clocks::Clocks, limits::BACKDATE_TOLERANCE_MS};

/// Follows the directories of a network: keeps the newest snapshot that enough of them signed, and
/// tells them of its node if there is one.
///
/// It asks all directories, one after the other: each of them, if honest and up to date, is enough
/// to learn the newest snapshot. Clones share keys and snapshots.
#[derive(Clone, Debug)]
pub struct Follower {
    prep: Arc<FollowerPrep>,
    config: FollowerConfig,
    newest: Option<Verified>,
    /// Directories that the round has still to ask, by their places in the trust.
    to_ask: VecDeque<usize>,
    asked: Option<Question>,
    next_round: Tick,
    /// Rounds in a row that ended without a good snapshot.
    failures: u32,
    clocks: Clocks,
    announcing: Option<Announcing>,
    calls: u64,
    out: VecDeque<Output>,
}

#[derive(Clone, Copy, Debug)]
struct Question {
    call: CallId,
    to: NodeId,
    at: Now,
}

/// How good what a follower knows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It never had a snapshot.
    Nothing,
    /// It has one, to be used until then.
    Valid {
        /// Its epoch.
        epoch: Epoch,
        /// Until when.
        until: Wall,
    },
    /// The one it has is not to be used any more.
    Expired {
        /// Its epoch.
        epoch: Epoch,
        /// Since when.
        since: Wall,
    },
}

/// What a follower takes: an input of the world, with the signatures checked.
#[derive(Clone, Debug)]
pub struct FollowerInput(Stage);

#[derive(Clone, Debug)]
enum Stage {
    Raw(Input),
    Newest {
        call: CallId,
        clock: Wall,
        newest: Option<Result<Verified, SnapshotRefused>>,
    },
}

impl From<Input> for FollowerInput {
    fn from(input: Input) -> Self {
        Self(Stage::Raw(input))
    }
}

impl FollowerInput {
    fn prepared(self, prep: &FollowerPrep) -> Self {
        match self.0 {
            Stage::Raw(Input::Reply {
                call,
                outcome: Outcome::Done(Response::Snapshot { clock, signed }),
            }) => {
                let check = |signed: Arc<[u8]>| prep.trust().authenticate(prep.suite(), &signed);
                let newest = signed.map(check);
                Self(Stage::Newest {
                    call,
                    clock,
                    newest,
                })
            }
            stage => Self(stage),
        }
    }
}

impl Follower {
    /// A follower that knows nothing yet; with an `announcer` it also keeps its node announced.
    pub fn new(
        config: FollowerConfig,
        prep: Arc<FollowerPrep>,
        announcer: Option<Announcer>,
    ) -> Self {
        let directories = prep.trust().signers().len();
        Self {
            prep,
            config,
            newest: None,
            to_ask: VecDeque::new(),
            asked: None,
            next_round: Tick::ZERO,
            failures: 0,
            clocks: Clocks::default(),
            announcing: announcer.map(|announcer| Announcing::new(announcer, directories)),
            calls: 0,
            out: VecDeque::new(),
        }
    }

    /// Starts from a snapshot that was kept: call it before anything else. If it is still good, the
    /// follower reports it as accepted.
    ///
    /// # Errors
    /// [`SnapshotRefused`]. One that only expired still counts as the newest one known: the
    /// follower does not go back behind it.
    pub fn start_from(&mut self, cached: &[u8], now: Wall) -> Result<(), SnapshotRefused> {
        let verified = self.prep.trust().authenticate(self.prep.suite(), cached)?;
        let good = verified.check(now, None);
        match good {
            Ok(()) => self.take(verified),
            Err(SnapshotRefused::Expired { .. }) => self.newest = Some(verified),
            Err(_) => {}
        }
        good
    }

    /// The newest snapshot known, expired or not.
    pub const fn newest(&self) -> Option<&Verified> {
        self.newest.as_ref()
    }

    /// How good that is at `now`.
    pub fn standing(&self, now: Wall) -> Standing {
        match &self.newest {
            None => Standing::Nothing,
            Some(newest) if now < newest.valid_until() => Standing::Valid {
                epoch: newest.epoch(),
                until: newest.valid_until(),
            },
            Some(newest) => Standing::Expired {
                epoch: newest.epoch(),
                since: newest.valid_until(),
            },
        }
    }

    fn call(&mut self, to: NodeId, body: Request, now: Now) -> CallId {
        self.calls += 1;
        let call = CallId(self.calls);
        self.out.push_back(Output::Call {
            to,
            call,
            body,
            deadline: now.tick.after_ms(self.config.answer_ms),
        });
        call
    }

    fn report(&mut self, event: DirectoryEvent) {
        self.out.push_back(Output::Event(Event::Directory(event)));
    }

    fn take(&mut self, verified: Verified) {
        self.report(DirectoryEvent::Accepted {
            signed: Arc::clone(&verified.signed),
            snapshot: Arc::clone(&verified.snapshot),
            valid_until: verified.valid_until(),
        });
        self.newest = Some(verified);
    }

    /// Whether a snapshot whose signatures hold is good, and better than the one here.
    fn judge(&self, verified: &Verified, now: Wall) -> Result<(), SnapshotRefused> {
        let newest = self.newest.as_ref();
        verified.check(now, newest.map(Verified::epoch))?;
        let begins = verified.listing.valid_from.after_ms(BACKDATE_TOLERANCE_MS);
        if newest.is_some_and(|newest| begins < newest.listing.valid_from) {
            return Err(SnapshotRefused::Backdated);
        }
        Ok(())
    }

    fn answered(
        &mut self,
        cx: &mut Cx<'_, ()>,
        call: CallId,
        clock: Wall,
        newest: Option<Result<Verified, SnapshotRefused>>,
    ) {
        let Some(question) = self.asked.take_if(|question| question.call == call) else {
            return;
        };
        let (from, now) = (question.to, cx.now);
        self.clocks.answer(from, question.at, now, clock);
        if let Some(newest) = newest {
            let good = newest.and_then(|verified| {
                self.judge(&verified, now.wall)?;
                Ok(verified)
            });
            match good {
                Ok(verified) => self.take(verified),
                Err(error) => {
                    let why = error.name();
                    self.report(DirectoryEvent::Refused { from, why });
                }
            }
        }
        self.ask_next(cx);
    }

    /// A call brought nothing of use.
    fn failed(&mut self, cx: &mut Cx<'_, ()>, call: CallId, outcome: &Outcome<Response>) {
        let Some(question) = self.asked.take_if(|question| question.call == call) else {
            return self.announce_ended(cx, call, outcome);
        };
        self.report_failure(question.to, outcome);
        self.ask_next(cx);
    }

    fn report_failure(&mut self, from: NodeId, outcome: &Outcome<Response>) {
        self.report(match outcome {
            Outcome::Lost => DirectoryEvent::Silent { from },
            Outcome::Refused(_) => DirectoryEvent::Refused {
                from,
                why: "refused",
            },
            Outcome::Done(_) => DirectoryEvent::Refused {
                from,
                why: "answered something else",
            },
        });
    }

    /// Begins a round at a directory drawn at random, so that no one bears them all.
    fn begin_round(&mut self, cx: &mut Cx<'_, ()>) {
        let count = self.prep.trust().signers().len();
        let first = usize::try_from(below(cx.entropy, count as u64)).unwrap_or_default();
        self.to_ask = (0..count).map(|step| (first + step) % count).collect();
        self.clocks.clear();
        self.ask_next(cx);
    }

    fn ask_next(&mut self, cx: &mut Cx<'_, ()>) {
        let Some(place) = self.to_ask.pop_front() else {
            return self.end_round(cx);
        };
        let Some(to) = self.prep.trust().signers().get(place) else {
            leek_machine::bug!("a round asks directories of the trust")
        };
        let (to, newer_than) = (to.id, self.newest.as_ref().map(Verified::epoch));
        let call = self.call(to, Request::Snapshot { newer_than }, cx.now);
        let at = cx.now;
        self.asked = Some(Question { call, to, at });
    }

    fn end_round(&mut self, cx: &mut Cx<'_, ()>) {
        let least = self.prep.trust().signers().len().min(2);
        if let Some((offset_ms, answers)) = self.clocks.verdict(least) {
            self.report(DirectoryEvent::ClockOff { offset_ms, answers });
        }
        let good = matches!(self.standing(cx.now.wall), Standing::Valid { .. });
        let wait_ms = match &self.newest {
            Some(newest) if good => {
                self.failures = 0;
                let listing = &newest.listing;
                let validity_ms = listing.valid_until.ms() - listing.valid_from.ms();
                self.config.refresh_ms.min(validity_ms / 3).max(WAIT_MS_MIN)
            }
            _ => {
                let doubled = self.config.retry_ms_min << self.failures.min(DOUBLINGS_MAX);
                self.failures = self.failures.saturating_add(1);
                doubled.min(self.config.retry_ms_max).max(WAIT_MS_MIN)
            }
        };
        self.next_round = cx.now.tick.after_ms(jitter(cx, wait_ms));
    }
}

/// From three quarters of `wait_ms` to all of it, so that followers started together drift apart.
fn jitter(cx: &mut Cx<'_, ()>, wait_ms: u64) -> u64 {
    wait_ms - below(cx.entropy, wait_ms / 4 + 1)
}

/// The shortest wait between two rounds, in ms, whatever the configuration says.
const WAIT_MS_MIN: u64 = 50;
/// Doublings of a wait: from a quarter of a second to a quarter of an hour.
const DOUBLINGS_MAX: u32 = 12;

impl Machine for Follower {
    type Input = FollowerInput;
    type Output = Output;
    type View<'v> = ();
    type Prep = FollowerPrep;

    fn prepare(prep: &FollowerPrep, input: FollowerInput) -> FollowerInput {
        input.prepared(prep)
    }

    fn handle(&mut self, cx: &mut Cx<'_, ()>, input: FollowerInput) {
        match input.prepared(&self.prep).0 {
            Stage::Newest {
                call,
                clock,
                newest,
            } => self.answered(cx, call, clock, newest),
            Stage::Raw(Input::Reply { call, outcome }) => self.failed(cx, call, &outcome),
            Stage::Raw(Input::Request { call, .. }) => self.out.push_back(Output::Answer {
                call,
                after: None,
                body: Err(Refusal::not_served()),
            }),
            // It writes no batch, and what it reports as accepted is the membership.
            Stage::Raw(Input::Written { .. } | Input::Membership(_)) => {}
        }
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_, ()>) {
        let now = cx.now.tick;
        // A call whose end nobody told.
        if let Some(question) = self.asked
            && now >= question.at.tick.after_ms(self.config.answer_ms + SLACK_MS)
        {
            self.failed(cx, question.call, &Outcome::Lost);
        }
        if self.asked.is_none() && now >= self.next_round {
            self.begin_round(cx);
        }
        self.announce(cx);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        let round = match &self.asked {
            Some(question) => {
                let late = question.at.tick.after_ms(self.config.answer_ms + SLACK_MS);
                (late, "directory answer")
            }
            None => (self.next_round, "directory round"),
        };
        let announce = self.announcing.as_ref().map(|announcing| {
            let next = announcing.next(self.config.answer_ms + SLACK_MS);
            (next, "directory announcement")
        });
        Some(announce.map_or(round, |announce| round.min(announce)))
    }
}

/// How long after its deadline a call counts as lost, in ms, should nobody say so.
const SLACK_MS: u64 = 1_000;
