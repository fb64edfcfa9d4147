mod check;
mod commit;
mod config;
mod error;
mod files;
mod newest;
mod open;
mod ops;
mod reserve;
mod rows;
mod schema;
mod view;

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, VecDeque},
    sync::{Arc, atomic::AtomicU32},
};

pub use config::{StoreConfig, Synchronous};
pub use error::OpenError;
use error::Trouble;
use leek_machine::bug;
use leek_wire::{DurableStore, StoreError, WriteBatch, WriteId, WriteOp, limits};
use newest::{Mailbox, Newest};
pub use open::Opened;
use open::{keep_log_on_close, limit_pages, page_count};
use ops::Writer;
use reserve::Reserve;
use rusqlite::Connection;

/// Pages above the cap for batches that add no message: moving an expiry in its index, or a last
/// message out of a page, can take a page before it frees one.
const PAGES_SPARE: u32 = 64;

/// Batches refused on a full disk before the next try to hold the reserve, which costs a write of
/// its size.
const REFUSED_PER_TRY: u32 = 64;

/// A store on disk: one SQLite database, one connection, one open transaction.
///
/// A batch handed out runs at once, under a savepoint of its own inside that transaction, so that
/// reads show it. [`commit`](DurableStore::commit) commits the transaction.
#[derive(Debug)]
pub struct SqliteStore {
    db: Connection,
    /// Pages in the log.
    wal_pages: Arc<AtomicU32>,
    reserve: Reserve,
    /// Pages the database file may have while the reserve is not held.
    file_pages: i64,
    /// Batches refused since the last try to hold the reserve.
    refused: u32,
    pages_max: u32,
    capacity_bytes: u64,
    used: Used,
    last_seq: i64,
    newest: RefCell<Newest>,
    pending: VecDeque<Pending>,
    /// How many of `pending` are applied: the savepoints of the transaction.
    applied: usize,
    /// Whether `pending` holds a batch that failed and was not told so: what is handed out behind
    /// it is aborted.
    blocked: bool,
    last_write: Option<WriteId>,
    planned: BTreeMap<WriteId, StoreError>,
    /// Why the store ended. It does no more: after a failed write or sync nobody knows what the
    /// disk holds, and asking again can be answered with yes though the data is gone.
    ended: OnceCell<String>,
    /// Last, so that the directory is free only when the database is closed.
    _lock: files::Lock,
}

/// What the view holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Used {
    messages: u64,
    /// Of data.
    bytes: u64,
}

#[derive(Debug)]
struct Pending {
    write: WriteId,
    state: State,
}

#[derive(Debug)]
enum State {
    /// In the view, under the savepoint that is named after its place among the applied ones.
    Applied {
        /// For when the transaction must be built anew.
        batch: WriteBatch,
        effect: Effect,
    },
    /// Out of the view: it failed when it was handed out, or at its turn.
    Failed(StoreError),
    /// Out of the view: a batch before it failed.
    TakenBack,
}

/// What a batch did beside the tables.
#[derive(Debug)]
struct Effect {
    /// The view before it.
    before: Used,
    /// Whether it left more bytes than fit.
    overfull: bool,
    /// Mailboxes that got or lost a message.
    touched: Vec<Mailbox>,
}

impl SqliteStore {
    /// Messages in the view.
    pub const fn messages(&self) -> u64 {
        self.used.messages
    }

    /// Bytes of its reserve that it does not hold: they are free on the disk and not free for new
    /// messages.
    pub const fn reserve_missing(&self) -> u64 {
        self.reserve.missing()
    }

    /// Why the store does nothing any more, if it has ended: after a failed write or sync every
    /// call fails. Also what is only read then fails, so a host need not see it at a commit.
    pub fn ended(&self) -> Option<&str> {
        self.ended.get().map(String::as_str)
    }

    /// Plans that the batch `write` fails with `error` when its turn to commit comes: how a host
    /// behaves then can be tried without a broken disk.
    pub fn fail_at(&mut self, write: WriteId, error: StoreError) {
        self.planned.insert(write, error);
    }

    /// Applies a batch behind those applied. When it cannot be, the view is as before, or, when the
    /// medium failed, the store has ended.
    fn apply(&mut self, batch: WriteBatch) -> State {
        let before = self.used;
        let mut touched = Vec::new();
        let ran = self.run(&batch, &mut touched);
        let applied = match ran {
            Ok(()) if !adds_nothing(&batch) => self.check_room(),
            Err(Trouble::Full) if adds_nothing(&batch) => self
                .take_back_half_run(before, &mut touched)
                .and_then(|()| self.run_in_spare_pages(&batch, &mut touched)),
            ran => ran,
        };
        match applied {
            Ok(()) => {
                self.applied += 1;
                let used = self.used.bytes;
                // What frees bytes or leaves them as they are always fits.
                let overfull = used > self.capacity_bytes && used > before.bytes;
                State::Applied {
                    batch,
                    effect: Effect {
                        before,
                        overfull,
                        touched,
                    },
                }
            }
            Err(Trouble::Full) => match self.take_back_half_run(before, &mut touched) {
                Ok(()) => State::Failed(StoreError::Full),
                Err(trouble) => State::Failed(self.end("roll back", trouble)),
            },
            Err(trouble) => State::Failed(self.end("write", trouble)),
        }
    }

    /// Runs a batch under the next savepoint.
    fn run(&mut self, batch: &WriteBatch, touched: &mut Vec<Mailbox>) -> Result<(), Trouble> {
        if self.db.is_autocommit() {
            self.execute("BEGIN IMMEDIATE")?;
        }
        self.db
            .execute_batch(&format!("SAVEPOINT b{}", self.applied))?;
        let mut writer = Writer {
            db: &self.db,
            newest: self.newest.get_mut(),
            used: &mut self.used,
            last_seq: &mut self.last_seq,
            touched,
        };
        batch.ops.iter().try_for_each(|op| writer.run(op))
    }

