use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::super::share::Taken;
use crate::Limits;

/// What a connection does, and until when it may go on like that.
///
/// - Before its first request it has `Limits::first_request`.
/// - With requests under way, the oldest has `Limits::request` to be answered and
///   `Limits::response` for its answer to be taken.
/// - Otherwise the connection is idle and has `Limits::idle`.
/// - Of answers on their way to the socket, what has been there longest has `Limits::response`.
/// - In any case it ends at `Limits::connection_age` and its grace.
///
/// Pings and other frames without a request do not count: they cost their sender nothing.
#[derive(Debug)]
pub(in crate::accept) struct Activity {
    limits: Limits,
    end: Instant,
    now: Mutex<State>,
    /// Bytes of answers that HTTP/2 has and the socket has not. What else is written counts as
    /// theirs: frame heads and acknowledgements, little against them.
    unsent: Taken,
}

#[derive(Debug)]
struct State {
    /// Requests under way, by the order in which they began.
    begun: BTreeMap<u64, Instant>,
    next: u64,
    idle_from: Instant,
    deadline: Instant,
    /// Bytes of answers given to HTTP/2 so far, and bytes written.
    given: u64,
    written: u64,
    /// How far writing must come, and since when.
    mark: Option<(u64, Instant)>,
}

impl Activity {
    pub(super) fn new(limits: &Limits, unsent: Taken) -> Self {
        let now = Instant::now();
        Self {
            limits: *limits,
            end: now + limits.connection_age + limits.connection_age_grace,
            now: Mutex::new(State {
                begun: BTreeMap::new(),
                next: 0,
                idle_from: now,
                deadline: now + limits.first_request,
                given: 0,
                written: 0,
                mark: None,
            }),
            unsent,
        }
    }

    /// Until when the connection may go on.
    pub(super) fn deadline(&self) -> Instant {
        let state = self.state();
        let written = state.mark.map(|(_, since)| since + self.limits.response);
        state
            .deadline
            .min(written.unwrap_or(self.end))
            .min(self.end)
    }

    /// Why its time is up, if it is.
    pub(super) fn overdue(&self) -> Option<&'static str> {
        let now = Instant::now();
        let state = self.state();
        let stuck = state
            .mark
            .is_some_and(|(_, since)| now >= since + self.limits.response);
        if now >= self.end {
            Some("age")
        } else if stuck {
            Some("answer-not-taken")
        } else if now < state.deadline {
            None
        } else if !state.begun.is_empty() {
            Some("answer-not-taken")
        } else if state.next == 0 {
            Some("no-request")
        } else {
            Some("idle")
        }
    }

    /// A request began; it ends when the result is dropped. There are no more than
    /// `Limits::streams` at a time.
    pub(in crate::accept) fn begin(self: &Arc<Self>) -> Busy {
        let mut state = self.state();
        let request = state.next;
        state.next += 1;
        state.begun.insert(request, Instant::now());
        self.settle(&mut state);
        drop(state);
        Busy {
            activity: Arc::clone(self),
            request,
        }
    }

    /// HTTP/2 took `bytes` of an answer, counted in `answered` until now.
    pub(in crate::accept) fn give(&self, answered: &Taken, bytes: usize) {
        let mut state = self.state();
        answered.hand_on(&self.unsent, bytes);
        state.given += bytes as u64;
        let given = state.given;
        state.mark.get_or_insert_with(|| (given, Instant::now()));
    }

    /// The socket took `bytes`.
    pub(super) fn wrote(&self, bytes: usize) {
        let mut state = self.state();
        self.unsent.less(bytes);
        state.written = (state.written + bytes as u64).min(state.given);
        if state.mark.is_some_and(|(until, _)| state.written >= until) {
            let more = state.written < state.given;
            state.mark = more.then(|| (state.given, Instant::now()));
        }
    }

    fn settle(&self, state: &mut State) {
        let life = self.limits.request + self.limits.response;
        state.deadline = match state.begun.first_key_value() {
            Some((_, oldest)) => *oldest + life,
            None => state.idle_from + self.limits.idle,
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way.
#[derive(Debug)]
pub(in crate::accept) struct Busy {
    activity: Arc<Activity>,
    request: u64,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.begun.remove(&self.request);
        state.idle_from = Instant::now();
        self.activity.settle(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use leek_identity::NodeAddress;
    use tokio::time::advance;

    use super::*;
    use crate::accept::share::{Kind, Shares};

    fn limits() -> Limits {
        Limits {
            first_request: Duration::from_secs(10),
            idle: Duration::from_secs(300),
            request: Duration::from_secs(35),
            response: Duration::from_secs(65),
            connection_age: Duration::from_secs(1_000),
            connection_age_grace: Duration::from_secs(100),
            ..Limits::default()
        }
    }

    fn activity() -> Arc<Activity> {
        let limits = limits();
        let prefix = NodeAddress {
            ip: [10, 0, 0, 1].into(),
            port: 1,
        };
        let share = Shares::new(&limits).of(prefix.slash24());
        Arc::new(Activity::new(&limits, share.take(Kind::Answered)))
    }

    async fn after(activity: &Activity, seconds: u64) -> Option<&'static str> {
        advance(Duration::from_secs(seconds)).await;
        activity.overdue()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_has_until_its_first_request() {
        let activity = activity();
        assert_eq!(after(&activity, 9).await, None);
        assert_eq!(after(&activity, 1).await, Some("no-request"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_request_counts_until_its_answer_is_taken() {
        let activity = activity();
        let first = activity.begin();
        assert_eq!(after(&activity, 60).await, None);
        let second = activity.begin();
        assert_eq!(after(&activity, 39).await, None);
        assert_eq!(after(&activity, 1).await, Some("answer-not-taken"));
        drop(first);
        assert_eq!(activity.overdue(), None);
        assert_eq!(after(&activity, 60).await, Some("answer-not-taken"));
        drop(second);
        assert_eq!(activity.overdue(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn idleness_counts_from_the_end_of_the_last_request() {
        let activity = activity();
        let request = activity.begin();
        assert_eq!(after(&activity, 50).await, None);
        drop(request);
        assert_eq!(after(&activity, 299).await, None);
        assert_eq!(after(&activity, 1).await, Some("idle"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_connection_ends_with_its_age_and_grace() {
        let activity = activity();
        for _ in 0..109 {
            drop(activity.begin());
            assert_eq!(after(&activity, 10).await, None);
        }
        let last = activity.begin();
        assert_eq!(after(&activity, 10).await, Some("age"));
        drop(last);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_given_first_must_be_written_in_time_whatever_follows() {
        let activity = activity();
        drop(activity.begin());
        let answered = activity.unsent.sibling();
        answered.more(1_000).unwrap();
        activity.give(&answered, 100);
        for _ in 0..6 {
            assert_eq!(after(&activity, 10).await, None);
            activity.give(&answered, 100);
            activity.wrote(10);
        }
        // 100 bytes were due within 65 s, and 60 are written.
        assert_eq!(after(&activity, 5).await, Some("answer-not-taken"));
        activity.wrote(40);
        assert_eq!(activity.overdue(), None);
        // From then on, the 700 bytes given so far.
        assert_eq!(after(&activity, 64).await, None);
        activity.wrote(599);
        assert_eq!(after(&activity, 1).await, Some("answer-not-taken"));
        activity.wrote(1);
        assert_eq!(after(&activity, 100).await, None);
    }
}
