//! Making a snapshot: when it is due, whose turn it is, and collecting signatures.

use leek_crypto::Signature;
use leek_identity::NodeId;
use leek_machine::{Now, Tick, Wall};
use leek_swarm::Epoch;
use leek_wire::{CallId, DirectoryEvent, Request};

use super::{Asked, Attempt, Authority, Promise, attempt::Word};
use crate::{
    Malformed,
    cosign::{CosignAnswer, CosignRequest, Declined, Proposal},
    limits::{CLOCK_TOLERANCE_MS, TIME_MS_MAX},
    sign_listing,
    signed::{SNAPSHOT_DOMAIN, assemble},
    succession::Roster,
};

impl Authority {
    /// Proposes a snapshot if one is due and it is our turn.
    pub(super) fn consider(&mut self, now: Now) {
        let at = self.next_begin(now.wall);
        let roster = self.rules.roster(self.base(), self.book.descriptors(), at);
        if !self.is_due(now, at, &roster) {
            self.due = None;
            return;
        }
        let due = *self.due.get_or_insert(now.tick);
        let epoch = self.next_epoch();
        let held = self.held_until.is_some_and(|until| now.tick < until);
        if now.tick < self.turn(due, epoch) || held || epoch > self.open_epoch(at) {
            return;
        }
        let base = self.newest.as_ref().map(|newest| newest.epoch());
        let listing = self.rules.listing(self.base(), &roster, epoch, at);
        let shown = roster.shown.iter().filter_map(|id| self.book.get(id));
        let proposal = Proposal::new(listing, base, shown.cloned().collect());
        let request = CosignRequest::Proposal(proposal.clone()).to_bytes();
        let until = now.tick.after_ms(self.config.grace_ms);
        self.attempts += 1;
        let (number, others) = (self.attempts, self.others());
        self.attempt = Some(Attempt::new(number, proposal, request, others, until));
        self.go_on(now);
    }

    /// When the next listing begins: now, but after the one before.
    fn next_begin(&self, now: Wall) -> Wall {
        let before = self.newest.as_ref();
        before.map_or(now, |before| now.max(before.listing.valid_from.after_ms(1)))
    }

    fn is_due(&self, now: Now, at: Wall, roster: &Roster) -> bool {
        if roster.len() == 0 || at.ms() > TIME_MS_MAX {
            return false;
        }
        let Some(newest) = &self.newest else {
            return roster.len() >= self.config.expect_nodes;
        };
        if !roster.dropped.is_empty() && self.still_listens(now) {
            return false;
        }
        let listing = &newest.listing;
        let half = listing.valid_from.after_ms(self.config.validity_ms / 2);
        // So that who restarts knows from the listing alone who lives.
        let ages = |id: &NodeId| {
            let published = listing.node(id).map(|node| node.published);
            let half_ms = self.config.descriptor_life_ms / 2;
            published.is_some_and(|published| published.after_ms(half_ms) <= at)
        };
        roster.differs(listing) || half <= at || roster.shown.iter().any(ages)
    }

    /// The newest epoch known to be used.
    fn floor(&self) -> Epoch {
        let promised = self.state.promise.map_or(Epoch(0), |promise| promise.epoch);
        self.base_epoch().max(promised).max(self.heard)
    }

    /// Our next epoch.
    fn next_epoch(&self) -> Epoch {
        let trust = self.prep.trust();
        let me = trust.index_of(&self.id());
        let mut epoch = self.floor().next();
        while Some(self.leader(epoch)) != me {
            epoch = epoch.next();
        }
        epoch
    }

    /// When to propose: those whose epochs come before ours go first.
    fn turn(&self, due: Tick, epoch: Epoch) -> Tick {
        let rank = epoch.0 - self.floor().0 - 1;
        due.after_ms(self.config.settle_ms)
            .after_ms(rank.saturating_mul(self.config.grace_ms))
    }

    /// Asks whom there is to ask, and ends our proposal when it is decided.
    pub(super) fn go_on(&mut self, now: Now) {
        let needed = self.prep.trust().threshold() - 1;
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        if attempt.done.is_some() {
            return;
        }
        if attempt.signatures().len() >= needed {
            return self.finish();
        }
        if attempt.hopes() < needed || now.tick >= attempt.until {
            self.attempt = None;
            self.due = Some(now.tick);
            return;
        }
        let (attempt_no, until) = (attempt.number, attempt.until);
        let asks: Vec<_> = attempt
            .ask()
            .into_iter()
            .map(|from| (from, attempt.request.clone()))
            .collect();
        for (from, request) in asks {
            let asked = Asked::Cosign {
                from,
                attempt: attempt_no,
            };
            self.call(asked, from, Request::Cosign(request), until);
        }
    }

