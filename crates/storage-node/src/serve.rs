//! Serving storage requests: moving a flow along until it can be answered.

use leek_identity::{MessageHash, NodeId};
use leek_machine::Wall;
use leek_onion::format;
use leek_wire::{
    NodeEvent, Outcome, Output, Refusal, Response, Status, StorageReply, StoreError, WriteId,
    encode_storage_reply, response_encoded_len, storage_reply_encoded_len,
};

use crate::{
    StorageNode,
    flows::{Flow, FlowId, ReplyTo, Settled, Slot},
    limits::STORAGE_REPLY_BYTES_MAX,
    machine::NodeCx,
    out::RequestNo,
    plan::Malformed,
    steps::store_failed,
};

impl StorageNode {
    /// Begins `flow`.
    pub(crate) fn serve(&mut self, cx: &mut NodeCx<'_, '_>, flow: Flow) {
        if !self.flows.has_room(&flow) {
            let now = cx.now.wall;
            return match flow.to {
                ReplyTo::Client { .. } => {
                    let busy = StorageReply::error(Status::UNAVAILABLE, now, "busy");
                    self.answer(cx, &flow.to, flow.request, None, busy);
                }
                ReplyTo::Swarm { call } => self.refuse(call, Refusal::busy()),
            };
        }
        let id = self.flows.allot();
        self.proceed(cx, id, flow);
    }

    /// Runs what can be run, then answers or waits.
    fn proceed(&mut self, cx: &mut NodeCx<'_, '_>, id: FlowId, mut flow: Flow) {
        while let Some(step) = flow.next_step() {
            let slot = self.run(cx, id, &mut flow, step);
            flow.slots.push(slot);
            let newest = flow.slots.len() - 1;
            self.settle(&mut flow, id, newest, cx.now.wall);
        }
        if !flow.is_finished() {
            return self.flows.insert(id, flow);
        }
        let (to, request, after) = (flow.to.clone(), flow.request, flow.after);
        let reply = flow.into_reply(cx.now.wall);
        self.answer(cx, &to, request, after, reply);
    }

    pub(crate) fn peer_ended(
        &mut self,
        cx: &mut NodeCx<'_, '_>,
        id: FlowId,
        slot: usize,
        peer: NodeId,
        outcome: Outcome<Response>,
    ) {
        if let Some(write) = self.flows.trailing(id, slot) {
            write.peer_ended(peer, outcome);
            return self.end_trailing(id, slot);
        }
        let Some(mut flow) = self.flows.take(id) else {
            return;
        };
        if let Some(Slot::Write(write)) = flow.slots.get_mut(slot) {
            write.peer_ended(peer, outcome);
        }
        self.settle(&mut flow, id, slot, cx.now.wall);
        self.proceed(cx, id, flow);
    }

    pub(crate) fn batch_ended(
        &mut self,
        cx: &mut NodeCx<'_, '_>,
        id: FlowId,
        slot: usize,
        write: WriteId,
        result: Result<(), StoreError>,
    ) {
        if let Some(pending) = self.flows.trailing(id, slot) {
            pending.written(write, result);
            return self.end_trailing(id, slot);
        }
        let Some(mut flow) = self.flows.take(id) else {
            return;
        };
        if result.is_ok() {
            flow.after = flow.after.max(Some(write));
        }
        match flow.slots.get_mut(slot) {
            Some(Slot::Write(pending)) => pending.written(write, result),
            Some(place @ Slot::Read(_)) => {
                let failed = Slot::Done(store_failed(cx.now.wall));
                if let Slot::Read(reply) = core::mem::replace(place, failed)
                    && result.is_ok()
                {
                    *place = Slot::Done(reply);
                }
            }
            Some(Slot::Done(_)) | None => {}
        }
        self.settle(&mut flow, id, slot, cx.now.wall);
        self.proceed(cx, id, flow);
    }

    fn settle(&mut self, flow: &mut Flow, id: FlowId, slot: usize, now: Wall) {
        match flow.settle(slot, &self.prep, now) {
            Settled::Not => {}
            Settled::Finished(stored) => self.report_stored(stored),
            Settled::Acknowledged(write) => self.flows.trail(id, slot, write),
        }
    }

    fn end_trailing(&mut self, id: FlowId, slot: usize) {
        let stored = self.flows.end_trailing(id, slot);
        self.report_stored(stored);
    }

    fn report_stored(&mut self, stored: Option<(MessageHash, bool)>) {
        if let Some((hash, new)) = stored {
            self.out.event(NodeEvent::Stored { hash, new });
        }
    }

    /// Refuses a payload that is no request.
    pub(crate) fn refuse_plan(
        &mut self,
        cx: &mut NodeCx<'_, '_>,
        to: &ReplyTo,
        request: RequestNo,
        error: &Malformed,
    ) {
        let text = error.to_string();
        let reply = StorageReply::error(Status::BAD_REQUEST, cx.now.wall, text);
        self.answer(cx, to, request, None, reply);
    }

    fn answer(
        &mut self,
        cx: &mut NodeCx<'_, '_>,
        to: &ReplyTo,
        request: RequestNo,
        after: Option<WriteId>,
        reply: StorageReply,
    ) {
        let reply = if storage_reply_encoded_len(&reply) > STORAGE_REPLY_BYTES_MAX {
            let text = "the reply is too large: ask for less at once";
            StorageReply::error(Status::INTERNAL, cx.now.wall, text)
        } else {
            reply
        };
        let (call, body) = match to {
            ReplyTo::Swarm { call } => (*call, Response::Forward(reply)),
            ReplyTo::Client {
                call,
                format: id,
                seal,
            } => {
                self.out.event(NodeEvent::Served(reply.status));
                let bytes = encode_storage_reply(&reply);
                let suite = self.prep.suite();
                let sealed = format(*id).seal_reply(suite, cx.entropy, seal, &bytes);
                (*call, Response::Onion(sealed))
            }
        };
        self.out.saw_reply(request, || response_encoded_len(&body));
        self.out.push(Output::Answer {
            call,
            after,
            body: Ok(body),
        });
    }
}
