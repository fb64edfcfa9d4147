//! Limits of this machine alone. Those that both ends of a call must know are in
//! `leek_wire::limits`.

use leek_wire::limits::{BODY_BYTES_MAX, HASHES_MAX, PULL_ROWS_MAX, WRITES_PENDING_MAX};

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

/// Messages that one page of a pull may look at: four times what it may hold. A page with nothing
/// to give among so many (expired, or of accounts that moved to another swarm) ends there.
pub const PULL_VISITS_MAX: usize = 4 * PULL_ROWS_MAX;
/// Time a member has to give one page, in ms: that of a relayed request, for as many bytes.
pub const PULL_TIMEOUT_MS: u64 = 30_000;
/// Failures in a row after which a member is not asked for its messages any more. With the pauses
/// between them it has two minutes to come up, as long as a network takes to start.
pub const PULL_TRIES_MAX: u8 = 8;
/// Pause after a member's first failure, in ms; it doubles.
pub const PULL_PAUSE_MS_MIN: u64 = 1_000;
/// Longest pause between two questions to a failing member, in ms.
pub const PULL_PAUSE_MS_MAX: u64 = 60_000;
/// Pages taken from one member. A full store has 3,900 pages of maximal messages, 6,000 of messages
/// of 160 bytes, the smallest that clients send; more than twice as many, so that only a liar has
/// more.
pub const PULL_PAGES_MAX: u32 = 16_384;
/// Removals (hashes, or scopes) remembered while a node asks for messages: four of the largest
/// deletes.
pub const REMOVALS_MAX: usize = 4 * HASHES_MAX;

/// Bytes of a storage reply: what a body takes, with room for the seal and the framing around it.
pub const STORAGE_REPLY_BYTES_MAX: usize = BODY_BYTES_MAX - 1_024;
