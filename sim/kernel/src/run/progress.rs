use leek_machine::Tick;

use super::course::Course;
use crate::actor::{Actor, ActorId};
use crate::shard::Shard;

/// What an observer sees at the end of a window.
pub struct Progress<'a, A: Actor> {
    /// The true time: every event before it has been handled, and none after it.
    pub now: Tick,
    /// Events so far, as counted by [`Counters::events`](crate::Counters::events).
    pub events: u64,
    /// Entries pending in the calendars.
    pub pending: usize,
    /// Windows so far.
    pub windows: u64,
    shards: &'a [&'a Shard<A>],
}

impl<'a, A: Actor> Progress<'a, A> {
    pub(super) fn new(course: &Course, pending: usize, shards: &'a [&'a Shard<A>]) -> Self {
        Self {
            now: Tick::from_ns(course.now),
            events: shards.iter().map(|shard| shard.events()).sum(),
            pending,
            windows: course.windows,
            shards,
        }
    }

    /// The actor with this id, if there is one.
    pub fn actor(&self, id: ActorId) -> Option<&'a A> {
        let index = id.index() as usize;
        let shard = self.shards[index % self.shards.len()];
        shard.actors().get(index / self.shards.len())
    }

    /// All actors, in order of their ids.
    pub fn actors(&self) -> impl Iterator<Item = (ActorId, &'a A)> {
        (0..).map_while(|index| {
            let id = ActorId::new(index);
            Some((id, self.actor(id)?))
        })
    }
}

impl<A: Actor> core::fmt::Debug for Progress<'_, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Progress")
            .field("now", &self.now)
            .field("events", &self.events)
            .field("pending", &self.pending)
            .field("windows", &self.windows)
            .finish_non_exhaustive()
    }
}

/// What the run does after an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Goes on.
    Continue,
    /// Ends here.
    Stop,
}
