use std::ops::ControlFlow;

use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::{Wall, bug};
use leek_wire::{ReadView, Row, Scope, StoreError, StoredRow};

use super::MemoryStore;

impl ReadView for MemoryStore {
    fn find(&self, hash: &MessageHash) -> Result<Option<Row>, StoreError> {
        Ok(self.index.find(hash).map(|(_, row)| without_data(row)))
    }

    fn mailbox(
        &self,
        account: &AccountId,
        namespace: Namespace,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let after = after
            .and_then(|hash| self.index.find(hash))
            .filter(|(_, row)| row.account == *account && row.namespace == namespace)
            .map(|(id, _)| id);
        // The visitor's break says that it has enough: not an error.
        let _ = self
            .index
            .mailbox(*account, namespace, after)
            .try_for_each(visit);
        Ok(())
    }

    fn owned(
        &self,
        account: &AccountId,
        scope: Scope,
        visit: &mut dyn FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut visit = |row: &StoredRow| visit(&without_data(row));
        let _ = match scope {
            Scope::One(namespace) => self
                .index
                .mailbox(*account, namespace, None)
                .try_for_each(&mut visit),
            Scope::All => self.index.owned(*account).try_for_each(&mut visit),
        };
        Ok(())
    }

    fn expired(&self, now: Wall, max: usize) -> Result<Vec<MessageHash>, StoreError> {
        let expired = self
            .index
            .expiries()
            .take_while(|(expiry, _)| *expiry <= now);
        Ok(expired.take(max).map(|(_, row)| row.hash).collect())
    }

    fn next_expiry(&self) -> Result<Option<Wall>, StoreError> {
        Ok(self.index.expiries().next().map(|(expiry, _)| expiry))
    }

    fn used_bytes(&self) -> u64 {
        self.index.used_bytes()
    }

    fn account_bytes(&self, account: &AccountId) -> Result<u64, StoreError> {
        Ok(self.index.account_bytes(account))
    }

    fn scan(
        &self,
        after: Option<&MessageHash>,
        visit: &mut dyn FnMut(&StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let _ = self.index.by_hash(after).try_for_each(visit);
        Ok(())
    }
}

fn without_data(row: &StoredRow) -> Row {
    let Ok(len) = u32::try_from(row.data.len()) else {
        bug!("a message of {} bytes is stored", row.data.len());
    };
    Row {
        hash: row.hash,
        account: row.account,
        namespace: row.namespace,
        timestamp: row.timestamp,
        expiry: row.expiry,
        len,
    }
}
