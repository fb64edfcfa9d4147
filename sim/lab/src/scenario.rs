//! The scenario file: one schema for every tier (design section 8).

mod check;
mod defaults;
mod layers;
mod shipped;
pub mod units;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{BitRate, Bytes, Share, Span};

pub use layers::{Loaded, Loader, ScenarioError, TraceText, load};
pub use shipped::{SHIPPED, Shipped, shipped};

/// Version of the scenario schema.
pub const SCENARIO_VERSION: u32 = 1;

/// A whole scenario, every field given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// A shipped scenario, or a file relative to this one, whose fields hold where this one gives
    /// none. Resolved when loading, so an effective scenario has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// Version of this schema; 1.
    pub version: u32,
    /// One line: what the scenario is for.
    pub purpose: String,
    /// Root seed of every stream.
    pub seed: u64,
    /// Virtual time simulated.
    pub duration: Span,
    /// Nodes, swarms and links.
    pub network: Network,
    /// Processors and clocks.
    pub hosts: Hosts,
    /// The people.
    pub clients: Clients,
    /// How requests travel.
    pub onion: Onion,
    /// Which primitives run.
    pub crypto: Crypto,
    /// Who sends what to whom, and when.
    pub workload: Workload,
    /// What must hold at the end.
    pub expect: Expect,
}

/// Nodes, swarms and links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Number of storage nodes.
    pub nodes: u32,
    /// How nodes are grouped.
    pub swarms: Swarms,
    /// Share of nodes that sit in a /24 with another node.
    pub shared_slash24: Share,
    /// One-way delay between hosts.
    pub latency: Latency,
    /// Added to each delay.
    pub jitter: Jitter,
    /// Probability that a message is lost on its link.
    pub loss: Share,
    /// Probability that a message arrives twice.
    pub duplication: Share,
}

/// How nodes are grouped into swarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Swarms {
    /// The deployed rules: nodes register one by one (network spec 1.2).
    Deployed {},
    /// Swarms of exactly this size, ids evenly spaced; the number of nodes must be a multiple.
    Fixed {
        /// Members of each swarm.
        size: u32,
    },
}

/// One-way delay between hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Latency {
    /// The same between any two hosts.
    Constant(Span),
    /// Half the round trips of the embedded six-region matrix of 2019, with its bandwidths and
    /// its cap on flows that leave a region; hosts are placed by its node shares.
    Regions {},
}

/// Random delay added to each message; never negative, so order may change but causality not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Jitter {
    /// None.
    None {},
    /// Uniform from zero to this.
    Uniform(Span),
    /// Exponential with this mean.
    Exponential(Span),
}

/// Processors, clocks and access links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hosts {
    /// Node uplink and downlink under constant latency; regions bring their own.
    pub node_bandwidth: BitRate,
    /// Client uplink and downlink under constant latency; regions bring their own.
    pub client_bandwidth: BitRate,
    /// Node wall clocks are off by up to this, uniformly, either way.
    pub node_clock_offset: Span,
    /// Client wall clocks are off by up to this, uniformly, either way.
    pub client_clock_offset: Span,
    /// Clocks drift by up to so many parts per million, uniformly, either way.
    pub drift_ppm: u32,
    /// Messages a host keeps waiting for its processor; more are refused as busy.
    pub inbox: u32,
    /// Bytes a host keeps waiting for its uplink; more are dropped.
    pub uplink_queue: Bytes,
    /// Time a disk takes to make a batch durable.
    pub disk_latency: Span,
    /// What operations cost a host's processor.
    pub cost: CostTable,
}

/// Virtual processor time per operation, in ns. The defaults are medians of the `fast` backend on
/// one 2-vCPU machine (docs/adr/0002-crypto-backends.md); they are inputs, not measurements of
/// this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostTable {
    /// X25519 public key of a one-time secret.
    pub dh_public_ns: u64,
    /// X25519 agreement.
    pub dh_ns: u64,
    /// Ed25519 signature.
    pub sign_ns: u64,
    /// Ed25519 strict verification.
    pub verify_ns: u64,
    /// One AEAD operation, whatever its length.
    pub aead_ns: u64,
    /// And per 1,024 bytes of it.
    pub aead_kib_ns: u64,
    /// Reading or writing one message, whatever its length.
    pub message_ns: u64,
    /// And per 1,024 bytes of it.
    pub message_kib_ns: u64,
}