    fn run_in_spare_pages(
        &mut self,
        batch: &WriteBatch,
        touched: &mut Vec<Mailbox>,
    ) -> Result<(), Trouble> {
        limit_pages(&self.db, self.pages_max.saturating_add(PAGES_SPARE))?;
        let ran = self.run(batch, touched);
        limit_pages(&self.db, self.pages_max)?;
        ran
    }

    /// Without the reserve the database must not grow.
    fn check_room(&mut self) -> Result<(), Trouble> {
        if self.reserve.is_held() || page_count(&self.db)? <= self.file_pages {
            return Ok(());
        }
        self.refused += 1;
        if self.refused % REFUSED_PER_TRY != 1 {
            return Err(Trouble::Full);
        }
        match self.reserve.hold_again() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Trouble::Full),
            Err(error) => Err(Trouble::Medium(format!("hold the reserve: {error}"))),
        }
    }

    /// Takes back what a batch that is not counted as applied has done. SQLite itself takes back
    /// the whole transaction when some statements find no room; it is then built anew.
    fn take_back_half_run(
        &mut self,
        before: Used,
        touched: &mut Vec<Mailbox>,
    ) -> Result<(), Trouble> {
        self.used = before;
        for mailbox in touched.drain(..) {
            self.newest.get_mut().forget(&mailbox);
        }
        if self.db.is_autocommit() {
            self.replay(self.applied)
        } else {
            self.roll_back_to(self.applied)
        }
    }

    /// Leaves the transaction with the first `savepoints` savepoints.
    fn roll_back_to(&mut self, savepoints: usize) -> Result<(), Trouble> {
        if savepoints == 0 {
            self.execute("ROLLBACK")
        } else {
            let sql = format!("ROLLBACK TO b{savepoints}; RELEASE b{savepoints}");
            Ok(self.db.execute_batch(&sql)?)
        }
    }

    /// Builds the transaction anew from the first `count` applied batches. They ran before, so they
    /// run again, those that took spare pages too; that they do not is the medium's failure.
    fn replay(&mut self, count: usize) -> Result<(), Trouble> {
        self.applied = 0;
        if count == 0 {
            return Ok(());
        }
        limit_pages(&self.db, self.pages_max.saturating_add(PAGES_SPARE))?;
        let replayed = self.run_again(count);
        limit_pages(&self.db, self.pages_max)?;
        replayed
    }

    fn run_again(&mut self, count: usize) -> Result<(), Trouble> {
        let mut pending = core::mem::take(&mut self.pending);
        let batches = pending
            .iter_mut()
            .filter_map(|entry| match &mut entry.state {
                State::Applied { batch, effect } => Some((batch, effect)),
                State::Failed(_) | State::TakenBack => None,
            });
        let mut result = Ok(());
        for (batch, effect) in batches.take(count) {
            if self.applied == 0 {
                self.used = effect.before;
            }
            // It touches the mailboxes that it touched the first time.
            result = self.run(batch, &mut Vec::new());
            if result.is_err() {
                break;
            }
            self.applied += 1;
        }
        self.pending = pending;
        result
    }

    fn execute(&self, sql: &str) -> Result<(), Trouble> {
        self.db.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Fails when the store has ended.
    fn usable(&self) -> Result<(), StoreError> {
        match self.ended.get() {
            None => Ok(()),
            Some(why) => Err(StoreError::Io(why.clone())),
        }
    }

    /// Ends the store: see [`SqliteStore::ended`].
    fn end(&self, doing: &str, trouble: Trouble) -> StoreError {
        let why = self.ended.get_or_init(|| format!("{doing}: {trouble}"));
        // Closing must not touch the database either; should this fail, the log is still whole.
        let _ = keep_log_on_close(&self.db, true);
        StoreError::Io(why.clone())
    }
}

impl DurableStore for SqliteStore {
    fn hand_out(&mut self, write: WriteId, batch: WriteBatch) {
        if self.last_write.is_some_and(|last| write <= last) {
            bug!("batch {} handed out after {:?}", write.0, self.last_write);
        }
        if batch.ops.len() > limits::WRITE_OPS_MAX {
            bug!("batch {} of {} operations", write.0, batch.ops.len());
        }
        self.last_write = Some(write);
        let state = match self.usable() {
            Err(error) => State::Failed(error),
            Ok(()) if self.blocked => State::TakenBack,
            Ok(()) => self.apply(batch),
        };
        self.blocked |= matches!(state, State::Failed(_));
        self.pending.push_back(Pending { write, state });
    }

    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        self.end_batches(max)
    }

    fn pending(&self) -> usize {
        self.pending.len()
    }
}

impl Pending {
    const fn is_applied(&self) -> bool {
        matches!(self.state, State::Applied { .. })
    }
}

/// Whether a batch adds no message: it then frees room, or needs next to none.
fn adds_nothing(batch: &WriteBatch) -> bool {
    batch.ops.iter().all(|op| !matches!(op, WriteOp::Insert(_)))
}

#[cfg(test)]
mod tests {
    use leek_machine::Wall;

    use super::*;

    /// What a failed sync left in the log must not be moved over what the database has.
    #[test]
    fn an_ended_store_leaves_its_log() {
        for ends in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let config = StoreConfig::with_capacity(100);
            let opened = SqliteStore::open(dir.path(), config, Wall::from_ms(1)).unwrap();
            let log = dir.path().join("messages.db-wal");
            assert!(log.exists());
            if ends {
                opened.store.end("try", Trouble::Full);
            }
            drop(opened);
            assert_eq!(log.exists(), ends);
        }
    }
}
