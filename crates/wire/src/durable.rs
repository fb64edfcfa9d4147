use crate::{ReadView, StoreError, WriteBatch, WriteId};

/// A store that commits the batches of one machine in order (design 1, "View and writes").
///
/// As a [`ReadView`] it shows what is committed and, on top, every batch handed out and not yet
/// failed, in order.
pub trait DurableStore: ReadView {
    /// Takes a batch. The view shows it from now on.
    ///
    /// # Panics
    /// When `write` is not larger than the one before, or the batch has more than
    /// [`WRITE_OPS_MAX`](crate::limits::WRITE_OPS_MAX) operations: bugs of the machine.
    fn hand_out(&mut self, write: WriteId, batch: WriteBatch);

    /// Ends at most `max` of the batches that have not ended, the oldest first, with one durable
    /// commit; says how each ended, in order. Empty when no batch waits.
    ///
    /// A batch that fails is taken back, and with it every batch handed out behind it: those
    /// report [`StoreError::Aborted`] when their turn comes. The batches before it are durable.
    /// When the commit itself fails, the oldest batch reports why. Batches handed out after a
    /// failure stand on the state before the failed batch and can commit.
    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)>;

    /// Ends the oldest batch that has not ended, as [`commit`](Self::commit) does; `None` when no
    /// batch waits.
    fn commit_next(&mut self) -> Option<(WriteId, Result<(), StoreError>)> {
        self.commit(1).pop()
    }

    /// Batches handed out that have not ended.
    fn pending(&self) -> usize;
}