    /// Signs our own proposal last, and keeps that before anybody sees it.
    fn finish(&mut self) {
        let Some(mut attempt) = self.attempt.take() else {
            return;
        };
        let promise = Promise {
            epoch: attempt.epoch(),
            digest: attempt.digest,
        };
        // While a proposal of ours is under way, only lower epochs are signed, and they end it.
        let promised = self.state.promise;
        if promised.is_some_and(|before| before.epoch >= promise.epoch) {
            leek_machine::bug!("a proposal of an epoch not above {promised:?} went on");
        }
        let bytes = attempt.proposal.bytes();
        let mut signatures = attempt.signatures();
        let own = sign_listing(self.prep.suite(), self.prep.keys(), bytes);
        signatures.insert(self.id(), own);
        let signed = assemble(bytes, &signatures);
        let verified = match self.prep.trust().authenticate(self.prep.suite(), &signed) {
            Ok(verified) => verified,
            Err(error) => leek_machine::bug!("signatures were checked one by one: {error}"),
        };
        self.state.promise = Some(promise);
        self.state.newest = Some(verified.signed.clone());
        let generation = self.keep();
        attempt.done = Some((generation, verified));
        self.attempt = Some(attempt);
    }

    /// Hands out our own snapshot once it is durable.
    pub(super) fn publish_if_kept(&mut self, now: Now) {
        let Some(attempt) = &self.attempt else {
            return;
        };
        let Some((_, verified)) = (attempt.done.as_ref())
            .filter(|(generation, _)| self.is_kept(*generation))
            .cloned()
        else {
            return;
        };
        self.attempt = None;
        let epoch = verified.epoch();
        let nodes = u32::try_from(verified.listing.nodes.len()).unwrap_or(u32::MAX);
        let request = CosignRequest::Certified(verified.signed.to_vec()).to_bytes();
        if self.adopt(now, verified).is_err() || self.base_epoch() != epoch {
            return;
        }
        self.report(DirectoryEvent::Published { epoch, nodes });
        let deadline = now.tick.after_ms(self.config.grace_ms);
        for to in self.others() {
            self.call(
                Asked::Tell { to },
                to,
                Request::Cosign(request.clone()),
                deadline,
            );
        }
    }

    /// A directory did not answer this proposal of ours.
    pub(super) fn not_answered(&mut self, now: Now, from: NodeId, attempt: u64) {
        self.hear(now, from, attempt, Word::Ask);
    }

    /// A directory answered.
    pub(super) fn cosigned(
        &mut self,
        now: Now,
        call: CallId,
        answer: Result<CosignAnswer, Malformed>,
    ) {
        let Some((asked, _)) = self.calls.open.remove(&call) else {
            return;
        };
        let (from, number) = match asked {
            Asked::Cosign { from, attempt } => (from, attempt),
            Asked::Tell { .. } => return,
            Asked::Newest { .. } => return self.wrong_kind(now, asked),
        };
        // The word on an earlier proposal says nothing about this one.
        if self.attempt.as_ref().is_none_or(|own| own.number != number) {
            return;
        }
        let (word, why) = match answer {
            Ok(CosignAnswer::Signature(signature)) if self.holds(from, &signature) => {
                (Word::Signed(signature), None)
            }
            Ok(CosignAnswer::Signature(_)) => (Word::Never, Some("bad signature")),
            Ok(CosignAnswer::Taken) => (Word::Never, Some("answered something else")),
            Err(_) => (Word::Never, Some("malformed answer")),
            Ok(CosignAnswer::Declined(declined)) => {
                match declined {
                    Declined::Newer(_) => self.ask_newest(now, from),
                    Declined::Promised(epoch) => self.heard_of(now, epoch),
                    _ => {}
                }
                if declined.may_change() {
                    (Word::Ask, None)
                } else {
                    (Word::Never, Some(declined.name()))
                }
            }
        };
        if let Some(why) = why {
            self.report(DirectoryEvent::Refused { from, why });
        }
        self.hear(now, from, number, word);
    }

    /// Somebody signed this epoch already. Others' words count only as far as honest directories
    /// can have signed, so that a lie costs no more than [`CLOCK_TOLERANCE_MS`].
    fn heard_of(&mut self, now: Now, epoch: Epoch) {
        let at = self.next_begin(now.wall).after_ms(CLOCK_TOLERANCE_MS);
        self.heard = self.heard.max(epoch.min(self.open_epoch(at)));
    }

    /// Whether this is `from`'s signature of our proposal.
    fn holds(&self, from: NodeId, signature: &Signature) -> bool {
        self.attempt.as_ref().is_some_and(|own| {
            let text = [SNAPSHOT_DOMAIN, own.proposal.bytes()].concat();
            let suite = self.prep.suite();
            suite.verify(from.key(), &text, signature).is_ok()
        })
    }

    fn hear(&mut self, now: Now, from: NodeId, number: u64, word: Word) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        if attempt.number != number {
            return;
        }
        attempt.hear(from, word);
        // Who is to be asked again is asked at the next beat, not at once.
        let needed = self.prep.trust().threshold() - 1;
        if word != Word::Ask && (attempt.signatures().len() >= needed || attempt.hopes() < needed) {
            self.go_on(now);
        }
    }
}
