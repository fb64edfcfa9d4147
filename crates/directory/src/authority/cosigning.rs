//! Checking and signing what another directory proposes.

use leek_identity::NodeId;
use leek_machine::Now;
use leek_wire::{CallId, DirectoryEvent, Refusal, Response, Status};

use super::{Authority, Promise};
use crate::{
    ListingDigest, SignedDescriptor, SnapshotRefused, Verified,
    cosign::{CosignAnswer, Declined, Proposal},
    limits::CLOCK_TOLERANCE_MS,
    sign_listing,
};

impl Authority {
    /// Another directory asks for a signature.
    pub(super) fn proposed(&mut self, now: Now, from: NodeId, call: CallId, proposal: &Proposal) {
        let digest = ListingDigest::of(proposal.bytes());
        match self.judge(now, from, proposal, digest) {
            Ok(()) => {
                let suite = self.prep.suite();
                let signature = sign_listing(suite, self.prep.keys(), proposal.bytes());
                let promise = Promise {
                    epoch: proposal.listing().epoch,
                    digest,
                };
                if self.state.promise != Some(promise) {
                    self.state.promise = Some(promise);
                    self.held_until = Some(now.tick.after_ms(self.config.grace_ms));
                    // The lower epoch wins: ours would come after it.
                    self.attempt = None;
                    self.due = None;
                    self.keep();
                }
                self.answer_kept(call, signature);
            }
            Err(declined) => {
                if declined == Declined::Behind {
                    self.ask_newest(now, from);
                }
                if !declined.may_change() {
                    let why = declined.name();
                    self.report(DirectoryEvent::Refused { from, why });
                }
                let answer = CosignAnswer::Declined(declined).to_bytes();
                self.answer(call, Ok(Response::Cosigned(answer)));
            }
        }
    }

    /// Another directory has a snapshot with enough signatures.
    pub(super) fn told(
        &mut self,
        now: Now,
        from: NodeId,
        call: CallId,
        verified: Result<Verified, SnapshotRefused>,
    ) {
        let taken = verified.and_then(|verified| self.adopt(now, verified));
        let answer = match taken {
            Ok(()) => Ok(Response::Cosigned(CosignAnswer::Taken.to_bytes())),
            Err(error) => {
                let why = error.name();
                self.report(DirectoryEvent::Refused { from, why });
                Err(Refusal::new(Status::BAD_REQUEST, why))
            }
        };
        self.answer(call, answer);
    }

    /// Whether to sign this: the promises first, what costs most last.
    fn judge(
        &self,
        now: Now,
        from: NodeId,
        proposal: &Proposal,
        digest: ListingDigest,
    ) -> Result<(), Declined> {
        let listing = proposal.listing();
        let (epoch, at) = (listing.epoch, listing.valid_from);
        if self.prep.trust().index_of(&from) != Some(self.leader(epoch)) {
            return Err(Declined::NotYours);
        }
        let base = proposal.base().unwrap_or_default();
        let ours = self.base_epoch();
        if base > ours {
            return Err(Declined::Behind);
        }
        if base < ours {
            return Err(Declined::Newer(ours));
        }
        if listing.previous != self.newest.as_ref().map(|newest| newest.digest) || epoch <= ours {
            return Err(Declined::Differs);
        }
        let mut again = false;
        if let Some(promise) = self.state.promise {
            again = promise == (Promise { epoch, digest });
            if epoch <= promise.epoch && !again {
                return Err(Declined::Promised(promise.epoch));
            }
        }
        let begins = self.newest.as_ref().map(|newest| newest.listing.valid_from);
        let apart_ms = at.diff_ms(now.wall).unsigned_abs();
        if apart_ms > CLOCK_TOLERANCE_MS || begins.is_some_and(|begins| at <= begins) {
            return Err(Declined::Clock);
        }
        if epoch > self.open_epoch(at) {
            return Err(Declined::TooEarly);
        }
        if !again && self.is_busy(now, epoch) || self.keeper.is_full() {
            return Err(Declined::Busy);
        }
        self.judge_content(now, proposal)
    }

    fn is_busy(&self, now: Now, epoch: leek_swarm::Epoch) -> bool {
        let own = self.attempt.as_ref();
        own.is_some_and(|own| own.epoch() < epoch || own.done.is_some())
            || self.held_until.is_some_and(|until| now.tick < until)
    }

    fn judge_content(&self, now: Now, proposal: &Proposal) -> Result<(), Declined> {
        let listing = proposal.listing();
        let at = listing.valid_from;
        let shown = proposal.descriptors().iter();
        let roster = self.rules.roster(
            self.base(),
            shown.clone().map(SignedDescriptor::descriptor),
            at,
        );
        if !shown
            .map(SignedDescriptor::id)
            .eq(roster.shown.iter().copied())
            || roster.len() == 0
            || self.rules.listing(self.base(), &roster, listing.epoch, at) != *listing
        {
            return Err(Declined::Differs);
        }
        if self.newest.is_none() && roster.len() < self.config.expect_nodes {
            return Err(Declined::TooEarly);
        }
        if !roster.dropped.is_empty() && self.still_listens(now) {
            return Err(Declined::TooEarly);
        }
        let lives = |id: &NodeId| {
            let held = self.book.get(id).map(SignedDescriptor::descriptor);
            held.is_some_and(|held| self.rules.counts(held, at))
        };
        if roster.dropped.iter().any(lives) {
            return Err(Declined::Drops);
        }
        Ok(())
    }

    /// Whether this directory has not run long enough to know who is gone.
    pub(super) fn still_listens(&self, now: Now) -> bool {
        let listen_ms = self.config.listen_ms;
        self.started
            .is_none_or(|started| now.tick < started.after_ms(listen_ms))
    }
}
