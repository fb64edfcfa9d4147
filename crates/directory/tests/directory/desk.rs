//! One directory on a desk: it is asked directly, and time passes when the test says so.

use leek_directory::{
    Authority, AuthorityConfig, AuthorityInput, AuthorityState, Listing,
    cosign::{CosignAnswer, CosignRequest, Declined, Proposal},
};
use leek_identity::NodeId;
use leek_machine::{Cx, Machine, Now, Seed, Tick};
use leek_swarm::Epoch;
use leek_wire::{
    CallId, DirectoryEvent, Event, Input, Output, Peer, Refusal, Request, Response, Status,
};

use crate::support::{
    BEGIN, announcement, authority_prep, directory_keys, node_keys, quick, signed_by, suite, trust,
};

/// A directory and its clocks.
pub(crate) struct Desk {
    pub(crate) authority: Authority,
    pub(crate) now: Now,
    calls: u64,
}

impl Desk {
    pub(crate) fn new(number: usize, count: u8, threshold: usize, config: AuthorityConfig) -> Self {
        let prep = authority_prep(&trust(count, threshold), number);
        let authority = Authority::new(config, prep, BEGIN).unwrap();
        let now = Now {
            tick: Tick::ZERO,
            wall: BEGIN,
        };
        Self {
            authority,
            now,
            calls: 0,
        }
    }

    /// Directory `number` of three, of which two are enough, that knows `nodes` nodes.
    pub(crate) fn of_three(number: usize, nodes: u8) -> Self {
        let mut desk = Self::new(number, 3, 2, quick());
        for node in 0..nodes {
            desk.announce(node);
        }
        desk
    }

