//! A network of directories and nodes in which everything can be lost, delayed, reordered and
//! restarted. Deterministic: the same seed gives the same history.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use leek_directory::{Announcer, Authority, AuthorityConfig, AuthorityState, Follower, Trust};
use leek_identity::NodeId;
use leek_machine::{Now, Seed, Stream, Tick, Wall};
use leek_swarm::Epoch;
use leek_wire::{CallId, Outcome, Request, Response};

use crate::{
    byzantine::Byzantine,
    checker::Checker,
    support::{
        BEGIN, address, authority_prep, directory_keys, follower_prep, node_keys, quick_follower,
    },
};

mod brain;
mod traffic;

pub(crate) use brain::Brain;

/// What is wrong with a world on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Planted {
    /// Directories say that state is durable when it is not.
    pub(crate) lying_disks: bool,
    /// Directories start without what they kept.
    pub(crate) forgetful: bool,
    /// So many directories, the first ones, are dishonest.
    pub(crate) byzantine: usize,
}

pub(crate) struct World {
    pub(crate) checker: Checker,
    pub(crate) actors: Vec<Actor>,
    pub(crate) now_ms: u64,
    trust: Trust,
    config: AuthorityConfig,
    planted: Planted,
    rng: Stream,
    flights: Vec<Flight>,
    open: Vec<Open>,
    /// Calls at whoever answers them, and who waits.
    waiting: BTreeMap<CallId, Waiting>,
    calls: u64,
    /// Links over which no request gets.
    cut: BTreeSet<(usize, usize)>,
    rough: bool,
}

pub(crate) struct Actor {
    pub(crate) id: NodeId,
    pub(crate) brain: Option<Brain>,
    /// Counts restarts: what belongs to an earlier life does not arrive.
    life: u32,
    offset_ms: i64,
    disk: Option<Vec<u8>>,
    keeps: VecDeque<(u64, Arc<[u8]>)>,
    newest: Option<Epoch>,
}

enum Flight {
    Ask {
        from: usize,
        life: u32,
        call: CallId,
        to: NodeId,
        body: Request,
    },
    Reply {
        to: usize,
        life: u32,
        call: CallId,
        outcome: Outcome<Response>,
    },
}

#[derive(Clone)]
struct Open {
    actor: usize,
    life: u32,
    call: CallId,
    deadline: Tick,
}

struct Waiting {
    from: usize,
    life: u32,
    call: CallId,
    /// What a signature in the answer would be for.
    proposed: Option<Vec<u8>>,
}

impl World {
    pub(crate) fn new(
        number: u64,
        trust: Trust,
        nodes: u8,
        config: AuthorityConfig,
        planted: Planted,
    ) -> Self {
        let seed = Seed::from_u64(number);
        let count = u8::try_from(trust.signers().len()).unwrap();
        let ids: Vec<NodeId> = trust.signers().iter().map(|signer| signer.id).collect();
        let dishonest = ids[..planted.byzantine].to_vec();
        let directories = (0..usize::from(count)).map(|number| directory_keys(count, number).id());
        let nodes = (0..nodes).map(|number| node_keys(number).id());
        let actors = directories.chain(nodes).map(|id| Actor {
            id,
            brain: None,
            life: 0,
            offset_ms: 0,
            disk: None,
            keeps: VecDeque::new(),
            newest: None,
        });
        let mut world = Self {
            checker: Checker::new(trust.clone(), config.swarms, dishonest),
            actors: actors.collect(),
            now_ms: 0,
            trust,
            config,
            planted,
            rng: seed.child("world", 0).stream(),
            flights: Vec::new(),
            open: Vec::new(),
            waiting: BTreeMap::new(),
            calls: 0,
            cut: BTreeSet::new(),
            rough: number % 3 == 2,
        };
        for actor in 0..world.actors.len() {
            world.start(actor);
        }
        world
    }

    pub(crate) fn directories(&self) -> usize {
        self.trust.signers().len()
    }

    pub(crate) fn authority(&self, actor: usize) -> Option<&Authority> {
        match &self.actors[actor].brain {
            Some(Brain::Directory(authority)) => Some(authority),
            Some(Brain::Byzantine(_) | Brain::Node(_)) | None => None,
        }
    }

    pub(crate) fn follower(&self, actor: usize) -> Option<&Follower> {
        match &self.actors[actor].brain {
            Some(Brain::Node(follower)) => Some(follower),
            Some(Brain::Byzantine(_) | Brain::Directory(_)) | None => None,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.rng.below(bound as u64)).unwrap()
    }

    pub(crate) fn wall(&self, actor: usize) -> Wall {
        Wall::from_ms(BEGIN.ms() + self.now_ms).shifted(self.actors[actor].offset_ms)
    }

    fn now(&self, actor: usize) -> Now {
        let tick = Tick::ZERO.after_ms(self.now_ms);
        let wall = self.wall(actor);
        Now { tick, wall }
    }

