//! Several shards, a thread each.
//!
//! One barrier per window. Before it each worker puts out its mail, its earliest tick and its
//! number of pending entries; after it all workers draw the same conclusions from what all put out,
//! so nobody has to be told what to do. There are two boards to put things out on, used in turn: a
//! worker is at most one barrier ahead of another, so it never writes on what one still reads.

use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::barrier::{Barrier, Broken};
use super::course::{Course, Plan};
use super::progress::{Control, Progress};
use crate::actor::Actor;
use crate::calendar::NEVER;
use crate::shard::{Freight, Shard};

/// Runs the shards, at least two, to the end of the plan.
pub(super) fn run<A: Actor>(
    shards: Vec<Shard<A>>,
    plan: Plan,
    observer: &mut dyn FnMut(&Progress<'_, A>) -> Control,
) -> (Vec<Shard<A>>, Course) {
    let hall = Hall::new(shards, plan);
    let course = thread::scope(|scope| {
        let others: Vec<_> = (1..hall.shards.len())
            .map(|index| {
                let hall = &hall;
                scope.spawn(move || hall.work(index, &mut |_| Control::Continue))
            })
            .collect();
        let course = hall.work(0, observer);
        for other in others {
            if let Err(panic) = other.join() {
                resume_unwind(panic);
            }
        }
        course
    });
    let Ok(course) = course else {
        leek_machine::bug!("a worker gave up though none panicked");
    };
    let shards = hall.shards.into_iter();
    let shards = shards.map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner));
    (shards.collect(), course)
}

/// What the workers share.
struct Hall<A: Actor> {
    plan: Plan,
    barrier: Barrier,
    /// Each locked by its own worker, except while the observer looks at all of them.
    shards: Vec<Mutex<Shard<A>>>,
    boards: [Board<A>; 2],
    stop: AtomicBool,
}

impl<A: Actor> Hall<A> {
    fn new(shards: Vec<Shard<A>>, plan: Plan) -> Self {
        let count = shards.len();
        Self {
            plan,
            barrier: Barrier::new(count),
            shards: shards.into_iter().map(Mutex::new).collect(),
            boards: [Board::new(count), Board::new(count)],
            stop: AtomicBool::new(false),
        }
    }

    /// The life of a worker. All take the same steps; only the first calls its observer.
    fn work(
        &self,
        index: usize,
        observer: &mut dyn FnMut(&Progress<'_, A>) -> Control,
    ) -> Result<Course, Broken> {
        let _guard = self.barrier.guard();
        let mut course = Course::default();
        let mut shard = lock(&self.shards[index]);
        let mut board = self.exchange(index, &course, &mut shard)?;
        while let Some(end) = course.next(&self.plan, board.earliest(), board.pending()) {
            shard.run_window(end);
            course.ran(end);
            board = self.exchange(index, &course, &mut shard)?;
            if course.is_observed(&self.plan) {
                drop(shard);
                self.observe(index, &course, board, observer)?;
                if self.stop.load(Ordering::Acquire) {
                    course.stop();
                    break;
                }
                shard = lock(&self.shards[index]);
            }
        }
        Ok(course)
    }

    /// Puts out what the others need, waits for theirs, and takes in what is for this shard.
    fn exchange(
        &self,
        index: usize,
        course: &Course,
        shard: &mut Shard<A>,
    ) -> Result<&Board<A>, Broken> {
        let board = &self.boards[usize::from(course.windows % 2 == 1)];
        board.put_out(index, shard);
        self.barrier.meet()?;
        board.collect(index, shard);
        Ok(board)
    }

    /// All shards stand still while the observer looks at them.
    fn observe(
        &self,
        index: usize,
        course: &Course,
        board: &Board<A>,
        observer: &mut dyn FnMut(&Progress<'_, A>) -> Control,
    ) -> Result<(), Broken> {
        self.barrier.meet()?;
        if index == 0 {
            let guards: Vec<_> = self.shards.iter().map(lock).collect();
            let shards: Vec<&Shard<A>> = guards.iter().map(|guard| &**guard).collect();
            let progress = Progress::new(course, board.pending(), &shards);
            let stop = observer(&progress) == Control::Stop;
            self.stop.store(stop, Ordering::Release);
        }
        self.barrier.meet()
    }
}

/// What the workers put out at the end of one window.
struct Board<A: Actor> {
    desks: Vec<Desk<A>>,
}

/// What one worker puts out.
struct Desk<A: Actor> {
    earliest: AtomicU64,
    pending: AtomicUsize,
    /// By receiving shard. Never contended: writer and reader have a barrier between them.
    mail: Vec<Mutex<Vec<Freight<A::Body>>>>,
}

impl<A: Actor> Board<A> {
    fn new(count: usize) -> Self {
        let desk = |_| Desk {
            earliest: AtomicU64::new(NEVER),
            pending: AtomicUsize::new(0),
            mail: (0..count).map(|_| Mutex::default()).collect(),
        };
        Self {
            desks: (0..count).map(desk).collect(),
        }
    }

    fn put_out(&self, index: usize, shard: &mut Shard<A>) {
        let desk = &self.desks[index];
        // The barrier after this orders these stores before the others' loads.
        desk.earliest.store(shard.earliest(), Ordering::Relaxed);
        desk.pending.store(shard.pending(), Ordering::Relaxed);
        for (to, mail) in desk.mail.iter().enumerate() {
            if to != index {
                shard.swap_outbox(to, &mut lock(mail));
            }
        }
        shard.outboxes_are_empty();
    }

    fn collect(&self, index: usize, shard: &mut Shard<A>) {
        for (from, desk) in self.desks.iter().enumerate() {
            if from != index {
                shard.collect(&mut lock(&desk.mail[index]));
            }
        }
    }

    /// The earliest pending tick of all shards.
    fn earliest(&self) -> u64 {
        let ticks = self
            .desks
            .iter()
            .map(|d| d.earliest.load(Ordering::Relaxed));
        ticks.min().unwrap_or(NEVER)
    }

    /// The pending entries of all shards.
    fn pending(&self) -> usize {
        let counts = self.desks.iter().map(|d| d.pending.load(Ordering::Relaxed));
        counts.sum()
    }
}

/// A worker that panics ends the run, so what it left behind is never used.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
