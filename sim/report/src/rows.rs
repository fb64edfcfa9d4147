//! The rows a run hands over. Times are virtual nanoseconds since the start of the run.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the checker says about one message (the vocabulary of the promises, one word each).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MessageVerdict {
    /// Delivered exactly once and in time.
    Ok,
    /// Delivered exactly once, after the bound the scenario sets.
    Late,
    /// Delivered to the application more than once, in time or not.
    Duplicated,
    /// Accepted, the recipient was reading, and it never came.
    Lost,
    /// Accepted and still there, but the recipient never asked for it.
    NeverRead,
    /// Not delivered, and not yet due when the run ended.
    Pending,
    /// Not delivered and never acknowledged to its sender: it may or may not have been accepted.
    Info,
    /// Delivered without having been sent.
    Phantom,
    /// Meant to be refused, as the plan says, and it was: refused to its sender, and not delivered.
    Refused,
}

impl MessageVerdict {
    /// Every verdict, in the order of the enum.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Late,
        Self::Duplicated,
        Self::Lost,
        Self::NeverRead,
        Self::Pending,
        Self::Info,
        Self::Phantom,
        Self::Refused,
    ];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Late => "late",
            Self::Duplicated => "duplicated",
            Self::Lost => "lost",
            Self::NeverRead => "never_read",
            Self::Pending => "pending",
            Self::Info => "info",
            Self::Phantom => "phantom",
            Self::Refused => "refused",
        }
    }
}

/// One message of the workload, or one phantom. One row of `messages.parquet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRow {
    /// Line of the workload file, or sequence number of the generator.
    pub id: u64,
    /// Index of the sending client. For a phantom: the sender it claims, or the recipient.
    pub from: u32,
    /// Index of the receiving client.
    pub to: u32,
    /// Length of the content before padding and encryption, bytes.
    pub size_bytes: u32,
    /// When the workload meant it to be sent, ns. For a phantom: its first delivery.
    pub due_ns: u64,
    /// When the sender first held an acknowledgement, ns; none if it never did.
    pub accepted_ns: Option<u64>,
    /// First delivery to the receiving application, ns.
    pub delivered_ns: Option<u64>,
    /// How often the receiving application was given it.
    pub deliveries: u32,
    /// How often the sender tried, first try included.
    pub attempts: u32,
    /// What the checker says.
    pub verdict: MessageVerdict,
}

/// How one client request ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RequestOutcome {
    /// It was answered.
    Done,
    /// It was answered with a refusal.
    Refused,
    /// No answer came before the deadline: it may or may not have run.
    Lost,
}

impl RequestOutcome {
    /// Every outcome, in the order of the enum.
    pub const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Lost];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }
}

/// One request of a client that ended, well or badly. One row of `requests.parquet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestRow {
    /// What was asked: `store`, `retrieve`, ... (the caller's words).
    pub kind: Cow<'static, str>,
    /// First byte offered to the client's link, ns.
    pub started_ns: u64,
    /// Answer in the client's hands, or deadline passed, ns.
    pub ended_ns: u64,
    /// Bytes the client's link carried towards the network, framing included.
    pub bytes_up: u64,
    /// Bytes the client's link carried towards the client, framing included.
    pub bytes_down: u64,
    /// Relays between the client and the server it asked; 0 means it asked directly.
    pub hops: u32,
    /// How it ended.
    pub outcome: RequestOutcome,
}

/// One counter at the end of the run. One row of `metrics.parquet`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct MetricRow {
    /// What is counted: a name of [`metric`], or the caller's own.
    pub name: Cow<'static, str>,
    /// Which part of it: a kind of link, a node, ...; empty for the whole.
    pub kind: Cow<'static, str>,
    /// The count.
    pub value: u64,
}

impl MetricRow {
    /// A row that counts the whole of `name`.
    pub fn whole(name: impl Into<Cow<'static, str>>, value: u64) -> Self {
        Self {
            name: name.into(),
            kind: Cow::Borrowed(""),
            value,
        }
    }

    /// A row that counts the part `kind` of `name`.
    pub fn part(
        name: impl Into<Cow<'static, str>>,
        kind: impl Into<Cow<'static, str>>,
        value: u64,
    ) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            value,
        }
    }
}

/// Names in `metrics.parquet` that the summary is made of. A summary sums a name over its kinds.
pub mod metric {
    /// Kernel events handled. Required.
    pub const EVENTS: &str = "events";
    /// Bytes carried on all links, framing included, each link counted once. Required.
    pub const BYTES: &str = "bytes";
    /// Requests sent again by clients. Required.
    pub const RETRIES: &str = "retries";
    /// Failures that clients held against a path or a node. Required.
    pub const STRIKES: &str = "strikes";
    /// Virtual length of the run, ns. Required.
    pub const VIRTUAL_NS: &str = "virtual_ns";
    /// Names that start so are loads: one row per node (its name as kind), shown as a spread.
    pub const LOAD_PREFIX: &str = "load.";
    /// The names without which there is no summary.
    pub const REQUIRED: [&str; 5] = [EVENTS, BYTES, RETRIES, STRIKES, VIRTUAL_NS];
}
