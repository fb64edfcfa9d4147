//! A store that keeps a list and a queue and computes everything anew for each read, and that can
//! be given one bug.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    ops::ControlFlow,
};

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use leek_store::{DurableStore, conformance::Subject};
use leek_wire::{ReadView, Row, Scope, StoreError, StoredRow, WriteBatch, WriteId, WriteOp};

/// No bug.
pub(crate) const NONE: u8 = 0;
pub(crate) const HIDES_PENDING: u8 = 1;
pub(crate) const NEVER_ABORTS: u8 = 2;
pub(crate) const ABORTS_FOREVER: u8 = 3;
pub(crate) const INSERT_SHORTENS: u8 = 4;
pub(crate) const INSERT_REPLACES: u8 = 5;
pub(crate) const CRASH_COMMITS: u8 = 6;
pub(crate) const CRASH_LOSES_COMMITTED: u8 = 7;
pub(crate) const FAILS_IN_PART: u8 = 8;
pub(crate) const RESURRECTS: u8 = 9;
pub(crate) const BOUNDLESS: u8 = 10;
pub(crate) const REFUSES_WHEN_FULL: u8 = 11;
pub(crate) const UNKNOWN_IS_END: u8 = 12;
pub(crate) const FOREIGN_IS_PLACE: u8 = 13;
pub(crate) const OWNED_BY_NAMESPACE: u8 = 14;
pub(crate) const EXPIRED_BY_INSERTION: u8 = 15;
pub(crate) const EXPIRES_LATE: u8 = 16;
pub(crate) const PREFIX_BLIND: u8 = 17;
pub(crate) const GROUP_IS_ALL: u8 = 18;
pub(crate) const GROUP_IS_ONE: u8 = 19;
pub(crate) const GROUP_FAILS_WHOLE: u8 = 20;
pub(crate) const GROUP_GOES_ON: u8 = 21;
pub(crate) const GROUP_ENDS_WINDOW: u8 = 22;
pub(crate) const BYTES_WHEN_COMMITTED: u8 = 23;
pub(crate) const BYTES_OF_KEY: u8 = 24;
pub(crate) const BYTES_OF_NAMESPACE: u8 = 25;
pub(crate) const BYTES_STAY: u8 = 26;
pub(crate) const SCAN_BY_INSERTION: u8 = 27;
pub(crate) const SCAN_FROM_HASH: u8 = 28;
pub(crate) const SCAN_KNOWN_HASH: u8 = 29;
pub(crate) const SCAN_COMMITTED: u8 = 30;
pub(crate) const QUIET_UNTIL_INSERT: u8 = 31;
pub(crate) const QUIET_FOR_EVER: u8 = 32;
pub(crate) const QUIET_BY_ACCOUNT: u8 = 33;

pub(crate) struct Naive<const BUG: u8> {
    committed: Vec<StoredRow>,
    /// `None`: aborted.
    pending: VecDeque<(WriteId, Option<WriteBatch>)>,
    capacity_bytes: u64,
    planned: BTreeMap<WriteId, StoreError>,
    /// For the bugs of memory: polls that found nothing.
    quiet: RefCell<Vec<(AccountId, Namespace, Option<MessageHash>)>>,
    /// For the bugs of memory: bytes that an account had at most.
    most: RefCell<BTreeMap<AccountId, u64>>,
}

fn used(rows: &[StoredRow]) -> u64 {
    rows.iter().map(|row| row.data.len() as u64).sum()
}

impl<const BUG: u8> Naive<BUG> {
    fn run(rows: &mut Vec<StoredRow>, ops: &[WriteOp]) {
        for op in ops {
            match op {
                WriteOp::Insert(row) => {
                    let present = rows.iter().position(|other| other.hash == row.hash);
                    match present {
                        Some(at) if BUG == INSERT_REPLACES => {
                            rows.remove(at);
                            rows.push(row.clone());
                        }
                        Some(at) if BUG == INSERT_SHORTENS => rows[at].expiry = row.expiry,
                        Some(at) => rows[at].expiry = rows[at].expiry.max(row.expiry),
                        None => rows.push(row.clone()),
                    }
                }
                WriteOp::SetExpiry { hash, expiry } => {
                    if let Some(row) = rows.iter_mut().find(|row| row.hash == *hash) {
                        row.expiry = *expiry;
                    }
                }
                WriteOp::Delete { hash } => rows.retain(|row| row.hash != *hash),
            }
        }
    }

