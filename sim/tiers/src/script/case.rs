//! Cases: what to ask, of whom, and what must come back.

use leek_identity::{AccountId, NodeId};
use leek_wire::{Request, StorageRequest};

use super::{heard::Heard, route::Route, scene::Scene};

/// What a case is about. Each area has at least one planted fault that its cases must find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Batches and sequences.
    Batch,
    /// Large mailboxes.
    Retrieve,
    /// Deleting.
    Delete,
    /// Expiries.
    Expire,
    /// Kinds of namespaces.
    Namespace,
    /// Proofs of owners.
    Auth,
    /// Limits of stores: sizes, times, duplicates.
    Store,
    /// Swarms, and who answers for them.
    Swarm,
    /// Packets and hops.
    Onion,
    /// How far a store has come.
    Ack,
    /// One mailbox cannot fill a node.
    Quota,
}

impl Area {
    /// Every area.
    pub const ALL: [Self; 11] = [
        Self::Batch,
        Self::Retrieve,
        Self::Delete,
        Self::Expire,
        Self::Namespace,
        Self::Auth,
        Self::Store,
        Self::Swarm,
        Self::Onion,
        Self::Ack,
        Self::Quota,
    ];
}

/// Steps that show one thing.
pub struct Case {
    /// What it is about.
    pub area: Area,
    /// What it shows.
    pub name: &'static str,
    pub(crate) steps: Vec<Step>,
}

pub(crate) enum Step {
    Ask { make: Make, checks: Vec<Check> },
    Wait { ms: u64 },
}

type Make = Box<dyn Fn(&mut Scene) -> Ask + Send>;

/// One question.
pub struct Ask {
    pub(crate) at: At,
    pub(crate) through: Through,
    pub(crate) what: What,
}

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A member of the account's swarm, by its position (modulo the size of the swarm).
    Member(AccountId, usize),
    /// A node outside it, by its position.
    Outsider(AccountId, usize),
    /// This node.
    Node(NodeId),
}

/// On what way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// Three hops, then the node.
    Onion,
    /// Over a connection to the node itself, in the clear inside it.
    Direct,
}

/// What to ask.
pub(crate) enum What {
    Storage(Box<StorageRequest>),
    /// Bytes where a storage request should be.
    Payload(Vec<u8>),
    /// A call to the node itself that is no onion.
    Call(Request),
    /// A packet built by hand.
    Crafted(Craft),
}

/// Builds a packet by hand.
pub(crate) type Craft = Box<dyn FnOnce(&mut Route<'_>) -> Crafted + Send>;

/// A packet built by hand: who gets it, and what opens the reply.
pub struct Crafted {
    /// The first node.
    pub first: NodeId,
    /// What it gets.
    pub onion: leek_wire::OnionRequest,
    /// Opens the reply; without it, a reply is garbled.
    pub key: Option<leek_onion::ReplyKey>,
}

/// Something that must hold of what was heard.
pub struct Check {
    /// In words.
    pub says: String,
    pub(crate) test: Test,
}

type Test = Box<dyn Fn(&Scene, &Heard) -> Result<(), String> + Send>;

impl Check {
    /// A check in words and code.
    pub fn new(
        says: impl Into<String>,
        test: impl Fn(&Scene, &Heard) -> Result<(), String> + Send + 'static,
    ) -> Self {
        Self {
            says: says.into(),
            test: Box::new(test),
        }
    }
}

impl Ask {
    /// Asks another member of the same swarm.
    #[must_use]
    pub fn member(mut self, position: usize) -> Self {
        if let At::Member(account, _) | At::Outsider(account, _) = self.at {
            self.at = At::Member(account, position);
        }
        self
    }

    /// Asks a node outside the swarm.
    #[must_use]
    pub fn outsider(mut self, position: usize) -> Self {
        if let At::Member(account, _) | At::Outsider(account, _) = self.at {
            self.at = At::Outsider(account, position);
        }
        self
    }

    /// Asks over a connection to the node itself.
    #[must_use]
    pub fn direct(mut self) -> Self {
        self.through = Through::Direct;
        self
    }

    /// Sends these bytes in the place of the request.
    #[must_use]
    pub fn payload(mut self, bytes: Vec<u8>) -> Self {
        self.what = What::Payload(bytes);
        self
    }

    /// Makes this call to the node itself instead.
    #[must_use]
    pub fn call(mut self, request: Request) -> Self {
        self.what = What::Call(request);
        self
    }

    /// Sends a packet built by hand instead.
    #[must_use]
    pub fn crafted(
        mut self,
        craft: impl FnOnce(&mut Route<'_>) -> Crafted + Send + 'static,
    ) -> Self {
        self.what = What::Crafted(Box::new(craft));
        self
    }
}

impl Case {
    /// A case without steps.
    pub const fn new(area: Area, name: &'static str) -> Self {
        Self {
            area,
            name,
            steps: Vec::new(),
        }
    }

    /// Adds a question and what must be heard.
    #[must_use]
    pub fn ask<const N: usize>(
        mut self,
        make: impl Fn(&mut Scene) -> Ask + Send + 'static,
        checks: [Check; N],
    ) -> Self {
        self.steps.push(Step::Ask {
            make: Box::new(make),
            checks: checks.into(),
        });
        self
    }

    /// Adds a question about the request that `make` returns, in the usual way: the first member
    /// of the swarm of its account, through three hops.
    #[must_use]
    pub fn then<const N: usize>(
        self,
        make: impl Fn(&mut Scene) -> StorageRequest + Send + 'static,
        checks: [Check; N],
    ) -> Self {
        self.ask(
            move |me| {
                let request = make(me);
                me.ask(request)
            },
            checks,
        )
    }

    /// Adds a pause.
    #[must_use]
    pub fn wait(mut self, ms: u64) -> Self {
        self.steps.push(Step::Wait { ms });
        self
    }
}

impl core::fmt::Debug for Case {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Case")
            .field("area", &self.area)
            .field("name", &self.name)
            .field("steps", &self.steps.len())
            .finish()
    }
}
