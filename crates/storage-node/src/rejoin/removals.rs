use std::collections::{BTreeMap, BTreeSet};

use leek_identity::{AccountId, MessageHash};
use leek_machine::Wall;
use leek_wire::{PulledRow, Scope, StorageRequest};

use crate::limits::REMOVALS_MAX;

/// What owners removed while this node asks its swarm for messages. A page that left a member
/// before, or comes from one that missed the removal, would bring it back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removals {
    accounts: BTreeMap<AccountId, Removed>,
    count: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Removed {
    hashes: BTreeSet<MessageHash>,
    /// Everything of a scope with a timestamp up to this.
    scopes: Vec<(Scope, Wall)>,
}

impl Removals {
    /// Remembers a removal; nothing for other requests. Beyond [`REMOVALS_MAX`] it forgets all
    /// others first: what they removed may then come back, and is gone when it expires.
    pub(super) fn note(&mut self, request: &StorageRequest) {
        let (account, hashes, scope) = match request {
            StorageRequest::Delete {
                account, messages, ..
            } => (account, messages.as_slice(), None),
            StorageRequest::DeleteAll {
                account,
                scope,
                timestamp: up_to,
                ..
            }
            | StorageRequest::DeleteBefore {
                account,
                scope,
                before: up_to,
                ..
            } => (account, [].as_slice(), Some((*scope, *up_to))),
            _ => return,
        };
        let more = hashes.len() + usize::from(scope.is_some());
        if self.count + more > REMOVALS_MAX {
            *self = Self::default();
        }
        self.count += more;
        let removed = self.accounts.entry(*account).or_default();
        removed.hashes.extend(hashes);
        removed.scopes.extend(scope);
    }

    /// Whether a row was removed.
    pub(super) fn cover(&self, row: &PulledRow) -> bool {
        let Some(removed) = self.accounts.get(&row.account) else {
            return false;
        };
        removed.hashes.contains(&row.hash)
            || removed.scopes.iter().any(|(scope, up_to)| {
                let inside = match scope {
                    Scope::One(namespace) => *namespace == row.namespace,
                    Scope::All => true,
                };
                inside && row.timestamp <= *up_to
            })
    }
}
