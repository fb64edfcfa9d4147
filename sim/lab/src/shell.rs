//! The simulator's interpreter: runs one machine as an actor of the kernel.
//!
//! It does what the driver does on a real network: it names calls, keeps their deadlines, commits
//! write batches in order and holds an answer back until the batch it depends on is durable.

use std::{
    collections::{BTreeMap, VecDeque},
    net::Ipv4Addr,
    sync::Arc,
};

use leek_identity::NodeId;
use leek_kernel::{ActorCx, ActorId};
use leek_machine::{Cx, Machine, OUTPUTS_MAX, Tick, bug};
use leek_store::{DurableStore as _, MemoryStore};
use leek_swarm::Snapshot;
use leek_wire::{
    CallId, Event, Input, Outcome, Output, Peer, Refusal, Request, Response, Status, StoreError,
    WriteId, limits,
};

use crate::{body::LabBody, meter::Meter, network::client_address, scenario::CostTable};

/// Failed batches remembered for answers that come after their batch failed. A node answers within
/// seconds of a write, so older ones have no answer left to hold back.
const FAILED_MAX: usize = 4_096;

/// Who is who in a run. Nodes come first, sorted by id; then clients.
#[derive(Debug)]
pub(crate) struct Book {
    /// Node ids in actor order.
    pub(crate) nodes: Vec<NodeId>,
    /// Client addresses in actor order.
    pub(crate) clients: Vec<(Ipv4Addr, u16)>,
}

impl Book {
    /// The nodes of a snapshot, then so many clients.
    pub(crate) fn new(snapshot: &Snapshot, clients: u32) -> Self {
        Self {
            nodes: snapshot.nodes().iter().map(|node| node.id).collect(),
            clients: (0..clients)
                .map(client_address)
                .map(|address| (address.ip, address.port))
                .collect(),
        }
    }

    fn actor_of(&self, node: &NodeId) -> Option<ActorId> {
        let index = self.nodes.binary_search(node).ok()?;
        Some(ActorId::new(u32::try_from(index).ok()?))
    }

    fn peer(&self, actor: ActorId) -> Peer {
        let index = actor.index() as usize;
        match self.nodes.get(index) {
            Some(id) => Peer::Node(*id),
            None => {
                let (ip, port) = self.clients[index - self.nodes.len()];
                Peer::Client { ip, port }
            }
        }
    }
}

/// A machine that the shell can run.
pub(crate) trait Hosted: Machine<Output = Output> {
    /// Wraps what every machine may be told.
    fn input(input: Input) -> Self::Input;
    /// The face of the store that this machine reads.
    fn view(store: &MemoryStore) -> &Self::View<'_>;
}

/// Where a machine's events go.
pub(crate) trait Log {
    /// Takes one event at a true time.
    fn take(&mut self, at: Tick, event: Event);
}

/// An answer of the machine: the request it is for, and what it says.
type Answer = (CallId, Result<Response, Refusal>);

/// A call of ours in flight.
struct Pending {
    deadline: Tick,
}

/// A machine on a host.
pub(crate) struct Shell<M: Hosted, L> {
    pub(crate) machine: M,
    pub(crate) log: L,
    prep: Arc<M::Prep>,
    meter: Arc<Meter>,
    cost: CostTable,
    book: Arc<Book>,
    store: MemoryStore,
    disk_ns: u64,
    /// Calls of ours, and the same by deadline.
    pending: BTreeMap<CallId, Pending>,
    deadlines: BTreeMap<(Tick, CallId), ()>,
    /// Requests being served: who asked, and the caller's name for it.
    serving: BTreeMap<CallId, (ActorId, u64)>,
    next_serving: u64,
    /// Batches on their way to the disk, in order, with the time they are durable.
    writes: VecDeque<(Tick, WriteId)>,
    durable: Option<WriteId>,
    failed: BTreeMap<WriteId, StoreError>,
    held: BTreeMap<WriteId, Vec<Answer>>,
}

/// What a shell is made of.
pub(crate) struct Parts<M: Hosted, L> {
    pub(crate) machine: M,
    pub(crate) log: L,
    pub(crate) prep: Arc<M::Prep>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) cost: CostTable,
    pub(crate) book: Arc<Book>,
    pub(crate) store: MemoryStore,
    pub(crate) disk_ns: u64,
}

