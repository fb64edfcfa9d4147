use std::{collections::BTreeMap, sync::Arc};

use leek_identity::{NodeId, NodeRecord};
use leek_machine::{Cx, Machine, Now, Tick};
use leek_onion::{FormatId, HopError, PeelError};
use leek_swarm::{Snapshot, SwarmId};
use leek_wire::{
    CallId, Input, NodeEvent, Outcome, Output, Peer, ReadView, Refusal, Response, Status,
    StoreError, WriteBatch, WriteId, WriteOp, limits::WRITE_OPS_MAX,
};

use crate::{
    NodeConfig, NodeInput, NodePrep,
    cleaner::Cleaner,
    flows::{Flow, Flows, ReplyTo},
    input::{Arrival, Layer, Stage},
    out::{Outbox, RequestNo},
    overlay::Queued,
    plan::{Checked, Plan, Shape},
    relay::Relay,
    writes::Writes,
};

/// A node's view of its store.
pub(crate) type NodeCx<'a, 'v> = Cx<'a, dyn ReadView + 'v>;

/// A storage node: relays onions, serves a swarm's mailboxes, and keeps its copy of them.
///
/// Clones share the keys.
#[derive(Clone, Debug)]
pub struct StorageNode {
    pub(crate) prep: Arc<NodePrep>,
    pub(crate) config: NodeConfig,
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    requests: u64,
    calls: u64,
    pub(crate) writes: Writes,
    pub(crate) relays: BTreeMap<CallId, Relay>,
    pub(crate) flows: Flows,
    cleaner: Cleaner,
    pub(crate) queued: Queued,
    pub(crate) out: Outbox,
}

/// How much a node is busy with; for tests, reports and limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeLoad {
    /// Relayed packets without an answer.
    pub relays: usize,
    /// Writes of clients that have not been answered; a batch counts each of its writes until all
    /// of it is answered.
    pub client_writes: usize,
    /// Writes that swarm members passed on and that are not durable yet.
    pub forwards: usize,
    /// Bytes that waiting batches and sequences may pin.
    pub flow_bytes: u64,
    /// Calls to swarm members without an answer.
    pub member_calls: usize,
    /// Write batches that some flow waits for.
    pub awaited_batches: usize,
    /// Write batches handed out that have not ended.
    pub pending_batches: u64,
    /// Outputs not polled.
    pub outputs: usize,
}

impl StorageNode {
    /// A node without knowledge of the network; it answers 503 until it gets a membership.
    pub fn new(config: NodeConfig, prep: Arc<NodePrep>) -> Self {
        Self {
            prep,
            config,
            snapshot: None,
            requests: 0,
            calls: 0,
            writes: Writes::default(),
            relays: BTreeMap::new(),
            flows: Flows::default(),
            cleaner: Cleaner::default(),
            queued: Queued::default(),
            out: Outbox::new(config.observe),
        }
    }

    /// The node's public id.
    pub fn id(&self) -> NodeId {
        self.prep.id()
    }

    /// What may differ between nodes.
    pub const fn config(&self) -> &NodeConfig {
        &self.config
    }

    /// The membership it goes by, if it has one.
    pub const fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// The swarm it is in, if it is in one.
    pub fn swarm(&self) -> Option<SwarmId> {
        self.snapshot.as_ref()?.swarm_of_node(&self.id())
    }

    /// Requests received so far; the number of the newest in facts.
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Facts left out because one call had too many.
    pub const fn facts_dropped(&self) -> u64 {
        self.out.facts_dropped()
    }

    /// How much it is busy with.
    pub fn load(&self) -> NodeLoad {
        let (client_writes, forwards, flow_bytes, member_calls, awaited_batches) =
            self.flows.occupancy();
        NodeLoad {
            relays: self.relays.len(),
            client_writes,
            forwards,
            flow_bytes,
            member_calls,
            awaited_batches,
            pending_batches: self.writes.pending_count(),
            outputs: self.out.len(),
        }
    }

    pub(crate) const fn allot_call(&mut self) -> CallId {
        self.calls += 1;
        CallId(self.calls)
    }

    const fn allot_request(&mut self) -> RequestNo {
        self.requests += 1;
        RequestNo(self.requests)
    }

    /// Queues changes, in as many batches as they need; at least one, which may be empty: whoever
    /// waits for it waits for all before it. Returns the last.
    pub(crate) fn write(&mut self, now: Now, ops: Vec<WriteOp>) -> WriteId {
        for op in &ops {
            self.queued.record(op);
            match op {
                WriteOp::Insert(row) => self.cleaner.expect(now, row.expiry),
                WriteOp::SetExpiry { expiry, .. } => self.cleaner.expect(now, *expiry),
                WriteOp::Delete { .. } => {}
            }
        }
        let mut rest = ops;
        loop {
            let tail = rest.split_off(rest.len().min(WRITE_OPS_MAX));
            let write = self.writes.allot();
            self.out.push(Output::Write {
                write,
                batch: WriteBatch { ops: rest },
            });
            if tail.is_empty() {
                return write;
            }
            rest = tail;
        }
    }

    pub(crate) fn refuse(&mut self, call: CallId, refusal: Refusal) {
        self.out.push(Output::Answer {
            call,
            after: None,
            body: Err(refusal),
        });
    }

    /// Refuses an onion in the clear.
    pub(crate) fn refuse_hop(&mut self, call: CallId, error: HopError) {
        let status = Status(error.status());
        self.out.event(NodeEvent::HopRefused(status));
        self.refuse(call, Refusal::new(status, error.text()));
    }

