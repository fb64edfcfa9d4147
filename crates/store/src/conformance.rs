//! What every store must do, as functions that panic when one does not.
//!
//! A store's tests run [`all`], or [`cases`] one by one.

mod capacity;
mod crash;
mod fixture;
mod group;
mod order;
mod polls;
mod reads;
mod totals;
mod writes;

use leek_wire::{StoreError, WriteId};

use crate::{DurableStore, MemoryStore};

/// A store under test: an executor whose failures can be arranged.
pub trait Subject: DurableStore {
    /// An empty store for at most `capacity_bytes` bytes of messages (data only).
    fn create(capacity_bytes: u64) -> Self;

    /// Makes the batch `write` fail with `error` when its turn to commit comes.
    fn fail_at(&mut self, write: WriteId, error: StoreError);

    /// Stops the store without warning and opens it again: batches that are not committed are
    /// gone. Returns their names, oldest first.
    fn crash(&mut self) -> Vec<WriteId>;
}

impl Subject for MemoryStore {
    fn create(capacity_bytes: u64) -> Self {
        Self::new(capacity_bytes)
    }

    fn fail_at(&mut self, write: WriteId, error: StoreError) {
        Self::fail_at(self, write, error);
    }

    fn crash(&mut self) -> Vec<WriteId> {
        Self::crash(self)
    }
}

/// One thing that a store must do.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Says what.
    pub name: &'static str,
    /// Panics when the store does otherwise.
    pub run: fn(),
}

impl Case {
    const fn new(name: &'static str, run: fn()) -> Self {
        Self { name, run }
    }
}

/// Runs every case.
///
/// # Panics
/// When the store is wrong.
pub fn all<S: Subject>() {
    for case in cases::<S>() {
        (case.run)();
    }
}

/// Every case, for this kind of store.
pub fn cases<S: Subject>() -> Vec<Case> {
    [
        reads::cases::<S>(),
        writes::cases::<S>(),
        polls::cases::<S>(),
        totals::cases::<S>(),
        order::cases::<S>(),
        group::cases::<S>(),
        capacity::cases::<S>(),
        crash::cases::<S>(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_store_conforms() {
        all::<MemoryStore>();
    }
}