impl<M: Hosted, L: Log> Shell<M, L> {
    pub(crate) fn new(parts: Parts<M, L>) -> Self {
        Self {
            machine: parts.machine,
            log: parts.log,
            prep: parts.prep,
            meter: parts.meter,
            cost: parts.cost,
            book: parts.book,
            store: parts.store,
            disk_ns: parts.disk_ns,
            pending: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            serving: BTreeMap::new(),
            next_serving: 0,
            writes: VecDeque::new(),
            durable: None,
            failed: BTreeMap::new(),
            held: BTreeMap::new(),
        }
    }

    /// Takes a message of another host or of the world.
    pub(crate) fn on_message(
        &mut self,
        cx: &mut ActorCx<'_, LabBody>,
        from: ActorId,
        body: LabBody,
    ) {
        self.charge_message(cx, body.wire_bytes());
        match body {
            LabBody::Request { call, body } => self.on_request(cx, from, call, body),
            LabBody::Reply { call, outcome } => {
                let call = CallId(call);
                // A second copy, or one after the deadline, finds nobody waiting.
                if let Some(pending) = self.pending.remove(&call) {
                    self.deadlines.remove(&(pending.deadline, call));
                    self.tell(cx, M::input(Input::Reply { call, outcome }));
                }
            }
            LabBody::Membership(snapshot) => self.tell(cx, M::input(Input::Membership(snapshot))),
            LabBody::Send { .. } => bug!("a send that no client took"),
        }
        self.settle(cx);
    }

    fn on_request(
        &mut self,
        cx: &mut ActorCx<'_, LabBody>,
        from: ActorId,
        theirs: u64,
        body: Request,
    ) {
        if self.serving.len() == limits::SERVING_MAX {
            refuse(cx, from, theirs);
            return;
        }
        let call = CallId(self.next_serving);
        self.next_serving += 1;
        self.serving.insert(call, (from, theirs));
        let from = self.book.peer(from);
        self.tell(cx, M::input(Input::Request { from, call, body }));
    }

    /// Gives the machine an input and carries out what it asks.
    pub(crate) fn tell(&mut self, cx: &mut ActorCx<'_, LabBody>, input: M::Input) {
        let input = M::prepare(&self.prep, input);
        let now = cx.now();
        let mut machine_cx = Cx {
            now,
            entropy: cx.entropy(),
            view: M::view(&self.store),
        };
        self.machine.handle(&mut machine_cx, input);
        self.drain(cx);
    }

    /// The wake came: deadlines, durable batches, and the machine's own timer.
    pub(crate) fn on_wake(&mut self, cx: &mut ActorCx<'_, LabBody>) {
        let now = cx.now().tick;
        while let Some((&(deadline, call), ())) = self.deadlines.first_key_value() {
            if deadline > now {
                break;
            }
            self.deadlines.remove(&(deadline, call));
            self.pending.remove(&call);
            self.tell(
                cx,
                M::input(Input::Reply {
                    call,
                    outcome: Outcome::Lost,
                }),
            );
        }
        while self.writes.front().is_some_and(|(due, _)| *due <= now) {
            self.commit(cx);
        }
        if self
            .machine
            .poll_timeout()
            .is_some_and(|(tick, _)| tick <= now)
        {
            let mut machine_cx = Cx {
                now: cx.now(),
                entropy: cx.entropy(),
                view: M::view(&self.store),
            };
            self.machine.handle_timeout(&mut machine_cx);
            self.drain(cx);
        }
        self.settle(cx);
    }

    /// Makes the oldest batch durable and releases what waited for it.
    fn commit(&mut self, cx: &mut ActorCx<'_, LabBody>) {
        self.writes.pop_front();
        let Some((write, result)) = self.store.commit_next() else {
            bug!("a batch on its way to the disk is pending in the store");
        };
        if let Err(error) = &result {
            self.failed.insert(write, error.clone());
            if self.failed.len() > FAILED_MAX {
                self.failed.pop_first();
            }
        }
        self.durable = Some(write);
        let waiting: Vec<_> = self.held.remove(&write).unwrap_or_default();
        self.tell(
            cx,
            M::input(Input::Written {
                write,
                result: result.clone(),
            }),
        );
        for (call, body) in waiting {
            self.answer(cx, call, gate(&result, body));
        }
    }

