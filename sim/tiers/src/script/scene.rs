//! What the steps of a case know of: people, times, and the network.

use core::cell::OnceCell;
use std::{collections::BTreeMap, sync::Arc};

use leek_crypto::Suite;
use leek_identity::{AccountId, MessageHash, Namespace, NodeId, NodeRecord};
use leek_machine::{Seed, Wall, bug};
use leek_swarm::{Snapshot, SwarmId};
use leek_wire::{AckLevel, Scope, StorageRequest};

use super::{
    case::{Ask, At, Through, What},
    owner::{Letter, Owner},
};

/// An hour, in ms.
pub const HOUR_MS: u64 = 3_600_000;
/// Steps a case may have: each has a millisecond of its own within a second, see [`Scene::now`].
pub(crate) const STEPS_MAX: usize = 999;

/// The world of one case. Every case has its own people, so none sees what another left behind.
pub struct Scene {
    suite: Arc<dyn Suite>,
    snapshot: Arc<Snapshot>,
    seed: Seed,
    owner: Owner,
    /// The time of each step so far.
    stamps: Vec<Wall>,
    /// Times that the case named, so that a transcript can name them instead of showing them.
    times: BTreeMap<Wall, String>,
    /// The node that the step asks.
    target: Option<NodeId>,
    /// What took long to find out.
    memory: OnceCell<Vec<MessageHash>>,
}

impl Scene {
    pub(crate) fn new(suite: &Arc<dyn Suite>, snapshot: &Arc<Snapshot>, seed: Seed) -> Self {
        Self {
            owner: Owner::user(suite, &seed.child("owner", 0)),
            suite: Arc::clone(suite),
            snapshot: Arc::clone(snapshot),
            seed,
            stamps: Vec::new(),
            times: BTreeMap::new(),
            target: None,
            memory: OnceCell::new(),
        }
    }

    /// Begins the next step at `wall`.
    pub(crate) fn stamp(&mut self, wall: Wall) {
        let step = self.stamps.len() as u64;
        let second = wall.ms() / 1_000 * 1_000;
        let mut stamp = Wall::from_ms(second + step + 1);
        if stamp < wall {
            stamp = stamp.after_ms(1_000);
        }
        self.stamps.push(stamp);
        self.times.insert(stamp, format!("t{step}"));
    }

    pub(crate) fn aim(&mut self, node: NodeId) {
        self.target = Some(node);
    }

    /// The node that this step asks.
    pub const fn target(&self) -> Option<NodeId> {
        self.target
    }

    /// The number of the question being asked.
    pub(crate) const fn step(&self) -> usize {
        self.stamps.len().saturating_sub(1)
    }

    pub(crate) fn last_stamp(&self) -> Option<Wall> {
        self.stamps.last().copied()
    }

    /// The suite.
    pub fn suite(&self) -> &Arc<dyn Suite> {
        &self.suite
    }

    /// The membership.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Whose case it is: a user.
    pub const fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Another user, whose account is in the swarm of the owner's.
    pub fn neighbour(&self) -> Owner {
        self.user_where("neighbour", |swarm, home| swarm == home)
    }

    /// Another user, whose account is in another swarm.
    pub fn stranger(&self) -> Owner {
        self.user_where("stranger", |swarm, home| swarm != home)
    }

    fn user_where(
        &self,
        label: &str,
        fits: impl Fn(Option<SwarmId>, Option<SwarmId>) -> bool,
    ) -> Owner {
        let home = self.snapshot.swarm_of(&self.owner.id());
        let drawn = (0..DRAWN_MAX).map(|i| Owner::user(&self.suite, &self.seed.child(label, i)));
        let found = drawn.into_iter().find(|owner| {
            let swarm = self.snapshot.swarm_of(&owner.id());
            fits(swarm, home)
        });
        match found {
            Some(owner) => owner,
            None => bug!("none of {DRAWN_MAX} users is in such a swarm"),
        }
    }

    /// A group.
    pub fn group(&self) -> Owner {
        Owner::group(&self.suite, &self.seed.child("group", 0))
    }

    /// Bytes of the case's own.
    pub fn bytes(&self, label: &str) -> [u8; 32] {
        *self.seed.child(label, 0).bytes()
    }

    /// The time of this step, up to a second ahead of the clock. Its milliseconds within a second
    /// are the step's number plus one, so times of different steps never coincide by chance, and
    /// a transcript can name each.
    pub fn now(&self) -> Wall {
        let Some(now) = self.stamps.last() else {
            bug!("a step without a time");
        };
        *now
    }

