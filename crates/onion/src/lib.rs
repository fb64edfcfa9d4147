#![doc = include_str!("../README.md")]

mod direct;
mod error;
mod format;
pub mod hop;
mod hop_error;
pub mod limits;
mod packet;
mod path;
mod session_v4;
pub mod v4;

pub use direct::Direct;
pub use error::{BuildError, FrameError, LayerError, PeelError, ReplyError, RoutingError};
pub use format::{Format, FormatId, Peeled, ReplyKey, ReplySeal, format};
pub use hop_error::{HopError, ParseHopError};
pub use packet::{EncType, Hop, Packet};
pub use path::{
    Diversity, GUARDS_MAX, GuardLoss, Overlap, PathChange, PathError, PathEvidence, PathHandle,
    PathLoss, PathPolicy, PathSet, PolicyError,
};
pub use session_v4::{EncPlan, Protocol, ServerTarget, ServerTargetError, SessionV4};
