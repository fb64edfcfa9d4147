//! A share of the actors, with all that belongs to them: their hosts, their pending events and
//! their messages. Inside a window a shard needs nothing of the others.

mod cpu;
mod links;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use leek_machine::{Seed, Stream, bug};

use crate::actor::{Actor, ActorId};
use crate::calendar::{Calendar, Entry, NEVER, What};
use crate::event::Event;
use crate::host::Host;
use crate::net::Net;
use crate::parcel::{Parcel, Parcels};
use crate::{Counters, HostConfig};

/// Most events of one shard at one tick: four for each of the most actors a run may have. More
/// means that an actor wakes itself, or sends to itself, over and over and time stands still.
const EVENTS_PER_TICK_MAX: u32 = 1 << 26;

/// How many events to read ahead: twice the misses a core has under way, at a few lines each well
/// below the first-level cache.
const READ_AHEAD: usize = 16;

pub(crate) struct Shard<A: Actor> {
    /// This shard holds the actors `index`, `index + shards`, `index + 2 * shards` and so on.
    index: u32,
    shards: u32,
    net: Arc<Net>,
    actors: Vec<A>,
    hosts: Vec<Host>,
    streams: Vec<Stream>,
    calendar: Calendar,
    parcels: Parcels<A::Body>,
    /// What goes to each other shard at the end of the window.
    outboxes: Vec<Vec<Freight<A::Body>>>,
    /// The earliest tick in any outbox.
    outbox_earliest: u64,
    outbox_len: usize,
    window_end: u64,
    /// Events that counted.
    events: u64,
    /// The tick of the last event, and how many there were at it.
    at_tick: (u64, u32),
    at_tick_max: u32,
}

/// A message on its way to another shard.
pub(crate) struct Freight<B> {
    entry: Entry,
    parcel: Parcel<B>,
}

impl<A: Actor> Shard<A> {
    pub(crate) fn new(index: u32, shards: u32, net: Arc<Net>) -> Self {
        Self {
            index,
            shards,
            net,
            actors: Vec::new(),
            hosts: Vec::new(),
            streams: Vec::new(),
            calendar: Calendar::new(),
            parcels: Parcels::new(),
            outboxes: (0..shards).map(|_| Vec::new()).collect(),
            outbox_earliest: NEVER,
            outbox_len: 0,
            window_end: 0,
            events: 0,
            at_tick: (0, 0),
            at_tick_max: EVENTS_PER_TICK_MAX,
        }
    }

    /// Adds the next actor, which begins at tick zero.
    pub(crate) fn add(&mut self, host: &HostConfig, actor: A, seed: &Seed) {
        let id = self.id(self.actors.len()).index();
        let mut host = Host::new(id, host);
        let n = host.numbers.next_own();
        self.calendar.push(Entry::new(0, (id, id, n), What::Start));
        self.streams
            .push(seed.child("actor", u64::from(id)).stream());
        self.hosts.push(host);
        self.actors.push(actor);
    }

    /// Puts in the world's `n`-th message, which is for an actor of this shard.
    pub(crate) fn post(&mut self, tick: u64, to: ActorId, n: u64, body: A::Body) {
        let world = ActorId::WORLD.index();
        let mut parcel = Parcel::new(world, 0, body);
        parcel.n = n;
        let parcel = self.parcels.insert(parcel);
        let entry = Entry::new(tick, (to.index(), world, n), What::Arrive);
        self.calendar.push(entry.with(parcel));
        let local = self.local(to.index());
        self.hosts[local].counters.posted += 1;
    }

    /// The earliest pending tick, what waits for other shards included, or [`NEVER`].
    pub(crate) fn earliest(&mut self) -> u64 {
        self.calendar.earliest().min(self.outbox_earliest)
    }