/// The people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Clients {
    /// Number of accounts, one client each. Ignored by a trace, which brings its own.
    pub count: u32,
    /// Time between two polls of the own swarm.
    pub poll: Span,
    /// Members of the swarm asked at each poll.
    pub poll_members: u32,
    /// Attempts at storing one message.
    pub send_attempts: u32,
    /// Time one request may take.
    pub request_timeout: Span,
    /// Who knows whom.
    pub graph: Graph,
}

/// Who knows whom.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Graph {
    /// Everybody.
    Everyone {},
    /// Watts and Strogatz (1998): a ring of `contacts` nearest neighbours, each edge rewired with
    /// probability `rewire`.
    SmallWorld {
        /// Contacts of each account before rewiring; even.
        contacts: u32,
        /// Probability that an edge is rewired.
        rewire: Share,
    },
}

/// How requests travel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Onion {
    /// The packet format.
    pub format: Format,
    /// The cipher of every layer.
    pub cipher: Cipher,
    /// Nodes on a path before the destination. Ignored by `direct`.
    pub hops: u32,
    /// Pinned guards, each heading one path.
    pub guards: u32,
    /// Paths keep their guard and change the other hops this often; `"0ns"` means never.
    pub rotation: Span,
    /// At most one node of a /24 in all paths of a client.
    pub one_per_slash24: bool,
    /// Nodes of the own swarm may not be guards.
    pub guards_outside_own_swarm: bool,
}

/// The packet format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The deployed framing, one layer per hop and one for the destination.
    SessionV4,
    /// No onion: the client calls the swarm member itself. The null baseline.
    Direct,
}

/// The cipher of an onion layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cipher {
    /// XChaCha20-Poly1305.
    Xchacha20,
    /// AES-256-GCM.
    AesGcm,
}

/// Which primitives run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Crypto {
    /// The suite.
    pub mode: CryptoMode,
}

/// The suite of primitives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CryptoMode {
    /// The real ones, fastest implementation of each.
    Real,
    /// The real ones, pure Rust.
    RealPure,
    /// Insecure and fast, with the same lengths and failures.
    Sized,
}

/// Who sends what to whom, and when. Exactly one of `poisson` and `trace`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Workload {
    /// A Poisson process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poisson: Option<Poisson>,
    /// Lines `SRC DST UNIX_SECONDS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// Length of a message's text.
    pub size: SizeModel,
    /// Share of the messages whose text is longer than any message may be: they must be refused to
    /// their sender, and never arrive.
    pub oversize: Share,
}

/// A Poisson process given its number of points: the times are independent and uniform over
/// `over`, senders uniform, recipients uniform among the sender's contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poisson {
    /// Number of messages.
    pub messages: u32,
    /// All are sent from the start up to this time.
    pub over: Span,
}

/// A recorded trace. Without a file a small embedded one is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Lines `SRC DST UNIX_SECONDS`, times not decreasing; relative to the file it is written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The whole span of the trace is mapped to this much virtual time.
    pub over: Span,
}

/// Length of a message's text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SizeModel {
    /// Always the same.
    Constant(Bytes),
    /// Log-normal with this median, cut at `max`.
    LogNormal {
        /// Median.
        median: Bytes,
        /// Standard deviation of the logarithm.
        sigma: f64,
        /// Longest.
        max: Bytes,
    },
}

/// What must hold at the end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// At least this share of the messages that were due is delivered.
    pub delivered: Share,
    /// At most so many are delivered more than once.
    pub duplicated: u32,
    /// A delivery later than this after the intended send is `late`.
    pub late_after: Span,
    /// At most so many are late.
    pub late: u32,
}

impl Scenario {
    /// The JSON Schema of scenario files, for editors.
    pub fn schema() -> String {
        let schema = schemars::schema_for!(Self);
        match serde_json::to_string_pretty(&schema) {
            Ok(text) => text,
            Err(error) => leek_machine::bug!("write the scenario schema: {error}"),
        }
    }
}
