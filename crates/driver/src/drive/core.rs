//! What a host does with a machine, without input, output or a clock: the twin of the simulator's
//! shell.
//!
//! It keeps deadlines of calls, commits write batches in groups and in order, and holds an answer
//! back until the batch it depends on is durable.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use leek_identity::NodeId;
use leek_machine::{Cx, Entropy, Machine, Now, OUTPUTS_MAX, Tick, bug};
use leek_swarm::Snapshot;
use leek_wire::{CallId, Event, Input, Outcome, Output, Refusal, Request, Response, StoreError};

use super::gate::Gate;
use crate::Storage;

/// Commits that a host makes at its end, one after the other, when every durable batch makes the
/// machine write another. A node's write leads to none.
const FLUSHES_MAX: usize = 64;

/// What a machine does to the world.
pub(crate) trait Effects {
    /// Make a call. Its outcome comes back through [`Core::reply`], or never.
    fn call(&mut self, to: NodeId, call: CallId, body: Request, deadline: Tick);
    /// Nobody waits for this call any more.
    fn forget(&mut self, call: CallId);
    /// Answer a request.
    fn answer(&mut self, call: CallId, body: Result<Response, Refusal>);
    /// The machine reports something.
    fn event(&mut self, now: Now, event: Event);
    /// A commit begins.
    fn committing(&mut self);
    /// The commit ended this many batches, of which `failed` failed.
    fn committed(&mut self, batches: usize, failed: usize);
}

/// When write batches commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupCommit {
    /// How long the first waits for others.
    pub(crate) wait_ns: u64,
    /// As many do not wait for more.
    pub(crate) batches_max: usize,
}

/// A machine with its storage, and what it waits for.
pub(crate) struct Core<M: Machine> {
    pub(crate) machine: M,
    prep: Arc<M::Prep>,
    storage: Box<dyn Storage<M>>,
    entropy: Box<dyn Entropy + Send>,
    group: GroupCommit,
    calls_max: usize,
    /// Calls of ours in flight, and the same by deadline.
    pending: BTreeMap<CallId, Tick>,
    deadlines: BTreeSet<(Tick, CallId)>,
    serving: BTreeSet<CallId>,
    gate: Gate,
    /// When the batches handed out commit; `None` when none waits.
    commit_at: Option<Tick>,
}

/// What a core is made of.
pub(crate) struct Parts<M: Machine> {
    pub(crate) machine: M,
    pub(crate) prep: Arc<M::Prep>,
    pub(crate) storage: Box<dyn Storage<M>>,
    pub(crate) entropy: Box<dyn Entropy + Send>,
    pub(crate) group: GroupCommit,
    pub(crate) calls_max: usize,
}

