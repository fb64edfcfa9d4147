//! Requests under way, from arrival to answer.

use std::collections::{BTreeMap, VecDeque};

use leek_identity::{MessageHash, NodeId};
use leek_machine::Wall;
use leek_onion::{FormatId, ReplySeal};
use leek_wire::{
    CallId, Status, StorageBody, StorageReply, StorageRequest, WriteId,
    limits::{RETRIEVE_BYTES_MAX, WRITES_PENDING_MAX},
};

use crate::{
    NodePrep,
    auth::Origin,
    limits::{FLOW_BYTES_MAX, FORWARDS_PENDING_MAX},
    out::RequestNo,
    plan::{Checked, Plan, Shape},
    swarm_write::SwarmWrite,
};

/// Names one flow of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FlowId(u64);

/// Where the answer of a flow goes.
#[derive(Clone, Debug)]
pub(crate) enum ReplyTo {
    /// Into the onion that the request came in.
    Client {
        call: CallId,
        format: FormatId,
        seal: ReplySeal,
    },
    /// To the swarm member that passed the request on.
    Swarm { call: CallId },
}

impl ReplyTo {
    pub(crate) const fn origin(&self) -> Origin {
        match self {
            Self::Client { .. } => Origin::Client,
            Self::Swarm { .. } => Origin::Swarm,
        }
    }
}

/// One step of a plan.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// It ended.
    Done(StorageReply),
    /// A read, whose answer holds once the batch it waits for is durable.
    Read(StorageReply),
    /// A write that the swarm works on.
    Write(SwarmWrite),
}

/// What [`Flow::settle`] found.
#[derive(Clone, Debug)]
pub(crate) enum Settled {
    /// Nothing that ended.
    Not,
    /// A write that finished: the message that is now stored here, and whether it is new.
    Finished(Option<(MessageHash, bool)>),
    /// A write that may be answered and goes on.
    Acknowledged(SwarmWrite),
}

/// A request under way: `steps` are still to run, `slots` ran or are running.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) to: ReplyTo,
    pub(crate) request: RequestNo,
    shape: Shape,
    steps: VecDeque<Checked>,
    pub(crate) slots: Vec<Slot>,
    /// Bytes that its retrieves may still return together.
    pub(crate) budget: u64,
    /// The newest batch it depends on.
    pub(crate) after: Option<WriteId>,
    load: Load,
}

/// What a flow may occupy while it waits, counted in full from start to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    writes: usize,
    bytes: u64,
}

impl Load {
    fn of(plan: &Plan) -> Self {
        let writes = plan.steps.iter().filter(|s| s.request.is_write()).count();
        if writes == 0 || plan.shape == Shape::One {
            // Reads alone never wait, and a single write pins no message.
            return Self { writes, bytes: 0 };
        }
        let sent: usize = plan
            .steps
            .iter()
            .map(|step| match &step.request {
                StorageRequest::Store { data, .. } => data.len(),
                _ => 0,
            })
            .sum();
        let reads = plan
            .steps
            .iter()
            .any(|step| matches!(step.request, StorageRequest::Retrieve { .. }));
        let returned = if reads { RETRIEVE_BYTES_MAX } else { 0 };
        Self {
            writes,
            bytes: sent as u64 + returned,
        }
    }
}

impl Flow {
    pub(crate) fn new(to: ReplyTo, request: RequestNo, plan: Plan) -> Self {
        Self {
            load: Load::of(&plan),
            to,
            request,
            shape: plan.shape,
            steps: plan.steps.into(),
            slots: Vec::new(),
            budget: RETRIEVE_BYTES_MAX,
            after: None,
        }
    }

    /// Whether some step writes: only such flows ever wait.
    pub(crate) const fn writes(&self) -> bool {
        self.load.writes > 0
    }

    /// The next step to run now, if any. Drops the rest of a sequence once a step did not succeed.
    pub(crate) fn next_step(&mut self) -> Option<Checked> {
        if self.shape == Shape::Sequence {
            match self.slots.last() {
                None => {}
                Some(Slot::Done(reply)) if reply.status.is_success() => {}
                Some(Slot::Done(_)) => self.steps.clear(),
                Some(Slot::Read(_) | Slot::Write(_)) => return None,
            }
        }
        self.steps.pop_front()
    }

    /// Replaces the step at `slot` by its result if it is a write that finished, or came as far as
    /// the client asked.
    pub(crate) fn settle(&mut self, slot: usize, prep: &NodePrep, clock: Wall) -> Settled {
        let Some(place) = self.slots.get_mut(slot) else {
            return Settled::Not;
        };
        let Slot::Write(write) = place else {
            return Settled::Not;
        };
        if write.is_finished() {
            let stored = write.stored_here();
            let reply = write.conclude(clock);
            *place = Slot::Done(reply);
            return Settled::Finished(stored);
        }
        if write.is_acknowledged() {
            let done = Slot::Done(write.acknowledge(prep, clock));
            if let Slot::Write(write) = core::mem::replace(place, done) {
                return Settled::Acknowledged(write);
            }
        }
        Settled::Not
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.steps.is_empty() && self.slots.iter().all(|slot| matches!(slot, Slot::Done(_)))
    }

