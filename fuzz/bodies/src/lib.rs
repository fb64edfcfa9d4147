#![doc = include_str!("../README.md")]

pub mod directory;
pub mod identity;
pub mod lab;
pub mod message;
pub mod onion;
pub mod tools;
pub mod wire;

/// What a reader said of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It took them.
    Accepted,
    /// It returned an error.
    Refused,
}

impl Verdict {
    /// Whether there is a value.
    const fn of<T>(value: &Option<T>) -> Self {
        match value {
            Some(_) => Self::Accepted,
            None => Self::Refused,
        }
    }
}

/// One fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its program and of its folder in the corpus.
    pub name: &'static str,
    /// The body. It panics on a finding.
    pub run: fn(&[u8]) -> Verdict,
}

const fn target(name: &'static str, run: fn(&[u8]) -> Verdict) -> Target {
    Target { name, run }
}

/// All targets, by name.
pub const TARGETS: [Target; 31] = [
    target("account_id", identity::account_id),
    target("directory_announcement", directory::announcement),
    target("directory_cosign", directory::cosign),
    target("directory_cosign_answer", directory::cosign_answer),
    target("directory_descriptor", directory::descriptor),
    target("directory_listing", directory::listing),
    target("directory_snapshot", directory::snapshot),
    target("directory_state", directory::state),
    target("directory_url", directory::url),
    target("hop_error", onion::hop_error),
    target("message_config", message::config),
    target("message_content", message::content),
    target("message_decrypt", message::decrypt),
    target("message_envelope", message::envelope),
    target("message_hash", identity::message_hash),
    target("message_open", message::open),
    target("name_value", identity::name_value),
    target("network_file", directory::network_file),
    target("node_id", identity::node_id),
    target("onion_frame", onion::frame),
    target("onion_layer", onion::layer),
    target("onion_reply", onion::reply),
    target("recovery_phrase", identity::recovery_phrase),
    target("scenario", lab::scenario),
    target("trace", lab::trace),
    target("v4_body", onion::v4_body),
    target("vectors", tools::vectors),
    target("wire_reply", wire::response),
    target("wire_request", wire::request),
    target("wire_storage_reply", wire::storage_reply),
    target("wire_storage_request", wire::storage_request),
];
