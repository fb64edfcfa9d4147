use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::{Wall, bug};
use leek_wire::{StoredRow, WriteOp};

/// Names a row; increasing in the order of insertion, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowId(u64);

/// Rows, and the ways to find them.
#[derive(Clone, Debug)]
pub(super) struct Index {
    rows: BTreeMap<RowId, StoredRow>,
    by_hash: BTreeMap<MessageHash, RowId>,
    by_mailbox: BTreeSet<(AccountId, Namespace, RowId)>,
    by_expiry: BTreeSet<(Wall, RowId)>,
    /// Bytes of each account that has any.
    account_bytes: BTreeMap<AccountId, u64>,
    next_row: RowId,
    used_bytes: u64,
}

/// The way back from one operation.
#[derive(Clone, Debug)]
pub(super) enum Undo {
    /// A row was added.
    Remove(RowId),
    /// A row was removed; the data is shared, not copied.
    Restore(RowId, StoredRow),
    /// An expiry was changed; it was this.
    SetExpiry(RowId, Wall),
}

impl Index {
    pub(super) const fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            by_hash: BTreeMap::new(),
            by_mailbox: BTreeSet::new(),
            by_expiry: BTreeSet::new(),
            account_bytes: BTreeMap::new(),
            next_row: RowId(0),
            used_bytes: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) const fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    pub(super) fn account_bytes(&self, account: &AccountId) -> u64 {
        self.account_bytes.get(account).copied().unwrap_or(0)
    }

    /// Runs an operation; `None` when it changed nothing.
    pub(super) fn apply(&mut self, op: WriteOp) -> Option<Undo> {
        match op {
            WriteOp::Insert(row) => match self.by_hash.get(&row.hash) {
                Some(&id) if row.expiry <= self.row(id).expiry => None,
                Some(&id) => Some(self.set_expiry(id, row.expiry)),
                None => {
                    let id = self.next_row;
                    self.next_row = RowId(id.0 + 1);
                    self.put(id, row);
                    Some(Undo::Remove(id))
                }
            },
            WriteOp::SetExpiry { hash, expiry } => {
                let id = *self.by_hash.get(&hash)?;
                (self.row(id).expiry != expiry).then(|| self.set_expiry(id, expiry))
            }
            WriteOp::Delete { hash } => {
                let id = *self.by_hash.get(&hash)?;
                Some(Undo::Restore(id, self.take(id)))
            }
        }
    }

    /// Goes back over a batch: `undo` is in the order of its operations.
    pub(super) fn undo(&mut self, undo: Vec<Undo>) {
        for step in undo.into_iter().rev() {
            match step {
                Undo::Remove(id) => drop(self.take(id)),
                Undo::Restore(id, row) => self.put(id, row),
                Undo::SetExpiry(id, expiry) => drop(self.set_expiry(id, expiry)),
            }
        }
    }

    pub(super) fn find(&self, hash: &MessageHash) -> Option<(RowId, &StoredRow)> {
        let id = *self.by_hash.get(hash)?;
        Some((id, self.row(id)))
    }

    /// The rows of a mailbox in order of insertion, from the one after `after`.
    pub(super) fn mailbox(
        &self,
        account: AccountId,
        namespace: Namespace,
        after: Option<RowId>,
    ) -> impl Iterator<Item = &StoredRow> {
        let start = match after {
            Some(id) => Bound::Excluded((account, namespace, id)),
            None => Bound::Included((account, namespace, RowId(0))),
        };
        let end = Bound::Included((account, namespace, RowId(u64::MAX)));
        self.by_mailbox
            .range((start, end))
            .map(|&(_, _, id)| self.row(id))
    }

    /// The rows of an account in order of insertion.
    pub(super) fn owned(&self, account: AccountId) -> impl Iterator<Item = &StoredRow> {
        let first = (account, Namespace::new(i16::MIN), RowId(0));
        let last = (account, Namespace::new(i16::MAX), RowId(u64::MAX));
        let mut ids: Vec<RowId> = self
            .by_mailbox
            .range(first..=last)
            .map(|&(_, _, id)| id)
            .collect();
        ids.sort_unstable();
        ids.into_iter().map(|id| self.row(id))
    }

    /// Rows with their expiry, the earliest first, then in order of insertion.
    pub(super) fn expiries(&self) -> impl Iterator<Item = (Wall, &StoredRow)> {
        self.by_expiry
            .iter()
            .map(|&(expiry, id)| (expiry, self.row(id)))
    }

    /// The rows by their hashes' bytes, from the first hash larger than `after`.
    pub(super) fn by_hash(&self, after: Option<&MessageHash>) -> impl Iterator<Item = &StoredRow> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_hash
            .range((start, Bound::Unbounded))
            .map(|(_, &id)| self.row(id))
    }

    fn row(&self, id: RowId) -> &StoredRow {
        match self.rows.get(&id) {
            Some(row) => row,
            None => bug!("an index names row {} that is not there", id.0),
        }
    }

    fn put(&mut self, id: RowId, row: StoredRow) {
        self.by_hash.insert(row.hash, id);
        self.by_mailbox.insert((row.account, row.namespace, id));
        self.by_expiry.insert((row.expiry, id));
        self.used_bytes += row.data.len() as u64;
        if !row.data.is_empty() {
            *self.account_bytes.entry(row.account).or_default() += row.data.len() as u64;
        }
        self.rows.insert(id, row);
    }

    fn take(&mut self, id: RowId) -> StoredRow {
        let Some(row) = self.rows.remove(&id) else {
            bug!("an index names row {} that is not there", id.0);
        };
        self.by_hash.remove(&row.hash);
        self.by_mailbox.remove(&(row.account, row.namespace, id));
        self.by_expiry.remove(&(row.expiry, id));
        self.used_bytes -= row.data.len() as u64;
        self.take_bytes(&row);
        row
    }

    fn take_bytes(&mut self, row: &StoredRow) {
        if row.data.is_empty() {
            return;
        }
        let Some(bytes) = self.account_bytes.get_mut(&row.account) else {
            bug!("the account of row {} has no bytes", row.hash);
        };
        *bytes -= row.data.len() as u64;
        if *bytes == 0 {
            self.account_bytes.remove(&row.account);
        }
    }

    fn set_expiry(&mut self, id: RowId, expiry: Wall) -> Undo {
        let Some(row) = self.rows.get_mut(&id) else {
            bug!("an index names row {} that is not there", id.0);
        };
        let before = core::mem::replace(&mut row.expiry, expiry);
        self.by_expiry.remove(&(before, id));
        self.by_expiry.insert((expiry, id));
        Undo::SetExpiry(id, before)
    }
}
