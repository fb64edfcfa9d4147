//! The store on disk as a subject of the conformance suite.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    ops::ControlFlow,
    path::Path,
};

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use leek_store::{
    DurableStore, Opened, SqliteStore, StoreConfig,
    conformance::{self, Subject},
};
use leek_wire::{ReadView, Row, Scope, StoreError, StoredRow, WriteBatch, WriteId};
use tempfile::TempDir;

/// The time of every test.
pub(crate) const NOW: Wall = Wall::from_ms(1_700_000_000_000);

/// A store in a directory of its own.
pub(crate) struct OnDisk {
    store: SqliteStore,
    dir: TempDir,
    capacity_bytes: u64,
    /// What a host remembers: batches it handed out and has not heard of.
    unheard: VecDeque<WriteId>,
    planned: BTreeMap<WriteId, StoreError>,
}

/// A directory for one test, in memory where the system has such: a process that is killed leaves
/// the same there as on a disk, and nobody waits for the disk.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// A small store: no reserve, which no case needs and each would write anew.
pub(crate) fn config(capacity_bytes: u64) -> StoreConfig {
    StoreConfig {
        reserve_bytes: 0,
        ..StoreConfig::with_capacity(capacity_bytes)
    }
}

pub(crate) fn open(dir: &Path, capacity_bytes: u64) -> Opened {
    SqliteStore::open(dir, config(capacity_bytes), NOW).unwrap()
}

/// Copies the files of a store as they are at this moment: what a process that is killed leaves.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

impl Subject for OnDisk {
    fn create(capacity_bytes: u64) -> Self {
        let dir = scratch();
        let opened = open(dir.path(), capacity_bytes);
        assert!(opened.was_empty && opened.set_aside.is_none());
        Self {
            store: opened.store,
            dir,
            capacity_bytes,
            unheard: VecDeque::new(),
            planned: BTreeMap::new(),
        }
    }

    fn fail_at(&mut self, write: WriteId, error: StoreError) {
        self.planned.insert(write, error.clone());
        self.store.fail_at(write, error);
    }

    fn crash(&mut self) -> Vec<WriteId> {
        let dir = scratch();
        copy_files(self.dir.path(), dir.path());
        let opened = open(dir.path(), self.capacity_bytes);
        assert_eq!(opened.set_aside, None, "{:?}", opened.damage);
        self.store = opened.store;
        self.dir = dir;
        for (write, error) in &self.planned {
            self.store.fail_at(*write, error.clone());
        }
        self.check_count();
        self.unheard.drain(..).collect()
    }
}

impl OnDisk {
    /// The store counts what it shows.
    fn check_count(&self) {
        let mut count = 0;
        self.store
            .scan(None, &mut |_| {
                count += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(self.store.messages(), count);
    }
}

impl DurableStore for OnDisk {
    fn hand_out(&mut self, write: WriteId, batch: WriteBatch) {
        self.unheard.push_back(write);
        self.store.hand_out(write, batch);
        self.check_count();
    }

    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        let ended = self.store.commit(max);
        for (write, _) in &ended {
            assert_eq!(self.unheard.pop_front(), Some(*write));
            self.planned.remove(write);
        }
        self.check_count();
        ended
    }

    fn pending(&self) -> usize {
        self.store.pending()
    }
}

impl ReadView for OnDisk {
    fn find(&self, hash: &MessageHash) -> Result<Option<Row>, StoreError> {
        self.store.find(hash)
    }

    fn mailbox(
        &self,
        account: &AccountId,
        namespace: Namespace,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.store.mailbox(account, namespace, after, visit)
    }

    fn owned(
        &self,
        account: &AccountId,
        scope: Scope,
        visit: &mut dyn FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.store.owned(account, scope, visit)
    }

    fn expired(&self, now: Wall, max: usize) -> Result<Vec<MessageHash>, StoreError> {
        self.store.expired(now, max)
    }

    fn next_expiry(&self) -> Result<Option<Wall>, StoreError> {
        self.store.next_expiry()
    }

    fn used_bytes(&self) -> u64 {
        self.store.used_bytes()
    }

    fn account_bytes(&self, account: &AccountId) -> Result<u64, StoreError> {
        self.store.account_bytes(account)
    }

    fn scan(
        &self,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.store.scan(after, visit)
    }
}

#[test]
fn store_on_disk_conforms() {
    conformance::all::<OnDisk>();
}
