use std::collections::BTreeMap;

use leek_identity::{AccountId, MessageHash};
use leek_machine::Wall;
use leek_wire::{
    ExpiryMode, MemberChange, Scope, StorageBody, StoreError, WriteOp, limits::TTL_MS_MAX,
};

use super::{Change, Local, sort_by_text};
use crate::{auth::Authorized, sign};

/// `expire`: changes expiries by hash. Later than 30 days from now becomes 30 days from now, in
/// every namespace (network spec 2.3).
pub(super) fn expire(
    local: &Local<'_>,
    account: &AccountId,
    requested: &[MessageHash],
    expiries: &[Wall],
    mode: ExpiryMode,
) -> Result<Change, StoreError> {
    let latest = local.now.after_ms(TTL_MS_MAX);
    // Expiry before and after, by hash: a message may be named twice.
    let mut found: BTreeMap<MessageHash, (Wall, Wall)> = BTreeMap::new();
    for (hash, expiry) in requested.iter().zip(expiries.iter().cycle()) {
        let wanted = (*expiry).min(latest);
        let row = local.live(hash)?.filter(|row| row.account == *account);
        let Some(row) = row else { continue };
        let (_, current) = found.entry(*hash).or_insert((row.expiry, row.expiry));
        *current = match mode {
            ExpiryMode::Set => wanted,
            ExpiryMode::Shorten => wanted.min(*current),
            ExpiryMode::Extend => wanted.max(*current),
        };
    }
    let (mut updated, mut unchanged) = (Vec::new(), Vec::new());
    for (hash, (before, after)) in found {
        if before == after {
            unchanged.push((hash, after));
        } else {
            updated.push((hash, after));
        }
    }
    sort_by_text(&mut updated, |(hash, _)| hash);
    sort_by_text(&mut unchanged, |(hash, _)| hash);
    let text = sign::expired(account, expiries, requested, &updated, &unchanged);
    Ok(changed(local, &text, updated, unchanged))
}

/// `expire_all`: brings expiries in scope forward to `expiry` where they are later.
pub(super) fn expire_all(
    local: &Local<'_>,
    account: &AccountId,
    scope: Scope,
    expiry: Wall,
) -> Result<Change, StoreError> {
    let rows = local.store.owned(account, scope)?;
    let mut updated: Vec<(MessageHash, Wall)> = rows
        .iter()
        .filter(|row| local.is_live(row.expiry) && row.expiry > expiry)
        .map(|row| (row.hash, expiry))
        .collect();
    sort_by_text(&mut updated, |(hash, _)| hash);
    let text = sign::all_expired(account, expiry, &updated);
    Ok(changed(local, &text, updated, Vec::new()))
}

/// `get_expiries`: of those messages that exist.
pub(crate) fn get_expiries(
    local: &Local<'_>,
    account: &AccountId,
    requested: &[MessageHash],
    _: &Authorized,
) -> Result<StorageBody, StoreError> {
    let mut found = BTreeMap::new();
    for hash in requested {
        let row = local.live(hash)?.filter(|row| row.account == *account);
        found.extend(row.map(|row| (row.hash, row.expiry)));
    }
    let mut expiries: Vec<(MessageHash, Wall)> = found.into_iter().collect();
    sort_by_text(&mut expiries, |(hash, _)| hash);
    Ok(StorageBody::Expiries(expiries))
}

fn changed(
    local: &Local<'_>,
    text: &str,
    updated: Vec<(MessageHash, Wall)>,
    unchanged: Vec<(MessageHash, Wall)>,
) -> Change {
    Change {
        freed: 0,
        ops: updated
            .iter()
            .map(|(hash, expiry)| WriteOp::SetExpiry {
                hash: *hash,
                expiry: *expiry,
            })
            .collect(),
        result: MemberChange::Expired {
            signature: local.sign(text),
            updated,
            unchanged,
        },
    }
}
