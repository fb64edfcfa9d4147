use std::{ops::ControlFlow, sync::Arc};

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::Wall;
use leek_wire::{
    MemberChange, MemberFailure, Status, StorageRequest, StoreError, StoredRow, WriteOp,
};

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
    let Planned {
        ops,
        expiry,
        already,
        freed,
    } = message.plan(local)?;
    Ok(Change {
        ops,
        freed,
        result: MemberChange::Stored {
            signature: local.sign(&sign::stored(&hash)),
            expiry,
            already,
            durable: true,
        },
    })
}

/// Why a message finds no place here.
enum NoPlace {
    /// The mailbox's account has used up its quota.
    MailboxFull,
    /// The store is full.
    StoreFull,
    /// The hash does not mark where the namespace ends (network spec 2.8): another mailbox holds a
    /// message of this name, and names are unique in a store.
    NameTaken,
    /// The store failed.
    Failed,
}

impl From<StoreError> for NoPlace {
    fn from(_: StoreError) -> Self {
        Self::Failed
    }
}

impl From<NoPlace> for MemberFailure {
    fn from(reason: NoPlace) -> Self {
        match reason {
            NoPlace::MailboxFull => Self::Refused {
                status: Status::INSUFFICIENT_STORAGE,
                reason: "the mailbox is full".to_owned(),
            },
            NoPlace::StoreFull | NoPlace::NameTaken | NoPlace::Failed => Self::QueryFailure,
        }
    }
}

/// What a store does here.
struct Planned {
    ops: Vec<WriteOp>,
    /// Afterwards.
    expiry: Wall,
    /// Whether the message was there.
    already: bool,
    /// Bytes of its account that `ops` remove.
    freed: u64,
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
    fn plan(&self, local: &Local<'_>) -> Result<Planned, NoPlace> {
        let mut ops = Vec::new();
        let mut freed = 0;
        let present = local.store.find(&self.hash)?;
        if let Some(row) = present {
            let same_mailbox = row.account == self.account && row.namespace == self.namespace;
            if local.is_live(row.expiry) {
                if !same_mailbox {
                    return Err(NoPlace::NameTaken);
                }
                if self.expiry > row.expiry {
                    ops.push(WriteOp::SetExpiry {
                        hash: self.hash,
                        expiry: self.expiry,
                    });
                }
                return Ok(Planned {
                    ops,
                    expiry: self.expiry.max(row.expiry),
                    already: true,
                    freed,
                });
            }
            // Expired: it comes back as a new message, behind all others, so that clients which
            // have read past its old place see it.
            ops.push(WriteOp::Delete { hash: self.hash });
            if row.account == self.account {
                freed += u64::from(row.len);
            }
        }
        let len = self.data.len() as u64;
        if local.store.used_bytes().saturating_add(len) > local.store_bytes_max {
            return Err(NoPlace::StoreFull);
        }
        if self.namespace.is_public_outbox() {
            freed += self.replace_others(local, &mut ops)?;
        }
        let account = local.store.account_bytes(&self.account)?;
        if account.saturating_sub(freed).saturating_add(len) > local.account_bytes_max {
            return Err(NoPlace::MailboxFull);
        }
        ops.push(WriteOp::Insert(StoredRow {
            hash: self.hash,
            account: self.account,
            namespace: self.namespace,
            timestamp: self.timestamp,
            expiry: self.expiry,
            data: Arc::from(self.data),
        }));
        Ok(Planned {
            ops,
            expiry: self.expiry,
            already: false,
            freed,
        })
    }

    /// Returns how many bytes that frees.
    fn replace_others(&self, local: &Local<'_>, ops: &mut Vec<WriteOp>) -> Result<u64, StoreError> {
        let mut freed = 0;
        local
            .store
            .mailbox(&self.account, self.namespace, None, &mut |row| {
                if row.hash != self.hash {
                    ops.push(WriteOp::Delete { hash: row.hash });
                    freed += row.data.len() as u64;
                }
                ControlFlow::Continue(())
            })?;
        Ok(freed)
    }
}
