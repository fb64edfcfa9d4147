use crate::StorageNode;

/// How much a node is busy with; for tests, reports and limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeLoad {
    /// Relayed packets without an answer.
    pub relays: usize,
    /// Writes of clients that have not been answered; a batch counts each of its writes until all
    /// of it is answered.
    pub client_writes: usize,
    /// Writes of clients that were answered before all members ended, and have not ended.
    pub trailing_writes: usize,
    /// Writes that swarm members passed on and that are not durable yet.
    pub forwards: usize,
    /// Bytes that waiting batches and sequences may pin.
    pub flow_bytes: u64,
    /// Calls to swarm members without an answer.
    pub member_calls: usize,
    /// Write batches that some flow waits for.
    pub awaited_batches: usize,
    /// Write batches handed out that have not ended.
    pub pending_batches: u64,
    /// Outputs not polled.
    pub outputs: usize,
}

impl StorageNode {
    /// How much it is busy with.
    pub fn load(&self) -> NodeLoad {
        let (client_writes, forwards, flow_bytes, member_calls, awaited_batches) =
            self.flows.occupancy();
        NodeLoad {
            relays: self.relays.len(),
            client_writes,
            trailing_writes: self.flows.trailing_count(),
            forwards,
            flow_bytes,
            member_calls,
            awaited_batches,
            pending_batches: self.writes.pending_count(),
            outputs: self.out.len(),
        }
    }
}
