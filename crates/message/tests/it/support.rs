//! Accounts and suites to test with.

use std::sync::Arc;

use leek_crypto::Suite;
use leek_identity::{Account, AccountSeed};
use leek_machine::{Seed, Stream, Wall};
use leek_message::{Content, ContentBody, DataMessage};

pub(crate) const SENT_AT: Wall = Wall::from_ms(1_700_000_000_000);

pub(crate) fn pure() -> Arc<dyn Suite> {
    leek_crypto::pure().suite()
}

/// All suites there are: the two real backends, and the cheap one of large simulations.
pub(crate) fn suites() -> [Arc<dyn Suite>; 3] {
    let fast = leek_crypto::fast().suite();
    [pure(), fast, leek_crypto_sized::sized()]
}

/// A different account for each number.
pub(crate) fn account(number: u8) -> Account {
    Account::from_seed(&AccountSeed::short(&[number; 16]))
}

pub(crate) fn entropy(seed: u64) -> Stream {
    Seed::from_u64(seed).stream()
}

pub(crate) fn text(body: &str) -> Content {
    Content::new(SENT_AT, ContentBody::from(DataMessage::text(body)))
}
