//! The limits in force, for `manifest.json`.

use std::collections::BTreeMap;

use leek_client::limits as client;
use leek_machine::OUTPUTS_MAX;
use leek_onion::limits as onion;
use leek_storage_node::limits as storage_node;
use leek_wire::limits as wire;

/// Pairs of a crate's name with its constants.
macro_rules! limits {
    ($($module:ident: $($name:ident),+;)+) => {
        BTreeMap::from([$($((
            concat!(stringify!($module), ".", stringify!($name)).to_ascii_lowercase(),
            u64::try_from($module::$name).unwrap_or(u64::MAX),
        )),+),+])
    };
}

/// Every limit that can change what a run does, as `<crate>.<name>`, in the unit its name says.
pub(crate) fn in_force() -> BTreeMap<String, u64> {
    let mut out = limits! {
        wire: DATA_BYTES_MAX, BODY_BYTES_MAX, BATCH_MAX, HASHES_MAX, REPLY_ENTRIES_MAX,
            SWARM_NODES_MAX, WRITE_OPS_MAX, RETRIEVE_BYTES_MAX, TTL_MS_MIN, TTL_INBOX_MS_MAX,
            TTL_MS_MAX, STORE_TOLERANCE_MS, SIGNATURE_TOLERANCE_MS, FORWARDED_TOLERANCE_MS,
            FORWARD_TIMEOUT_MS, RELAY_TIMEOUT_MS, CLEAN_PERIOD_MS, RELAYS_MAX, WRITES_PENDING_MAX,
            STORE_BYTES_MAX;
        storage_node: FORWARDS_PENDING_MAX, FLOW_BYTES_MAX, CLEAN_SLEEP_MS_MAX,
            STORAGE_REPLY_BYTES_MAX;
        client: SENDS_MAX, SENDS_ACTIVE_MAX, FLIGHTS_MAX, SEEN_MAX, REDIRECTS_MAX, CLOCK_PERIOD_MS,
            CLOCK_ROUNDS_MAX, BACKOFF_MS_MIN, BACKOFF_MS_MAX, EXTRA_ATTEMPTS_MAX, FOLLOW_UPS_MAX;
        onion: REQUEST_BYTES_MAX, REPLY_BYTES_MAX, HOPS_MAX, ROUTING_BYTES_MAX, TARGET_BYTES_MAX;
    };
    out.insert("machine.outputs_max".to_owned(), OUTPUTS_MAX as u64);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_named_after_their_crate_and_constant() {
        let limits = in_force();
        assert_eq!(limits["wire.data_bytes_max"], 76_800);
        assert_eq!(limits["storage_node.clean_sleep_ms_max"], 3_600_000);
        assert!(limits.values().all(|value| *value < u64::MAX), "{limits:?}");
    }
}
