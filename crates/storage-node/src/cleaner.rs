use leek_machine::{Now, Tick, Wall};
use leek_wire::{ReadView, StoreError, limits::CLEAN_PERIOD_MS};

use crate::limits::CLEAN_SLEEP_MS_MAX;

/// When to look for expired messages next. A node that stores nothing has no timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cleaner {
    /// The store has not been asked yet.
    #[default]
    Unknown,
    /// Nothing is stored.
    Idle,
    /// Look at this time.
    At(Tick),
}

/// Who wants to wake up.
pub(crate) const CLEANER: &str = "expiry cleaner";

impl Cleaner {
    pub(crate) const fn timeout(self) -> Option<(Tick, &'static str)> {
        match self {
            Self::At(tick) => Some((tick, CLEANER)),
            Self::Unknown | Self::Idle => None,
        }
    }

    pub(crate) fn is_due(self, now: Now) -> bool {
        matches!(self, Self::At(tick) if tick <= now.tick)
    }

    /// A message expires at `expiry`.
    pub(crate) fn expect(&mut self, now: Now, expiry: Wall) {
        let due = due(now, expiry);
        *self = match *self {
            Self::At(tick) => Self::At(tick.min(due)),
            Self::Unknown | Self::Idle => Self::At(due),
        };
    }

    /// Asks the store, unless that was done before.
    pub(crate) fn ask_once(&mut self, now: Now, view: &dyn ReadView) {
        if *self == Self::Unknown {
            self.ask(now, view.next_expiry());
        }
    }

    /// Goes by what the store says; asks again later if it fails.
    pub(crate) fn ask(&mut self, now: Now, next: Result<Option<Wall>, StoreError>) {
        match next {
            Ok(None) => *self = Self::Idle,
            Ok(Some(expiry)) => *self = Self::At(due(now, expiry)),
            Err(_) => self.pause(now),
        }
    }

    /// Looks again one period from now.
    pub(crate) const fn pause(&mut self, now: Now) {
        *self = Self::At(now.tick.after_ms(CLEAN_PERIOD_MS));
    }
}

fn due(now: Now, expiry: Wall) -> Tick {
    let wait = expiry.ms().saturating_sub(now.wall.ms());
    now.tick
        .after_ms(wait.clamp(CLEAN_PERIOD_MS, CLEAN_SLEEP_MS_MAX))
}
