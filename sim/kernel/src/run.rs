//! From a list of actors to the outcome of a run.

mod barrier;
mod course;
mod outcome;
mod progress;
mod threads;

use core::num::NonZeroUsize;
use std::sync::Arc;

use leek_machine::Tick;

use self::course::{Course, Plan};
pub use self::outcome::{Ended, Outcome};
pub use self::progress::{Control, Progress};
use crate::actor::{Actor, ActorId};
use crate::net::Net;
use crate::shard::Shard;
use crate::{Config, ConfigError, HostConfig};

/// A run that has not begun.
pub struct Kernel<A: Actor> {
    config: Config,
    hosts: Vec<(HostConfig, A)>,
    posts: Vec<Post<A::Body>>,
}

/// A message from outside.
struct Post<B> {
    at: Tick,
    to: ActorId,
    body: B,
}

impl<A: Actor> Kernel<A> {
    /// Takes the actors in the order of their [`ActorId`]s, each with its host.
    ///
    /// # Errors
    /// When the configuration cannot be run, with the first reason found.
    pub fn new(config: Config, hosts: Vec<(HostConfig, A)>) -> Result<Self, ConfigError> {
        config.check(hosts.iter().map(|(host, _)| host))?;
        Ok(Self {
            config,
            hosts,
            posts: Vec::new(),
        })
    }

    /// Puts a message from [`ActorId::WORLD`] before an actor at a true tick: a command of the
    /// scenario. It has no size and passes no link, but waits for the core as any other.
    ///
    /// # Errors
    /// When there is no such actor.
    pub fn post(&mut self, at: Tick, to: ActorId, body: A::Body) -> Result<(), PostError> {
        if to.index() as usize >= self.hosts.len() {
            return Err(PostError { to });
        }
        self.posts.push(Post { at, to, body });
        Ok(())
    }

    /// Runs all events before `until`, on as many threads as asked for or as there are actors. The
    /// number of threads changes how long that takes, and nothing else.
    ///
    /// The observer is called on the calling thread, at the end of every
    /// [`Config::observe_every`]-th window, while no actor runs: the place for progress, Ctrl-C and
    /// checks across actors.
    ///
    /// # Panics
    /// When an actor does, on whatever thread; or when time stands still because an actor wakes
    /// itself over and over at one tick.
    pub fn run(
        self,
        until: Tick,
        threads: NonZeroUsize,
        observer: &mut dyn FnMut(&Progress<'_, A>) -> Control,
    ) -> Outcome<A> {
        let plan = Plan {
            until: until.ns(),
            look_ahead: self.config.look_ahead_ns,
            observe_every: u64::from(self.config.observe_every),
            pending_max: self.config.pending_max,
        };
        let count = threads.get().min(self.hosts.len());
        let mut shards = self.into_shards(count);
        let course;
        if let [shard] = shards.as_mut_slice() {
            course = run_alone(shard, &plan, observer);
        } else {
            (shards, course) = threads::run(shards, plan, observer);
        }
        Outcome::new(&course, shards)
    }

    /// Deals the actors out in turn: those of one sort stand together in the list, so each shard
    /// gets its share of every sort.
    fn into_shards(self, count: usize) -> Vec<Shard<A>> {
        let regions = self.hosts.iter().map(|(host, _)| host.region).collect();
        let net = Arc::new(Net::new(&self.config, regions));
        let width = u32::try_from(count).unwrap_or(u32::MAX);
        let mut shards: Vec<_> = (0..width)
            .map(|index| Shard::new(index, width, Arc::clone(&net)))
            .collect();
        for (index, (host, actor)) in self.hosts.into_iter().enumerate() {
            shards[index % count].add(&host, actor, &self.config.seed);
        }
        for (n, post) in (0..).zip(self.posts) {
            let shard = post.to.index() as usize % count;
            shards[shard].post(post.at.ns(), post.to, n, post.body);
        }
        shards
    }
}

impl<A: Actor> core::fmt::Debug for Kernel<A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Kernel")
            .field("config", &self.config)
            .field("actors", &self.hosts.len())
            .field("posts", &self.posts.len())
            .finish_non_exhaustive()
    }
}

/// One shard, on the calling thread: the same windows, and nobody to wait for.
fn run_alone<A: Actor>(
    shard: &mut Shard<A>,
    plan: &Plan,
    observer: &mut dyn FnMut(&Progress<'_, A>) -> Control,
) -> Course {
    let mut course = Course::default();
    while let Some(end) = course.next(plan, shard.earliest(), shard.pending()) {
        shard.run_window(end);
        course.ran(end);
        if course.is_observed(plan) {
            let shards = [&*shard];
            let progress = Progress::new(&course, shard.pending(), &shards);
            if observer(&progress) == Control::Stop {
                course.stop();
                break;
            }
        }
    }
    course
}

/// A message was posted to an actor that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("post to actor {to}, which does not exist")]
pub struct PostError {
    /// The actor named.
    pub to: ActorId,
}
