#![doc = include_str!("../README.md")]

mod fixed;
mod membership;
mod snapshot;
mod space;

pub use fixed::{FixedError, assign_fixed};
pub use membership::{
    Changes, EXCESS_BASE, MIN_SWARM_SIZE, Membership, MembershipError, Move, NEW_SWARM_MARGIN,
    NEW_SWARM_SIZE,
};
pub use snapshot::{NODES_MAX, Snapshot, SnapshotError};
pub use space::{Epoch, SwarmId, nearest, space_of_key, swarm_space};