    /// So many seconds from this step's time.
    pub fn at(&mut self, seconds: i64) -> Wall {
        self.then(self.stamps.len() - 1, seconds)
    }

    /// So many seconds from the time of step number `step`, which has begun.
    pub fn then(&mut self, step: usize, seconds: i64) -> Wall {
        let Some(base) = self.stamps.get(step) else {
            bug!("step {step} has not begun");
        };
        let ms = seconds.unsigned_abs() * 1_000;
        let time = if seconds < 0 {
            base.before_ms(ms)
        } else {
            base.after_ms(ms)
        };
        let name = format!("t{step}{seconds:+}s");
        self.times.entry(time).or_insert(name);
        time
    }

    /// As [`Scene::then`], for checks, which change nothing: the time must have been named.
    pub fn named(&self, step: usize, seconds: i64) -> Wall {
        let Some(base) = self.stamps.get(step) else {
            bug!("step {step} has not begun");
        };
        let ms = seconds.unsigned_abs() * 1_000;
        if seconds < 0 {
            base.before_ms(ms)
        } else {
            base.after_ms(ms)
        }
    }

    /// The name of a time, for transcripts; the same in every run for times the case chose.
    pub(crate) fn time_name(&self, time: Wall) -> &str {
        self.times.get(&time).map_or("another time", String::as_str)
    }

    /// A message of the owner's, made now and kept for an hour.
    pub fn letter(&mut self, namespace: i16, data: &[u8]) -> Letter {
        let _ = self.at(3_600);
        Letter {
            namespace,
            data: data.to_vec(),
            timestamp: self.now(),
            ttl_ms: HOUR_MS,
            ack: AckLevel::All,
        }
    }

    /// A store of [`Scene::letter`].
    pub fn store(&mut self, namespace: i16, data: &[u8]) -> StorageRequest {
        let letter = self.letter(namespace, data);
        self.owner.store(&letter)
    }

    /// The owner's retrieve of everything in a namespace.
    pub fn retrieve(&self, namespace: i16) -> StorageRequest {
        self.owner.retrieve(namespace, self.now())
    }

    /// The name of a message of the owner's.
    pub fn hash(&self, namespace: i16, data: &[u8]) -> MessageHash {
        self.owner.hash(namespace, data)
    }

    /// The list of hashes that `make` gives the first time: one list for a case.
    pub fn remembered(&self, make: impl FnOnce(&Self) -> Vec<MessageHash>) -> Vec<MessageHash> {
        self.memory.get_or_init(|| make(self)).clone()
    }

    /// Nodes of the swarm of `account`, sorted by id.
    pub fn members(&self, account: &AccountId) -> Vec<NodeRecord> {
        self.swarm(account)
            .map(|swarm| self.snapshot.members(swarm).copied().collect())
            .unwrap_or_default()
    }

    /// The swarm of `account`.
    pub fn swarm(&self, account: &AccountId) -> Option<SwarmId> {
        self.snapshot.swarm_of(account)
    }

    /// Nodes of all other swarms, sorted by id.
    pub fn outsiders(&self, account: &AccountId) -> Vec<NodeRecord> {
        let home = self.swarm(account);
        let nodes = self.snapshot.nodes().iter();
        nodes
            .filter(|node| self.snapshot.swarm_of_node(&node.id) != home)
            .copied()
            .collect()
    }

    /// Asks the first member of the owner's swarm, through three hops.
    pub fn ask(&self, request: StorageRequest) -> Ask {
        let account = first_account(&request).unwrap_or(self.owner.id());
        Ask {
            at: At::Member(account, 0),
            through: Through::Onion,
            what: What::Storage(Box::new(request)),
        }
    }
}

impl core::fmt::Debug for Scene {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Scene")
            .field("owner", &self.owner)
            .field("steps", &self.stamps.len())
            .finish_non_exhaustive()
    }
}

/// One namespace as a scope.
pub const fn one(namespace: i16) -> Scope {
    Scope::One(Namespace::new(namespace))
}

/// Users drawn until one is in a given swarm: with a hundred swarms, all of 10,000 miss with a
/// probability below 10^-43.
const DRAWN_MAX: u64 = 10_000;

fn first_account(request: &StorageRequest) -> Option<AccountId> {
    match request {
        StorageRequest::Batch(all) | StorageRequest::Sequence(all) => {
            all.iter().find_map(first_account)
        }
        one => one.account().copied(),
    }
}
