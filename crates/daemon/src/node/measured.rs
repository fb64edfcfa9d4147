use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use leek_driver::{Durable, Storage};
use leek_storage_node::StorageNode;
use leek_store::SqliteStore;
use leek_wire::{ReadView, StoreError, WriteBatch, WriteId};

/// What the main loop knows of the store.
#[derive(Debug, Default)]
pub(super) struct Measures {
    used: AtomicU64,
    reserve_missing: AtomicU64,
    ended: OnceLock<String>,
}

impl Measures {
    /// Bytes of messages.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes that the store takes from the free space as soon as it can.
    pub(super) fn reserve_missing(&self) -> u64 {
        self.reserve_missing.load(Ordering::Relaxed)
    }

    /// Why the store does nothing any more, if so.
    pub(super) fn ended(&self) -> Option<&str> {
        self.ended.get().map(String::as_str)
    }

    fn note_end(&self, store: &SqliteStore) {
        if let Some(why) = store.ended() {
            self.ended.get_or_init(|| why.to_owned());
        }
    }

    fn note(&self, store: &SqliteStore) {
        self.note_end(store);
        self.used.store(store.used_bytes(), Ordering::Relaxed);
        let missing = store.reserve_missing();
        self.reserve_missing.store(missing, Ordering::Relaxed);
    }
}

/// A node's store, measured after every commit.
pub(super) struct Measured {
    store: Durable<SqliteStore>,
    measures: Arc<Measures>,
}

impl Measured {
    pub(super) fn new(store: SqliteStore) -> (Self, Arc<Measures>) {
        let measures = Arc::new(Measures::default());
        measures.note(&store);
        let measured = Self {
            store: Durable(store),
            measures: Arc::clone(&measures),
        };
        (measured, measures)
    }

    fn inner(&self) -> &impl Storage<StorageNode> {
        &self.store
    }

    fn inner_mut(&mut self) -> &mut impl Storage<StorageNode> {
        &mut self.store
    }
}

impl Storage<StorageNode> for Measured {
    fn view(&self) -> &(dyn ReadView + '_) {
        // A read may have failed since the last commit, and no write may ever come.
        self.measures.note_end(&self.store.0);
        self.inner().view()
    }

    fn hand_out(&mut self, write: WriteId, batch: WriteBatch) {
        self.inner_mut().hand_out(write, batch);
    }

    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        let ended = self.inner_mut().commit(max);
        self.measures.note(&self.store.0);
        ended
    }

    fn pending(&self) -> usize {
        self.inner().pending()
    }

    fn bytes(&self) -> Option<u64> {
        self.inner().bytes()
    }

    fn messages(&self) -> Option<u64> {
        Some(self.store.0.messages())
    }
}
