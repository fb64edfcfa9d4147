use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use leek_crypto::Suite;
use leek_identity::{Account, NodeRecord};
use leek_machine::{Cx, Machine, Tick, below};
use leek_onion::{PathSet, PolicyError};
use leek_swarm::Snapshot;
use leek_wire::{CallId, Output, Refusal, StorageRequest};

use crate::{
    clock::NodeClock,
    config::{ClientConfig, Command, Input},
    limits::CLOCK_NODES,
    outbox::Outbox,
    poll::Poll,
    request::{Flight, Purpose},
    seen::Seen,
    state::{ClientState, StateError},
    swarms::Swarms,
};

/// One account on one device.
///
/// Plain data: a clone shares the account's secrets and goes its own way.
#[derive(Clone)]
pub struct Client {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) account: Arc<Account>,
    pub(crate) suite: Arc<dyn Suite>,
    pub(crate) paths: PathSet,
    pub(crate) swarms: Swarms,
    pub(crate) clock: NodeClock,
    pub(crate) seen: Seen,
    pub(crate) outbox: Outbox,
    pub(crate) poll: Poll,
    pub(crate) flights: BTreeMap<CallId, Flight>,
    pub(crate) next_call: u64,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) stopped: bool,
    /// No timer draws paths before this.
    pub(crate) paths_not_before: Tick,
}

impl Client {
    /// A client that waits for its first membership snapshot.
    ///
    /// # Errors
    /// [`PolicyError`] when the numbers of the path policy do not fit together.
    pub fn new(
        config: Arc<ClientConfig>,
        account: Arc<Account>,
        suite: Arc<dyn Suite>,
    ) -> Result<Self, PolicyError> {
        Ok(Self {
            paths: PathSet::new(config.paths)?,
            config,
            account,
            suite,
            swarms: Swarms::default(),
            clock: NodeClock::default(),
            seen: Seen::default(),
            outbox: Outbox::default(),
            poll: Poll::default(),
            flights: BTreeMap::new(),
            next_call: 0,
            outputs: VecDeque::new(),
            stopped: false,
            paths_not_before: Tick::ZERO,
        })
    }

    /// A client that goes on where one stopped that had this [`Client::state`].
    ///
    /// # Errors
    /// [`StateError`] when the numbers of the path policy do not fit together, or the state is
    /// larger than any client's.
    pub fn with_state(
        config: Arc<ClientConfig>,
        account: Arc<Account>,
        suite: Arc<dyn Suite>,
        state: ClientState,
    ) -> Result<Self, StateError> {
        state.check()?;
        let paths = PathSet::with_guards(config.paths, &state.guards)?;
        Ok(Self {
            paths,
            seen: state.seen.into_iter().collect(),
            poll: Poll::from_cursors(state.cursors),
            ..Self::new(config, account, suite)?
        })
    }

    /// What must survive a restart; lists are sorted, except the guards.
    pub fn state(&self) -> ClientState {
        ClientState {
            guards: self.paths.guards_to_keep(),
            cursors: self.poll.cursors(),
            seen: self.seen.messages(),
        }
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Sends that are waiting or under way.
    pub fn sends_open(&self) -> usize {
        self.outbox.len()
    }

    /// Requests of polls that wait for their answer.
    pub fn polls_open(&self) -> usize {
        let polls = |flight: &&Flight| flight.purpose == Purpose::Poll;
        self.flights.values().filter(polls).count()
    }

    /// Whether it knows the network and its clock.
    pub(crate) fn ready(&self) -> bool {
        self.swarms.snapshot().is_some() && self.clock.settled()
    }

    fn membership(&mut self, cx: &mut Cx<'_, ()>, snapshot: Arc<Snapshot>) {
        if !self.swarms.update(snapshot) {
            return;
        }
        self.update_paths(cx);
        self.ask_clock(cx);
    }

    /// Asks several nodes for their clock, unless that was done lately.
    pub(crate) fn ask_clock(&mut self, cx: &mut Cx<'_, ()>) {
        let Some(snapshot) = self.swarms.snapshot().cloned() else {
            return;
        };
        if self.stopped || !self.clock.may_ask(cx.now.tick) {
            return;
        }
        let nodes = pick_nodes(cx, snapshot.nodes(), CLOCK_NODES);
        self.clock.begin(nodes.len());
        for node in nodes {
            if self
                .request(cx, &node, Purpose::Clock, &StorageRequest::Info)
                .is_err()
            {
                self.clock.no_answer(cx.now.tick);
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Send { tag, to, body } => self.enqueue(tag, to, body),
            Command::PollNow => self.poll.next = self.poll.next.map(|_| Tick::ZERO),
            Command::Stop => {
                self.stopped = true;
                self.stop_sends();
                self.poll.next = None;
            }
        }
    }

    /// When paths are next to be drawn: rotated, or what was lacking looked for again.
    fn paths_due(&self) -> Option<Tick> {
        self.swarms.snapshot()?;
        let due = if self.paths.incomplete() {
            Some(self.paths_not_before)
        } else {
            self.paths.poll_timeout()
        };
        due.map(|due| due.max(self.paths_not_before))
    }

    /// Does whatever can be done now.
    fn advance(&mut self, cx: &mut Cx<'_, ()>) {
        self.advance_sends(cx);
        self.advance_poll(cx);
    }
}

impl Machine for Client {
    type Input = Input;
    type Output = Output;
    type View<'v> = ();
    type Prep = ();

    fn prepare((): &(), input: Input) -> Input {
        input
    }

    fn handle(&mut self, cx: &mut Cx<'_, ()>, input: Input) {
        match input {
            Input::Wire(leek_wire::Input::Reply { call, outcome }) => self.ended(cx, call, outcome),
            Input::Wire(leek_wire::Input::Membership(snapshot)) => self.membership(cx, snapshot),
            Input::Wire(leek_wire::Input::Request { call, .. }) => {
                self.outputs.push_back(Output::Answer {
                    call,
                    after: None,
                    body: Err(Refusal::not_served()),
                });
            }
            // It writes nothing.
            Input::Wire(leek_wire::Input::Written { .. }) => {}
            Input::Command(command) => self.command(command),
        }
        self.advance(cx);
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_, ()>) {
        if self.paths_due().is_some_and(|due| due <= cx.now.tick) {
            self.update_paths(cx);
        }
        self.advance(cx);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        let poll = self.poll.next.map(|tick| (tick, "poll"));
        let send = self.outbox.next().map(|tick| (tick, "retry a send"));
        let paths = self.paths_due().map(|tick| (tick, "draw paths"));
        [poll, send, paths].into_iter().flatten().min()
    }
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account.id())
            .field("sends", &self.outbox.len())
            .field("flights", &self.flights.len())
            .finish_non_exhaustive()
    }
}

/// `count` different nodes, uniformly.
fn pick_nodes(cx: &mut Cx<'_, ()>, nodes: &[NodeRecord], count: usize) -> Vec<NodeRecord> {
    let mut chosen: Vec<NodeRecord> = Vec::with_capacity(count);
    let bound = u64::try_from(nodes.len()).unwrap_or(u64::MAX);
    while chosen.len() < count.min(nodes.len()) {
        let Ok(index) = usize::try_from(below(cx.entropy, bound)) else {
            break;
        };
        if let Some(node) = nodes.get(index)
            && !chosen.iter().any(|other| other.id == node.id)
        {
            chosen.push(*node);
        }
    }
    chosen
}