    fn view(&self) -> Vec<StoredRow> {
        let mut rows = self.committed.clone();
        if BUG != HIDES_PENDING {
            for batch in self.pending.iter().filter_map(|(_, batch)| batch.as_ref()) {
                Self::run(&mut rows, &batch.ops);
            }
        }
        rows
    }

    fn fits(&self, after: &[StoredRow]) -> bool {
        let (before, after) = (used(&self.committed), used(after));
        match BUG {
            BOUNDLESS => true,
            REFUSES_WHEN_FULL => after < self.capacity_bytes,
            _ => after <= self.capacity_bytes || after <= before,
        }
    }
}

impl<const BUG: u8> DurableStore for Naive<BUG> {
    fn hand_out(&mut self, write: WriteId, mut batch: WriteBatch) {
        let inserts = batch.ops.iter().any(|op| matches!(op, WriteOp::Insert(_)));
        if BUG == QUIET_UNTIL_INSERT && inserts {
            self.quiet.borrow_mut().clear();
        }
        if BUG == RESURRECTS {
            batch.ops.retain(|op| match op {
                WriteOp::Delete { hash } => self.committed.iter().any(|row| row.hash == *hash),
                WriteOp::Insert(_) | WriteOp::SetExpiry { .. } => true,
            });
        }
        let aborted =
            BUG == ABORTS_FOREVER && self.pending.iter().any(|(_, batch)| batch.is_none());
        self.pending.push_back((write, (!aborted).then_some(batch)));
    }

    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        let before = self.committed.clone();
        let max = match BUG {
            GROUP_IS_ALL => self.pending.len(),
            GROUP_IS_ONE => max.min(1),
            _ => max,
        };
        let mut ended = Vec::new();
        while ended.len() < max
            && let Some(next) = self.commit_next()
        {
            ended.push(next);
        }
        let failed = ended.iter().any(|(_, result)| result.is_err());
        if BUG == GROUP_FAILS_WHOLE && failed {
            self.committed = before;
        }
        if BUG == GROUP_ENDS_WINDOW && failed {
            self.pending.clear();
        }
        ended
    }

    fn commit_next(&mut self) -> Option<(WriteId, Result<(), StoreError>)> {
        let (write, batch) = self.pending.pop_front()?;
        let planned = self.planned.remove(&write);
        let Some(batch) = batch else {
            return Some((write, Err(StoreError::Aborted)));
        };
        let mut after = self.committed.clone();
        Self::run(&mut after, &batch.ops);
        let full = (!self.fits(&after)).then_some(StoreError::Full);
        let Some(error) = planned.or(full) else {
            self.committed = after;
            return Some((write, Ok(())));
        };
        if BUG == FAILS_IN_PART {
            Self::run(&mut self.committed, &batch.ops[..batch.ops.len().min(1)]);
        }
        if BUG == GROUP_GOES_ON && self.pending.len() > 3 {
            self.pending
                .iter_mut()
                .take(1)
                .for_each(|(_, batch)| *batch = None);
        } else if BUG != NEVER_ABORTS {
            self.pending.iter_mut().for_each(|(_, batch)| *batch = None);
        }
        Some((write, Err(error)))
    }

    fn pending(&self) -> usize {
        self.pending.len()
    }
}

impl<const BUG: u8> Subject for Naive<BUG> {
    fn create(capacity_bytes: u64) -> Self {
        Self {
            committed: Vec::new(),
            pending: VecDeque::new(),
            capacity_bytes,
            planned: BTreeMap::new(),
            quiet: RefCell::default(),
            most: RefCell::default(),
        }
    }

    fn fail_at(&mut self, write: WriteId, error: StoreError) {
        self.planned.insert(write, error);
    }

    fn crash(&mut self) -> Vec<WriteId> {
        if BUG == CRASH_COMMITS {
            self.committed = self.view();
        }
        if BUG == CRASH_LOSES_COMMITTED {
            self.committed.pop();
        }
        self.pending.drain(..).map(|(write, _)| write).collect()
    }
}

fn row(row: &StoredRow) -> Row {
    Row {
        hash: row.hash,
        account: row.account,
        namespace: row.namespace,
        timestamp: row.timestamp,
        expiry: row.expiry,
        len: u32::try_from(row.data.len()).unwrap(),
    }
}

