//! Whether a service can do its work, as its health port says it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use leek_driver::{Clock, ops::Readiness};
use leek_machine::Wall;

/// What a service knows of its own state. Every reason not to be ready has a field of its own, so
/// that one that ends does not hide another.
#[derive(Debug)]
pub(crate) struct Health {
    clock: Clock,
    facts: Mutex<Facts>,
}

/// See [`Health`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Until when the membership may be used; `None` before there is one.
    pub(crate) valid_until: Option<Wall>,
    /// Whether the membership lists this process; always true for a directory.
    pub(crate) listed: bool,
    /// Whether the clock differs too much from the directories'.
    pub(crate) clock_off: bool,
    /// Whether the disk has too little room for messages.
    pub(crate) disk_low: bool,
    /// Whether the storage or the machine has failed.
    pub(crate) failed: bool,
    /// Whether the process is about to end.
    pub(crate) stopping: bool,
}

impl Health {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            facts: Mutex::default(),
        }
    }

    pub(crate) fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.lock());
    }

    pub(crate) fn facts(&self) -> Facts {
        *self.lock()
    }

    /// What `/readyz` says. The first reason that holds, the most lasting ones first.
    pub(crate) fn readiness(&self) -> Readiness {
        readiness(self.facts(), self.clock.now().wall)
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        // Plain flags: whole even if a change panicked.
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn readiness(facts: Facts, now: Wall) -> Readiness {
    let why = if facts.stopping {
        "stopping"
    } else if facts.failed {
        "the storage failed"
    } else if facts.clock_off {
        "the clock differs from the directories' by more than a minute"
    } else if facts.disk_low {
        "the disk is nearly full: no new messages"
    } else {
        match facts.valid_until {
            None => "no membership yet",
            Some(end) if end <= now => "the membership has expired",
            Some(_) if !facts.listed => "the membership does not list this node",
            Some(_) => return Readiness::Ready,
        }
    };
    Readiness::NotReady(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: Facts = Facts {
        valid_until: Some(Wall::from_ms(100)),
        listed: true,
        clock_off: false,
        disk_low: false,
        failed: false,
        stopping: false,
    };

    type Change = fn(&mut Facts);

    #[test]
    fn a_service_is_ready_only_without_any_reason_against_it() {
        let now = Wall::from_ms(99);
        assert_eq!(readiness(READY, now), Readiness::Ready);
        let changes: [(Change, &str); 6] = [
            (|f| f.valid_until = None, "no membership yet"),
            (|f| f.listed = false, "does not list"),
            (|f| f.clock_off = true, "clock"),
            (|f| f.disk_low = true, "disk"),
            (|f| f.failed = true, "storage"),
            (|f| f.stopping = true, "stopping"),
        ];
        for (change, expected) in changes {
            let mut facts = READY;
            change(&mut facts);
            match readiness(facts, now) {
                Readiness::NotReady(why) => assert!(why.contains(expected), "{why}"),
                Readiness::Ready => panic!("{facts:?}"),
            }
        }
        let over = readiness(READY, Wall::from_ms(100));
        assert_eq!(over, Readiness::NotReady("the membership has expired"));
    }
}
