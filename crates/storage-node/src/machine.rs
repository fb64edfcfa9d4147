use std::{collections::BTreeMap, sync::Arc};

use leek_identity::{NodeId, NodeRecord};
use leek_machine::{Cx, Machine, Now, Tick};
use leek_swarm::{Snapshot, SwarmId};
use leek_wire::{
    CallId, Input, NodeEvent, Outcome, Output, ReadView, Refusal, Response, StoreError, WriteBatch,
    WriteId, WriteOp, limits::WRITE_OPS_MAX,
};

use crate::{
    NodeConfig, NodeInput, NodePrep,
    cleaner::Cleaner,
    flows::Flows,
    input::Stage,
    out::{Outbox, RequestNo},
    overlay::Queued,
    rejoin::Rejoin,
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
    pub(crate) rejoin: Rejoin,
    pub(crate) queued: Queued,
    pub(crate) out: Outbox,
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
            rejoin: Rejoin::new(config.rejoin),
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

    /// Bytes of messages after which a new one is refused from now on; 0 while there is no room.
    /// What is stored stays.
    pub const fn set_store_bytes_max(&mut self, bytes: u64) {
        self.config.store_bytes_max = bytes;
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

    pub(crate) const fn allot_call(&mut self) -> CallId {
        self.calls += 1;
        CallId(self.calls)
    }

    pub(crate) const fn allot_request(&mut self) -> RequestNo {
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

    /// The members of this node's swarm, if it is in one.
    pub(crate) fn members(&self) -> impl Iterator<Item = &NodeRecord> {
        let placed = self.snapshot.as_ref().zip(self.swarm());
        placed
            .into_iter()
            .flat_map(|(snapshot, swarm)| snapshot.members(swarm))
    }

    fn reply(&mut self, cx: &mut NodeCx<'_, '_>, call: CallId, outcome: Outcome<Response>) {
        if let Some(relay) = self.relays.remove(&call) {
            self.relayed(relay, outcome);
        } else if let Some((flow, slot, peer)) = self.flows.call_ended(call) {
            self.peer_ended(cx, flow, slot, peer, outcome);
        } else {
            self.pull_ended(cx, call, outcome);
        }
    }

    fn written(&mut self, cx: &mut NodeCx<'_, '_>, write: WriteId, result: Result<(), StoreError>) {
        self.writes.end(write);
        self.page_written(cx.now, write, &result);
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
            Stage::Pull(arrival, after) => self.serve_pull(cx, arrival, after),
            Stage::Foreign(arrival) => {
                self.refuse(arrival.call, Refusal::not_served());
            }
            Stage::Raw(Input::Reply { call, outcome }) => self.reply(cx, call, outcome),
            Stage::Raw(Input::Written { write, result }) => self.written(cx, write, result),
            Stage::Raw(Input::Membership(snapshot)) => {
                self.snapshot = Some(snapshot);
                self.begin_rejoin(cx.now);
            }
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
        self.wake_rejoin(cx.now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        let due = [self.cleaner.timeout(), self.rejoin.timeout()];
        due.into_iter().flatten().min()
    }
}
