use leek_crypto::{AccountKey, EdPublic, SigningKey};
use leek_identity::{
    Account, AccountId, AccountSeed, MessageHash, Namespace, message_hash, signed_text,
};
use leek_machine::Wall;
use leek_wire::{AckLevel, ExpiryMode, OwnerProof, Scope, StorageRequest};

/// Somebody with a mailbox, and the requests they make.
pub(crate) enum Owner {
    User(Box<Account>),
    Group(AccountId, SigningKey<AccountKey>),
}

pub(crate) const HOUR_MS: u64 = 3_600_000;

impl Owner {
    pub(crate) fn user(number: u8) -> Self {
        Self::User(Box::new(Account::from_seed(&AccountSeed::short(
            &[number; 16],
        ))))
    }

    pub(crate) fn group(number: u8) -> Self {
        let key = SigningKey::from_seed([number; 32]);
        Self::Group(AccountId::group(key.public()), key)
    }

    pub(crate) fn id(&self) -> AccountId {
        match self {
            Self::User(account) => account.id(),
            Self::Group(id, _) => *id,
        }
    }

    pub(crate) fn key(&self) -> &SigningKey<AccountKey> {
        match self {
            Self::User(account) => account.signing(),
            Self::Group(_, key) => key,
        }
    }

    /// The key to name beside a signature.
    pub(crate) fn named(&self) -> Option<EdPublic> {
        match self {
            Self::User(account) => Some(*account.signing().public()),
            Self::Group(..) => None,
        }
    }

    pub(crate) fn sign(&self, text: &str) -> OwnerProof {
        let suite = leek_crypto::pure().suite();
        OwnerProof {
            ed25519: self.named(),
            signature: self.key().sign(&*suite, text.as_bytes()),
        }
    }

    pub(crate) fn hash(&self, namespace: i16, data: &[u8]) -> MessageHash {
        message_hash(&self.id(), Namespace::new(namespace), data)
    }

    /// A store with a time to live of an hour, signed where that is needed.
    pub(crate) fn store(&self, namespace: i16, data: &[u8], now: Wall) -> StorageRequest {
        let namespace = Namespace::new(namespace);
        let needed = namespace.store_needs_signature();
        StorageRequest::Store {
            account: self.id(),
            namespace,
            timestamp: now,
            ttl_ms: HOUR_MS,
            data: data.to_vec(),
            sig_timestamp: None,
            proof: needed.then(|| self.sign(&signed_text::store(namespace, now.ms()))),
            ack: AckLevel::All,
        }
    }

    /// The same, answered at this level.
    pub(crate) fn store_at(&self, level: AckLevel, data: &[u8], now: Wall) -> StorageRequest {
        let mut request = self.store(0, data, now);
        if let StorageRequest::Store { ack, .. } = &mut request {
            *ack = level;
        }
        request
    }

    pub(crate) fn retrieve(&self, namespace: i16, now: Wall) -> StorageRequest {
        let namespace = Namespace::new(namespace);
        let needed = namespace.retrieve_needs_signature();
        StorageRequest::Retrieve {
            account: self.id(),
            namespace,
            last_hash: None,
            max_count: None,
            max_size: None,
            timestamp: now,
            proof: needed.then(|| self.sign(&signed_text::retrieve(namespace, now.ms()))),
        }
    }

    pub(crate) fn delete(&self, messages: &[MessageHash]) -> StorageRequest {
        StorageRequest::Delete {
            account: self.id(),
            messages: messages.to_vec(),
            required: false,
            proof: self.sign(&signed_text::delete(messages)),
        }
    }

    pub(crate) fn delete_all(&self, scope: Scope, timestamp: Wall) -> StorageRequest {
        StorageRequest::DeleteAll {
            account: self.id(),
            scope,
            timestamp,
            proof: self.sign(&signed_text::delete_all(scope, timestamp.ms())),
        }
    }

    pub(crate) fn delete_before(&self, scope: Scope, before: Wall) -> StorageRequest {
        StorageRequest::DeleteBefore {
            account: self.id(),
            scope,
            before,
            proof: self.sign(&signed_text::delete_before(scope, before.ms())),
        }
    }

    pub(crate) fn expire(
        &self,
        messages: &[MessageHash],
        expiries: &[Wall],
        mode: ExpiryMode,
    ) -> StorageRequest {
        let ms: Vec<u64> = expiries.iter().map(|expiry| expiry.ms()).collect();
        StorageRequest::Expire {
            account: self.id(),
            messages: messages.to_vec(),
            expiries: expiries.to_vec(),
            mode,
            proof: self.sign(&signed_text::expire(mode, &ms, messages)),
        }
    }

    pub(crate) fn expire_all(&self, scope: Scope, expiry: Wall) -> StorageRequest {
        StorageRequest::ExpireAll {
            account: self.id(),
            scope,
            expiry,
            proof: self.sign(&signed_text::expire_all(scope, expiry.ms())),
        }
    }

    pub(crate) fn get_expiries(&self, messages: &[MessageHash], timestamp: Wall) -> StorageRequest {
        StorageRequest::GetExpiries {
            account: self.id(),
            messages: messages.to_vec(),
            timestamp,
            proof: self.sign(&signed_text::get_expiries(timestamp.ms(), messages)),
        }
    }
}

/// Changing parts of a request after it was made.
pub(crate) mod request {
    use super::{OwnerProof, StorageRequest};

    /// The same with another proof, or with none where the type allows it.
    pub(crate) fn with_proof(
        mut request: StorageRequest,
        new: Option<OwnerProof>,
    ) -> StorageRequest {
        match &mut request {
            StorageRequest::Store { proof, .. } | StorageRequest::Retrieve { proof, .. } => {
                *proof = new;
            }
            StorageRequest::Delete { proof, .. }
            | StorageRequest::DeleteAll { proof, .. }
            | StorageRequest::DeleteBefore { proof, .. }
            | StorageRequest::Expire { proof, .. }
            | StorageRequest::ExpireAll { proof, .. }
            | StorageRequest::GetExpiries { proof, .. } => {
                *proof = new.expect("a proof that the type asks for");
            }
            other => panic!("takes no proof: {other:?}"),
        }
        request
    }

    pub(crate) fn proof(request: &StorageRequest) -> Option<OwnerProof> {
        match request {
            StorageRequest::Store { proof, .. } | StorageRequest::Retrieve { proof, .. } => *proof,
            StorageRequest::Delete { proof, .. }
            | StorageRequest::DeleteAll { proof, .. }
            | StorageRequest::DeleteBefore { proof, .. }
            | StorageRequest::Expire { proof, .. }
            | StorageRequest::ExpireAll { proof, .. }
            | StorageRequest::GetExpiries { proof, .. } => Some(*proof),
            _ => None,
        }
    }
}