    fn drain(&mut self, cx: &mut ActorCx<'_, LabBody>) {
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
                } => {
                    self.call(cx, to, call, body, deadline);
                }
                Output::Answer { call, after, body } => self.hold(cx, call, after, body),
                Output::Write { write, batch } => {
                    self.store.hand_out(write, batch);
                    let due = cx.now().tick.after_ns(self.disk_ns);
                    self.writes.push_back((due, write));
                }
                Output::Event(event) => {
                    if !matches!(event, Event::Saw(_)) {
                        cx.note(|digester| event.feed(&mut |part| digester.bytes(part)));
                    }
                    self.log.take(cx.true_tick(), event);
                }
            }
        }
        bug!("a machine left more than {OUTPUTS_MAX} outputs");
    }

    fn call(
        &mut self,
        cx: &mut ActorCx<'_, LabBody>,
        to: NodeId,
        call: CallId,
        body: Request,
        deadline: Tick,
    ) {
        if self.pending.insert(call, Pending { deadline }).is_some() {
            bug!("a machine used a call id twice");
        }
        self.deadlines.insert((deadline, call), ());
        // Calling a node that does not exist is like calling one that is gone: silence.
        if let Some(actor) = self.book.actor_of(&to) {
            let body = LabBody::Request { call: call.0, body };
            self.transmit(cx, actor, body);
        }
    }

    fn hold(
        &mut self,
        cx: &mut ActorCx<'_, LabBody>,
        call: CallId,
        after: Option<WriteId>,
        body: Result<Response, Refusal>,
    ) {
        match after {
            Some(write) if self.durable.is_none_or(|durable| durable < write) => {
                self.held.entry(write).or_default().push((call, body));
            }
            Some(write) => {
                let result = self.failed.get(&write).cloned().map_or(Ok(()), Err);
                self.answer(cx, call, gate(&result, body));
            }
            None => self.answer(cx, call, body),
        }
    }

    fn answer(
        &mut self,
        cx: &mut ActorCx<'_, LabBody>,
        call: CallId,
        body: Result<Response, Refusal>,
    ) {
        let Some((to, theirs)) = self.serving.remove(&call) else {
            bug!("a machine answered a request twice, or one it was never asked");
        };
        let outcome = match body {
            Ok(response) => Outcome::Done(response),
            Err(refusal) => Outcome::Refused(refusal),
        };
        let body = LabBody::Reply {
            call: theirs,
            outcome,
        };
        self.transmit(cx, to, body);
    }

    /// Writes a message and puts it on the uplink.
    fn transmit(&self, cx: &mut ActorCx<'_, LabBody>, to: ActorId, body: LabBody) {
        let bytes = body.wire_bytes();
        self.charge_message(cx, bytes);
        cx.send(to, bytes, body);
    }

    /// Charges the processor for reading or writing one message; what the world posts is free.
    fn charge_message(&self, cx: &mut ActorCx<'_, LabBody>, bytes: u32) {
        if bytes > 0 {
            let kib_ns = u64::from(bytes) * self.cost.message_kib_ns / 1_024;
            cx.charge_ns(self.cost.message_ns + kib_ns);
        }
    }

    /// Charges what was metered and sets the next wake.
    pub(crate) fn settle(&mut self, cx: &mut ActorCx<'_, LabBody>) {
        cx.charge_ns(self.meter.take());
        let machine = self.machine.poll_timeout().map(|(tick, _)| tick);
        let deadline = self
            .deadlines
            .first_key_value()
            .map(|((tick, _), ())| *tick);
        let write = self.writes.front().map(|(tick, _)| *tick);
        match [machine, deadline, write].into_iter().flatten().min() {
            Some(tick) => cx.wake_at(tick),
            None => cx.clear_wake(),
        }
    }
}

/// Answers for a host whose inbox is full.
pub(crate) fn on_overflow(cx: &mut ActorCx<'_, LabBody>, from: ActorId, body: &LabBody) {
    if let LabBody::Request { call, .. } = body {
        refuse(cx, from, *call);
    }
}

fn refuse(cx: &mut ActorCx<'_, LabBody>, to: ActorId, call: u64) {
    let body = LabBody::Reply {
        call,
        outcome: Outcome::Refused(Refusal::busy()),
    };
    cx.send(to, body.wire_bytes(), body);
}

/// An answer that depends on a batch which failed becomes a refusal.
fn gate(
    result: &Result<(), StoreError>,
    body: Result<Response, Refusal>,
) -> Result<Response, Refusal> {
    match result {
        Ok(()) => body,
        Err(error) => Err(Refusal::new(Status::INTERNAL, error.to_string())),
    }
}
