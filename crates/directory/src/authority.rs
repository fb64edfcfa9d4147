//! The directory: a machine that collects descriptors, makes snapshots with the other directories,
//! and hands them out.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use leek_identity::NodeId;
use leek_machine::{Cx, Machine, Now, Tick, Wall};
use leek_swarm::Epoch;
use leek_wire::{
    CallId, DirectoryEvent, Event, Input, Outcome, Output, Peer, Refusal, Request, Response, Status,
};

mod attempt;
mod book;
mod config;
mod cosigning;
mod input;
mod keep;
mod prep;
mod proposing;
mod state;
mod sync;

pub use config::{AuthorityConfig, ConfigError};
pub use input::AuthorityInput;
pub use prep::AuthorityPrep;
pub use state::{AuthorityState, Promise};

use attempt::Attempt;
use book::Book;
use input::Stage;
use keep::Keeper;
use sync::Sync;

use crate::{
    DescriptorRefused, SignedDescriptor, SnapshotRefused, Verified,
    limits::EPOCH_MAX,
    succession::{Base, Rules},
};

/// A directory of a network.
///
/// Epochs belong to directories in turn: of `n` directories, ordered by id, number `e mod n`
/// proposes epoch `e` and nobody else. Clones share the keys.
#[derive(Clone, Debug)]
pub struct Authority {
    prep: Arc<AuthorityPrep>,
    config: AuthorityConfig,
    rules: Rules,
    state: AuthorityState,
    newest: Option<Verified>,
    book: Book,
    keeper: Keeper,
    attempts: u64,
    attempt: Option<Attempt>,
    /// Until then no other proposal for the same base is signed.
    held_until: Option<Tick>,
    /// The newest epoch that others said they signed after the newest snapshot.
    heard: Epoch,
    /// Since when a new snapshot is due.
    due: Option<Tick>,
    started: Option<Tick>,
    next_beat: Tick,
    sync: Sync,
    calls: Calls,
    out: VecDeque<Output>,
}

/// Calls that are out, and when they are given up at the latest.
#[derive(Clone, Debug, Default)]
struct Calls {
    last: u64,
    open: BTreeMap<CallId, (Asked, Tick)>,
}

/// What a call was for.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// The newest snapshot.
    Newest { from: NodeId, at: Now },
    /// A signature for this proposal of ours.
    Cosign { from: NodeId, attempt: u64 },
    /// Nothing: news for it.
    Tell { to: NodeId },
}

impl Asked {
    const fn whom(self) -> NodeId {
        match self {
            Self::Newest { from, .. } | Self::Cosign { from, .. } | Self::Tell { to: from } => from,
        }
    }
}

