//! Passing onions on: the reply comes back as opaque bytes, and so does a refusal.

use leek_fact::Item;
use leek_identity::NodeId;
use leek_machine::Now;
use leek_onion::{FormatId, HopError, Packet};
use leek_wire::{
    CallId, NodeEvent, OnionRequest, Outcome, Output, Request, Response,
    limits::{RELAY_TIMEOUT_MS, RELAYS_MAX},
    response_encoded_len,
};

use crate::{StorageNode, out::RequestNo};

/// A packet passed on, whose answer has not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relay {
    /// The call to answer.
    call: CallId,
    request: RequestNo,
    next: NodeId,
}

impl StorageNode {
    pub(crate) fn relay(
        &mut self,
        now: Now,
        request: RequestNo,
        call: CallId,
        format: FormatId,
        next: NodeId,
        packet: Packet,
    ) {
        self.out.saw(request, Item::NextNode(*next.as_bytes()));
        if next == self.id() {
            // No honest client builds such a path: its maker made it so.
            return self.refuse_hop(call, HopError::InvalidJson);
        }
        let known = self.snapshot.as_ref().and_then(|all| all.node(&next));
        if known.is_none() {
            return self.refuse_hop(call, HopError::NextNodeNotFound(next));
        }
        if self.relays.len() >= RELAYS_MAX {
            return self.refuse_hop(call, HopError::Busy);
        }
        let onward = self.allot_call();
        self.relays.insert(
            onward,
            Relay {
                call,
                request,
                next,
            },
        );
        self.out.event(NodeEvent::Relayed);
        self.out.push(Output::Call {
            to: next,
            call: onward,
            body: Request::Onion(OnionRequest { format, packet }),
            deadline: now.tick.after_ms(RELAY_TIMEOUT_MS),
        });
    }

    /// Hands the outcome back unchanged: this node cannot tell a forged one.
    pub(crate) fn relayed(&mut self, relay: Relay, outcome: Outcome<Response>) {
        match outcome {
            Outcome::Done(body @ Response::Onion(_)) => {
                self.out
                    .saw_reply(relay.request, || response_encoded_len(&body));
                self.out.push(Output::Answer {
                    call: relay.call,
                    after: None,
                    body: Ok(body),
                });
            }
            Outcome::Done(_) => {
                self.refuse_hop(relay.call, HopError::NextNodeUnreachable(relay.next));
            }
            Outcome::Refused(refusal) => self.refuse(relay.call, refusal),
            Outcome::Lost => self.refuse_hop(relay.call, HopError::TimedOut),
        }
    }
}
