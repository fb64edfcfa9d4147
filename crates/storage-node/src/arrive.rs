//! What comes in: onions for this node or through it, and copies of writes from its swarm.

use leek_onion::{FormatId, HopError, PeelError};
use leek_wire::{CallId, NodeEvent, Output, Peer, Refusal, Status};

use crate::{
    StorageNode,
    flows::{Flow, ReplyTo},
    input::{Arrival, Layer},
    machine::NodeCx,
    plan::{Checked, Plan, Shape},
};

impl StorageNode {
    pub(crate) fn onion(
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
    pub(crate) fn forwarded(&mut self, cx: &mut NodeCx<'_, '_>, arrival: Arrival, one: Checked) {
        let request = self.allot_request();
        self.out.saw_arrival(request, &arrival);
        let refusal = if self.snapshot.is_some() && !one.request.is_write() {
            let text = "only writes are passed on in a swarm";
            Some(Refusal::new(Status::BAD_REQUEST, text))
        } else {
            self.refusal_for(&arrival.from)
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

    /// Why `from` may not ask for what only members of this swarm get, if so.
    pub(crate) fn refusal_for(&self, from: &Peer) -> Option<Refusal> {
        if self.snapshot.is_none() {
            let error = HopError::NotReady(self.id());
            Some(Refusal::new(Status(error.status()), error.text()))
        } else if !self.is_peer(from) {
            let text = "not a member of this swarm";
            Some(Refusal::new(Status::UNAUTHORIZED, text))
        } else {
            None
        }
    }

    fn is_peer(&self, from: &Peer) -> bool {
        let Peer::Node(node) = from else { return false };
        let known = self.snapshot.as_ref().zip(self.swarm());
        *node != self.id()
            && known.is_some_and(|(snapshot, mine)| snapshot.swarm_of_node(node) == Some(mine))
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
}
