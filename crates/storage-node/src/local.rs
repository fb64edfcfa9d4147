//! The storage methods as this node runs them on its own store, one file each. Reads give a body,
//! writes a [`Change`]; nothing here knows of other nodes.

use leek_crypto::Signature;
use leek_identity::MessageHash;
use leek_machine::Wall;
use leek_wire::{MemberChange, MemberFailure, Row, StorageRequest, StoreError, WriteOp};

use crate::{NodePrep, auth::Authorized, overlay::Overlay, plan::Checked};

mod delete;
mod expire;
mod retrieve;
mod store;

pub(crate) use expire::get_expiries;
pub(crate) use retrieve::{Retrieve, retrieve};

/// What a method is given.
pub(crate) struct Local<'a> {
    pub(crate) store: Overlay<'a>,
    pub(crate) now: Wall,
    pub(crate) prep: &'a NodePrep,
    pub(crate) store_bytes_max: u64,
    pub(crate) account_bytes_max: u64,
}

/// What a write does to this node's store, and what the node says about it once that is durable.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) ops: Vec<WriteOp>,
    pub(crate) result: MemberChange,
    /// Bytes of the request's account that `ops` remove.
    pub(crate) freed: u64,
}

impl Local<'_> {
    /// The row with this hash. An expired message does not exist, whether or not the cleaner has
    /// come by: so members of a swarm agree.
    fn live(&self, hash: &MessageHash) -> Result<Option<Row>, StoreError> {
        let row = self.store.find(hash)?;
        Ok(row.filter(|row| self.is_live(row.expiry)))
    }

    fn is_live(&self, expiry: Wall) -> bool {
        expiry > self.now
    }

    fn sign(&self, text: &str) -> Signature {
        self.prep.sign(text)
    }
}

/// Runs a write, or says that the store failed.
pub(crate) fn change(
    local: &Local<'_>,
    one: &Checked,
    _: Authorized,
) -> Result<Change, MemberFailure> {
    use StorageRequest as Method;
    let changed = match &one.request {
        Method::Store { .. } => return store::store(local, one),
        Method::Delete {
            account, messages, ..
        } => delete::delete(local, account, messages),
        Method::DeleteAll {
            account,
            scope,
            timestamp,
            ..
        } => delete::delete_all(local, account, *scope, *timestamp),
        Method::DeleteBefore {
            account,
            scope,
            before,
            ..
        } => delete::delete_before(local, account, *scope, *before),
        Method::Expire {
            account,
            messages,
            expiries,
            mode,
            ..
        } => expire::expire(local, account, messages, expiries, *mode),
        Method::ExpireAll {
            account,
            scope,
            expiry,
            ..
        } => expire::expire_all(local, account, *scope, *expiry),
        Method::Retrieve { .. }
        | Method::GetExpiries { .. }
        | Method::GetSwarm { .. }
        | Method::Info
        | Method::Batch(_)
        | Method::Sequence(_) => leek_machine::bug!("run a read as a write"),
    };
    changed.map_err(|_| MemberFailure::QueryFailure)
}

/// By the text of the hash, which is not the order of its bytes.
fn sort_by_text<T>(items: &mut [T], hash: impl Fn(&T) -> &MessageHash) {
    items.sort_by_cached_key(|item| hash(item).to_string());
}
