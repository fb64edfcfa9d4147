use leek_machine::Tick;

use crate::ActorId;

/// Longest latency, and longest scale of jitter: a day. Keeps sums of delays far from overflow.
pub const LATENCY_NS_MAX: u64 = 86_400_000_000_000;

/// What lies between the hosts. Every draw is a keyed hash of `(seed, label, source, target, n)`,
/// where `n` counts the messages of the source to others: no state is kept per pair of hosts.
#[derive(Clone, Debug, PartialEq)]
pub struct Links {
    /// Time on the way, without queues.
    pub latency: Latency,
    /// Time added to it, drawn for each message. What overtakes what follows from it alone.
    pub jitter: Jitter,
    /// Probability that a message is lost.
    pub loss: f64,
    /// Probability that a message that is not lost arrives twice; each copy has its own jitter.
    pub duplication: f64,
    /// Bandwidth between two hosts in different regions; 0 for no limit. It adds the time that the
    /// message's bits take; messages do not wait for each other.
    pub flow_bits_per_s: u64,
}

impl Links {
    /// Links that only take time.
    pub fn constant(latency_ns: u64) -> Self {
        Self::new(Latency::Constant { ns: latency_ns })
    }

    /// Links of the given latency without jitter, loss, duplication or limit of bandwidth.
    pub fn new(latency: Latency) -> Self {
        Self {
            latency,
            jitter: Jitter::None,
            loss: 0.0,
            duplication: 0.0,
            flow_bits_per_s: 0,
        }
    }
}

/// One-way latency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Latency {
    /// The same between all hosts; there is one region.
    Constant {
        /// Nanoseconds.
        ns: u64,
    },
    /// By the regions of sender and receiver.
    Matrix {
        /// Number of regions, at most 256.
        regions: usize,
        /// Nanoseconds, row by row: `ns[from * regions + to]`.
        ns: Vec<u64>,
    },
}

impl Latency {
    /// The least latency between any two regions, in nanoseconds.
    pub fn least_ns(&self) -> u64 {
        match self {
            Self::Constant { ns } => *ns,
            Self::Matrix { ns, .. } => ns.iter().copied().min().unwrap_or(0),
        }
    }

    /// How many regions there are.
    pub fn regions(&self) -> usize {
        match self {
            Self::Constant { .. } => 1,
            Self::Matrix { regions, .. } => *regions,
        }
    }

    /// From one region to another, in nanoseconds. Both must exist.
    pub(crate) fn ns(&self, from: usize, to: usize) -> u64 {
        match self {
            Self::Constant { ns } => *ns,
            Self::Matrix { regions, ns } => ns[from * regions + to],
        }
    }
}

/// Time added to the latency of each message. Never less than none, so it cannot break the
/// look-ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// None.
    None,
    /// Uniform from 0 to `max_ns`, both included.
    Uniform {
        /// Nanoseconds.
        max_ns: u64,
    },
    /// Exponential, rounded down to whole nanoseconds.
    Exponential {
        /// Mean in nanoseconds.
        mean_ns: u64,
    },
    /// Log-normal, rounded down to whole nanoseconds; the mean is `median_ns * exp(sigma² / 2)`.
    LogNormal {
        /// Median in nanoseconds.
        median_ns: u64,
        /// Standard deviation of the natural logarithm, at most 5.
        sigma: f64,
    },
}

/// Says which hosts cannot reach each other when: partitions, compiled before the run.
///
/// It must be a pure function. It is asked from several threads, once for every message, with the
/// tick at which the last bit leaves the sender; what is on its way already still arrives.
pub trait Cut: Send + Sync {
    /// Whether what `from` sends to `to` at `at` is lost.
    fn cut(&self, from: ActorId, to: ActorId, at: Tick) -> bool;
}
