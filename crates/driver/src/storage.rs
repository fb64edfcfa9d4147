//! What a host asks of the storage of its machine.

use leek_machine::{Machine, bug};
use leek_wire::{DurableStore, ReadView, StoreError, WriteBatch, WriteId};

/// The durable state of one machine, as its host uses it (design 1, "View and writes").
pub trait Storage<M: Machine>: Send {
    /// Committed state plus every batch handed out and not failed, in order.
    fn view(&self) -> &M::View<'_>;

    /// Takes a batch. The view shows it from now on.
    ///
    /// # Panics
    /// When `write` is not larger than the one before: a bug of the machine.
    fn hand_out(&mut self, write: WriteId, batch: WriteBatch);

    /// Ends the oldest `max` batches at most with one durable commit, and says how each ended, in
    /// order. Blocks until the medium has them.
    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)>;

    /// Batches handed out that have not ended.
    fn pending(&self) -> usize;

    /// Bytes of what is stored, for metrics; `None` when there is nothing to measure.
    fn bytes(&self) -> Option<u64> {
        None
    }

    /// How many messages are stored, for metrics; `None` when nobody counts them.
    fn messages(&self) -> Option<u64> {
        None
    }
}

/// No storage: for machines with `View = ()`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStorage;

impl<M> Storage<M> for NoStorage
where
    M: for<'v> Machine<View<'v> = ()>,
{
    fn view(&self) -> &() {
        &()
    }

    fn hand_out(&mut self, write: WriteId, _: WriteBatch) {
        bug!("a machine without storage wrote batch {}", write.0);
    }

    fn commit(&mut self, _: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        Vec::new()
    }

    fn pending(&self) -> usize {
        0
    }
}

/// A [`DurableStore`] as the storage of machines that read a [`ReadView`].
#[derive(Clone, Debug)]
pub struct Durable<S>(pub S);

impl<M, S> Storage<M> for Durable<S>
where
    M: for<'v> Machine<View<'v> = dyn ReadView + 'v>,
    S: DurableStore + Send,
{
    fn view(&self) -> &(dyn ReadView + '_) {
        &self.0
    }

    fn hand_out(&mut self, write: WriteId, batch: WriteBatch) {
        self.0.hand_out(write, batch);
    }

    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        self.0.commit(max)
    }

    fn pending(&self) -> usize {
        self.0.pending()
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.0.used_bytes())
    }
}
