//! Accounts of the generator and the requests it makes in their name.

use leek_crypto::Suite;
use leek_identity::{Account, AccountId, AccountSeed, Namespace, signed_text};
use leek_machine::{Seed, Wall};
use leek_wire::{AckLevel, OwnerProof, StorageRequest};
use rand_core::Rng as _;

/// How long the generator's messages are kept, in ms: a day, far from every limit.
const TTL_MS: u64 = 86_400_000;

/// An account that the generator holds the keys of.
pub(crate) struct Mailbox {
    account: Account,
}

impl Mailbox {
    /// Account number `i` of a seed.
    pub(crate) fn new(seed: &Seed, i: u64) -> Self {
        let mut bytes = [0; 16];
        seed.child("mailbox", i).stream().fill_bytes(&mut bytes);
        Self {
            account: Account::from_seed(&AccountSeed::short(&bytes)),
        }
    }

    pub(crate) const fn id(&self) -> AccountId {
        self.account.id()
    }

    /// Stores `data` with the given acknowledgement.
    pub(crate) fn store(&self, data: Vec<u8>, now: Wall, ack: AckLevel) -> StorageRequest {
        StorageRequest::Store {
            account: self.id(),
            namespace: Namespace::DEFAULT,
            timestamp: now,
            ttl_ms: TTL_MS,
            data,
            sig_timestamp: None,
            proof: None,
            ack,
        }
    }

    /// Everything in the mailbox, up to the whole budget of one answer.
    pub(crate) fn retrieve(&self, suite: &dyn Suite, now: Wall) -> StorageRequest {
        let signing = self.account.signing();
        let text = signed_text::retrieve(Namespace::DEFAULT, now.ms());
        StorageRequest::Retrieve {
            account: self.id(),
            namespace: Namespace::DEFAULT,
            last_hash: None,
            max_count: None,
            max_size: Some(-1),
            timestamp: now,
            proof: Some(OwnerProof {
                ed25519: Some(*signing.public()),
                signature: signing.sign(suite, text.as_bytes()),
            }),
        }
    }
}
