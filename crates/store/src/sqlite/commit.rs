//! The end of batches: committed, failed or aborted.

use std::sync::atomic::Ordering;

use leek_machine::bug;
use leek_wire::{StoreError, WriteId};

use super::{SqliteStore, State, adds_nothing, error::Trouble, open::page_count};

/// Pages in the log that are worth moving into the database: 4 MiB, SQLite's own number.
const LOG_PAGES_MAX: u32 = 512;

/// How batches ended, in order.
type Ended = Vec<(WriteId, Result<(), StoreError>)>;

impl SqliteStore {
    pub(super) fn end_batches(&mut self, max: usize) -> Ended {
        let mut ended = Vec::new();
        self.end_unapplied(max, &mut ended);
        let turn = self.applied.min(max - ended.len());
        if turn > 0 {
            if let Err(trouble) = self.end_applied(turn, &mut ended) {
                self.end("commit", trouble);
            }
            self.end_unapplied(max, &mut ended);
        }
        ended
    }

    /// Ends the batches in front that are not in the transaction; all, when the store has ended.
    fn end_unapplied(&mut self, max: usize, ended: &mut Ended) {
        while ended.len() < max {
            let usable = self.usable();
            let Some(entry) = self
                .pending
                .pop_front_if(|it| usable.is_err() || !it.is_applied())
            else {
                break;
            };
            let planned = self.planned.remove(&entry.write);
            let error = match (usable, entry.state) {
                (Err(error), _) => error,
                (_, State::Failed(error)) => {
                    self.blocked = false;
                    planned.unwrap_or(error)
                }
                _ => StoreError::Aborted,
            };
            ended.push((entry.write, Err(error)));
        }
    }

    /// Commits the first `turn` of the applied batches, which are in front, as far as none fails.
    fn end_applied(&mut self, turn: usize, ended: &mut Ended) -> Result<(), Trouble> {
        let failure = (0..turn).find_map(|n| Some((n, self.failure_of(n)?)));
        let good = failure.as_ref().map_or(turn, |(n, _)| *n);
        if good < self.applied {
            self.roll_back_to(good)?;
        }
        if let Some((_, error)) = failure {
            self.take_back(good, error);
        }
        // Those behind the turn come back into the view when the others are durable.
        let rest = self.applied - good;
        if good > 0 {
            self.applied = good;
            match self.execute("COMMIT") {
                Ok(()) => self.committed(good, ended)?,
                Err(Trouble::Full) => self.commit_one_by_one(good, ended)?,
                Err(trouble) => return Err(trouble),
            }
        }
        self.replay(if self.blocked { 0 } else { rest })
    }

    /// Why the applied batch `n` fails at its turn, if it does.
    fn failure_of(&self, n: usize) -> Option<StoreError> {
        let entry = &self.pending[n];
        let State::Applied { effect, .. } = &entry.state else {
            bug!("batch {} is applied and is not", entry.write.0);
        };
        let planned = self.planned.get(&entry.write).cloned();
        planned.or(effect.overfull.then_some(StoreError::Full))
    }

    /// The first `count` batches are durable.
    fn committed(&mut self, count: usize, ended: &mut Ended) -> Result<(), Trouble> {
        ended.extend(
            self.pending
                .drain(..count)
                .map(|entry| (entry.write, Ok(()))),
        );
        self.applied -= count;
        if self.wal_pages.load(Ordering::Relaxed) < LOG_PAGES_MAX && self.reserve.is_held() {
            return Ok(());
        }
        match self.move_log() {
            Err(Trouble::Full) => match self.make_room() {
                // The log grows until there is room; what it holds is durable.
                Err(Trouble::Full) => Ok(()),
                made => made,
            },
            moved => moved,
        }
    }

    /// No room to commit the first `count` batches together, and SQLite took them back. One by one,
    /// those before the first that really finds no room become durable.
    fn commit_one_by_one(&mut self, count: usize, ended: &mut Ended) -> Result<(), Trouble> {
        for _ in 0..count {
            match self.commit_alone() {
                Ok(()) => self.committed(1, ended)?,
                Err(Trouble::Full) => {
                    if !self.db.is_autocommit() {
                        self.roll_back_to(0)?;
                    }
                    self.take_back(0, StoreError::Full);
                    break;
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(())
    }

    fn commit_alone(&mut self) -> Result<(), Trouble> {
        self.replay(1)?;
        match self.execute("COMMIT") {
            Err(Trouble::Full) => {
                self.make_room()?;
                self.replay(1)?;
                if !self
                    .pending
                    .front()
                    .is_some_and(|first| first.adds_nothing())
                {
                    self.check_room()?;
                }
                self.execute("COMMIT")
            }
            committed => committed,
        }
    }

    /// Moves the log into the database, so that it starts again at its beginning.
    fn move_log(&self) -> Result<(), Trouble> {
        self.db
            .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
            .query_row([], |_| Ok(()))?;
        self.wal_pages.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Makes room on a full disk: gives up the reserve and moves the log.
    fn make_room(&mut self) -> Result<(), Trouble> {
        self.reserve
            .release()
            .map_err(|error| Trouble::Medium(format!("release the reserve: {error}")))?;
        self.refused = 0;
        self.move_log()?;
        self.file_pages = page_count(&self.db)?;
        Ok(())
    }

    /// Takes the batches from `first` on out of what is counted beside the tables: `first` failed,
    /// the others stood on it.
    fn take_back(&mut self, first: usize, error: StoreError) {
        let mut error = Some(error);
        for (n, entry) in self.pending.iter_mut().enumerate().skip(first) {
            let state = error.take().map_or(State::TakenBack, State::Failed);
            let before = core::mem::replace(&mut entry.state, state);
            let State::Applied { effect, .. } = before else {
                continue;
            };
            if n == first {
                self.used = effect.before;
            }
            for mailbox in effect.touched {
                self.newest.get_mut().forget(&mailbox);
            }
        }
        self.applied = self.applied.min(first);
        self.blocked = true;
    }
}

impl super::Pending {
    fn adds_nothing(&self) -> bool {
        match &self.state {
            State::Applied { batch, .. } => adds_nothing(batch),
            State::Failed(_) | State::TakenBack => true,
        }
    }
}
