//! Learning what the other directories have.

use leek_identity::NodeId;
use leek_machine::{Now, Tick};
use leek_wire::{CallId, DirectoryEvent, Request};

use super::{Asked, Authority, input::Fetched};
use crate::{Verified, clocks::Clocks};

/// A round of questions.
#[derive(Clone, Debug, Default)]
pub(super) struct Sync {
    next: Tick,
    open: usize,
    clocks: Clocks,
}

/// Time to answer with a snapshot, in ms: two megabytes over a slow line.
const FETCH_MS: u64 = 10_000;

impl Authority {
    pub(super) fn sync_if_due(&mut self, now: Now) {
        if now.tick < self.sync.next || self.sync.open > 0 {
            return;
        }
        self.sync.next = now.tick.after_ms(self.config.sync_ms);
        self.sync.clocks.clear();
        for from in self.others() {
            self.ask_newest(now, from);
        }
    }

    /// Asks one directory for something newer than what is here.
    pub(super) fn ask_newest(&mut self, now: Now, from: NodeId) {
        let mut open = self.calls.open.values();
        if open.any(|(asked, _)| matches!(asked, Asked::Newest { from: one, .. } if *one == from)) {
            return;
        }
        let newer_than = self.newest.as_ref().map(Verified::epoch);
        let deadline = now.tick.after_ms(FETCH_MS);
        self.sync.open += 1;
        let asked = Asked::Newest { from, at: now };
        self.call(asked, from, Request::Snapshot { newer_than }, deadline);
    }

    pub(super) fn fetched(&mut self, now: Now, call: CallId, fetched: Fetched) {
        let Some((asked, _)) = self.calls.open.remove(&call) else {
            return;
        };
        let Asked::Newest { from, at } = asked else {
            return self.wrong_kind(now, asked);
        };
        self.sync.clocks.answer(from, at, now, fetched.clock);
        if let Some(newest) = fetched.newest {
            let adopted = newest.and_then(|verified| self.adopt(now, verified));
            if let Err(error) = adopted {
                let why = error.name();
                self.report(DirectoryEvent::Refused { from, why });
            }
        }
        self.sync_ended();
    }

    /// One question of the round was answered or not.
    pub(super) fn sync_ended(&mut self) {
        self.sync.open = self.sync.open.saturating_sub(1);
        if self.sync.open > 0 {
            return;
        }
        let least = self.prep.trust().signers().len().saturating_sub(1).min(2);
        if let Some((offset_ms, answers)) = self.sync.clocks.verdict(least) {
            self.report(DirectoryEvent::ClockOff { offset_ms, answers });
        }
    }
}
