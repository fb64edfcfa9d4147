use crate::{
    AddressRule, SnapshotRefused, SwarmRule, Trust, limits::VALIDITY_MS_MAX, succession::Rules,
};

/// How a directory works.
///
/// All directories of a network must have the same `swarms`, `addresses`, `validity_ms`,
/// `descriptor_life_ms`, `memory_ms` and `grace_ms`, or they do not sign for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorityConfig {
    /// How nodes get their swarms.
    pub swarms: SwarmRule,
    /// Which addresses nodes may have.
    pub addresses: AddressRule,
    /// Nodes that must be announced before there is a first snapshot; at least 1.
    pub expect_nodes: usize,
    /// How long a snapshot may be used, in ms. A new one is made when half of it has passed.
    pub validity_ms: u64,
    /// How long a node is listed after its newest descriptor, in ms. Nodes must announce
    /// themselves at least four times as often.
    pub descriptor_life_ms: u64,
    /// How long a node that is gone finds its swarm again, in ms.
    pub memory_ms: u64,
    /// How long a directory waits for the one before it, in ms: at most one epoch begins per this
    /// time while none gets enough signatures.
    pub grace_ms: u64,
    /// How long a change must have been known before a snapshot is made of it, in ms: so that one
    /// takes all nodes that join together.
    pub settle_ms: u64,
    /// How long after its start a directory drops no node, in ms: those who live must be able to
    /// say so.
    pub listen_ms: u64,
    /// How often a directory asks the others for their newest snapshot, in ms.
    pub sync_ms: u64,
}

impl Default for AuthorityConfig {
    fn default() -> Self {
        Self {
            swarms: SwarmRule::Deployed,
            addresses: AddressRule::Public,
            expect_nodes: 1,
            validity_ms: 24 * 3_600_000,
            // As the proofs of the deployed network live (network spec 4.2).
            descriptor_life_ms: 125 * 60_000,
            // As long as a message to a person lives: after that its disk holds nothing of use.
            memory_ms: 14 * 24 * 3_600_000,
            grace_ms: 5_000,
            settle_ms: 1_000,
            listen_ms: 60_000,
            sync_ms: 30_000,
        }
    }
}

impl AuthorityConfig {
    /// The shortest time between two looks at what is to be done, in ms.
    pub(crate) fn beat_ms(&self) -> u64 {
        (self.grace_ms / 5).min(self.settle_ms).max(BEAT_MS_MIN)
    }

    pub(crate) fn rules(&self, trust: &Trust) -> Rules {
        Rules {
            network: trust.network().clone(),
            swarms: self.swarms,
            addresses: self.addresses,
            validity_ms: self.validity_ms,
            life_ms: self.descriptor_life_ms,
            memory_ms: self.memory_ms,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let times = [
            ("validity_ms", self.validity_ms, VALIDITY_MS_MAX),
            (
                "descriptor_life_ms",
                self.descriptor_life_ms,
                VALIDITY_MS_MAX,
            ),
            ("memory_ms", self.memory_ms, MEMORY_MS_MAX),
            ("grace_ms", self.grace_ms, GRACE_MS_MAX),
            ("settle_ms", self.settle_ms, GRACE_MS_MAX),
            ("sync_ms", self.sync_ms, SYNC_MS_MAX),
        ];
        for (name, found, max) in times {
            if found == 0 || found > max {
                return Err(ConfigError::Time { name, found, max });
            }
        }
        if self.expect_nodes == 0 {
            return Err(ConfigError::NoNodes);
        }
        if self.swarms == (SwarmRule::Fixed { size: 0 }) {
            return Err(ConfigError::EmptySwarms);
        }
        Ok(())
    }
}

/// A directory cannot work like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Its key is not among those trusted.
    #[error("start directory: its key is not among the network's directories")]
    NotTrusted,
    /// A time that is nothing or too long.
    #[error("start directory: `{name}` is {found} ms instead of 1 to {max}")]
    Time {
        /// Which.
        name: &'static str,
        /// The time given, in ms.
        found: u64,
        /// The longest allowed, in ms.
        max: u64,
    },
    /// A network of no nodes.
    #[error("start directory: `expect_nodes` is 0; a snapshot needs a node")]
    NoNodes,
    /// Swarms of no nodes.
    #[error("start directory: swarms of 0 nodes")]
    EmptySwarms,
    /// What was kept is of another network, or damaged.
    #[error("start directory: the snapshot in its state")]
    State(#[source] SnapshotRefused),
}

/// Looks per second at most: a change waits a tenth of a second, which nobody notices.
const BEAT_MS_MIN: u64 = 100;
/// A year: listings carry what is remembered.
const MEMORY_MS_MAX: u64 = 366 * 24 * 3_600_000;
/// Ten minutes: a network whose directories are slower than that does not work.
const GRACE_MS_MAX: u64 = 600_000;
/// A day, the default validity.
const SYNC_MS_MAX: u64 = 24 * 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_works_and_nonsense_is_named() {
        let good = AuthorityConfig::default();
        assert_eq!(good.check(), Ok(()));
        let nothing = AuthorityConfig {
            grace_ms: 0,
            ..good
        };
        let error = nothing.check().unwrap_err().to_string();
        assert_eq!(
            error,
            "start directory: `grace_ms` is 0 ms instead of 1 to 600000"
        );
        let long = AuthorityConfig {
            validity_ms: VALIDITY_MS_MAX + 1,
            ..good
        };
        assert!(matches!(
            long.check(),
            Err(ConfigError::Time {
                name: "validity_ms",
                ..
            })
        ));
        let empty = AuthorityConfig {
            swarms: SwarmRule::Fixed { size: 0 },
            ..good
        };
        assert_eq!(empty.check(), Err(ConfigError::EmptySwarms));
        let nobody = AuthorityConfig {
            expect_nodes: 0,
            ..good
        };
        assert_eq!(nobody.check(), Err(ConfigError::NoNodes));
    }
}