impl Authority {
    /// A directory that runs for the first time, `since` now.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(
        config: AuthorityConfig,
        prep: Arc<AuthorityPrep>,
        since: Wall,
    ) -> Result<Self, ConfigError> {
        Self::with_state(config, prep, AuthorityState::new(since))
    }

    /// A directory that goes on from what was kept.
    ///
    /// # Errors
    /// [`ConfigError`]; also when the snapshot in the state is not this network's.
    pub fn with_state(
        config: AuthorityConfig,
        prep: Arc<AuthorityPrep>,
        state: AuthorityState,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        if prep.trust().index_of(&prep.id()).is_none() {
            return Err(ConfigError::NotTrusted);
        }
        let signed = state.newest.as_deref();
        let newest = signed.map(|signed| prep.trust().authenticate(prep.suite(), signed));
        Ok(Self {
            rules: config.rules(prep.trust()),
            prep,
            config,
            state,
            newest: newest.transpose().map_err(ConfigError::State)?,
            book: Book::default(),
            keeper: Keeper::default(),
            attempts: 0,
            attempt: None,
            held_until: None,
            heard: Epoch(0),
            due: None,
            started: None,
            next_beat: Tick::ZERO,
            sync: Sync::default(),
            calls: Calls::default(),
            out: VecDeque::new(),
        })
    }

    /// The directory's public id.
    pub fn id(&self) -> NodeId {
        self.prep.id()
    }

    /// What must survive a restart. It is the same as in the newest
    /// [`DirectoryEvent::Keep`].
    pub const fn state(&self) -> &AuthorityState {
        &self.state
    }

    /// The newest snapshot with enough signatures, expired or not.
    pub const fn newest(&self) -> Option<&Verified> {
        self.newest.as_ref()
    }

    /// Nodes whose descriptors are held.
    pub fn announced(&self) -> usize {
        self.book.len()
    }

    fn base(&self) -> Option<Base<'_>> {
        self.newest.as_ref().map(|newest| Base {
            listing: &newest.listing,
            digest: newest.digest,
        })
    }

    fn base_epoch(&self) -> Epoch {
        self.newest.as_ref().map_or(Epoch(0), Verified::epoch)
    }

    /// The place of the directory that proposes this epoch.
    fn leader(&self, epoch: Epoch) -> usize {
        let count = self.prep.trust().signers().len() as u64;
        usize::try_from(epoch.0 % count).unwrap_or_default()
    }

    /// The newest epoch that may be proposed for `at`: one after the base, and one more per
    /// grace since then. So nobody can use epochs up.
    ///
    /// Before there is a base, all directories may propose once right away.
    fn open_epoch(&self, at: Wall) -> Epoch {
        let (first, since) = match &self.newest {
            Some(newest) => (newest.epoch().0 + 1, newest.listing.valid_from),
            None => (self.prep.trust().signers().len() as u64, self.state.since),
        };
        let passed = at.ms().saturating_sub(since.ms());
        Epoch(
            first
                .saturating_add(passed / self.config.grace_ms)
                .min(EPOCH_MAX),
        )
    }

    fn others(&self) -> impl Iterator<Item = NodeId> + use<> {
        let me = self.id();
        let ids = self.prep.trust().signers().iter().map(|signer| signer.id);
        ids.filter(|id| *id != me).collect::<Vec<_>>().into_iter()
    }

    fn call(&mut self, asked: Asked, to: NodeId, body: Request, deadline: Tick) {
        self.calls.last += 1;
        let call = CallId(self.calls.last);
        self.calls.open.insert(call, (asked, deadline));
        self.out.push_back(Output::Call {
            to,
            call,
            body,
            deadline,
        });
    }

    fn answer(&mut self, call: CallId, body: Result<Response, Refusal>) {
        self.out.push_back(Output::Answer {
            call,
            after: None,
            body,
        });
    }

    fn report(&mut self, event: DirectoryEvent) {
        self.out.push_back(Output::Event(Event::Directory(event)));
    }

    /// Goes by a snapshot whose signatures hold, if it is newer than the one here.
    fn adopt(&mut self, now: Now, verified: Verified) -> Result<(), SnapshotRefused> {
        if verified.epoch() <= self.base_epoch() {
            return Ok(());
        }
        match verified.check(now.wall, None) {
            // To go on from, an old one is as good.
            Ok(()) | Err(SnapshotRefused::Expired { .. }) => {}
            Err(error) => return Err(error),
        }
        self.state.newest = Some(Arc::clone(&verified.signed));
        self.report(DirectoryEvent::Accepted {
            signed: Arc::clone(&verified.signed),
            snapshot: Arc::clone(&verified.snapshot),
            valid_until: verified.valid_until(),
        });
        self.newest = Some(verified);
        self.heard = Epoch(0);
        self.due = None;
        self.held_until = None;
        if self.attempt.as_ref().is_some_and(|own| own.done.is_none()) {
            self.attempt = None;
        }
        self.keep();
        Ok(())
    }

    fn announced_by(
        &mut self,
        now: Now,
        from: Peer,
        call: CallId,
        descriptor: Result<SignedDescriptor, DescriptorRefused>,
    ) {
        let taken = match descriptor {
            Err(DescriptorRefused::Malformed(error)) => {
                Err(Refusal::new(Status::BAD_REQUEST, error.to_string()))
            }
            Err(error @ DescriptorRefused::Signature) => {
                Err(Refusal::new(Status::UNAUTHORIZED, error.to_string()))
            }
            Ok(signed) if from != Peer::Node(signed.id()) => Err(Refusal::new(
                Status::UNAUTHORIZED,
                "a node announces itself over a connection of its own",
            )),
            Ok(signed) => {
                let taken = self.book.take(&self.rules, signed, now.wall);
                taken.map_err(book::NotTaken::refusal)
            }
        };
        let clock = now.wall;
        self.answer(call, taken.map(|()| Response::Announced { clock }));
    }

    fn request(&mut self, now: Now, call: CallId, body: Request) {
        let answer = match body {
            Request::Snapshot { newer_than } => {
                let newest = self.newest.as_ref();
                let newer = newest.filter(|newest| newer_than.is_none_or(|e| newest.epoch() > e));
                Ok(Response::Snapshot {
                    clock: now.wall,
                    signed: newer.map(|newest| Arc::clone(&newest.signed)),
                })
            }
            Request::Cosign(_) => Err(Refusal::new(
                Status::UNAUTHORIZED,
                "only directories of this network ask for signatures",
            )),
            Request::Onion(_) | Request::Forward(_) | Request::Pull { .. } => {
                Err(Refusal::not_served())
            }
            // Preparing took it.
            Request::Announce(_) => Err(Refusal::not_served()),
        };
        self.answer(call, answer);
    }

    /// A call brought nothing.
    fn failed(&mut self, now: Now, call: CallId, outcome: &Outcome<Response>) {
        let Some((asked, _)) = self.calls.open.remove(&call) else {
            return;
        };
        let from = asked.whom();
        match outcome {
            Outcome::Lost => self.report(DirectoryEvent::Silent { from }),
            Outcome::Refused(_) => {
                let why = "refused";
                self.report(DirectoryEvent::Refused { from, why });
            }
            Outcome::Done(_) => return self.wrong_kind(now, asked),
        }
        self.nothing_came(now, asked);
    }

    /// A call brought an answer to another question.
    fn wrong_kind(&mut self, now: Now, asked: Asked) {
        let (from, why) = (asked.whom(), "answered something else");
        self.report(DirectoryEvent::Refused { from, why });
        self.nothing_came(now, asked);
    }

    fn nothing_came(&mut self, now: Now, asked: Asked) {
        match asked {
            Asked::Newest { .. } => self.sync_ended(),
            Asked::Cosign { from, attempt } => self.not_answered(now, from, attempt),
            Asked::Tell { .. } => {}
        }
    }

    fn begin(&mut self, now: Now) {
        if self.started.is_none() {
            self.started = Some(now.tick);
        }
    }

    /// Looks at everything that depends on time.
    fn beat(&mut self, now: Now) {
        self.next_beat = now.tick.after_ms(self.config.beat_ms());
        self.book.prune(&self.rules, now.wall);
        let open = self.calls.open.iter();
        let late: Vec<CallId> = open
            .filter(|(_, (_, deadline))| deadline.after_ms(CALL_SLACK_MS) <= now.tick)
            .map(|(call, _)| *call)
            .collect();
        for call in late {
            self.failed(now, call, &Outcome::Lost);
        }
        self.sync_if_due(now);
        if self.attempt.is_some() {
            self.go_on(now);
        } else {
            self.consider(now);
        }
    }
}

