//! Every limit of a client, with the source of its number.

/// Sends waiting or under way; one more is refused.
pub const SENDS_MAX: usize = 1_000;
/// Sends under way at once; the others wait their turn. Keeps a burst from filling the uplink.
pub const SENDS_ACTIVE_MAX: usize = 8;
/// Requests in flight: sends, two poll batches, clock questions, and as much again for those that
/// wait for their deadline.
pub const FLIGHTS_MAX: usize = 64;
/// Hashes remembered for deduplication; the oldest expiries go first. At one message a minute this
/// is longer than the longest TTL.
pub const SEEN_MAX: usize = 65_536;
/// Places remembered, by node and namespace: five namespaces at each node of the largest swarm that
/// a reply can name.
pub const CURSORS_MAX: usize = 5 * leek_wire::limits::SWARM_NODES_MAX;
/// Accounts whose swarm differs from what the snapshot says.
pub const REDIRECTS_MAX: usize = 256;
/// Nodes asked for their clock (network spec 3.7: a median of three).
pub const CLOCK_NODES: usize = 3;
/// Shortest time between two corrections of the clock, in ms (network spec 3.7).
pub const CLOCK_PERIOD_MS: u64 = 600_000;
/// Rounds of clock questions before the client goes on with the clock it has.
pub const CLOCK_ROUNDS_MAX: u8 = 3;
/// First pause before a second attempt, in ms; it doubles (network spec 3.7).
pub const BACKOFF_MS_MIN: u64 = 200;
/// Longest pause between attempts, in ms (network spec 3.7).
pub const BACKOFF_MS_MAX: u64 = 5_000;
/// Attempts that a 421 or 406 may add to a send, beyond those configured.
pub const EXTRA_ATTEMPTS_MAX: u8 = 2;
/// Shortest time between two draws of paths that a timer asks for, in ms: where the pool cannot
/// give what is missing, the client looks again at this pace and not in a loop.
pub const PATH_RETRY_MS: u64 = 10_000;
/// Polls without pause while a node says that more is waiting.
pub const FOLLOW_UPS_MAX: u8 = 20;
