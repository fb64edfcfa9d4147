use leek_identity::NodeId;
use leek_machine::Tick;

use crate::HopError;

/// Names one build of a path. A request keeps it to report how it went.
///
/// When hops are replaced the path gets a new handle; reports under the old one no longer count
/// against the path, so a burst of lost requests is blamed on the path it was lost on only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathHandle {
    pub(super) build: u64,
    pub(super) guard: Option<NodeId>,
}

impl PathHandle {
    /// The handle of having no path.
    pub(super) const DIRECT: Self = Self {
        build: 0,
        guard: None,
    };

    /// The guard; `None` without a path.
    pub const fn guard(&self) -> Option<NodeId> {
        self.guard
    }
}

/// What a client learned about a path from one request (network spec 3.4, 3.7; ADR 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathEvidence {
    /// A reply opened under the request's key, whatever its status: 4xx and 5xx of the
    /// destination included. The only evidence that no hop can forge.
    Answered,
    /// No answer before the deadline, or the connection to the guard broke while waiting.
    Lost,
    /// An answer that does not open under the request's key.
    Garbled,
    /// A hop's error in the clear.
    Hop(HopError),
    /// A status in the clear with a text that no hop writes.
    Status(u16),
    /// A status in the clear on a request to a server outside the network, which may be the
    /// server's own: it is never held against the path (network spec 9, constant path churn).
    Server(u16),
    /// Our own direct connection to the guard could not be made.
    GuardUnreachable,
    /// The guard answered a direct test of ours.
    GuardReachable,
}

/// What follows from evidence.
pub(super) enum Verdict {
    Good,
    Strike,
    Nothing,
    GuardDown,
    GuardUp,
}

impl PathEvidence {
    /// Whether it counts as a failure of the path.
    pub const fn strikes(self) -> bool {
        matches!(self.verdict(), Verdict::Strike)
    }

    /// The whole rule of which evidence counts for what.
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self::Answered => Verdict::Good,
            Self::Lost | Self::Garbled => Verdict::Strike,
            // Whom the text names does not matter: any hop could have written it.
            Self::Hop(error) => verdict_on_status(error.status()),
            Self::Status(status) => verdict_on_status(status),
            Self::Server(_) => Verdict::Nothing,
            Self::GuardUnreachable => Verdict::GuardDown,
            Self::GuardReachable => Verdict::GuardUp,
        }
    }
}

/// Only what says "the path did not carry it" strikes. 400, 403, 404, 406, 425 and the rest speak
/// about the request (network spec 3.7).
const fn verdict_on_status(status: u16) -> Verdict {
    match status {
        502..=504 => Verdict::Strike,
        _ => Verdict::Nothing,
    }
}

/// Why the hops behind a guard were given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathLoss {
    /// Enough strikes.
    Struck,
    /// The rotation period is over.
    Rotated,
    /// One of them left the pool, or moved into another node's /24.
    Left,
    /// The guard was given up.
    GuardLost,
}

/// Why a guard was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardLoss {
    /// Our own direct connection failed often enough in a row.
    Unreachable,
    /// It left the pool.
    Left,
    /// It moved into the /24 of another node in use.
    Moved,
    /// The caller asked not to have it as a guard.
    Excluded,
}

/// What a call changed. After [`PathChange::PathLost`] call
/// [`PathSet::update`](super::PathSet::update) to draw anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathChange {
    /// A guard was given up. A path loss follows.
    GuardLost {
        /// Which.
        guard: NodeId,
        /// Why.
        cause: GuardLoss,
    },
    /// Hops of a path were given up; it is not used until drawn anew.
    ///
    /// After [`PathLoss::Struck`] a client does well to test the guard directly and to report
    /// [`PathEvidence::GuardUnreachable`] or [`PathEvidence::GuardReachable`]: strikes alone never
    /// replace a guard.
    PathLost {
        /// Which.
        path: PathHandle,
        /// Why.
        cause: PathLoss,
    },
    /// A path is ready.
    PathBuilt {
        /// Which.
        path: PathHandle,
    },
    /// A node has enough strikes to be drawn only when nothing else is left.
    NodeSetAside {
        /// Which.
        node: NodeId,
        /// Until when, unless it gets another strike.
        until: Tick,
    },
}

/// There is no path for this destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing was drawn yet, or what was drawn is lost:
    /// [`PathSet::update`](super::PathSet::update) comes first.
    #[error("pick a path: none is built")]
    NotBuilt,
    /// The pool is below the policy's minimum.
    #[error("build paths from a pool of {have} nodes, {min} at least")]
    PoolTooSmall {
        /// Nodes in the pool.
        have: usize,
        /// The policy's minimum.
        min: usize,
    },
    /// The pool is large enough but too few nodes fit the policy's rules. Never fewer hops.
    #[error("build paths: too few nodes of the pool of {have} fit together")]
    TooFewFit {
        /// Nodes in the pool.
        have: usize,
    },
    /// The destination is the guard of the only path left; choose another destination.
    #[error("pick a path: the destination is its guard")]
    DestinationIsGuard,
    /// The destination is on the only path left and no node fits in its place.
    #[error("pick a path: none avoids the destination")]
    NoneAvoids,
}
