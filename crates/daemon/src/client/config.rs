use core::num::NonZeroU64;
use std::sync::Arc;

use leek_client::ClientConfig;
use leek_directory::Trust;
use leek_driver::{Limits, Network, Tcp};
use leek_onion::{Diversity, EncPlan, EncType, PathPolicy, SessionV4};
use leek_wire::AckLevel;

/// Time between two polls, in ms: that of deployed clients in use (reliability spec 2.1.1).
const POLL_MS: u64 = 5_000;

/// A year, in ms: a poll that does not happen.
const NEVER_MS: u64 = 365 * 24 * 3_600_000;

/// Members of the own swarm asked at each poll (reliability spec 2.1.1).
const POLL_MEMBERS: usize = 2;

/// Attempts at storing one message. Deployed clients make three and try again later (network spec
/// 3.7); a program that sends one message has no later. Eight take 16 s at most with their pauses,
/// and find a way where a quarter of all nodes is dead.
const SEND_ATTEMPTS: u8 = 8;

/// Time one request may take, in ms (network spec 3.7: 10 s for storage requests).
const REQUEST_TIMEOUT_MS: u64 = 10_000;

/// Fewest nodes to draw paths from: two disjoint paths of three hops, and a destination.
///
/// Deployed clients ask for 12, lest somebody shows them a small network of his own. Here the
/// membership is signed by a majority of directories, and a local network of 12 nodes must go on
/// when some of them are gone.
pub const POOL_MIN: usize = 7;

/// Whether a session asks for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiving {
    /// It polls, and hands messages out.
    Yes,
    /// It only sends: what waits for the account stays where it is.
    No,
}

/// How a session is set up.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Whose word on the membership counts.
    pub trust: Trust,
    /// How far a message must come before it counts as sent.
    pub ack: AckLevel,
    /// Whether it asks for messages.
    pub receiving: Receiving,
    /// How it reaches others.
    pub network: Arc<dyn Network>,
    /// Every bound of the transport.
    pub limits: Limits,
    /// Added to the system's clock, in ms.
    pub clock_offset_ms: i64,
}

impl SessionConfig {
    /// A session over TCP that trusts `trust`, with the system's clock.
    pub fn new(trust: Trust, ack: AckLevel, receiving: Receiving) -> Self {
        Self {
            trust,
            ack,
            receiving,
            network: Arc::new(Tcp),
            limits: Limits::default(),
            clock_offset_ms: 0,
        }
    }

    /// Three hops behind two guards, sealed with XChaCha20 at every layer.
    pub(super) fn client(&self) -> ClientConfig {
        ClientConfig {
            format: Arc::new(SessionV4::new(EncPlan::uniform(EncType::XChaCha20))),
            paths: PathPolicy {
                pool_min: POOL_MIN,
                ..PathPolicy::SESSION
            },
            guards_outside_own_swarm: true,
            poll_ms: match self.receiving {
                Receiving::Yes => POLL_MS,
                Receiving::No => NEVER_MS,
            },
            poll_members: POLL_MEMBERS,
            send_attempts: SEND_ATTEMPTS,
            request_timeout_ms: REQUEST_TIMEOUT_MS,
            ack: self.ack,
        }
    }
}

const _: () = {
    assert!(POOL_MIN > PathPolicy::SESSION.hops as usize * PathPolicy::SESSION.guards as usize);
    assert!(matches!(
        PathPolicy::SESSION.diversity,
        Diversity::OnePerSlash24
    ));
    assert!(matches!(
        PathPolicy::SESSION.rotation_ms,
        Some(NonZeroU64 { .. })
    ));
};
