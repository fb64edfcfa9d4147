use std::{ops::ControlFlow, sync::Arc};

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use leek_wire::{MemberChange, MemberFailure, StorageRequest, StoreError, StoredRow, WriteOp};

use super::{Change, Local};
use crate::{plan::Checked, sign};

/// `store`: keeps a message. One that is there already keeps its place, and its expiry is only
/// ever extended. An outbox holds one message: the new one replaces the others.
pub(super) fn store(local: &Local<'_>, one: &Checked) -> Result<Change, MemberFailure> {
    let (
        StorageRequest::Store {
            account,
            namespace,
            timestamp,
            ttl_ms,
            data,
            ..
        },
        Some(hash),
    ) = (&one.request, one.hash)
    else {
        leek_machine::bug!("store without a named message");
    };
    let message = NewMessage {
        hash,
        account: *account,
        namespace: *namespace,
        timestamp: *timestamp,
        expiry: timestamp.after_ms(*ttl_ms),
        data,
    };
    match message.plan(local) {
        Ok(Some((ops, expiry, already))) => Ok(Change {
            ops,
            result: MemberChange::Stored {
                signature: local.sign(&sign::stored(&hash)),
                expiry,
                already,
            },
        }),
        Ok(None) | Err(_) => Err(MemberFailure::QueryFailure),
    }
}

struct NewMessage<'a> {
    hash: MessageHash,
    account: AccountId,
    namespace: Namespace,
    timestamp: Wall,
    expiry: Wall,
    data: &'a [u8],
}

impl NewMessage<'_> {
    /// The changes, the expiry afterwards, and whether the message was there; `None` when this
    /// store has no place for it.
    fn plan(&self, local: &Local<'_>) -> Result<Option<(Vec<WriteOp>, Wall, bool)>, StoreError> {
        let mut ops = Vec::new();
        let present = local.store.find(&self.hash)?;
        if let Some(row) = present {
            let same_mailbox = row.account == self.account && row.namespace == self.namespace;
            if local.is_live(row.expiry) {
                if !same_mailbox {
                    // The hash does not mark where the namespace ends (network spec 2.8): another
                    // mailbox holds a message of this name, and names are unique in a store.
                    return Ok(None);
                }
                if self.expiry > row.expiry {
                    ops.push(WriteOp::SetExpiry {
                        hash: self.hash,
                        expiry: self.expiry,
                    });
                }
                return Ok(Some((ops, self.expiry.max(row.expiry), true)));
            }
            // Expired: it comes back as a new message, behind all others, so that clients which
            // have read past its old place see it.
            ops.push(WriteOp::Delete { hash: self.hash });
        }
        let used = local.store.used_bytes();
        if used.saturating_add(self.data.len() as u64) > local.store_bytes_max {
            return Ok(None);
        }
        if self.namespace.is_public_outbox() {
            self.replace_others(local, &mut ops)?;
        }
        ops.push(WriteOp::Insert(StoredRow {
            hash: self.hash,
            account: self.account,
            namespace: self.namespace,
            timestamp: self.timestamp,
            expiry: self.expiry,
            data: Arc::from(self.data),
        }));
        Ok(Some((ops, self.expiry, false)))
    }

    fn replace_others(&self, local: &Local<'_>, ops: &mut Vec<WriteOp>) -> Result<(), StoreError> {
        local
            .store
            .mailbox(&self.account, self.namespace, None, &mut |row| {
                if row.hash != self.hash {
                    ops.push(WriteOp::Delete { hash: row.hash });
                }
                ControlFlow::Continue(())
            })
    }
}