    /// How many entries are pending, what waits for other shards included.
    pub(crate) fn pending(&self) -> usize {
        self.calendar.len() + self.outbox_len
    }

    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Runs all events before `end`, in the order of their keys.
    pub(crate) fn run_window(&mut self, end: u64) {
        self.window_end = end;
        let mut read_ahead = 0;
        while let Some(entry) = self.calendar.pop_before(end) {
            if read_ahead == 0 {
                read_ahead = self.read_ahead();
            }
            read_ahead = read_ahead.saturating_sub(1);
            self.watch(entry.tick());
            let local = self.local(entry.target());
            match entry.what {
                What::Start => self.start(local, entry),
                What::Arrive => self.arrive(local, entry),
                What::Deliver => self.deliver(local, entry.tick(), entry.parcel),
                What::Wake => self.wake(local, entry),
                What::Done => self.done(local, entry.tick()),
            }
        }
    }

    /// Hands over what goes to shard `to`; `mail` is empty and lends its memory.
    pub(crate) fn swap_outbox(&mut self, to: usize, mail: &mut Vec<Freight<A::Body>>) {
        core::mem::swap(&mut self.outboxes[to], mail);
    }

    /// All outboxes have been handed over.
    pub(crate) fn outboxes_are_empty(&mut self) {
        self.outbox_earliest = NEVER;
        self.outbox_len = 0;
    }

    /// Takes in what came from another shard. Its keys order it, not the order of its coming.
    pub(crate) fn collect(&mut self, mail: &mut Vec<Freight<A::Body>>) {
        for freight in mail.drain(..) {
            let parcel = self.parcels.insert(freight.parcel);
            self.calendar.push(freight.entry.with(parcel));
        }
    }

    /// This shard's actors, each `shards` after the one before.
    pub(crate) fn actors(&self) -> &[A] {
        &self.actors
    }

    /// Takes the shard apart: actors and hosts in order, and the number of messages on their way.
    pub(crate) fn finish(self) -> (Vec<A>, Vec<Host>, u64) {
        let held: usize = self.hosts.iter().map(|h| h.held.sends.len() as usize).sum();
        let outbox: usize = self.outboxes.iter().map(Vec::len).sum();
        let in_flight = self.parcels.len() - held + outbox;
        (self.actors, self.hosts, in_flight as u64)
    }

    /// Fetches what the next events need into the cache; returns how many there are.
    ///
    /// Each event is about another actor, so with many of them each begins with waits for memory,
    /// one after the other. These reads depend on nothing, so they overlap: measured, a third more
    /// events per second from 100,000 actors on.
    fn read_ahead(&self) -> usize {
        let next = self.calendar.next(READ_AHEAD);
        let mut read = 0;
        for entry in next {
            read ^= self.hosts[self.local(entry.target())].read();
            read ^= u64::from(self.parcels.is_full(entry.parcel));
        }
        core::hint::black_box(read);
        next.len()
    }

    /// Adds an entry of an actor to itself: the only ones that may come at once.
    #[inline]
    fn push_own(&mut self, local: usize, tick: u64, what: What, parcel: u32) -> u64 {
        let id = self.id(local).index();
        let n = self.hosts[local].numbers.next_own();
        let entry = Entry::new(tick, (id, id, n), what);
        self.calendar.push(entry.with(parcel));
        n
    }

    /// Counts an event, and adds it to the shape.
    #[inline]
    fn count(&mut self, local: usize, event: &Event) -> &mut Counters {
        let host = &mut self.hosts[local];
        event.shape(&mut host.history);
        self.events += 1;
        host.counters.events += 1;
        &mut host.counters
    }

    #[inline]
    fn watch(&mut self, tick: u64) {
        if self.at_tick.0 != tick {
            self.at_tick = (tick, 0);
        }
        self.at_tick.1 += 1;
        if self.at_tick.1 > self.at_tick_max {
            bug!("time stands still at {tick} ns");
        }
    }

    #[inline]
    fn id(&self, local: usize) -> ActorId {
        // Below `ACTORS_MAX`, as checked when the kernel was built.
        #[expect(clippy::cast_possible_truncation, reason = "below ACTORS_MAX")]
        ActorId::new(local as u32 * self.shards + self.index)
    }

    #[inline]
    fn local(&self, actor: u32) -> usize {
        if self.shards == 1 {
            return actor as usize;
        }
        (actor / self.shards) as usize
    }
}
