//! Telling all directories of one's node, again and again.

use leek_machine::{Cx, Tick};
use leek_wire::{CallId, DirectoryEvent, Outcome, Request, Response};

use super::{Announcer, Follower, jitter};

#[derive(Clone, Debug)]
pub(super) struct Announcing {
    announcer: Announcer,
    /// One per directory, in the order of the trust.
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    state: State,
    /// Announcements in a row that were not taken.
    failures: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Due(Tick),
    Asked { call: CallId, at: Tick },
}

/// The first wait after an announcement that was not taken, in ms; doubled with each.
const RETRY_MS_MIN: u64 = 500;
/// The longest such wait, in ms: a directory that comes back knows all nodes within a minute, which
/// is how long it listens before it drops any.
const RETRY_MS_MAX: u64 = 30_000;
/// Doublings of the wait: more than from one to the other.
const DOUBLINGS_MAX: u32 = 8;

impl Announcing {
    pub(super) fn new(announcer: Announcer, directories: usize) -> Self {
        let slot = Slot {
            state: State::Due(Tick::ZERO),
            failures: 0,
        };
        Self {
            announcer,
            slots: vec![slot; directories],
        }
    }

    /// When something is to be done: an announcement, or giving up an answer after `answer_ms`.
    pub(super) fn next(&self, answer_ms: u64) -> Tick {
        let ticks = self.slots.iter().map(|slot| match slot.state {
            State::Due(tick) => tick,
            State::Asked { at, .. } => at.after_ms(answer_ms),
        });
        ticks.min().unwrap_or(Tick::MAX)
    }
}

impl Follower {
    /// Announces the node to every directory for which it is time.
    pub(super) fn announce(&mut self, cx: &mut Cx<'_, ()>) {
        let Some(announcing) = &self.announcing else {
            return;
        };
        let now = cx.now.tick;
        let late_ms = self.config.answer_ms + super::SLACK_MS;
        let mut late = Vec::new();
        let mut due = Vec::new();
        for (place, slot) in announcing.slots.iter().enumerate() {
            match slot.state {
                State::Due(tick) if tick <= now => due.push(place),
                State::Asked { call, at } if at.after_ms(late_ms) <= now => late.push(call),
                State::Due(_) | State::Asked { .. } => {}
            }
        }
        for call in late {
            self.announce_ended(cx, call, &Outcome::Lost);
        }
        if due.is_empty() {
            return;
        }
        // Directories that are told together are told the same: one signature is enough.
        let Some(announcing) = &self.announcing else {
            return;
        };
        let signed = announcing.announcer.descriptor(&self.prep, cx.now.wall);
        for place in due {
            let Some(to) = self
                .prep
                .trust()
                .signers()
                .get(place)
                .map(|signer| signer.id)
            else {
                continue;
            };
            let call = self.call(to, Request::Announce(signed.bytes().to_vec()), cx.now);
            self.set_slot(place, |slot| slot.state = State::Asked { call, at: now });
        }
    }

    /// A directory answered an announcement, or did not.
    pub(super) fn announce_ended(
        &mut self,
        cx: &mut Cx<'_, ()>,
        call: CallId,
        outcome: &Outcome<Response>,
    ) {
        let slots = self
            .announcing
            .iter()
            .flat_map(|announcing| &announcing.slots);
        let asked =
            |slot: &Slot| matches!(slot.state, State::Asked { call: one, .. } if one == call);
        let Some((place, slot)) = slots.copied().enumerate().find(|(_, slot)| asked(slot)) else {
            return;
        };
        let Some(to) = self
            .prep
            .trust()
            .signers()
            .get(place)
            .map(|signer| signer.id)
        else {
            return;
        };
        let (wait_ms, failures) = if let Outcome::Done(Response::Announced { .. }) = outcome {
            self.report(DirectoryEvent::Announced { to });
            (self.config.announce_ms, 0)
        } else {
            self.report_failure(to, outcome);
            let doubled = RETRY_MS_MIN << slot.failures.min(DOUBLINGS_MAX);
            (doubled.min(RETRY_MS_MAX), slot.failures.saturating_add(1))
        };
        let next = cx.now.tick.after_ms(jitter(cx, wait_ms));
        self.set_slot(place, |slot| {
            slot.state = State::Due(next);
            slot.failures = failures;
        });
    }

    fn set_slot(&mut self, place: usize, set: impl FnOnce(&mut Slot)) {
        let announcing = self.announcing.as_mut();
        if let Some(slot) = announcing.and_then(|announcing| announcing.slots.get_mut(place)) {
            set(slot);
        }
    }
}
