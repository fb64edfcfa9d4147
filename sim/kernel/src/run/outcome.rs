use leek_machine::{Tick, bug};

use super::course::Course;
use crate::actor::{Actor, ActorId};
use crate::digest::Combined;
use crate::host::Host;
use crate::shard::Shard;
use crate::{Counters, Digest, Shape};

/// Why a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// Its time was up, or nothing was left to happen.
    #[default]
    Finished,
    /// The observer stopped it.
    Stopped,
    /// More events were pending than [`Config::pending_max`](crate::Config::pending_max) allows.
    Overfull,
}

/// A run that is over.
#[derive(Debug)]
pub struct Outcome<A> {
    /// Over all events, with their bodies and notes.
    pub digest: Digest,
    /// Over tick, kind and size of all events.
    pub shape: Shape,
    /// All actors' counters together.
    pub totals: Counters,
    /// Why it ended.
    pub ended: Ended,
    /// The true time at which it ended. Every event before it has been handled.
    pub ended_at: Tick,
    /// How many windows there were.
    pub windows: u64,
    /// Most entries pending at the end of any window.
    pub pending_peak: usize,
    /// Messages sent or posted, and neither handled nor lost by the end.
    pub in_flight: u64,
    actors: Vec<A>,
    counters: Vec<Counters>,
}

impl<A> Outcome<A> {
    /// Whether the run ended before its time.
    pub fn stopped(&self) -> bool {
        self.ended != Ended::Finished
    }

    /// What one actor did.
    ///
    /// # Panics
    /// When there is no such actor: a caller's bug.
    pub fn counters(&self, id: ActorId) -> &Counters {
        &self.counters[id.index() as usize]
    }

    /// The actors, in order of their ids.
    pub fn actors(&self) -> &[A] {
        &self.actors
    }

    /// Gives the actors back, in order of their ids.
    pub fn into_actors(self) -> Vec<A> {
        self.actors
    }
}

impl<A: Actor> Outcome<A> {
    /// Puts the shards together again, actor by actor.
    pub(super) fn new(course: &Course, shards: Vec<Shard<A>>) -> Self {
        let mut in_flight = 0;
        let mut shares: Vec<_> = shards
            .into_iter()
            .map(|shard| {
                let (actors, hosts, messages) = shard.finish();
                in_flight += messages;
                actors.into_iter().zip(hosts)
            })
            .collect();
        let count = shares.iter().map(ExactSizeIterator::len).sum();
        let mut combined = Combined::new();
        let mut totals = Counters::default();
        let mut actors = Vec::with_capacity(count);
        let mut counters = Vec::with_capacity(count);
        let turns = shares.len();
        for index in 0..count {
            let Some((
                actor,
                Host {
                    history,
                    counters: own,
                    ..
                },
            )) = shares[index % turns].next()
            else {
                bug!("shard {} lacks actor {index}", index % turns);
            };
            combined.add(&history);
            totals.merge(&own);
            actors.push(actor);
            counters.push(own);
        }
        let (digest, shape) = combined.finish();
        Self {
            digest,
            shape,
            totals,
            ended: course.ended,
            ended_at: Tick::from_ns(course.now),
            windows: course.windows,
            pending_peak: course.pending_peak,
            in_flight,
            actors,
            counters,
        }
    }
}
