//! Why rows do not add up.

/// Rows that cannot be true, or not enough of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TallyError {
    /// The verdict of a message does not fit its other columns.
    #[error("count message {id}: {why}")]
    Message {
        /// [`crate::MessageRow::id`].
        id: u64,
        /// What does not fit.
        why: &'static str,
    },
    /// A request ended before it started.
    #[error("count a {kind} request: it ended at {ended_ns} ns but started at {started_ns} ns")]
    Request {
        /// [`crate::RequestRow::kind`].
        kind: String,
        /// [`crate::RequestRow::started_ns`].
        started_ns: u64,
        /// [`crate::RequestRow::ended_ns`].
        ended_ns: u64,
    },
    /// Two rows count the same thing.
    #[error("count metric {name:?} of kind {kind:?}: it stands in the table twice")]
    MetricTwice {
        /// [`crate::MetricRow::name`].
        name: String,
        /// [`crate::MetricRow::kind`].
        kind: String,
    },
    /// A metric the summary needs has no row.
    #[error("sum up the run: metric {name:?} is missing")]
    MetricMissing {
        /// One of [`crate::metric::REQUIRED`].
        name: &'static str,
    },
    /// A sum does not fit 64 bits.
    #[error("add up {what}: more than 64 bits")]
    Overflow {
        /// What was added up.
        what: String,
    },
}
