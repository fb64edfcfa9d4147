use super::Ended;

/// What a run is asked to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) until: u64,
    pub(super) look_ahead: u64,
    pub(super) observe_every: u64,
    pub(super) pending_max: usize,
}

/// How far a run has come. Decides over windows from what is pending in all shards together, so
/// that every worker comes to the same decisions, on any number of threads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// The end of the last window.
    pub(super) now: u64,
    pub(super) windows: u64,
    pub(super) pending_peak: usize,
    pub(super) ended: Ended,
}

impl Course {
    /// The end of the next window, or `None` if the run is over. A window begins at the earliest
    /// pending tick: what is sent in it arrives after it, as nothing takes less than the
    /// look-ahead.
    pub(super) fn next(&mut self, plan: &Plan, earliest: u64, pending: usize) -> Option<u64> {
        self.pending_peak = self.pending_peak.max(pending);
        if pending > plan.pending_max {
            self.ended = Ended::Overfull;
            return None;
        }
        if earliest >= plan.until {
            self.now = plan.until;
            return None;
        }
        Some(earliest.saturating_add(plan.look_ahead).min(plan.until))
    }

    /// A window is over.
    pub(super) fn ran(&mut self, end: u64) {
        self.now = end;
        self.windows += 1;
    }

    /// Whether the observer is called after the window just over.
    pub(super) fn is_observed(&self, plan: &Plan) -> bool {
        self.windows.is_multiple_of(plan.observe_every)
    }

    /// The observer wants no more.
    pub(super) fn stop(&mut self) {
        self.ended = Ended::Stopped;
    }
}
