//! Limits of this machine alone. Those that both ends of a call must know are in
//! `leek_wire::limits`.

use leek_wire::limits::{BODY_BYTES_MAX, WRITES_PENDING_MAX};

/// Copies forwarded by swarm members that wait for local durability: every one of ten members, the
/// soft upper size of a swarm, may have [`WRITES_PENDING_MAX`] writes under way.
pub const FORWARDS_PENDING_MAX: usize = 10 * WRITES_PENDING_MAX;

/// Bytes that waiting batches and sequences may pin (their unsent messages and collected
/// retrieves): 32 requests of the largest kind.
pub const FLOW_BYTES_MAX: u64 = 32 * 10 * 1024 * 1024;

/// Facts that one call may report. With at most 20 x 100 forwards and their writes this stays
/// below `leek_machine::OUTPUTS_MAX`; more are counted, not reported.
pub const FACTS_PER_CALL_MAX: usize = 1_024;

/// The cleaner never sleeps longer, in ms, so that a jump of the wall clock is noticed: an hour, a
/// small part of the TTLs in use.
pub const CLEAN_SLEEP_MS_MAX: u64 = 3_600_000;

/// Bytes of a storage reply: what a body takes, with room for the seal and the framing around it.
pub const STORAGE_REPLY_BYTES_MAX: usize = BODY_BYTES_MAX - 1_024;