    /// The answer, once finished.
    pub(crate) fn into_reply(self, clock: Wall) -> StorageReply {
        let mut replies = self.slots.into_iter().map(|slot| match slot {
            Slot::Done(reply) => reply,
            Slot::Read(_) | Slot::Write(_) => leek_machine::bug!("answer an unfinished flow"),
        });
        match self.shape {
            Shape::One => match replies.next() {
                Some(reply) => reply,
                None => leek_machine::bug!("answer a flow without steps"),
            },
            Shape::Batch | Shape::Sequence => StorageReply {
                status: Status::OK,
                clock,
                body: StorageBody::Batch(replies.collect()),
            },
        }
    }
}

/// All flows that wait, and what each of them waits for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flows {
    next: u64,
    table: BTreeMap<FlowId, Flow>,
    /// Writes that were answered and have not ended, by flow and step. The flow may be gone.
    trailing: BTreeMap<(FlowId, usize), SwarmWrite>,
    client_writes: usize,
    forwards: usize,
    bytes: u64,
    /// Calls to peers: flow, step, peer.
    calls: BTreeMap<CallId, (FlowId, usize, NodeId)>,
    /// Batches: flow and step.
    batches: BTreeMap<WriteId, (FlowId, usize)>,
}

impl Flows {
    pub(crate) const fn allot(&mut self) -> FlowId {
        self.next += 1;
        FlowId(self.next)
    }

    /// Whether there is room for `flow` to wait.
    pub(crate) fn has_room(&self, flow: &Flow) -> bool {
        let load = flow.load;
        if load == Load::default() {
            return true;
        }
        let writes_fit = match flow.to.origin() {
            Origin::Client => {
                let open = self.client_writes + self.trailing.len();
                open + load.writes <= WRITES_PENDING_MAX
            }
            Origin::Swarm => self.forwards + load.writes <= FORWARDS_PENDING_MAX,
        };
        writes_fit && self.bytes.saturating_add(load.bytes) <= FLOW_BYTES_MAX
    }

    pub(crate) fn insert(&mut self, id: FlowId, flow: Flow) {
        match flow.to.origin() {
            Origin::Client => self.client_writes += flow.load.writes,
            Origin::Swarm => self.forwards += flow.load.writes,
        }
        self.bytes += flow.load.bytes;
        self.table.insert(id, flow);
    }

    pub(crate) fn take(&mut self, id: FlowId) -> Option<Flow> {
        let flow = self.table.remove(&id)?;
        match flow.to.origin() {
            Origin::Client => self.client_writes -= flow.load.writes,
            Origin::Swarm => self.forwards -= flow.load.writes,
        }
        self.bytes -= flow.load.bytes;
        Some(flow)
    }

    /// Keeps a write that was answered until it ends.
    pub(crate) fn trail(&mut self, flow: FlowId, slot: usize, write: SwarmWrite) {
        self.trailing.insert((flow, slot), write);
    }

    /// The write at this step, if it was answered before its end.
    pub(crate) fn trailing(&mut self, flow: FlowId, slot: usize) -> Option<&mut SwarmWrite> {
        self.trailing.get_mut(&(flow, slot))
    }

    /// Drops the write at this step if it ended. Returns the message that is now stored here, and
    /// whether it is new.
    pub(crate) fn end_trailing(
        &mut self,
        flow: FlowId,
        slot: usize,
    ) -> Option<(MessageHash, bool)> {
        let write = self.trailing.get(&(flow, slot))?;
        if !write.is_finished() {
            return None;
        }
        let stored = write.stored_here();
        self.trailing.remove(&(flow, slot));
        stored
    }

    pub(crate) fn trailing_count(&self) -> usize {
        self.trailing.len()
    }

    pub(crate) fn await_call(&mut self, call: CallId, flow: FlowId, slot: usize, peer: NodeId) {
        self.calls.insert(call, (flow, slot, peer));
    }

    pub(crate) fn await_batch(&mut self, write: WriteId, flow: FlowId, slot: usize) {
        self.batches.insert(write, (flow, slot));
    }

    pub(crate) fn call_ended(&mut self, call: CallId) -> Option<(FlowId, usize, NodeId)> {
        self.calls.remove(&call)
    }

    pub(crate) fn batch_ended(&mut self, write: WriteId) -> Option<(FlowId, usize)> {
        self.batches.remove(&write)
    }

    /// Client writes, forwarded writes, pinned bytes, calls, and batches that are waited for.
    pub(crate) fn occupancy(&self) -> (usize, usize, u64, usize, usize) {
        (
            self.client_writes,
            self.forwards,
            self.bytes,
            self.calls.len(),
            self.batches.len(),
        )
    }
}
