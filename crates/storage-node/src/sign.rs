//! What a node signs in its replies (network spec 2.5): plain concatenations without separators,
//! the account in hexadecimal, numbers in decimal, hashes as text.
//!
//! Expiries are those the request asked for, so that a client can check a signature against its
//! own request, also where the node clamped them.

use core::fmt::{Display, Write as _};

use leek_identity::{AccountId, MessageHash};
use leek_machine::Wall;

/// `store`: the hash.
pub fn stored(hash: &MessageHash) -> String {
    hash.to_string()
}

/// `store`, while the message is not durable: the hash and `received`, so that nobody can show it
/// as a promise that the message survives a crash.
pub fn received(hash: &MessageHash) -> String {
    format!("{hash}received")
}

/// `delete`: `account || requested.. || deleted..`, the deleted sorted by text.
pub fn deleted(account: &AccountId, requested: &[MessageHash], deleted: &[MessageHash]) -> String {
    Text::of(account).all(requested).all(deleted).0
}

/// `delete_all` and `delete_before`: `account || time || deleted..`, where time is the request's
/// `timestamp` or `before`; the deleted sorted by text.
pub fn cleared(account: &AccountId, time: Wall, deleted: &[MessageHash]) -> String {
    Text::of(account).one(time.ms()).all(deleted).0
}

/// `expire`: `account || expiries.. || requested.. || updated.. || (unchanged || its expiry)..`,
/// the last two sorted by text.
pub fn expired(
    account: &AccountId,
    expiries: &[Wall],
    requested: &[MessageHash],
    updated: &[(MessageHash, Wall)],
    unchanged: &[(MessageHash, Wall)],
) -> String {
    let mut text = Text::of(account);
    for expiry in expiries {
        text = text.one(expiry.ms());
    }
    text = text.all(requested);
    for (hash, _) in updated {
        text = text.one(hash);
    }
    for (hash, expiry) in unchanged {
        text = text.one(hash).one(expiry.ms());
    }
    text.0
}

/// `expire_all`: `account || expiry || updated..`, sorted by text.
pub fn all_expired(account: &AccountId, expiry: Wall, updated: &[(MessageHash, Wall)]) -> String {
    let mut text = Text::of(account).one(expiry.ms());
    for (hash, _) in updated {
        text = text.one(hash);
    }
    text.0
}

struct Text(String);

impl Text {
    fn of(account: &AccountId) -> Self {
        Self(account.to_hex())
    }

    fn one(mut self, item: impl Display) -> Self {
        match write!(self.0, "{item}") {
            Ok(()) => self,
            Err(error) => leek_machine::bug!("a String takes any text: {error}"),
        }
    }

    fn all(self, items: &[impl Display]) -> Self {
        items.iter().fold(self, |text, item| text.one(item))
    }
}
