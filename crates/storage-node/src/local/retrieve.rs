use std::ops::ControlFlow;

use leek_identity::{AccountId, MESSAGE_HASH_TEXT_LEN, MessageHash, Namespace};
use leek_wire::{
    StorageBody, StoreError, StoredMessage, StoredRow,
    limits::{RETRIEVE_BYTES_MAX, RETRIEVE_DEFAULT_PART, RETRIEVE_MESSAGE_OVERHEAD},
};

use super::Local;
use crate::auth::Authorized;

/// The parameters of `retrieve`.
pub(crate) struct Retrieve<'a> {
    pub(crate) account: &'a AccountId,
    pub(crate) namespace: Namespace,
    pub(crate) last_hash: Option<&'a MessageHash>,
    pub(crate) max_count: Option<u32>,
    pub(crate) max_size: Option<i64>,
}

/// `retrieve`: messages of one mailbox in this node's insertion order, at least one if there are
/// any, until count or size is reached; expired ones are left out (network spec 2.6).
///
/// `budget` is what all retrieves of one request may take together; it is reduced by what this one
/// took.
pub(crate) fn retrieve(
    local: &Local<'_>,
    asked: &Retrieve<'_>,
    budget: &mut u64,
    _: &Authorized,
) -> Result<StorageBody, StoreError> {
    // 0 means "not given" (network spec 2.6).
    let max_count = asked.max_count.filter(|count| *count != 0);
    let max_size = asked.max_size.filter(|size| *size != 0);
    let size = size_limit(max_count, max_size).min(*budget);
    let count = max_count.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let mut messages = Vec::new();
    let mut used = 0u64;
    let mut more = false;
    local.store.mailbox(
        asked.account,
        asked.namespace,
        asked.last_hash,
        &mut |row| {
            if !local.is_live(row.expiry) {
                return ControlFlow::Continue(());
            }
            let after = used.saturating_add(cost(row));
            if !messages.is_empty() && (messages.len() == count || after > size) {
                more = true;
                return ControlFlow::Break(());
            }
            used = after;
            messages.push(message(row));
            ControlFlow::Continue(())
        },
    )?;
    *budget = budget.saturating_sub(used);
    Ok(StorageBody::Messages { messages, more })
}

/// Bytes that one retrieve may return by its parameters.
fn size_limit(max_count: Option<u32>, max_size: Option<i64>) -> u64 {
    let size = match (max_size, max_count) {
        (Some(size), _) => size,
        (None, Some(_)) => -1,
        (None, None) => RETRIEVE_DEFAULT_PART,
    };
    match u64::try_from(size) {
        Ok(bytes) => bytes.min(RETRIEVE_BYTES_MAX),
        Err(_) => RETRIEVE_BYTES_MAX / size.unsigned_abs(),
    }
}

/// What a message counts: as if it travelled in JSON, as deployed.
fn cost(row: &StoredRow) -> u64 {
    let data = (row.data.len() as u64).saturating_mul(4) / 3;
    RETRIEVE_MESSAGE_OVERHEAD + MESSAGE_HASH_TEXT_LEN as u64 + data
}

fn message(row: &StoredRow) -> StoredMessage {
    StoredMessage {
        hash: row.hash,
        timestamp: row.timestamp,
        expiry: row.expiry,
        data: row.data.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_budget() {
        assert_eq!(size_limit(None, None), 1_560_000);
        assert_eq!(size_limit(Some(3), None), 7_800_000);
        assert_eq!(size_limit(None, Some(-1)), 7_800_000);
        assert_eq!(size_limit(None, Some(-3)), 2_600_000);
        assert_eq!(size_limit(None, Some(500_000)), 500_000);
        assert_eq!(size_limit(None, Some(i64::MAX)), 7_800_000);
        assert_eq!(size_limit(None, Some(i64::MIN)), 0);
    }
}
