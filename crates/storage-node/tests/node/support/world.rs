use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use leek_identity::{AccountId, NodeId};
use leek_machine::{Now, Seed, Stream, Tick, Wall};
use leek_onion::{FormatId, Hop, format};
use leek_storage_node::NodeConfig;
use leek_swarm::{Epoch, Snapshot, SwarmId};
use leek_wire::{
    CallId, Input, OnionRequest, Outcome, Output, Peer, Refusal, Request, Response, StorageReply,
    StorageRequest, decode_storage_reply, encode_storage_request,
};

use super::{Host, Owner};

pub(crate) const START_MS: u64 = 1_800_000_000_000;

pub(crate) const CLIENT: Peer = Peer::Client {
    ip: Ipv4Addr::new(203, 0, 113, 7),
    port: 40_000,
};

/// What happens to calls to a node.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    /// Nothing comes back; it never runs.
    Lost,
    /// Somebody refuses.
    Refuse(Refusal),
    /// Somebody answers in the node's place.
    Forge(Response),
}

/// Two swarms: `home` of nodes 1, 2 and 3 and `away` of nodes 4 and 5.
pub(crate) struct World {
    pub(crate) hosts: BTreeMap<NodeId, Host>,
    pub(crate) links: BTreeMap<NodeId, Link>,
    pub(crate) ids: [NodeId; 5],
    pub(crate) snapshot: Arc<Snapshot>,
    calls: u64,
    entropy: Stream,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(NodeConfig::default())
    }

    pub(crate) fn with(config: NodeConfig) -> Self {
        let now = Now {
            tick: Tick::from_ns(5_000_000_000),
            wall: Wall::from_ms(START_MS),
        };
        let hosts: Vec<Host> = (1..=5).map(|n| Host::new(n, config, now)).collect();
        let placed = hosts.iter().enumerate();
        let placed = placed.map(|(i, host)| (host.record, if i < 3 { HOME } else { AWAY }));
        let snapshot = Arc::new(Snapshot::new(Epoch(1), placed.collect()).unwrap());
        let ids = core::array::from_fn(|i| hosts[i].record.id);
        let mut world = Self {
            hosts: hosts
                .into_iter()
                .map(|host| (host.record.id, host))
                .collect(),
            links: BTreeMap::new(),
            ids,
            snapshot: Arc::clone(&snapshot),
            calls: 1_000_000,
            entropy: Seed::from_u64(9).child("world", 0).stream(),
        };
        for host in world.hosts.values_mut() {
            host.give(Input::Membership(Arc::clone(&snapshot)));
        }
        world
    }

    /// A `05` account whose swarm is `home`.
    pub(crate) fn owner(&self) -> Owner {
        self.owner_in(HOME, 0)
    }

    /// The `nth` `05` account whose swarm this is.
    pub(crate) fn owner_in(&self, swarm: SwarmId, nth: usize) -> Owner {
        let ours = |owner: &Owner| self.snapshot.swarm_of(&owner.id()) == Some(swarm);
        let mut owners = (0..=255).map(Owner::user).filter(ours);
        owners.nth(nth).unwrap()
    }

    /// A `03` account whose swarm is `home`.
    pub(crate) fn group(&self) -> Owner {
        let ours = |owner: &Owner| self.snapshot.swarm_of(&owner.id()) == Some(HOME);
        (0..=255).map(Owner::group).find(ours).unwrap()
    }

    pub(crate) fn host(&mut self, number: usize) -> &mut Host {
        let id = self.ids[number - 1];
        self.hosts.get_mut(&id).unwrap()
    }

    pub(crate) fn now(&mut self) -> Wall {
        self.host(1).now.wall
    }

    /// Moves all clocks.
    pub(crate) fn sleep_ms(&mut self, ms: u64) {
        for host in self.hosts.values_mut() {
            host.now.tick = host.now.tick.after_ms(ms);
            host.now.wall = host.now.wall.after_ms(ms);
        }
    }

    /// Gives a request in the `direct` format to node `number`; returns its call.
    pub(crate) fn send(&mut self, number: usize, request: &StorageRequest) -> CallId {
        let payload = encode_storage_request(request);
        self.send_bytes(number, &payload)
    }

    pub(crate) fn send_bytes(&mut self, number: usize, payload: &[u8]) -> CallId {
        let hop = Hop::from(&self.host(number).record);
        let suite = leek_crypto::pure().suite();
        let format = format(FormatId::Direct);
        let built = format.build(&*suite, &mut self.entropy, &[], &hop, payload);
        let body = Request::Onion(OnionRequest {
            format: FormatId::Direct,
            packet: built.unwrap().0,
        });
        self.give(number, CLIENT, body)
    }

    pub(crate) fn give(&mut self, number: usize, from: Peer, body: Request) -> CallId {
        self.calls += 1;
        let call = CallId(self.calls);
        self.host(number).give(Input::Request { from, call, body });
        call
    }

    /// Gives a forwarded copy to node `number` and takes its reply.
    pub(crate) fn forward(
        &mut self,
        number: usize,
        from: Peer,
        request: StorageRequest,
    ) -> Result<StorageReply, Refusal> {
        let call = self.give(number, from, Request::Forward(request));
        self.settle();
        match self.answer(number, call)? {
            Response::Forward(reply) => Ok(reply),
            other => panic!("{other:?} for a forwarded write"),
        }
    }

    /// Carries calls and commits writes until nothing moves.
    pub(crate) fn settle(&mut self) {
        while self.step() {}
    }

    fn step(&mut self) -> bool {
        let mut moved = false;
        for id in self.ids {
            let host = self.hosts.get_mut(&id).unwrap();
            while host.commit() {
                moved = true;
            }
            for call in core::mem::take(&mut host.calls) {
                self.carry(id, call);
                moved = true;
            }
        }
        moved
    }

    /// Carries one call to its end.
    fn carry(&mut self, from: NodeId, call: Output) {
        let Output::Call { to, call, body, .. } = call else {
            panic!("not a call: {call:?}");
        };
        let outcome = match self.links.get(&to) {
            Some(Link::Lost) => Outcome::Lost,
            Some(Link::Refuse(refusal)) => Outcome::Refused(refusal.clone()),
            Some(Link::Forge(response)) => Outcome::Done(response.clone()),
            None => {
                let number = self.ids.iter().position(|id| *id == to).unwrap() + 1;
                let inner = self.give(number, Peer::Node(from), body);
                self.settle();
                match self.answer(number, inner) {
                    Ok(response) => Outcome::Done(response),
                    Err(refusal) => Outcome::Refused(refusal),
                }
            }
        };
        let host = self.hosts.get_mut(&from).unwrap();
        host.give(Input::Reply { call, outcome });
    }

    /// Takes the one answer to `call`.
    pub(crate) fn answer(&mut self, number: usize, call: CallId) -> Result<Response, Refusal> {
        let host = self.host(number);
        let at = host.answers.iter().position(|(of, ..)| *of == call);
        let (.., body) = host.answers.remove(at.expect("an answer"));
        assert!(
            host.answers.iter().all(|(of, ..)| *of != call),
            "one answer"
        );
        body
    }

    /// Whether `call` has been answered.
    pub(crate) fn is_answered(&mut self, number: usize, call: CallId) -> bool {
        self.host(number).answers.iter().any(|(of, ..)| *of == call)
    }

    /// The storage reply to a `direct` call.
    pub(crate) fn reply(&mut self, number: usize, call: CallId) -> StorageReply {
        match self.answer(number, call) {
            Ok(Response::Onion(bytes)) => decode_storage_reply(&bytes).unwrap(),
            other => panic!("not an onion reply: {other:?}"),
        }
    }

    /// Asks node `number` and carries everything to its end.
    pub(crate) fn ask(&mut self, number: usize, request: &StorageRequest) -> StorageReply {
        let call = self.send(number, request);
        self.settle();
        self.reply(number, call)
    }

    pub(crate) fn status(&mut self, number: usize, request: &StorageRequest) -> u16 {
        self.ask(number, request).status.0
    }

    /// An account's swarm, as the network knows it.
    pub(crate) fn swarm_of(&self, account: &AccountId) -> SwarmId {
        self.snapshot.swarm_of(account).unwrap()
    }
}

pub(crate) const HOME: SwarmId = SwarmId(0);
pub(crate) const AWAY: SwarmId = SwarmId(1 << 63);