    /// The members of this node's swarm, if it is in one.
    pub(crate) fn members(&self) -> impl Iterator<Item = &NodeRecord> {
        let placed = self.snapshot.as_ref().zip(self.swarm());
        placed
            .into_iter()
            .flat_map(|(snapshot, swarm)| snapshot.members(swarm))
    }

    fn onion(
        &mut self,
        cx: &mut NodeCx<'_, '_>,
        arrival: Arrival,
        format: FormatId,
        layer: Result<Layer, PeelError>,
    ) {
        let request = self.allot_request();
        self.out.saw_arrival(request, &arrival);
        if self.snapshot.is_none() {
            let error = HopError::NotReady(self.id());
            return self.refuse_hop(arrival.call, error);
        }
        match layer {
            Err(error) => self.refuse_hop(arrival.call, error.refusal()),
            Ok(Layer::Server) => self.refuse_hop(arrival.call, HopError::InvalidUrl),
            Ok(Layer::Relay { next, packet }) => {
                self.relay(cx.now, request, arrival.call, format, next, packet);
            }
            Ok(Layer::Serve(seal, plan)) => {
                let to = ReplyTo::Client {
                    call: arrival.call,
                    format,
                    seal,
                };
                match plan {
                    Ok(plan) => self.serve(cx, Flow::new(to, request, plan)),
                    Err(error) => self.refuse_plan(cx, &to, request, &error),
                }
            }
        }
    }

    /// A copy of a write from a member of this swarm; from nobody else.
    fn forwarded(&mut self, cx: &mut NodeCx<'_, '_>, arrival: Arrival, one: Checked) {
        let request = self.allot_request();
        self.out.saw_arrival(request, &arrival);
        let refusal = if self.snapshot.is_none() {
            let error = HopError::NotReady(self.id());
            Some(Refusal::new(Status(error.status()), error.text()))
        } else if !one.request.is_write() {
            Some(Refusal::new(
                Status::BAD_REQUEST,
                "only writes are passed on in a swarm",
            ))
        } else if !self.is_peer(&arrival.from) {
            Some(Refusal::new(
                Status::UNAUTHORIZED,
                "not a member of this swarm",
            ))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return self.refuse(arrival.call, refusal);
        }
        let plan = Plan {
            shape: Shape::One,
            steps: vec![one],
        };
        let to = ReplyTo::Swarm { call: arrival.call };
        self.serve(cx, Flow::new(to, request, plan));
    }

    fn is_peer(&self, from: &Peer) -> bool {
        let Peer::Node(node) = from else { return false };
        let known = self.snapshot.as_ref().zip(self.swarm());
        *node != self.id()
            && known.is_some_and(|(snapshot, mine)| snapshot.swarm_of_node(node) == Some(mine))
    }

    fn reply(&mut self, cx: &mut NodeCx<'_, '_>, call: CallId, outcome: Outcome<Response>) {
        if let Some(relay) = self.relays.remove(&call) {
            self.relayed(relay, outcome);
        } else if let Some((flow, slot, peer)) = self.flows.call_ended(call) {
            self.peer_ended(cx, flow, slot, peer, outcome);
        }
    }

    fn written(&mut self, cx: &mut NodeCx<'_, '_>, write: WriteId, result: Result<(), StoreError>) {
        self.writes.end(write);
        if let Some((flow, slot)) = self.flows.batch_ended(write) {
            self.batch_ended(cx, flow, slot, write, result);
        }
    }

    fn clean(&mut self, cx: &NodeCx<'_, '_>) {
        match cx.view.expired(cx.now.wall, WRITE_OPS_MAX) {
            Ok(hashes) if hashes.is_empty() => self.cleaner.ask(cx.now, cx.view.next_expiry()),
            Ok(hashes) => {
                let count = u32::try_from(hashes.len()).unwrap_or(u32::MAX);
                let ops = hashes.into_iter().map(|hash| WriteOp::Delete { hash });
                self.write(cx.now, ops.collect());
                self.out.event(NodeEvent::Cleaned { count });
                // The view shows these deletions only once they are handed out.
                self.cleaner.pause(cx.now);
            }
            Err(_) => self.cleaner.pause(cx.now),
        }
    }

    fn begin(&mut self, cx: &NodeCx<'_, '_>) {
        self.queued.clear();
        self.out.begin(cx.now.tick);
        self.cleaner.ask_once(cx.now, cx.view);
    }
}

impl Machine for StorageNode {
    type Input = NodeInput;
    type Output = Output;
    type View<'v> = dyn ReadView + 'v;
    type Prep = NodePrep;

    fn prepare(prep: &NodePrep, input: NodeInput) -> NodeInput {
        input.prepared(prep)
    }

    fn handle(&mut self, cx: &mut Cx<'_, Self::View<'_>>, input: NodeInput) {
        self.begin(cx);
        match input.prepared(&self.prep).0 {
            Stage::Onion(arrival, format, layer) => self.onion(cx, arrival, format, layer),
            Stage::Forward(arrival, one) => self.forwarded(cx, arrival, one),
            Stage::Raw(Input::Reply { call, outcome }) => self.reply(cx, call, outcome),
            Stage::Raw(Input::Written { write, result }) => self.written(cx, write, result),
            Stage::Raw(Input::Membership(snapshot)) => self.snapshot = Some(snapshot),
            Stage::Raw(Input::Request { .. }) => {
                leek_machine::bug!("preparing left a request as it was")
            }
        }
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_, Self::View<'_>>) {
        self.begin(cx);
        if self.cleaner.is_due(cx.now) {
            self.clean(cx);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        self.cleaner.timeout()
    }
}
