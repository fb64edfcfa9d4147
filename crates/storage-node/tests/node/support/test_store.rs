use std::{collections::VecDeque, ops::ControlFlow};

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use leek_wire::{ReadView, Row, Scope, StoreError, StoredRow, WriteBatch, WriteId, WriteOp};

/// A store as `ReadView` describes it, in plain vectors: rows in insertion order, once as
/// committed and once with all batches handed out.
#[derive(Clone, Default)]
pub(crate) struct TestStore {
    committed: Vec<StoredRow>,
    seen: Vec<StoredRow>,
    pending: VecDeque<(WriteId, WriteBatch)>,
    /// Every read fails.
    pub(crate) broken: bool,
}

impl TestStore {
    pub(crate) fn hand_out(&mut self, write: WriteId, batch: WriteBatch) {
        if let Some((last, _)) = self.pending.back() {
            assert!(*last < write, "batches are named in order");
        }
        apply(&mut self.seen, &batch);
        self.pending.push_back((write, batch));
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Commits the oldest batch.
    pub(crate) fn commit(&mut self) -> Option<WriteId> {
        let (write, batch) = self.pending.pop_front()?;
        apply(&mut self.committed, &batch);
        Some(write)
    }

    /// Fails the oldest batch and, with it, all others.
    pub(crate) fn fail(&mut self) -> Vec<WriteId> {
        self.seen = self.committed.clone();
        self.pending.drain(..).map(|(write, _)| write).collect()
    }

    pub(crate) fn rows(&self) -> &[StoredRow] {
        &self.seen
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.broken {
            Err(StoreError::Io("broken by the test".into()))
        } else {
            Ok(())
        }
    }
}

fn apply(rows: &mut Vec<StoredRow>, batch: &WriteBatch) {
    for op in &batch.ops {
        match op {
            WriteOp::Insert(new) => match rows.iter_mut().find(|row| row.hash == new.hash) {
                Some(row) => row.expiry = row.expiry.max(new.expiry),
                None => rows.push(new.clone()),
            },
            WriteOp::SetExpiry { hash, expiry } => {
                if let Some(row) = rows.iter_mut().find(|row| row.hash == *hash) {
                    row.expiry = *expiry;
                }
            }
            WriteOp::Delete { hash } => rows.retain(|row| row.hash != *hash),
        }
    }
}

fn row_of(row: &StoredRow) -> Row {
    Row {
        hash: row.hash,
        account: row.account,
        namespace: row.namespace,
        timestamp: row.timestamp,
        expiry: row.expiry,
        len: u32::try_from(row.data.len()).unwrap(),
    }
}

impl ReadView for TestStore {
    fn find(&self, hash: &MessageHash) -> Result<Option<Row>, StoreError> {
        self.check()?;
        Ok(self.seen.iter().find(|row| row.hash == *hash).map(row_of))
    }

    fn mailbox(
        &self,
        account: &AccountId,
        namespace: Namespace,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.check()?;
        let mine = |row: &&StoredRow| row.account == *account && row.namespace == namespace;
        let rows: Vec<&StoredRow> = self.seen.iter().filter(mine).collect();
        let start = after.and_then(|hash| rows.iter().position(|row| row.hash == *hash));
        for row in rows.iter().skip(start.map_or(0, |at| at + 1)) {
            if visit(row).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn owned(
        &self,
        account: &AccountId,
        scope: Scope,
        visit: &mut dyn FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.check()?;
        for row in self.seen.iter().filter(|row| row.account == *account) {
            let inside = match scope {
                Scope::One(namespace) => row.namespace == namespace,
                Scope::All => true,
            };
            if inside && visit(&row_of(row)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn expired(&self, now: Wall, max: usize) -> Result<Vec<MessageHash>, StoreError> {
        self.check()?;
        let mut over: Vec<_> = self.seen.iter().filter(|row| row.expiry <= now).collect();
        over.sort_by_key(|row| row.expiry);
        Ok(over.into_iter().take(max).map(|row| row.hash).collect())
    }

    fn next_expiry(&self) -> Result<Option<Wall>, StoreError> {
        self.check()?;
        Ok(self.seen.iter().map(|row| row.expiry).min())
    }

    fn used_bytes(&self) -> u64 {
        self.seen.iter().map(|row| row.data.len() as u64).sum()
    }

    fn account_bytes(&self, account: &AccountId) -> Result<u64, StoreError> {
        self.check()?;
        let mine = self.seen.iter().filter(|row| row.account == *account);
        Ok(mine.map(|row| row.data.len() as u64).sum())
    }

    fn scan(
        &self,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.check()?;
        let mut rows: Vec<&StoredRow> = self.seen.iter().collect();
        rows.retain(|row| after.is_none_or(|after| row.hash > *after));
        rows.sort_by_key(|row| row.hash);
        let _ = rows.into_iter().try_for_each(visit);
        Ok(())
    }
}
