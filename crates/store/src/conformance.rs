//! What every store must do, as functions that panic when one does not.
//!
//! A store's tests run [`all`], or [`cases`] one by one.

mod capacity;
mod crash;
mod fixture;
mod order;
mod reads;
mod writes;

use leek_wire::{StoreError, WriteId};

use crate::{DurableStore, MemoryStore};

/// A store under test: an executor whose failures can be arranged.
pub trait Subject: DurableStore {
    /// An empty store for at most `capacity_bytes` bytes of messages (data only).
    fn create(capacity_bytes: u64) -> Self;

    /// Makes the batch `write` fail with `error` when its turn to commit comes.
    fn fail_at(&mut self, write: WriteId, error: StoreError);

    /// Stops the store without warning and opens it again: batches that are not committed are
    /// gone. Returns their names, oldest first.
    fn crash(&mut self) -> Vec<WriteId>;
}

impl Subject for MemoryStore {
    fn create(capacity_bytes: u64) -> Self {
        Self::new(capacity_bytes)
    }

    fn fail_at(&mut self, write: WriteId, error: StoreError) {
        Self::fail_at(self, write, error);
    }

    fn crash(&mut self) -> Vec<WriteId> {
        Self::crash(self)
    }
}

/// One thing that a store must do.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Says what.
    pub name: &'static str,
    /// Panics when the store does otherwise.
    pub run: fn(),
}

/// Runs every case.
///
/// # Panics
/// When the store is wrong.
pub fn all<S: Subject>() {
    for case in cases::<S>() {
        (case.run)();
    }
}

/// Every case, for this kind of store.
pub fn cases<S: Subject>() -> Vec<Case> {
    let case = |name, run| Case { name, run };
    vec![
        case(
            "a mailbox is in order of insertion",
            reads::insertion_order::<S>,
        ),
        case(
            "a mailbox starts after a message",
            reads::after_a_message::<S>,
        ),
        case(
            "an unknown message means the beginning",
            reads::after_an_unknown_message::<S>,
        ),
        case("a visitor can stop", reads::visitor_stops::<S>),
        case(
            "scopes keep to their account and namespace",
            reads::scopes::<S>,
        ),
        case(
            "expired messages come earliest first",
            reads::expired_listing::<S>,
        ),
        case(
            "a row tells all of a message",
            reads::rows_are_complete::<S>,
        ),
        case("an empty store shows nothing", reads::empty_store::<S>),
        case(
            "a present hash keeps its row",
            writes::insert_is_idempotent::<S>,
        ),
        case(
            "an insert extends an expiry, never shortens it",
            writes::insert_extends::<S>,
        ),
        case("an expiry is set as told", writes::expiry_is_set::<S>),
        case("a deleted message is gone", writes::deleted_is_gone::<S>),
        case(
            "a message stored again is the newest",
            writes::stored_again_is_newest::<S>,
        ),
        case(
            "changes to absent messages do nothing",
            writes::absent_is_no_error::<S>,
        ),
        case("a batch runs in order", writes::batch_order::<S>),
        case(
            "a batch is visible when handed out",
            order::visible_at_once::<S>,
        ),
        case("batches commit in order", order::commits_in_order::<S>),
        case(
            "a failure takes back all that follows",
            order::failure_aborts_later::<S>,
        ),
        case(
            "batches after a failure stand",
            order::batches_after_a_failure::<S>,
        ),
        case(
            "taking back restores rows, order and expiries",
            order::taking_back_restores::<S>,
        ),
        case(
            "a stored and deleted message stays deleted",
            order::no_resurrection::<S>,
        ),
        case("a full store refuses, and only then", capacity::full::<S>),
        case("what frees bytes always fits", capacity::freeing_fits::<S>),
        case(
            "a full store aborts what follows",
            capacity::full_aborts_later::<S>,
        ),
        case(
            "a crash at any write loses exactly the rest",
            crash::every_crash_point::<S>,
        ),
        case(
            "a crash inside any window loses exactly the rest",
            crash::every_window::<S>,
        ),
        case(
            "a crash loses what was aborted and not told",
            crash::crash_after_failure::<S>,
        ),
        case("a store works after a crash", crash::works_after_crash::<S>),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_store_conforms() {
        all::<MemoryStore>();
    }
}
