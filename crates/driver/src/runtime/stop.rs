use core::time::Duration;
use std::{
    io, process,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Instant,
};

use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
};

/// Why a process stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: the service manager.
    Terminate,
    /// The program itself: it is done, or a host ended.
    Program,
}

/// A request to stop that any thread can make or wait for. Clones are the same request; the first
/// reason stays.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    reason: Mutex<Option<Signal>>,
    changed: Condvar,
}

impl Stop {
    /// One that nobody has tripped.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop. Says whether this was the first to ask.
    pub fn trip(&self, reason: Signal) -> bool {
        let mut slot = self.lock();
        if slot.is_some() {
            return false;
        }
        *slot = Some(reason);
        self.inner.changed.notify_all();
        true
    }

    /// Why to stop, once somebody asked.
    pub fn reason(&self) -> Option<Signal> {
        *self.lock()
    }

    /// Blocks this thread until somebody asks.
    pub fn wait(&self) -> Signal {
        let mut slot = self.lock();
        loop {
            if let Some(reason) = *slot {
                return reason;
            }
            let waited = self.inner.changed.wait(slot);
            slot = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Blocks this thread until somebody asks, at most this long.
    pub fn wait_for(&self, duration: Duration) -> Option<Signal> {
        let end = Instant::now() + duration;
        let mut slot = self.lock();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if slot.is_some() || left.is_zero() {
                return *slot;
            }
            let waited = self.inner.changed.wait_timeout(slot, left);
            slot = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Signal>> {
        // The value is whole after every statement that holds the lock.
        self.inner
            .reason
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a process exits with that a second signal ends, whichever: `leek`'s code for an
/// interruption.
const FORCED_EXIT: i32 = 130;

/// Trips `stop` at the first signal and ends the process at the second.
pub(super) fn watch(handle: &Handle, stop: Stop) -> io::Result<()> {
    let _in_runtime = handle.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    handle.spawn(async move {
        loop {
            // Biased only to be repeatable: two signals at once are rare, and either reason is true.
            let reason = tokio::select! {
                biased;
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
            };
            if !stop.trip(reason) {
                process::exit(FORCED_EXIT);
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn the_first_reason_stays() {
        let stop = Stop::new();
        assert_eq!(stop.reason(), None);
        assert_eq!(stop.wait_for(Duration::from_millis(1)), None);
        assert!(stop.trip(Signal::Terminate));
        assert!(!stop.clone().trip(Signal::Interrupt));
        assert_eq!(stop.wait(), Signal::Terminate);
        assert_eq!(stop.wait_for(Duration::ZERO), Some(Signal::Terminate));
    }

    #[test]
    fn a_waiting_thread_is_woken() {
        let stop = Stop::new();
        let waiting = {
            let stop = stop.clone();
            thread::spawn(move || stop.wait())
        };
        stop.trip(Signal::Program);
        assert_eq!(waiting.join().unwrap(), Signal::Program);
    }
}
