use core::num::{NonZeroU16, NonZeroU64};

use crate::limits::HOPS_MAX;

/// Most guards a policy may ask for. Deployed clients want 2 (network spec 3.7); more than a few
/// only raises the chance that one of them is hostile.
pub const GUARDS_MAX: u8 = 8;

/// Whether two nodes of one network may serve the same client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Diversity {
    /// Any nodes.
    Free,
    /// At most one node per IPv4 /24: on a path, and over all paths where they are disjoint.
    OnePerSlash24,
}

/// Whether two paths of a client may share nodes. Guards are distinct in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Overlap {
    /// No node is on two paths.
    Disjoint,
    /// A node may be on several paths.
    Shared,
}

/// How a client chooses, keeps and replaces its paths. Plain data, as scenarios give it.
///
/// The numbers of [`PathPolicy::SESSION`] come from network spec 3.7; what strikes mean is
/// decided in ADR 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathPolicy {
    /// Nodes of a path, the destination not counted. 0 together with 0 guards: no paths at all.
    pub hops: u8,
    /// Guards, each the head of one path, so also the number of paths.
    pub guards: u8,
    /// Whether nodes of one /24 may be combined.
    pub diversity: Diversity,
    /// Whether paths may share nodes.
    pub overlap: Overlap,
    /// Failures that replace the hops of a path behind its guard.
    pub path_strikes: u8,
    /// Replaced paths that make a node a last choice.
    pub node_strikes: u8,
    /// Direct failures in a row that replace a guard.
    pub guard_strikes: u8,
    /// How long a node's strikes count, in ms, from its latest one.
    pub node_strike_ttl_ms: u64,
    /// Authenticated answers in a row that clear a path's strikes; `None` never clears them.
    pub forgive_after: Option<NonZeroU16>,
    /// Age at which the hops behind a guard are replaced, in ms; `None` keeps them.
    pub rotation_ms: Option<NonZeroU64>,
    /// Fewest nodes in the pool to draw from.
    pub pool_min: usize,
    /// Paths behind one guard that strikes may replace within [`Self::rebuild_window_ms`].
    pub rebuilds_max: u8,
    /// The window of [`Self::rebuilds_max`], in ms.
    pub rebuild_window_ms: u64,
    /// Guards of one place that may be replaced as unreachable within [`Self::guard_window_ms`].
    pub guard_changes_max: u8,
    /// The window of [`Self::guard_changes_max`], in ms.
    pub guard_window_ms: u64,
}

const MINUTE_MS: u64 = 60_000;

impl PathPolicy {
    /// Three hops behind two pinned guards, rotated every 10 minutes, as current clients do.
    pub const SESSION: Self = Self {
        hops: 3,
        guards: 2,
        diversity: Diversity::OnePerSlash24,
        overlap: Overlap::Disjoint,
        path_strikes: 3,
        node_strikes: 3,
        guard_strikes: 3,
        // Deployed strikes expire, without a number we know; 2 h is the age at which clients
        // renew their pool, and with it what they think of its nodes.
        node_strike_ttl_ms: 120 * MINUTE_MS,
        // A hop that drops one request in ten or more is replaced; ADR 3.
        forgive_after: NonZeroU16::new(20),
        rotation_ms: NonZeroU64::new(10 * MINUTE_MS),
        pool_min: 12,
        // At most three draws of hops per rotation period: the factor by which a hostile guard
        // can raise its chance of a hostile last hop; ADR 3.
        rebuilds_max: 2,
        rebuild_window_ms: 10 * MINUTE_MS,
        // With a fifth of all nodes down, five in a row are down once in 3,000 times.
        guard_changes_max: 4,
        guard_window_ms: 60 * MINUTE_MS,
    };

    /// No paths: for the `direct` format.
    pub const DIRECT: Self = Self {
        hops: 0,
        guards: 0,
        pool_min: 0,
        rotation_ms: None,
        ..Self::SESSION
    };

    /// Checks that the numbers fit together.
    ///
    /// # Errors
    /// [`PolicyError`] naming the number that does not.
    pub const fn check(&self) -> Result<(), PolicyError> {
        if self.hops as usize > HOPS_MAX {
            return Err(PolicyError::Hops { hops: self.hops });
        }
        if self.guards > GUARDS_MAX {
            return Err(PolicyError::Guards {
                guards: self.guards,
            });
        }
        if (self.hops == 0) != (self.guards == 0) {
            return Err(PolicyError::HopsWithoutGuards {
                hops: self.hops,
                guards: self.guards,
            });
        }
        if self.path_strikes == 0 || self.node_strikes == 0 || self.guard_strikes == 0 {
            return Err(PolicyError::NoStrikes);
        }
        Ok(())
    }

    /// Nodes needed at least to have every path.
    pub const fn nodes_needed(&self) -> usize {
        let (hops, guards) = (self.hops as usize, self.guards as usize);
        match self.overlap {
            Overlap::Disjoint => hops * guards,
            // Guards are distinct, and each may serve behind another.
            Overlap::Shared => {
                if hops > guards {
                    hops
                } else {
                    guards
                }
            }
        }
    }
}

/// A policy whose numbers do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// More hops than a packet can pass.
    #[error("read a path policy: {hops} hops, {HOPS_MAX} at most")]
    Hops {
        /// Hops asked for.
        hops: u8,
    },
    /// More guards than make sense.
    #[error("read a path policy: {guards} guards, {GUARDS_MAX} at most")]
    Guards {
        /// Guards asked for.
        guards: u8,
    },
    /// Hops need a guard, and a guard is a hop.
    #[error("read a path policy: {hops} hops with {guards} guards")]
    HopsWithoutGuards {
        /// Hops asked for.
        hops: u8,
        /// Guards asked for.
        guards: u8,
    },
    /// Zero strikes would replace things without any failure.
    #[error("read a path policy: a number of strikes is zero")]
    NoStrikes,
}
