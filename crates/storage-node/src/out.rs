//! What a node has to say, queued until the interpreter polls it.

use std::collections::VecDeque;

use leek_fact::{Fact, Item};
use leek_identity::MessageHash;
use leek_machine::Tick;
use leek_wire::{Event, NodeEvent, Output, Peer, Scope, StorageBody, StorageRequest};

use crate::{input::Arrival, limits::FACTS_PER_CALL_MAX};

/// This node's own number for a request it received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RequestNo(pub(crate) u64);

#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    outputs: VecDeque<Output>,
    observe: bool,
    facts_this_call: usize,
    facts_dropped: u64,
    at: Tick,
}

impl Outbox {
    pub(crate) fn new(observe: bool) -> Self {
        Self {
            observe,
            ..Self::default()
        }
    }

    /// A call at `at` begins.
    pub(crate) const fn begin(&mut self, at: Tick) {
        self.facts_this_call = 0;
        self.at = at;
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.outputs.len()
    }

    pub(crate) const fn facts_dropped(&self) -> u64 {
        self.facts_dropped
    }

    pub(crate) fn event(&mut self, event: NodeEvent) {
        self.push(Output::Event(Event::Node(event)));
    }

    pub(crate) fn saw(&mut self, request: RequestNo, item: Item) {
        if !self.observe {
            return;
        }
        if self.facts_this_call == FACTS_PER_CALL_MAX {
            self.facts_dropped = self.facts_dropped.saturating_add(1);
            return;
        }
        self.facts_this_call += 1;
        self.push(Output::Event(Event::Saw(Fact {
            at_ns: self.at.ns(),
            request: request.0,
            item,
        })));
    }

    /// Who asked, and how much.
    pub(crate) fn saw_arrival(&mut self, request: RequestNo, arrival: &Arrival) {
        self.saw(
            request,
            match arrival.from {
                Peer::Node(id) => Item::PreviousNode(*id.as_bytes()),
                Peer::Client { ip, port } => Item::PreviousAddress {
                    ip: ip.octets(),
                    port,
                },
            },
        );
        self.saw(request, Item::RequestBytes(clip(arrival.bytes)));
    }

    /// Whose mailbox a request is about.
    pub(crate) fn saw_target(&mut self, request: RequestNo, body: &StorageRequest) {
        if let Some(account) = body.account() {
            self.saw(request, Item::Account(account.to_bytes()));
        }
        let namespace = match body {
            StorageRequest::Store { namespace, .. }
            | StorageRequest::Retrieve { namespace, .. } => Some(*namespace),
            StorageRequest::DeleteAll { scope, .. }
            | StorageRequest::DeleteBefore { scope, .. }
            | StorageRequest::ExpireAll { scope, .. } => match scope {
                Scope::One(namespace) => Some(*namespace),
                Scope::All => None,
            },
            StorageRequest::Delete { .. }
            | StorageRequest::Expire { .. }
            | StorageRequest::GetExpiries { .. }
            | StorageRequest::GetSwarm { .. }
            | StorageRequest::Info
            | StorageRequest::Batch(_)
            | StorageRequest::Sequence(_) => None,
        };
        if let Some(namespace) = namespace {
            self.saw(request, Item::Namespace(namespace.number()));
        }
    }

    /// Which messages a request stored, returned, removed or changed.
    pub(crate) fn saw_messages<'a>(
        &mut self,
        request: RequestNo,
        hashes: impl IntoIterator<Item = &'a MessageHash>,
    ) {
        if self.observe {
            for hash in hashes {
                self.saw(request, Item::MessageHash(*hash.as_bytes()));
            }
        }
    }

    /// Which messages the answer to a read names.
    pub(crate) fn saw_read(&mut self, request: RequestNo, body: &StorageBody) {
        match body {
            StorageBody::Messages { messages, .. } => {
                self.saw_messages(request, messages.iter().map(|message| &message.hash));
            }
            StorageBody::Expiries(expiries) => {
                self.saw_messages(request, expiries.iter().map(|(hash, _)| hash));
            }
            _ => {}
        }
    }

    /// How much went back.
    pub(crate) fn saw_reply(&mut self, request: RequestNo, len: impl FnOnce() -> usize) {
        if self.observe {
            self.saw(request, Item::ReplyBytes(clip(len())));
        }
    }
}

fn clip(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