impl<const BUG: u8> ReadView for Naive<BUG> {
    fn find(&self, hash: &MessageHash) -> Result<Option<Row>, StoreError> {
        Ok(self.view().iter().find(|row| row.hash == *hash).map(row))
    }

    fn mailbox(
        &self,
        account: &AccountId,
        namespace: Namespace,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if BUG == QUIET_UNTIL_INSERT || BUG == QUIET_FOR_EVER || BUG == QUIET_BY_ACCOUNT {
            let known = self.quiet.borrow();
            let namespace = |other| BUG == QUIET_BY_ACCOUNT || other == namespace;
            if known
                .iter()
                .any(|(a, n, h)| a == account && namespace(*n) && h.as_ref() == after)
            {
                return Ok(());
            }
        }
        let view = self.view();
        let inside = |row: &&StoredRow| {
            let same = if BUG == PREFIX_BLIND {
                row.account.key() == account.key()
            } else {
                row.account == *account
            };
            same && row.namespace == namespace
        };
        let after_at = after.and_then(|hash| {
            let at = view.iter().position(|row| row.hash == *hash);
            match BUG {
                UNKNOWN_IS_END => at.or(Some(view.len())),
                FOREIGN_IS_PLACE => at,
                _ => at.filter(|&at| inside(&&view[at])),
            }
        });
        let from = after_at.map_or(0, |at| at + 1).min(view.len());
        if !view[from..].iter().any(|row| inside(&row)) {
            self.quiet
                .borrow_mut()
                .push((*account, namespace, after.copied()));
        }
        let _ = view[from..].iter().filter(inside).try_for_each(visit);
        Ok(())
    }

    fn owned(
        &self,
        account: &AccountId,
        scope: Scope,
        visit: &mut dyn FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut rows: Vec<Row> = self.view().iter().map(row).collect();
        rows.retain(|row| row.account == *account);
        rows.retain(|row| scope == Scope::All || scope == Scope::One(row.namespace));
        if BUG == OWNED_BY_NAMESPACE {
            rows.sort_by_key(|row| row.namespace);
        }
        let _ = rows.iter().try_for_each(visit);
        Ok(())
    }

    fn expired(&self, now: Wall, max: usize) -> Result<Vec<MessageHash>, StoreError> {
        let mut rows = self.view();
        rows.retain(|row| {
            if BUG == EXPIRES_LATE {
                row.expiry < now
            } else {
                row.expiry <= now
            }
        });
        if BUG != EXPIRED_BY_INSERTION {
            rows.sort_by_key(|row| row.expiry);
        }
        Ok(rows.iter().map(|row| row.hash).take(max).collect())
    }

    fn next_expiry(&self) -> Result<Option<Wall>, StoreError> {
        Ok(self.view().iter().map(|row| row.expiry).min())
    }

    fn used_bytes(&self) -> u64 {
        used(&self.view())
    }

    fn account_bytes(&self, account: &AccountId) -> Result<u64, StoreError> {
        let mut rows = match BUG {
            BYTES_WHEN_COMMITTED => self.committed.clone(),
            _ => self.view(),
        };
        rows.retain(|row| match BUG {
            BYTES_OF_KEY => row.account.key() == account.key(),
            BYTES_OF_NAMESPACE => row.account == *account && row.namespace == Namespace::DEFAULT,
            _ => row.account == *account,
        });
        if BUG != BYTES_STAY {
            return Ok(used(&rows));
        }
        let mut most = self.most.borrow_mut();
        let most = most.entry(*account).or_default();
        *most = used(&rows).max(*most);
        Ok(*most)
    }

    fn scan(
        &self,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut rows = match BUG {
            SCAN_COMMITTED => self.committed.clone(),
            _ => self.view(),
        };
        let known = |hash: &&MessageHash| rows.iter().any(|row| row.hash == **hash);
        let after = match BUG {
            SCAN_KNOWN_HASH => after.filter(known),
            _ => after,
        };
        rows.retain(|row| {
            after.is_none_or(|after| match BUG {
                SCAN_FROM_HASH => row.hash >= *after,
                _ => row.hash > *after,
            })
        });
        if BUG != SCAN_BY_INSERTION {
            rows.sort_by_key(|row| row.hash);
        }
        let _ = rows.iter().try_for_each(visit);
        Ok(())
    }
}
