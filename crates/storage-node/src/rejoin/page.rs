//! What of a member's page may be kept.

use std::{collections::BTreeMap, sync::Arc};

use leek_identity::{AccountId, MessageHash, message_hash};
use leek_machine::Wall;
use leek_wire::{
    PullPage, PulledRow, StoreError, StoredRow, WriteOp,
    limits::{
        DATA_BYTES_MAX, FORWARDED_TOLERANCE_MS, PULL_PAGE_BYTES_MAX, PULL_ROWS_MAX, TTL_MS_MAX,
    },
    pulled_row_encoded_len,
};

use super::removals::Removals;
use crate::{StorageNode, machine::NodeCx, overlay::Overlay};

/// Why nothing of a page is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// No honest member sends it.
    Lie,
    /// This node's store could not be read.
    StoreFailed,
}

impl From<StoreError> for Unusable {
    fn from(_: StoreError) -> Self {
        Self::StoreFailed
    }
}

/// Bytes that the rows of a page add.
#[derive(Default)]
struct Added {
    total: u64,
    accounts: BTreeMap<AccountId, u64>,
}

impl StorageNode {
    /// Verifies a page behind `after` and gives the changes that add what is missing here.
    ///
    /// A page that no honest member sends is refused whole. A row on which honest members may
    /// differ (clocks, membership, room) is left out.
    pub(super) fn check_page(
        &self,
        cx: &NodeCx<'_, '_>,
        removals: &Removals,
        after: Option<MessageHash>,
        page: PullPage,
    ) -> Result<Vec<WriteOp>, Unusable> {
        if !is_honest(after, &page) {
            return Err(Unusable::Lie);
        }
        let store = Overlay::new(cx.view, &self.queued);
        let mut added = Added::default();
        let mut ops = Vec::new();
        for row in page.rows {
            if !self.is_ours(&row, cx.now.wall) || removals.cover(&row) {
                continue;
            }
            let present = store.find(&row.hash)?;
            if present.is_some_and(|here| here.expiry > cx.now.wall) {
                continue;
            }
            if !self.has_room(&store, &mut added, &row)? {
                continue;
            }
            if present.is_some() {
                // Expired, but not removed yet.
                ops.push(WriteOp::Delete { hash: row.hash });
            }
            ops.push(WriteOp::Insert(verified(row)));
        }
        Ok(ops)
    }

    /// Whether a row belongs to this node's swarm, and its times make sense by this node's clock.
    fn is_ours(&self, row: &PulledRow, now: Wall) -> bool {
        let swarm = self
            .snapshot
            .as_ref()
            .and_then(|snapshot| snapshot.swarm_of(&row.account));
        let latest = now.after_ms(FORWARDED_TOLERANCE_MS);
        swarm.is_some()
            && swarm == self.swarm()
            && row.expiry > now
            // An owner may extend any message's life to the longest of all namespaces.
            && row.expiry <= latest.after_ms(TTL_MS_MAX)
            && row.timestamp <= latest
    }

    fn has_room(
        &self,
        store: &Overlay<'_>,
        added: &mut Added,
        row: &PulledRow,
    ) -> Result<bool, StoreError> {
        let len = row.data.len() as u64;
        let account = added.accounts.entry(row.account).or_default();
        let used = store.account_bytes(&row.account)?.saturating_add(*account);
        let all = store.used_bytes().saturating_add(added.total);
        let fits = used.saturating_add(len) <= self.config.account_bytes_max
            && all.saturating_add(len) <= self.config.store_bytes_max;
        if fits {
            *account += len;
            added.total += len;
        }
        Ok(fits)
    }
}

/// Whether an honest member may have sent this: within limits, in order, going on, and each
/// message under its own name.
fn is_honest(after: Option<MessageHash>, page: &PullPage) -> bool {
    let bytes: usize = page.rows.iter().map(pulled_row_encoded_len).sum();
    if page.rows.len() > PULL_ROWS_MAX || bytes > PULL_PAGE_BYTES_MAX {
        return false;
    }
    let mut last = after;
    for row in &page.rows {
        if last.is_some_and(|last| row.hash <= last) || row.data.len() > DATA_BYTES_MAX {
            return false;
        }
        last = Some(row.hash);
    }
    let goes_on = match (page.next, page.rows.last()) {
        (None, _) => true,
        (Some(next), Some(row)) => next >= row.hash,
        (Some(next), None) => after.is_none_or(|after| next > after),
    };
    goes_on
        && page
            .rows
            .iter()
            .all(|row| message_hash(&row.account, row.namespace, &row.data) == row.hash)
}

fn verified(row: PulledRow) -> StoredRow {
    StoredRow {
        hash: row.hash,
        account: row.account,
        namespace: row.namespace,
        timestamp: row.timestamp,
        expiry: row.expiry,
        data: Arc::clone(&row.data),
    }
}