impl<M> Core<M>
where
    M: Machine<Output = Output>,
    M::Input: From<Input>,
{
    pub(crate) fn new(parts: Parts<M>) -> Self {
        Self {
            machine: parts.machine,
            prep: parts.prep,
            storage: parts.storage,
            entropy: parts.entropy,
            group: parts.group,
            calls_max: parts.calls_max,
            pending: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            serving: BTreeSet::new(),
            gate: Gate::default(),
            commit_at: None,
        }
    }

    /// A request, prepared. `call` is new.
    pub(crate) fn request(
        &mut self,
        now: Now,
        call: CallId,
        input: M::Input,
        fx: &mut dyn Effects,
    ) {
        if !self.serving.insert(call) {
            bug!("a request's name was given twice");
        }
        self.tell(now, input, fx);
    }

    /// The outcome of a call, prepared. One that nobody waits for any more is dropped: its
    /// deadline passed, or it came before.
    pub(crate) fn reply(&mut self, now: Now, call: CallId, input: M::Input, fx: &mut dyn Effects) {
        let Some(deadline) = self.pending.remove(&call) else {
            return;
        };
        self.deadlines.remove(&(deadline, call));
        fx.forget(call);
        self.tell(now, input, fx);
    }

    /// A new membership.
    pub(crate) fn membership(&mut self, now: Now, snapshot: Arc<Snapshot>, fx: &mut dyn Effects) {
        self.tell_raw(now, Input::Membership(snapshot), fx);
    }

    /// Gives the machine a prepared input and carries out what it asks.
    pub(crate) fn tell(&mut self, now: Now, input: M::Input, fx: &mut dyn Effects) {
        let mut cx = Cx {
            now,
            entropy: &mut *self.entropy,
            view: self.storage.view(),
        };
        self.machine.handle(&mut cx, input);
        self.drain(now, fx);
    }

    fn tell_raw(&mut self, now: Now, input: Input, fx: &mut dyn Effects) {
        let input = M::prepare(&self.prep, M::Input::from(input));
        self.tell(now, input, fx);
    }

    /// When to call [`Core::wake`].
    pub(crate) fn next_wake(&self) -> Option<Tick> {
        let machine = self.machine.poll_timeout().map(|(tick, _)| tick);
        let deadline = self.deadlines.first().map(|(tick, _)| *tick);
        [machine, deadline, self.commit_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed: deadlines, then a commit, then the machine's own timer.
    ///
    /// # Errors
    /// When the medium failed: nothing after the failure is acknowledged, and the host must end.
    pub(crate) fn wake(&mut self, now: Now, fx: &mut dyn Effects) -> Result<(), StoreError> {
        while let Some(&(deadline, call)) = self.deadlines.first() {
            if deadline > now.tick {
                break;
            }
            self.deadlines.remove(&(deadline, call));
            self.pending.remove(&call);
            fx.forget(call);
            let outcome = Outcome::Lost;
            self.tell_raw(now, Input::Reply { call, outcome }, fx);
        }
        if self.commit_at.is_some_and(|tick| tick <= now.tick) {
            self.commit(now, fx)?;
        }
        let due = self.machine.poll_timeout();
        if due.is_some_and(|(tick, _)| tick <= now.tick) {
            let mut cx = Cx {
                now,
                entropy: &mut *self.entropy,
                view: self.storage.view(),
            };
            self.machine.handle_timeout(&mut cx);
            self.drain(now, fx);
        }
        Ok(())
    }

    /// Makes every batch durable now, and those that the machine then writes.
    ///
    /// # Errors
    /// As [`Core::wake`].
    pub(crate) fn flush(&mut self, now: Now, fx: &mut dyn Effects) -> Result<(), StoreError> {
        for _ in 0..FLUSHES_MAX {
            if self.storage.pending() == 0 {
                break;
            }
            self.commit(now, fx)?;
        }
        Ok(())
    }

    /// Makes the oldest batches durable, tells the machine of each in order, and after each
    /// releases what waited for it.
    fn commit(&mut self, now: Now, fx: &mut dyn Effects) -> Result<(), StoreError> {
        self.commit_at = None;
        fx.committing();
        let ended = self.storage.commit(self.group.batches_max);
        let failed = ended.iter().filter(|(_, result)| result.is_err()).count();
        fx.committed(ended.len(), failed);
        for (write, result) in ended {
            if let Err(error @ StoreError::Io(_)) = result {
                return Err(error);
            }
            let released = self.gate.end(write, &result);
            self.tell_raw(now, Input::Written { write, result }, fx);
            for (call, body) in released {
                self.answer(call, body, fx);
            }
        }
        // What did not fit into this commit has waited long enough.
        if self.storage.pending() > 0 && self.commit_at.is_none() {
            self.commit_at = Some(now.tick);
        }
        Ok(())
    }

    /// Carries out what the machine asks.
    pub(crate) fn drain(&mut self, now: Now, fx: &mut dyn Effects) {
        for _ in 0..=OUTPUTS_MAX {
            let Some(output) = self.machine.poll_output() else {
                return;
            };
            match output {
                Output::Call {
                    to,
                    call,
                    body,
                    deadline,
                } => self.call(now, to, call, body, deadline, fx),
                Output::Answer { call, after, body } => {
                    if let Some((call, body)) = self.gate.hold(call, after, body) {
                        self.answer(call, body, fx);
                    }
                }
                Output::Write { write, batch } => {
                    self.storage.hand_out(write, batch);
                    let full = self.storage.pending() >= self.group.batches_max;
                    let wait_ns = if full { 0 } else { self.group.wait_ns };
                    let due = now.tick.after_ns(wait_ns);
                    self.commit_at = Some(self.commit_at.map_or(due, |at| at.min(due)));
                }
                Output::Event(event) => fx.event(now, event),
            }
        }
        bug!("a machine left more than {OUTPUTS_MAX} outputs");
    }

    fn call(
        &mut self,
        now: Now,
        to: NodeId,
        call: CallId,
        body: Request,
        deadline: Tick,
        fx: &mut dyn Effects,
    ) {
        // A call too many is not made. It is lost, as any call may be, and at once.
        let made = self.pending.len() < self.calls_max;
        let deadline = if made { deadline } else { now.tick };
        if self.pending.insert(call, deadline).is_some() {
            bug!("a machine used a call id twice");
        }
        self.deadlines.insert((deadline, call));
        if made {
            fx.call(to, call, body, deadline);
        }
    }

    fn answer(&mut self, call: CallId, body: Result<Response, Refusal>, fx: &mut dyn Effects) {
        if !self.serving.remove(&call) {
            bug!("a machine answered a request twice, or one it was never asked");
        }
        fx.answer(call, body);
    }

    /// Calls in flight.
    pub(crate) fn calls(&self) -> usize {
        self.pending.len()
    }

    /// Batches handed out and not durable.
    pub(crate) fn writes(&self) -> usize {
        self.storage.pending()
    }

    /// Answers held back.
    pub(crate) fn held(&self) -> usize {
        self.gate.held()
    }

    /// Messages stored, where that is known.
    pub(crate) fn store_messages(&self) -> Option<u64> {
        self.storage.messages()
    }

    /// Bytes stored, where that is known.
    pub(crate) fn store_bytes(&self) -> Option<u64> {
        self.storage.bytes()
    }
}

#[cfg(test)]
mod tests;
