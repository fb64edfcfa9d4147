//! The runners, by area.

use super::check::Runner;

mod account;
mod hash;
mod keys;
mod message;
mod mnemonic;
mod names;
mod onion;
mod signatures;
mod swarm;

/// Areas with a runner. The last four occur in the published collection only, whose keys differ
/// from case to case; the others have one fixed layout, and most a published one too.
const RUNNERS: [(&str, Runner); 17] = [
    ("account", account::run),
    ("hash_blake2b", hash::blake2b),
    ("mnemonic", mnemonic::run),
    ("onion_hop", onion::hop),
    ("onion_request", onion::request),
    ("ons", names::run),
    ("signature_strings", signatures::strings),
    ("swarm_map", swarm::run),
    ("v1_decrypt", message::decrypt),
    ("v1_deterministic", message::deterministic),
    ("v1_envelope_wrap_config", message::wrap_config),
    ("v1_padding", message::padding),
    ("v1_reject", message::reject),
    ("ed25519", signatures::ed25519),
    ("hash", hash::published),
    ("onion_parse", onion::parse),
    ("v1_message", message::deterministic),
];

/// The runner of an area, if there is one.
pub(super) fn runner(area: &str) -> Option<Runner> {
    let found = RUNNERS.iter().find(|(name, _)| *name == area);
    found.map(|(_, runner)| *runner)
}

/// The names of all areas with a runner.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    RUNNERS.iter().map(|(name, _)| *name)
}