/// How long after its deadline a call counts as lost, in ms, should nobody say so.
const CALL_SLACK_MS: u64 = 1_000;

impl Machine for Authority {
    type Input = AuthorityInput;
    type Output = Output;
    type View<'v> = ();
    type Prep = AuthorityPrep;

    fn prepare(prep: &AuthorityPrep, input: AuthorityInput) -> AuthorityInput {
        input.prepared(prep)
    }

    fn handle(&mut self, cx: &mut Cx<'_, ()>, input: AuthorityInput) {
        let now = cx.now;
        self.begin(now);
        match input.prepared(&self.prep).0 {
            Stage::Kept(generation) => self.kept(now, generation),
            Stage::Announce(from, call, one) => self.announced_by(now, from, call, *one),
            Stage::Propose(from, call, proposal) => self.proposed(now, from, call, &proposal),
            Stage::Certified(from, call, verified) => self.told(now, from, call, *verified),
            Stage::CosignRefused(from, call, error) => {
                self.report(DirectoryEvent::Refused {
                    from,
                    why: "bad proposal",
                });
                let refusal = Refusal::new(Status::BAD_REQUEST, error.to_string());
                self.answer(call, Err(refusal));
            }
            Stage::Fetched(call, fetched) => self.fetched(now, call, fetched),
            Stage::Cosigned(call, answer) => self.cosigned(now, call, answer),
            Stage::Raw(Input::Request { call, body, .. }) => self.request(now, call, body),
            Stage::Raw(Input::Reply { call, outcome }) => self.failed(now, call, &outcome),
            // A directory writes no batch and decides itself who is a member.
            Stage::Raw(Input::Written { .. } | Input::Membership(_)) => {}
        }
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_, ()>) {
        self.begin(cx.now);
        if cx.now.tick >= self.next_beat {
            self.beat(cx.now);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        Some((self.next_beat, "directory beat"))
    }
}
