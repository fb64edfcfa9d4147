use core::hint::spin_loop;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Where all workers meet. Windows are short, often well under a millisecond of work, so a worker
/// first spins, then yields, and only then sleeps.
pub(super) struct Barrier {
    workers: usize,
    arrived: AtomicUsize,
    round: AtomicU32,
    /// A worker panicked and will not arrive.
    broken: AtomicBool,
    sleepers: Mutex<u32>,
    wake: Condvar,
}

/// Another worker panicked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken;

impl Barrier {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            workers,
            arrived: AtomicUsize::new(0),
            round: AtomicU32::new(0),
            broken: AtomicBool::new(false),
            sleepers: Mutex::new(0),
            wake: Condvar::new(),
        }
    }

    /// Waits until every worker has come here. What they wrote before, all see after.
    pub(super) fn meet(&self) -> Result<(), Broken> {
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.workers {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            self.rouse();
        } else {
            self.wait(round);
        }
        if self.broken.load(Ordering::Acquire) {
            return Err(Broken);
        }
        Ok(())
    }

    /// Lets all who wait, or will, go with an error.
    fn break_up(&self) {
        self.broken.store(true, Ordering::Release);
        self.rouse();
    }

    /// Holds for a worker's life; breaks the barrier if it ends in a panic.
    pub(super) fn guard(&self) -> Guard<'_> {
        Guard(self)
    }

    fn wait(&self, round: u32) {
        for spin in 0..SPINS + YIELDS {
            if self.is_over(round) {
                return;
            }
            if spin < SPINS {
                spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
        let mut sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        *sleepers += 1;
        while !self.is_over(round) {
            sleepers = self
                .wake
                .wait(sleepers)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *sleepers -= 1;
    }

    fn is_over(&self, round: u32) -> bool {
        self.round.load(Ordering::Acquire) != round || self.broken.load(Ordering::Acquire)
    }

    /// Under the lock, so that nobody falls asleep between looking and waiting.
    fn rouse(&self) {
        let sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        if *sleepers > 0 {
            self.wake.notify_all();
        }
    }
}

pub(super) struct Guard<'a>(&'a Barrier);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.break_up();
        }
    }
}

/// Spinning costs about a microsecond and a half, the price of going to sleep.
const SPINS: u32 = 400;
/// Enough to let the worker we wait for run if there are fewer cores than workers.
const YIELDS: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Each adds one per round, and after each meeting sees what all have added.
    #[test]
    fn all_see_what_all_did_before() {
        const WORKERS: usize = 3;
        const ROUNDS: usize = 2_000;
        let barrier = Barrier::new(WORKERS);
        let sums = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let work = || {
            for round in 0..ROUNDS {
                sums[round % 2].fetch_add(1, Ordering::Relaxed);
                barrier.meet().unwrap();
                let sum = sums[round % 2].load(Ordering::Relaxed);
                assert_eq!(sum, (round / 2 + 1) * WORKERS);
            }
        };
        std::thread::scope(|scope| {
            (0..WORKERS).for_each(|_| drop(scope.spawn(work)));
        });
    }

    #[test]
    fn who_breaks_it_frees_the_others() {
        let barrier = Barrier::new(3);
        std::thread::scope(|scope| {
            let waiting = [(); 2].map(|()| scope.spawn(|| barrier.meet().is_err()));
            let broken = scope.spawn(|| {
                let _guard = barrier.guard();
                panic!("on purpose");
            });
            assert!(broken.join().is_err());
            assert!(waiting.into_iter().all(|w| w.join().unwrap()));
            assert!(barrier.meet().is_err());
        });
    }
}