    pub(crate) fn step(
        &mut self,
        act: impl FnOnce(&mut Authority, &mut Cx<'_, ()>),
    ) -> Vec<Output> {
        let mut entropy = Seed::from_u64(1).stream();
        let mut cx = Cx {
            now: self.now,
            entropy: &mut entropy,
            view: &(),
        };
        act(&mut self.authority, &mut cx);
        core::iter::from_fn(|| self.authority.poll_output()).collect()
    }

    pub(crate) fn input(&mut self, input: impl Into<AuthorityInput>) -> Vec<Output> {
        let input = input.into();
        self.step(|authority, cx| authority.handle(cx, input))
    }

    pub(crate) fn request(&mut self, from: Peer, body: Request) -> Vec<Output> {
        self.calls += 1;
        let call = CallId(self.calls);
        self.input(Input::Request { from, call, body })
    }

    pub(crate) fn ask(&mut self, from: Peer, body: Request) -> Result<Response, Refusal> {
        let outputs = self.request(from, body);
        answer(&outputs).expect("an answer at once")
    }

    pub(crate) fn announce(&mut self, node: u8) {
        let signed = announcement(node, self.now.wall);
        let from = Peer::Node(node_keys(node).id());
        self.ask(from, Request::Announce(signed.bytes().to_vec()))
            .unwrap();
    }

    /// Lets `ms` pass, looking around every 50 ms.
    pub(crate) fn pass(&mut self, ms: u64) -> Vec<Output> {
        let mut outputs = Vec::new();
        for _ in 0..ms / 50 {
            self.now.tick = self.now.tick.after_ms(50);
            self.now.wall = self.now.wall.after_ms(50);
            outputs.extend(self.step(|authority, cx| authority.handle_timeout(cx)));
        }
        outputs
    }

    /// Asks for a signature in the name of directory `from`; what comes when the state is kept.
    pub(crate) fn cosign(&mut self, from: usize, proposal: &Proposal) -> CosignAnswer {
        let body = Request::Cosign(CosignRequest::Proposal(proposal.clone()).to_bytes());
        let mut outputs = self.request(directory(from), body);
        if answer(&outputs).is_none() {
            let (generation, _) = keeps(&outputs).pop().expect("state to be kept");
            outputs = self.input(AuthorityInput::kept(generation));
        }
        cosigned(answer(&outputs).unwrap())
    }

    pub(crate) fn declined(&mut self, from: usize, proposal: &Proposal) -> Declined {
        match self.cosign(from, proposal) {
            CosignAnswer::Declined(declined) => declined,
            answer => panic!("{answer:?}"),
        }
    }

    /// Makes it go by this snapshot.
    pub(crate) fn tell(&mut self, signed: Vec<u8>) {
        let body = Request::Cosign(CosignRequest::Certified(signed).to_bytes());
        let told = self.ask(directory(2), body);
        assert_eq!(cosigned(told), CosignAnswer::Taken);
    }
}

pub(crate) fn directory(number: usize) -> Peer {
    Peer::Node(directory_keys(3, number).id())
}

pub(crate) fn answer(outputs: &[Output]) -> Option<Result<Response, Refusal>> {
    outputs.iter().find_map(|output| match output {
        Output::Answer { body, .. } => Some(body.clone()),
        _ => None,
    })
}

pub(crate) fn cosigned(answer: Result<Response, Refusal>) -> CosignAnswer {
    match answer {
        Ok(Response::Cosigned(bytes)) => CosignAnswer::read(&bytes).unwrap(),
        answer => panic!("{answer:?}"),
    }
}

pub(crate) fn events(outputs: &[Output]) -> Vec<DirectoryEvent> {
    let event = |output: &Output| match output {
        Output::Event(Event::Directory(event)) => Some(event.clone()),
        _ => None,
    };
    outputs.iter().filter_map(event).collect()
}

pub(crate) fn keeps(outputs: &[Output]) -> Vec<(u64, AuthorityState)> {
    let keep = |event| match event {
        DirectoryEvent::Keep { generation, state } => {
            Some((generation, AuthorityState::parse(&state).unwrap()))
        }
        _ => None,
    };
    events(outputs).into_iter().filter_map(keep).collect()
}

pub(crate) fn is_published(outputs: &[Output]) -> bool {
    let events = events(outputs);
    let mut events = events.iter();
    events.any(|event| matches!(event, DirectoryEvent::Published { .. }))
}

/// The proposals in these outputs, with whom they go to.
pub(crate) fn proposals(outputs: &[Output]) -> Vec<(NodeId, CallId, Proposal)> {
    let proposal = |output: &Output| match output {
        Output::Call {
            to,
            call,
            body: Request::Cosign(bytes),
            ..
        } => match CosignRequest::read(&*suite(), bytes).unwrap() {
            CosignRequest::Proposal(proposal) => Some((*to, *call, proposal)),
            CosignRequest::Certified(_) => None,
        },
        _ => None,
    };
    outputs.iter().filter_map(proposal).collect()
}

/// What directory 1 proposes first when six nodes have announced themselves.
pub(crate) fn first_proposal() -> Proposal {
    let mut leader = Desk::of_three(1, 6);
    let (_, _, proposal) = proposals(&leader.pass(1_000)).swap_remove(0);
    proposal
}

/// The same with another listing.
pub(crate) fn altered(proposal: &Proposal, alter: impl FnOnce(&mut Listing)) -> Proposal {
    let mut listing = proposal.listing().clone();
    alter(&mut listing);
    Proposal::new(listing, proposal.base(), proposal.descriptors().to_vec())
}

pub(crate) fn refusal(answer: Result<Response, Refusal>) -> (Status, String) {
    let refusal = answer.unwrap_err();
    (refusal.status, refusal.reason)
}

impl Desk {
    /// What it would answer, without its remembering.
    pub(crate) fn clone_cosign(&self, proposal: &Proposal) -> CosignAnswer {
        let mut twin = Self {
            authority: self.authority.clone(),
            now: self.now,
            calls: self.calls,
        };
        twin.cosign(0, proposal)
    }
}

/// A snapshot of epoch 5 that directories 0 and 1 signed, as all of them would have made it.
pub(crate) fn base() -> (Listing, Vec<u8>) {
    let mut listing = first_proposal().listing().clone();
    listing.epoch = Epoch(5);
    let signed = signed_by(&listing, 3, &[0, 1]);
    (listing, signed)
}

/// Directory 1 with that base, and what directory 0, whose epoch is 6, proposes when node 7 joins.
pub(crate) fn with_base() -> (Desk, Proposal) {
    let (_, signed) = base();
    let mut desk = Desk::of_three(1, 6);
    desk.tell(signed.clone());
    let mut leader = Desk::of_three(0, 6);
    leader.tell(signed);
    leader.announce(7);
    let outputs = leader.pass(1_000);
    let (_, _, proposal) = proposals(&outputs).swap_remove(0);
    assert_eq!(proposal.listing().epoch, Epoch(6));
    assert_eq!(proposal.base(), Some(Epoch(5)));
    assert_eq!(proposal.descriptors().len(), 1);
    (desk, proposal)
}
