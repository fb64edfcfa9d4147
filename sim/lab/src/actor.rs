//! The actors of a run: storage nodes and clients, each in its shell, with what they report.

use std::sync::Arc;

use leek_client::{Client, Command};
use leek_identity::AccountId;
use leek_kernel::{Actor, ActorCx, ActorId};
use leek_machine::Tick;
use leek_message::{ContentBody, DataMessage};
use leek_report::{RequestOutcome, RequestRow};
use leek_storage_node::{NodeInput, StorageNode};
use leek_store::MemoryStore;
use leek_wire::{
    ClientEvent, Event, FailReason, Input, NodeEvent, ReadView, RequestDone, SendTag, Status,
};

use crate::{
    body::{LabBody, framed},
    model::{Delivery, Sending},
    shell::{Hosted, Log, Shell, on_overflow},
    workload::Plan,
};

/// What a node did, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NodeLog {
    pub(crate) stored: u64,
    pub(crate) relayed: u64,
    pub(crate) served: u64,
    pub(crate) refused: u64,
    pub(crate) cleaned: u64,
}

/// What a client did and was given.
#[derive(Debug, Default)]
pub(crate) struct ClientLog {
    pub(crate) client: u32,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) sendings: Vec<(u64, Sending)>,
    pub(crate) failures: Vec<(u64, FailReason)>,
    pub(crate) requests: Vec<RequestRow>,
    pub(crate) last_read_ns: Option<u64>,
    pub(crate) retries: u64,
    pub(crate) strikes: u64,
    pub(crate) undecryptable: u64,
    pub(crate) guards_dropped: u64,
}

/// A node or a client.
pub(crate) enum LabActor {
    Node(Box<Shell<StorageNode, NodeLog>>),
    Client(Box<ClientActor>),
}

/// A client with the application on top of it: it turns the numbers of the plan into commands.
pub(crate) struct ClientActor {
    pub(crate) shell: Shell<Client, ClientLog>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) accounts: Arc<Vec<AccountId>>,
}

impl Hosted for StorageNode {
    fn input(input: Input) -> NodeInput {
        input.into()
    }

    fn view(store: &MemoryStore) -> &(dyn ReadView + '_) {
        store
    }
}

impl Hosted for Client {
    fn input(input: Input) -> leek_client::Input {
        input.into()
    }

    fn view(_: &MemoryStore) -> &() {
        &()
    }
}

impl Actor for LabActor {
    type Body = LabBody;

    fn start(&mut self, _: &mut ActorCx<'_, LabBody>) {}

    fn on_message(&mut self, cx: &mut ActorCx<'_, LabBody>, from: ActorId, body: LabBody) {
        match self {
            Self::Node(shell) => shell.on_message(cx, from, body),
            Self::Client(client) => match body {
                LabBody::Send { id } => client.send(cx, id),
                LabBody::Request { .. } | LabBody::Reply { .. } | LabBody::Membership(_) => {
                    client.shell.on_message(cx, from, body);
                }
            },
        }
    }

    fn on_wake(&mut self, cx: &mut ActorCx<'_, LabBody>) {
        match self {
            Self::Node(shell) => shell.on_wake(cx),
            Self::Client(client) => client.shell.on_wake(cx),
        }
    }

    fn on_overflow(&mut self, cx: &mut ActorCx<'_, LabBody>, from: ActorId, body: LabBody) {
        on_overflow(cx, from, &body);
    }
}

impl ClientActor {
    fn send(&mut self, cx: &mut ActorCx<'_, LabBody>, id: u64) {
        let index = usize::try_from(id).ok();
        let to = index
            .and_then(|index| self.plan.sends.get(index))
            .and_then(|send| self.accounts.get(send.to as usize));
        if let (Some(to), Some(text)) = (to, self.plan.text(id)) {
            let body = ContentBody::from(DataMessage::text(text));
            let command = Command::Send {
                tag: SendTag(id),
                to: *to,
                body,
            };
            self.shell.tell(cx, command.into());
        }
        self.shell.settle(cx);
    }
}

impl Log for NodeLog {
    fn take(&mut self, _: Tick, event: Event) {
        let Event::Node(event) = event else { return };
        match event {
            NodeEvent::Stored { new, .. } => self.stored += u64::from(new),
            NodeEvent::Relayed => self.relayed += 1,
            NodeEvent::Served(_) => self.served += 1,
            NodeEvent::HopRefused(_) => self.refused += 1,
            NodeEvent::Cleaned { count } => self.cleaned += u64::from(count),
        }
    }
}

impl Log for ClientLog {
    fn take(&mut self, at: Tick, event: Event) {
        let Event::Client(event) = event else { return };
        match event {
            ClientEvent::SendAccepted { send, attempts, .. } => {
                self.sending(send, Some(at.ns()), attempts);
            }
            ClientEvent::SendFailed {
                send,
                attempts,
                reason,
            } => {
                self.failures.push((send.0, reason));
                self.sending(send, None, attempts);
            }
            ClientEvent::Delivered(delivered) => {
                let text = match delivered.content.body {
                    ContentBody::Data(data) => data.body,
                    ContentBody::Typing(_)
                    | ContentBody::Receipt(_)
                    | ContentBody::Unsend(_)
                    | ContentBody::Unsupported(_) => None,
                };
                self.deliveries.push(Delivery {
                    at_ns: at.ns(),
                    client: self.client,
                    sender: delivered.sender,
                    text,
                });
            }
            ClientEvent::Undecryptable { .. } => self.undecryptable += 1,
            ClientEvent::RequestDone(done) => self.request(at, done),
            ClientEvent::GuardDropped { .. } => self.guards_dropped += 1,
            ClientEvent::Strike(_) => self.strikes += 1,
            ClientEvent::PathBuilt { .. }
            | ClientEvent::ClockCorrected { .. }
            | ClientEvent::SwarmReplaced { .. } => {}
        }
    }
}

impl ClientLog {
    fn sending(&mut self, send: SendTag, accepted_ns: Option<u64>, attempts: u8) {
        self.retries += u64::from(attempts.saturating_sub(1));
        self.sendings.push((
            send.0,
            Sending {
                accepted_ns,
                attempts: u32::from(attempts),
            },
        ));
    }

    fn request(&mut self, at: Tick, done: RequestDone) {
        // The duration is the client's own clock's; its drift of parts per million is far below
        // the microseconds that a report shows.
        let took_ns = done.ended.since_ns(done.started);
        let started_ns = at.ns().saturating_sub(took_ns);
        let outcome = match done.status {
            Some(status) if status.is_success() => RequestOutcome::Done,
            Some(_) => RequestOutcome::Refused,
            None if done.bytes_down > 0 => RequestOutcome::Refused,
            None => RequestOutcome::Lost,
        };
        if done.kind == leek_wire::RequestKind::Retrieve && done.status == Some(Status::OK) {
            self.last_read_ns = self.last_read_ns.max(Some(started_ns));
        }
        let on_link = |bytes: u32| u64::from(framed(bytes as usize));
        self.requests.push(RequestRow {
            kind: done.kind.name().into(),
            started_ns,
            ended_ns: at.ns(),
            bytes_up: on_link(done.bytes_up),
            bytes_down: if outcome == RequestOutcome::Lost {
                0
            } else {
                on_link(done.bytes_down)
            },
            hops: u32::from(done.hops).saturating_sub(1),
            outcome,
        });
    }
}
