//! A storage request with all that can be found out about it without a clock or a store.

use leek_crypto::Suite;
use leek_identity::{MessageHash, message_hash};
use leek_wire::{
    DecodeError, StorageRequest, decode_storage_request,
    limits::{BATCH_MAX, DATA_BYTES_MAX, HASHES_MAX},
};

use crate::auth::{self, KnownOwner, Proof};

/// What a client asks a node to run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) shape: Shape,
    /// At most [`BATCH_MAX`]; exactly one when [`Shape::One`].
    pub(crate) steps: Vec<Checked>,
}

/// How the steps of a plan belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A request by itself.
    One,
    /// All run.
    Batch,
    /// In order, until one does not succeed.
    Sequence,
}

/// One request that is no batch and no sequence.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) request: StorageRequest,
    pub(crate) proof: Proof,
    /// For `store`: the name of the message.
    pub(crate) hash: Option<MessageHash>,
    /// Whether the arguments alone make sense.
    pub(crate) arguments: Result<(), BadArguments>,
}

/// A request that no node can run, whatever its state; answered with 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("{0}")]
    Undecodable(DecodeError),
    #[error("a batch of {count} requests: 1 to {BATCH_MAX}")]
    BatchSize { count: usize },
    #[error("a batch inside a batch")]
    Nested,
}

/// Arguments that decode but make no sense; answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadArguments {
    #[error("message of {len} bytes: at most {DATA_BYTES_MAX}")]
    DataTooLarge { len: usize },
    #[error("{count} message hashes: 1 to {HASHES_MAX}")]
    HashCount { count: usize },
    #[error("{expiries} expiries for {messages} messages: one for all, or one for each")]
    ExpiryCount { expiries: usize, messages: usize },
}

impl Plan {
    /// Reads the payload of an onion and checks signatures.
    pub(crate) fn read(suite: &dyn Suite, payload: &[u8]) -> Result<Self, Malformed> {
        let request = decode_storage_request(payload).map_err(Malformed::Undecodable)?;
        let (shape, requests) = match request {
            StorageRequest::Batch(requests) => (Shape::Batch, requests),
            StorageRequest::Sequence(requests) => (Shape::Sequence, requests),
            one => (Shape::One, vec![one]),
        };
        let count = requests.len();
        if !(1..=BATCH_MAX).contains(&count) {
            return Err(Malformed::BatchSize { count });
        }
        if requests.iter().any(is_nest) {
            return Err(Malformed::Nested);
        }
        let mut known = KnownOwner::default();
        let steps = requests
            .into_iter()
            .map(|request| Checked::new(suite, request, &mut known))
            .collect();
        Ok(Self { shape, steps })
    }
}

impl Checked {
    /// Names the message and checks the signature; for a nest of requests there is none.
    pub(crate) fn new(suite: &dyn Suite, request: StorageRequest, known: &mut KnownOwner) -> Self {
        let arguments = check_arguments(&request);
        let (proof, hash) = match arguments {
            Ok(()) => (auth::verify(suite, &request, known), stored_hash(&request)),
            Err(_) => (Proof::Absent, None),
        };
        Self {
            request,
            proof,
            hash,
            arguments,
        }
    }
}

pub(crate) const fn is_nest(request: &StorageRequest) -> bool {
    matches!(
        request,
        StorageRequest::Batch(_) | StorageRequest::Sequence(_)
    )
}

fn stored_hash(request: &StorageRequest) -> Option<MessageHash> {
    match request {
        StorageRequest::Store {
            account,
            namespace,
            data,
            ..
        } => Some(message_hash(account, *namespace, data)),
        _ => None,
    }
}

fn check_arguments(request: &StorageRequest) -> Result<(), BadArguments> {
    match request {
        StorageRequest::Store { data, .. } if data.len() > DATA_BYTES_MAX => {
            Err(BadArguments::DataTooLarge { len: data.len() })
        }
        StorageRequest::Delete { messages, .. } | StorageRequest::GetExpiries { messages, .. } => {
            hash_count(messages)
        }
        StorageRequest::Expire {
            messages, expiries, ..
        } => {
            hash_count(messages)?;
            if expiries.len() == 1 || expiries.len() == messages.len() {
                Ok(())
            } else {
                Err(BadArguments::ExpiryCount {
                    expiries: expiries.len(),
                    messages: messages.len(),
                })
            }
        }
        _ => Ok(()),
    }
}

fn hash_count(messages: &[MessageHash]) -> Result<(), BadArguments> {
    let count = messages.len();
    if (1..=HASHES_MAX).contains(&count) {
        Ok(())
    } else {
        Err(BadArguments::HashCount { count })
    }
}
