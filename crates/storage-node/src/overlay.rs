//! The store as it will be once the changes queued in this very call are handed out.
//!
//! The view of a call shows every batch handed out before it. The steps of one batch request run
//! inside one call, so each must also see what those before it queued.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use leek_wire::{ReadView, Row, Scope, StoreError, StoredRow, WriteOp};

/// Changes queued in one call, in a form to look things up in. Relies on how this crate writes:
/// it inserts only what is absent and sets the expiry only of what is present.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queued {
    /// Rows of the store that are gone.
    hidden: BTreeSet<MessageHash>,
    expiries: BTreeMap<MessageHash, Wall>,
    /// Rows that come after those of the store, in order. At most one for each step of a batch.
    inserted: Vec<StoredRow>,
    /// Bytes of each account inserted in this call, also of rows that it removed again.
    added: BTreeMap<AccountId, u64>,
    /// Bytes of each account removed in this call, of the store's rows and of those inserted.
    freed: BTreeMap<AccountId, u64>,
}

impl Queued {
    pub(crate) fn clear(&mut self) {
        self.hidden.clear();
        self.expiries.clear();
        self.inserted.clear();
        self.added.clear();
        self.freed.clear();
    }

    /// Changes that were recorded remove so many bytes of an account.
    pub(crate) fn free(&mut self, account: AccountId, bytes: u64) {
        *self.freed.entry(account).or_default() += bytes;
    }

    pub(crate) fn record(&mut self, op: &WriteOp) {
        match op {
            WriteOp::Insert(row) => {
                *self.added.entry(row.account).or_default() += row.data.len() as u64;
                self.inserted.push(row.clone());
            }
            WriteOp::SetExpiry { hash, expiry } => {
                match self.inserted.iter_mut().find(|row| row.hash == *hash) {
                    Some(row) => row.expiry = *expiry,
                    None => {
                        self.expiries.insert(*hash, *expiry);
                    }
                }
            }
            WriteOp::Delete { hash } => {
                self.inserted.retain(|row| row.hash != *hash);
                self.expiries.remove(hash);
                self.hidden.insert(*hash);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.hidden.is_empty() && self.expiries.is_empty() && self.inserted.is_empty()
    }
}

/// A store with queued changes on top.
pub(crate) struct Overlay<'a> {
    base: &'a dyn ReadView,
    queued: &'a Queued,
}

impl<'a> Overlay<'a> {
    pub(crate) const fn new(base: &'a dyn ReadView, queued: &'a Queued) -> Self {
        Self { base, queued }
    }

    pub(crate) fn find(&self, hash: &MessageHash) -> Result<Option<Row>, StoreError> {
        if let Some(row) = self.queued.inserted.iter().find(|row| row.hash == *hash) {
            return Ok(Some(row_of(row)));
        }
        if self.queued.hidden.contains(hash) {
            return Ok(None);
        }
        Ok(self.base.find(hash)?.map(|row| self.moved(row)))
    }

    pub(crate) fn mailbox(
        &self,
        account: &AccountId,
        namespace: Namespace,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if self.queued.is_empty() {
            return self.base.mailbox(account, namespace, after, visit);
        }
        let mut mine = self
            .queued
            .inserted
            .iter()
            .filter(|row| row.account == *account && row.namespace == namespace);
        let mut flow = ControlFlow::Continue(());
        let starts_in_queue = after.is_some_and(|hash| mine.clone().any(|row| row.hash == *hash));
        if starts_in_queue {
            mine.find(|row| Some(&row.hash) == after);
        } else {
            let after = after.filter(|hash| !self.queued.hidden.contains(hash));
            self.base.mailbox(account, namespace, after, &mut |row| {
                if self.queued.hidden.contains(&row.hash) {
                    return ControlFlow::Continue(());
                }
                flow = match self.queued.expiries.get(&row.hash) {
                    Some(expiry) => visit(&StoredRow {
                        expiry: *expiry,
                        ..row.clone()
                    }),
                    None => visit(row),
                };
                flow
            })?;
        }
        for row in mine {
            if flow.is_break() {
                break;
            }
            flow = visit(row);
        }
        Ok(())
    }

    /// All rows of an account in scope, in insertion order.
    pub(crate) fn owned(&self, account: &AccountId, scope: Scope) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.base.owned(account, scope, &mut |row| {
            if !self.queued.hidden.contains(&row.hash) {
                rows.push(self.moved(*row));
            }
            ControlFlow::Continue(())
        })?;
        let in_scope = |namespace| match scope {
            Scope::One(one) => one == namespace,
            Scope::All => true,
        };
        let queued = self.queued.inserted.iter();
        rows.extend(
            queued
                .filter(|row| row.account == *account && in_scope(row.namespace))
                .map(row_of),
        );
        Ok(rows)
    }

    /// Bytes of all messages; what queued deletions free is not counted yet.
    pub(crate) fn used_bytes(&self) -> u64 {
        let queued = self.queued.inserted.iter().map(|row| row.data.len() as u64);
        queued.fold(self.base.used_bytes(), u64::saturating_add)
    }

    /// Bytes of all messages of an account.
    pub(crate) fn account_bytes(&self, account: &AccountId) -> Result<u64, StoreError> {
        let of = |bytes: &BTreeMap<AccountId, u64>| bytes.get(account).copied().unwrap_or(0);
        let base = self.base.account_bytes(account)?;
        let added = base.saturating_add(of(&self.queued.added));
        Ok(added.saturating_sub(of(&self.queued.freed)))
    }

    fn moved(&self, row: Row) -> Row {
        match self.queued.expiries.get(&row.hash) {
            Some(expiry) => Row {
                expiry: *expiry,
                ..row
            },
            None => row,
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
        len: u32::try_from(row.data.len()).unwrap_or(u32::MAX),
    }
}
