//! Every limit of membership, with the source of its number.

use leek_wire::limits::{COSIGN_BYTES_MAX, DESCRIPTOR_BYTES_MAX, SNAPSHOT_BYTES_MAX};

/// Directories of one network. Tor has run on nine for twenty years; sixteen signatures are still
/// checked in a millisecond.
pub const DIRECTORIES_MAX: usize = 16;

/// Nodes that one snapshot lists: five times the deployed network of about 2,000.
pub const LISTED_MAX: usize = 10_000;

/// Nodes whose places are kept while they are away: as many as can be listed.
pub const ABSENT_MAX: usize = LISTED_MAX;

/// Descriptors that a directory holds: those of listed nodes, and as many newcomers.
pub const HELD_MAX: usize = 2 * LISTED_MAX;

/// Bytes of a network's name: one label of a host name is shorter than 64.
pub const NETWORK_NAME_BYTES_MAX: usize = 32;

/// The largest epoch that is read: one per millisecond would last 285,000 years, and the next one
/// is always a number.
pub const EPOCH_MAX: u64 = 1 << 53;

/// The latest time that is read as the beginning of a snapshot, in ms: the year 287,000.
pub const TIME_MS_MAX: u64 = 1 << 53;

/// How far two honest directories' clocks, or a node's and a directory's, may be apart, in ms: the
/// tolerance for signatures (network spec 2.3).
pub const CLOCK_TOLERANCE_MS: u64 = 60_000;

/// How far this process's clock may be from the directories' before that is reported, in ms: half
/// of [`CLOCK_TOLERANCE_MS`], so that it is reported before anything is refused.
pub const CLOCK_OFF_MS: u64 = CLOCK_TOLERANCE_MS / 2;

/// How far in a follower's future a snapshot may begin, in ms: its clock and the proposer's may
/// each be off by [`CLOCK_TOLERANCE_MS`], in opposite directions.
pub const EARLY_TOLERANCE_MS: u64 = 2 * CLOCK_TOLERANCE_MS;

/// How much earlier than its predecessor a newer snapshot may begin, in ms: two directories whose
/// clocks differ may make them without knowing of each other's.
pub const BACKDATE_TOLERANCE_MS: u64 = 2 * CLOCK_TOLERANCE_MS;

/// The longest validity of a snapshot, in ms: 30 days, as long as any message lives (network
/// spec 2.3). A membership older than all messages helps nobody.
pub const VALIDITY_MS_MAX: u64 = 30 * 24 * 3_600_000;

/// Bytes of an encoded [`AuthorityState`](crate::AuthorityState): a snapshot and three fields.
pub const STATE_BYTES_MAX: usize = SNAPSHOT_BYTES_MAX + 128;

/// Bytes of one [`NetworkFile`](crate::NetworkFile): sixteen URLs take 2 KiB, comments the rest.
pub const NETWORK_FILE_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a listed node in a snapshot: id and onion key 34 each, address 5 + 4, swarm 9,
/// published 11, and 2 in front.
const LISTED_BYTES_MAX: usize = 99;
/// Bytes of an absent node in a snapshot: id 34, swarm 9, since 11, and 2 in front.
const ABSENT_BYTES_MAX: usize = 56;
/// Bytes of a signature with its signer, and what stands in front of it.
const SIGNATURE_BYTES_MAX: usize = 102;
/// Bytes of a snapshot's other fields, and of what stands in front of it.
const HEAD_BYTES_MAX: usize = 128;
/// Bytes of a signed descriptor: name 34, keys 68, address 9, version 12, published 11, signature
/// 66, and 6 in front.
pub(crate) const SIGNED_DESCRIPTOR_BYTES_MAX: usize = 206;

const SNAPSHOT_BYTES: usize = HEAD_BYTES_MAX
    + LISTED_MAX * LISTED_BYTES_MAX
    + ABSENT_MAX * ABSENT_BYTES_MAX
    + DIRECTORIES_MAX * SIGNATURE_BYTES_MAX;

// The largest of each fits into what the wire carries.
const _: () = assert!(SIGNED_DESCRIPTOR_BYTES_MAX <= DESCRIPTOR_BYTES_MAX);
const _: () = assert!(SNAPSHOT_BYTES <= SNAPSHOT_BYTES_MAX);
const _: () = assert!(
    SNAPSHOT_BYTES + LISTED_MAX * (SIGNED_DESCRIPTOR_BYTES_MAX + 3) + 32 <= COSIGN_BYTES_MAX
);
