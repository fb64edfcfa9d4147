//! The actors of a run: storage nodes and clients, each in its shell, with what they report.

use std::sync::Arc;

use leek_client::{Client, Command};
use leek_identity::AccountId;
use leek_kernel::{Actor, ActorCx, ActorId};
use leek_machine::Tick;
use leek_message::{ContentBody, DataMessage};
use leek_storage_node::{NodeInput, StorageNode};
use leek_store::MemoryStore;
use leek_wire::{Event, Input, NodeEvent, ReadView, SendTag};

use crate::{
    body::LabBody,
    guest::Guest,
    shell::{Hosted, Log, Shell, on_overflow},
    witness::Witness,
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

/// A node, a client, or a machine of another crate.
pub(crate) enum LabActor {
    Node(Box<Shell<StorageNode, NodeLog>>),
    Client(Box<ClientActor>),
    Guest(Box<dyn Guest>),
}

/// A client with the application on top of it: it turns the numbers of the plan into commands.
pub(crate) struct ClientActor {
    pub(crate) shell: Shell<Client, Witness>,
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
            Self::Guest(guest) => guest.on_message(cx, from, body),
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
            Self::Guest(guest) => guest.on_wake(cx),
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
            NodeEvent::Pulled { .. } | NodeEvent::Rejoined { .. } => {}
        }
    }
}
