//! Somebody with a mailbox, and the requests they make.

use std::sync::Arc;

use leek_crypto::{AccountKey, EdPublic, SigningKey, Suite};
use leek_identity::{
    Account, AccountId, AccountSeed, MessageHash, Namespace, message_hash, signed_text,
};
use leek_machine::{Seed, Wall, bug};
use leek_wire::{AckLevel, ExpiryMode, OwnerProof, Scope, StorageRequest};

/// The key of an account.
enum Key {
    /// An `05` account: its X25519 key is the image of this one.
    User(Box<Account>),
    /// Any other: the key itself.
    Group(SigningKey<AccountKey>),
}

/// Somebody with a mailbox. Made from a seed, so it is the same person wherever a script runs.
pub struct Owner {
    id: AccountId,
    key: Key,
    suite: Arc<dyn Suite>,
}

/// A message to store; everything beside its namespace and bytes has a usual value.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The mailbox's namespace.
    pub namespace: i16,
    /// The bytes.
    pub data: Vec<u8>,
    /// When the sender made it.
    pub timestamp: Wall,
    /// How long to keep it from then, in ms.
    pub ttl_ms: u64,
    /// When to answer.
    pub ack: AckLevel,
}

impl Owner {
    /// The user of this seed: an `05` account.
    pub fn user(suite: &Arc<dyn Suite>, seed: &Seed) -> Self {
        let Some(short) = seed.bytes().first_chunk::<16>() else {
            bug!("a seed has 32 bytes");
        };
        let account = Account::from_seed(&AccountSeed::short(short));
        Self {
            id: account.id(),
            key: Key::User(Box::new(account)),
            suite: Arc::clone(suite),
        }
    }

    /// The group of this seed: an `03` account, whose key signs for itself.
    pub fn group(suite: &Arc<dyn Suite>, seed: &Seed) -> Self {
        let key = SigningKey::from_seed(*seed.bytes());
        Self {
            id: AccountId::group(key.public()),
            key: Key::Group(key),
            suite: Arc::clone(suite),
        }
    }

    /// The account.
    pub const fn id(&self) -> AccountId {
        self.id
    }

    /// The key that signs.
    pub fn public(&self) -> EdPublic {
        *self.signing().public()
    }

    fn signing(&self) -> &SigningKey<AccountKey> {
        match &self.key {
            Key::User(account) => account.signing(),
            Key::Group(key) => key,
        }
    }

    /// A proof over `text`, as this owner gives it.
    pub fn sign(&self, text: &str) -> OwnerProof {
        OwnerProof {
            ed25519: match &self.key {
                Key::User(account) => Some(*account.signing().public()),
                Key::Group(_) => None,
            },
            signature: self.signing().sign(&*self.suite, text.as_bytes()),
        }
    }

    /// The name of a message of this owner's.
    pub fn hash(&self, namespace: i16, data: &[u8]) -> MessageHash {
        message_hash(&self.id, Namespace::new(namespace), data)
    }

    /// Store, signed where that is needed.
    pub fn store(&self, letter: &Letter) -> StorageRequest {
        let namespace = Namespace::new(letter.namespace);
        let at = letter.timestamp;
        let proof = || self.sign(&signed_text::store(namespace, at.ms()));
        StorageRequest::Store {
            account: self.id,
            namespace,
            timestamp: at,
            ttl_ms: letter.ttl_ms,
            data: letter.data.clone(),
            sig_timestamp: None,
            proof: namespace.store_needs_signature().then(proof),
            ack: letter.ack,
        }
    }

    /// Retrieve everything, signed where that is needed.
    pub fn retrieve(&self, namespace: i16, now: Wall) -> StorageRequest {
        let namespace = Namespace::new(namespace);
        let proof = || self.sign(&signed_text::retrieve(namespace, now.ms()));
        StorageRequest::Retrieve {
            account: self.id,
            namespace,
            last_hash: None,
            max_count: None,
            max_size: None,
            timestamp: now,
            proof: namespace.retrieve_needs_signature().then(proof),
        }
    }

    /// Delete by hash.
    pub fn delete(&self, messages: &[MessageHash]) -> StorageRequest {
        StorageRequest::Delete {
            account: self.id,
            messages: messages.to_vec(),
            required: false,
            proof: self.sign(&signed_text::delete(messages)),
        }
    }

    /// Delete everything in scope.
    pub fn delete_all(&self, scope: Scope, timestamp: Wall) -> StorageRequest {
        StorageRequest::DeleteAll {
            account: self.id,
            scope,
            timestamp,
            proof: self.sign(&signed_text::delete_all(scope, timestamp.ms())),
        }
    }

    /// Delete what was made up to `before`.
    pub fn delete_before(&self, scope: Scope, before: Wall) -> StorageRequest {
        StorageRequest::DeleteBefore {
            account: self.id,
            scope,
            before,
            proof: self.sign(&signed_text::delete_before(scope, before.ms())),
        }
    }

    /// Change expiries by hash.
    pub fn expire(
        &self,
        messages: &[MessageHash],
        expiries: &[Wall],
        mode: ExpiryMode,
    ) -> StorageRequest {
        let ms: Vec<u64> = expiries.iter().map(|expiry| expiry.ms()).collect();
        StorageRequest::Expire {
            account: self.id,
            messages: messages.to_vec(),
            expiries: expiries.to_vec(),
            mode,
            proof: self.sign(&signed_text::expire(mode, &ms, messages)),
        }
    }

    /// Bring expiries in scope forward.
    pub fn expire_all(&self, scope: Scope, expiry: Wall) -> StorageRequest {
        StorageRequest::ExpireAll {
            account: self.id,
            scope,
            expiry,
            proof: self.sign(&signed_text::expire_all(scope, expiry.ms())),
        }
    }

    /// Ask for expiries by hash.
    pub fn get_expiries(&self, messages: &[MessageHash], now: Wall) -> StorageRequest {
        StorageRequest::GetExpiries {
            account: self.id,
            messages: messages.to_vec(),
            timestamp: now,
            proof: self.sign(&signed_text::get_expiries(now.ms(), messages)),
        }
    }
}

impl core::fmt::Debug for Owner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Owner({:?})", self.id)
    }
}

/// The same request with another proof, or with none where the type allows it.
///
/// # Panics
/// When the request takes no proof, or must have one and is given none: a mistake in a case.
pub fn with_proof(mut request: StorageRequest, new: Option<OwnerProof>) -> StorageRequest {
    match (&mut request, new) {
        (StorageRequest::Store { proof, .. } | StorageRequest::Retrieve { proof, .. }, new) => {
            *proof = new
        }
        (
            StorageRequest::Delete { proof, .. }
            | StorageRequest::DeleteAll { proof, .. }
            | StorageRequest::DeleteBefore { proof, .. }
            | StorageRequest::Expire { proof, .. }
            | StorageRequest::ExpireAll { proof, .. }
            | StorageRequest::GetExpiries { proof, .. },
            Some(new),
        ) => *proof = new,
        (request, _) => bug!("no place for this proof in {request:?}"),
    }
    request
}
