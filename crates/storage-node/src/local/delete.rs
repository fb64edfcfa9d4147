use std::collections::BTreeSet;

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use leek_wire::{MemberChange, Row, Scope, StoreError, WriteOp};

use super::{Change, Local, sort_by_text};
use crate::sign;

/// `delete`: by hash, in any namespace of the account.
pub(super) fn delete(
    local: &Local<'_>,
    account: &AccountId,
    requested: &[MessageHash],
) -> Result<Change, StoreError> {
    let unique: BTreeSet<&MessageHash> = requested.iter().collect();
    let mut rows = Vec::new();
    for hash in unique {
        rows.extend(local.live(hash)?.filter(|row| row.account == *account));
    }
    Ok(remove(local, rows, |deleted| {
        sign::deleted(account, requested, deleted)
    }))
}

/// `delete_all`: everything in scope.
pub(super) fn delete_all(
    local: &Local<'_>,
    account: &AccountId,
    scope: Scope,
    timestamp: Wall,
) -> Result<Change, StoreError> {
    let rows = live_rows(local, account, scope)?;
    Ok(remove(local, rows, |deleted| {
        sign::cleared(account, timestamp, deleted)
    }))
}

/// `delete_before`: everything in scope with a timestamp up to `before`.
pub(super) fn delete_before(
    local: &Local<'_>,
    account: &AccountId,
    scope: Scope,
    before: Wall,
) -> Result<Change, StoreError> {
    let mut rows = live_rows(local, account, scope)?;
    rows.retain(|row| row.timestamp <= before);
    Ok(remove(local, rows, |deleted| {
        sign::cleared(account, before, deleted)
    }))
}

fn live_rows(local: &Local<'_>, account: &AccountId, scope: Scope) -> Result<Vec<Row>, StoreError> {
    let mut rows = local.store.owned(account, scope)?;
    rows.retain(|row| local.is_live(row.expiry));
    Ok(rows)
}

fn remove(
    local: &Local<'_>,
    rows: Vec<Row>,
    text: impl FnOnce(&[MessageHash]) -> String,
) -> Change {
    let mut deleted: Vec<(Namespace, MessageHash)> =
        rows.iter().map(|row| (row.namespace, row.hash)).collect();
    sort_by_text(&mut deleted, |(_, hash)| hash);
    let hashes: Vec<MessageHash> = deleted.iter().map(|(_, hash)| *hash).collect();
    Change {
        freed: rows.iter().map(|row| u64::from(row.len)).sum(),
        ops: rows
            .iter()
            .map(|row| WriteOp::Delete { hash: row.hash })
            .collect(),
        result: MemberChange::Deleted {
            signature: local.sign(&text(&hashes)),
            deleted,
        },
    }
}
