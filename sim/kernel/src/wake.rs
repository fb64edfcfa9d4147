use crate::calendar::NEVER;

/// The one wake of an actor.
///
/// Machines move their timer with nearly every message, mostly to later. Each move as a fresh entry
/// would fill the calendar with stale ones; so at most one entry per actor is live, and one that
/// comes up before the wake is due just goes back in. Only moving the wake to earlier leaves an
/// entry behind, which is dropped when it comes up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WakeSlot {
    /// When the actor wants to be woken, or [`NEVER`].
    want: u64,
    /// The live entry in the calendar: its tick, or [`NEVER`] if there is none, and its number.
    entry: (u64, u64),
    /// The wake is due, behind so many messages in the inbox; or [`NOT_DUE`].
    behind: u32,
}

/// What an entry that comes up means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fired {
    /// Nothing: the wake was taken back or moved.
    Stale,
    /// The wake was moved to later: put an entry in for it.
    Early(u64),
    /// The actor is to be woken.
    Due,
}

impl WakeSlot {
    pub(crate) fn new() -> Self {
        Self {
            want: NEVER,
            entry: (NEVER, 0),
            behind: NOT_DUE,
        }
    }

    /// Sets the wake. True if the calendar needs an entry for it: see [`WakeSlot::entered`].
    #[inline]
    pub(crate) fn set(&mut self, at: u64) -> bool {
        self.want = at;
        self.behind = NOT_DUE;
        at < self.entry.0
    }

    /// An entry was put in.
    #[inline]
    pub(crate) fn entered(&mut self, at: u64, n: u64) {
        self.entry = (at, n);
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.want = NEVER;
        self.behind = NOT_DUE;
    }

    /// Entry `n` comes up at `now`.
    #[inline]
    pub(crate) fn fire(&mut self, now: u64, n: u64) -> Fired {
        if self.entry.0 == NEVER || self.entry.1 != n {
            return Fired::Stale;
        }
        self.entry.0 = NEVER;
        if self.want == NEVER {
            Fired::Stale
        } else if self.want > now {
            Fired::Early(self.want)
        } else {
            self.want = NEVER;
            Fired::Due
        }
    }

    /// The core is busy: the wake waits behind the messages in the inbox.
    #[inline]
    pub(crate) fn wait(&mut self, behind: u32) {
        self.behind = behind;
    }

    /// Whether it is the wake's turn.
    #[inline]
    pub(crate) fn is_next(&self) -> bool {
        self.behind == 0
    }

    /// Its turn is taken.
    #[inline]
    pub(crate) fn taken(&mut self) {
        self.behind = NOT_DUE;
    }

    /// A message left the inbox.
    #[inline]
    pub(crate) fn moves_up(&mut self) {
        if self.behind != NOT_DUE {
            self.behind -= 1;
        }
    }
}

const NOT_DUE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_later_needs_no_entry() {
        let mut slot = WakeSlot::new();
        assert!(slot.set(10));
        slot.entered(10, 0);
        assert!(!slot.set(30));
        assert_eq!(slot.fire(10, 0), Fired::Early(30));
        slot.entered(30, 1);
        assert_eq!(slot.fire(30, 1), Fired::Due);
        assert!(slot.set(31));
    }

    #[test]
    fn moving_earlier_makes_the_old_entry_stale() {
        let mut slot = WakeSlot::new();
        slot.set(30);
        slot.entered(30, 0);
        assert!(slot.set(10));
        slot.entered(10, 1);
        assert_eq!(slot.fire(10, 1), Fired::Due);
        assert_eq!(slot.fire(30, 0), Fired::Stale);
        // Nor does it stand for a wake set since.
        let mut slot = WakeSlot::new();
        slot.set(30);
        slot.entered(30, 0);
        slot.set(10);
        slot.entered(10, 1);
        slot.fire(10, 1);
        slot.set(40);
        slot.entered(40, 2);
        assert_eq!(slot.fire(30, 0), Fired::Stale);
        assert_eq!(slot.fire(40, 2), Fired::Due);
    }

    #[test]
    fn a_wake_taken_back_does_not_come() {
        let mut slot = WakeSlot::new();
        slot.set(10);
        slot.entered(10, 0);
        slot.clear();
        assert_eq!(slot.fire(10, 0), Fired::Stale);
        assert!(slot.set(20));
    }

    #[test]
    fn a_due_wake_waits_its_turn() {
        let mut slot = WakeSlot::new();
        slot.set(1);
        slot.entered(1, 0);
        assert_eq!(slot.fire(1, 0), Fired::Due);
        slot.wait(2);
        assert!(!slot.is_next());
        slot.moves_up();
        slot.moves_up();
        assert!(slot.is_next());
        slot.taken();
        assert!(!slot.is_next());
    }
}
