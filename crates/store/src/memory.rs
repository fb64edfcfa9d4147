mod index;
mod view;

use std::collections::{BTreeMap, VecDeque};

use index::{Index, Undo};
use leek_machine::bug;
use leek_wire::{StoreError, WriteBatch, WriteId, limits};

use crate::DurableStore;

/// A store in memory, for simulation.
///
/// Its "durable" part survives [`MemoryStore::crash`], as a disk's content survives a power cut.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    /// Committed state with every pending batch applied.
    index: Index,
    capacity_bytes: u64,
    pending: VecDeque<Pending>,
    last_write: Option<WriteId>,
    planned: BTreeMap<WriteId, StoreError>,
}

#[derive(Clone, Debug)]
struct Pending {
    write: WriteId,
    state: PendingState,
}

#[derive(Clone, Debug)]
enum PendingState {
    /// In the view.
    Applied {
        /// The way back, in the order of the operations.
        undo: Vec<Undo>,
        /// Whether the batch left more bytes than fit.
        overfull: bool,
    },
    /// Out of the view: a batch before it failed.
    TakenBack,
}

impl MemoryStore {
    /// An empty store for at most `capacity_bytes` bytes of messages (data only).
    pub const fn new(capacity_bytes: u64) -> Self {
        Self {
            index: Index::new(),
            capacity_bytes,
            pending: VecDeque::new(),
            last_write: None,
            planned: BTreeMap::new(),
        }
    }

    /// Plans that the batch `write` fails with `error` when its turn to commit comes.
    pub fn fail_at(&mut self, write: WriteId, error: StoreError) {
        self.planned.insert(write, error);
    }

    /// The machine stops and starts again: batches that are not committed are gone. Returns their
    /// names, oldest first. Names may start again from any number; planned failures stay.
    pub fn crash(&mut self) -> Vec<WriteId> {
        self.take_back();
        self.last_write = None;
        self.pending
            .drain(..)
            .map(|pending| pending.write)
            .collect()
    }

    /// Messages in the view.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether the view has no messages.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes every pending batch out of the view, the latest first.
    fn take_back(&mut self) {
        for pending in self.pending.iter_mut().rev() {
            let state = core::mem::replace(&mut pending.state, PendingState::TakenBack);
            if let PendingState::Applied { undo, .. } = state {
                self.index.undo(undo);
            }
        }
    }
}

impl DurableStore for MemoryStore {
    fn hand_out(&mut self, write: WriteId, batch: WriteBatch) {
        if self.last_write.is_some_and(|last| write <= last) {
            bug!("batch {} handed out after {:?}", write.0, self.last_write);
        }
        if batch.ops.len() > limits::WRITE_OPS_MAX {
            bug!("batch {} of {} operations", write.0, batch.ops.len());
        }
        self.last_write = Some(write);
        let before = self.index.used_bytes();
        let undo: Vec<Undo> = batch
            .ops
            .into_iter()
            .filter_map(|op| self.index.apply(op))
            .collect();
        // What frees bytes or leaves them as they are always fits.
        let used = self.index.used_bytes();
        let overfull = used > self.capacity_bytes && used > before;
        let state = PendingState::Applied { undo, overfull };
        self.pending.push_back(Pending { write, state });
    }

    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        (0..max).map_while(|_| self.commit_next()).collect()
    }

    /// Without the list that [`commit`](DurableStore::commit) makes.
    fn commit_next(&mut self) -> Option<(WriteId, Result<(), StoreError>)> {
        let Pending { write, state } = self.pending.pop_front()?;
        let planned = self.planned.remove(&write);
        let PendingState::Applied { undo, overfull } = state else {
            return Some((write, Err(StoreError::Aborted)));
        };
        let Some(error) = planned.or(overfull.then_some(StoreError::Full)) else {
            return Some((write, Ok(())));
        };
        self.take_back();
        self.index.undo(undo);
        Some((write, Err(error)))
    }

    fn pending(&self) -> usize {
        self.pending.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The node's memory budget counts on it: an empty map or queue of the standard library owns
    /// no heap, so the struct is all.
    #[test]
    fn empty_store_is_small() {
        assert!(
            size_of::<MemoryStore>() < 512,
            "{}",
            size_of::<MemoryStore>()
        );
    }

    #[test]
    #[should_panic(expected = "bug: batch 3 handed out after")]
    fn order_of_names_is_checked() {
        let mut store = MemoryStore::new(0);
        store.hand_out(WriteId(3), WriteBatch::default());
        store.hand_out(WriteId(3), WriteBatch::default());
    }
}
