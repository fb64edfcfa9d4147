/// How a node or a client follows the directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerConfig {
    /// How often to ask for a newer snapshot while the one here is good, in ms; more often when a
    /// third of its validity is shorter.
    pub refresh_ms: u64,
    /// How long to wait before asking again while there is no good snapshot, in ms: doubled from
    /// this with every round.
    pub retry_ms_min: u64,
    /// The longest such wait, in ms.
    pub retry_ms_max: u64,
    /// How long a directory has to answer, in ms.
    pub answer_ms: u64,
    /// How often a node announces itself, in ms.
    pub announce_ms: u64,
}

impl Default for FollowerConfig {
    fn default() -> Self {
        Self {
            // A node that joined is known everywhere within a minute.
            refresh_ms: 30_000,
            retry_ms_min: 250,
            retry_ms_max: 8_000,
            // Two megabytes over a slow line.
            answer_ms: 10_000,
            // A twelfth of how long a descriptor counts by default.
            announce_ms: 600_000,
        }
    }
}