    /// Starts an actor from its disk.
    pub(crate) fn start(&mut self, actor: usize) {
        let wall = self.wall(actor);
        let disk = self.actors[actor].disk.clone();
        let brain = if actor < self.directories() {
            let disk = disk.filter(|_| !self.planted.forgetful);
            let state = disk.map_or_else(
                || AuthorityState::new(wall),
                |disk| AuthorityState::parse(&disk).unwrap(),
            );
            let prep = authority_prep(&self.trust, actor);
            let authority = Authority::with_state(self.config, prep, state).unwrap();
            if actor < self.planted.byzantine {
                let keys = directory_keys(u8::try_from(self.directories()).unwrap(), actor);
                let seed = Seed::from_u64(self.rng.below(u64::MAX));
                Brain::Byzantine(Box::new(Byzantine::new(authority, keys, seed.stream())))
            } else {
                Brain::Directory(Box::new(authority))
            }
        } else {
            let number = u8::try_from(actor - self.directories()).unwrap();
            let keys = Arc::new(node_keys(number));
            // Sometimes it comes back at another address.
            let port = 22_021 + u16::try_from(self.below(4) / 3).unwrap();
            let place = address(number, port);
            self.checker.node_says(keys.record(place));
            let announcer = Announcer::new(keys, place, [0, 1, 0]);
            let prep = follower_prep(&self.trust);
            let mut follower = Follower::new(quick_follower(), prep, Some(announcer));
            if let Some(disk) = disk {
                // It may have expired.
                let _ = follower.start_from(&disk, wall);
            }
            Brain::Node(Box::new(follower))
        };
        let slot = &mut self.actors[actor];
        slot.brain = Some(brain);
        slot.life += 1;
        // The report of the snapshot it starts from is not news.
        slot.newest = None;
        self.drain(actor);
    }

    /// Ends an actor: what is not on its disk is gone.
    pub(crate) fn stop(&mut self, actor: usize) {
        let slot = &mut self.actors[actor];
        slot.brain = None;
        slot.life += 1;
        slot.keeps.clear();
    }

    /// One more thing happens, whatever the draw says.
    pub(crate) fn chaos(&mut self) {
        let actor = self.below(self.actors.len());
        // Some histories are so rough that little gets done; in others much does.
        let delivered = if self.rough { 400 } else { 600 };
        match self.below(1_000) {
            drawn if drawn < delivered => self.deliver_one(),
            ..615 => self.drop_one(),
            615..815 => self.write_one(),
            815..825 if self.actors[actor].brain.is_some() => self.stop(actor),
            815..850 if self.actors[actor].brain.is_none() => self.start(actor),
            850..855 => {
                let other = self.below(self.actors.len());
                if !self.cut.remove(&(actor, other)) && self.cut.len() < 4 {
                    self.cut.insert((actor, other));
                }
            }
            855..860 => {
                let offset = i64::try_from(self.below(10_000)).unwrap();
                self.actors[actor].offset_ms = offset - 5_000;
            }
            860..865 => {
                let ms = self.below(30_000) as u64;
                self.pass(ms);
            }
            _ => {
                let ms = self.below(100) as u64;
                self.pass(ms);
            }
        }
    }

    /// Everybody comes back and everything works from here on.
    pub(crate) fn heal(&mut self) {
        self.cut.clear();
        for actor in 0..self.actors.len() {
            self.actors[actor].offset_ms = 0;
            if self.actors[actor].brain.is_none() {
                self.start(actor);
            }
        }
    }

    /// Lets `ms` pass in which everything arrives at once and every disk works.
    pub(crate) fn calm(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        loop {
            self.settle();
            let next = self.next_ms().max(self.now_ms + 1);
            if next > end {
                break;
            }
            self.pass(next - self.now_ms);
        }
        self.pass(end - self.now_ms);
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            for actor in 0..self.directories() {
                while self.write(actor) {}
            }
            if self.flights.is_empty() {
                return;
            }
            let flight = self.flights.remove(0);
            self.deliver(flight);
        }
    }

    /// When something is to happen by itself.
    fn next_ms(&self) -> u64 {
        let timeouts = self
            .actors
            .iter()
            .filter_map(|actor| actor.brain.as_ref()?.timeout());
        let deadlines = self.open.iter().map(|open| open.deadline);
        let next = timeouts.chain(deadlines).min().unwrap_or(Tick::MAX);
        next.ns().div_ceil(1_000_000)
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        let tick = Tick::ZERO.after_ms(self.now_ms);
        let (late, open) = self.open.drain(..).partition(|open| open.deadline <= tick);
        self.open = open;
        let late: Vec<Open> = late;
        for open in late {
            self.reply(open.actor, open.life, open.call, Outcome::Lost);
        }
        for actor in 0..self.actors.len() {
            let brain = self.actors[actor].brain.as_ref();
            if brain
                .and_then(Brain::timeout)
                .is_some_and(|due| due <= tick)
            {
                self.with(actor, |brain, cx| brain.handle_timeout(cx));
            }
        }
    }

    fn deliver_one(&mut self) {
        if !self.flights.is_empty() {
            let at = self.below(self.flights.len());
            let flight = self.flights.swap_remove(at);
            self.deliver(flight);
        }
    }

    fn drop_one(&mut self) {
        if !self.flights.is_empty() {
            let at = self.below(self.flights.len());
            self.flights.swap_remove(at);
        }
    }

    fn write_one(&mut self) {
        let actor = self.below(self.directories());
        self.write(actor);
    }

    /// The oldest state that a directory wants kept reaches its disk.
    fn write(&mut self, actor: usize) -> bool {
        let Some((generation, state)) = self.actors[actor].keeps.pop_front() else {
            return false;
        };
        if !self.planted.lying_disks {
            self.actors[actor].disk = Some(state.to_vec());
        }
        self.with(actor, |brain, cx| brain.kept(cx, generation));
        true
    }
}

/// Moves a wall clock by a signed number of milliseconds.
trait Shifted {
    fn shifted(self, offset_ms: i64) -> Self;
}

impl Shifted for Wall {
    fn shifted(self, offset_ms: i64) -> Self {
        Self::from_ms(self.ms().saturating_add_signed(offset_ms))
    }
}
