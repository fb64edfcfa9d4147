//! Who may ask for what, and when: the owner's proof and the clocks (network spec 2.3, 2.4).

use leek_crypto::{EdPublic, Suite};
use leek_identity::{AccountId, Namespace, Prefix, signed_text};
use leek_machine::Wall;
use leek_wire::{
    OwnerProof, Status, StorageRequest,
    limits::{
        FORWARDED_TOLERANCE_MS, SIGNATURE_TOLERANCE_MS, STORE_TOLERANCE_MS, TTL_INBOX_MS_MAX,
        TTL_MS_MAX, TTL_MS_MIN,
    },
};

use crate::plan::Checked;

/// What became of the proof of a request. Found without a clock, so that it can be found anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// None came.
    Absent,
    /// The owner signed this request.
    Holds,
    /// The key does not speak for the account, or none was named for an `05` account.
    ForeignKey,
    /// The key is the owner's, but it did not sign this.
    BadSignature,
}

/// Whose copy of a request this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A client's own.
    Client,
    /// A swarm member received it and passed it on.
    Swarm,
}

impl Origin {
    /// Tolerance of the signed time of `delete_all` and `expire_all`, in ms; all other methods
    /// have [`SIGNATURE_TOLERANCE_MS`] for both origins.
    const fn bulk_tolerance_ms(self) -> u64 {
        match self {
            Self::Client => SIGNATURE_TOLERANCE_MS,
            Self::Swarm => FORWARDED_TOLERANCE_MS,
        }
    }
}

/// Evidence that [`authorize`] passed a request: methods that touch messages ask for it.
#[derive(Debug)]
pub(crate) struct Authorized(());

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) status: Status,
    pub(crate) text: &'static str,
}

impl Denied {
    pub(crate) const fn new(status: Status, text: &'static str) -> Self {
        Self { status, text }
    }
}

/// The last key found to speak for an account. The requests of a batch are nearly always one
/// owner's, and the map between the curves costs as much as a quarter of a signature check.
#[derive(Debug, Default)]
pub(crate) struct KnownOwner(Option<(AccountId, EdPublic)>);

impl KnownOwner {
    fn speaks_for(&mut self, account: &AccountId, key: &EdPublic) -> bool {
        let pair = (*account, *key);
        if self.0 == Some(pair) {
            return true;
        }
        let speaks = account.is_key(key);
        if speaks {
            self.0 = Some(pair);
        }
        speaks
    }
}

/// Checks the owner's proof of `request`; for batches and requests that take none, `Absent`.
pub(crate) fn verify(suite: &dyn Suite, request: &StorageRequest, known: &mut KnownOwner) -> Proof {
    let Some((account, proof)) = request.account().zip(proof_of(request)) else {
        return Proof::Absent;
    };
    let Some(key) = signer(account, proof.ed25519, known) else {
        return Proof::ForeignKey;
    };
    let text = signed(request);
    match suite.verify(&key, text.as_bytes(), &proof.signature) {
        Ok(()) => Proof::Holds,
        Err(_) => Proof::BadSignature,
    }
}

/// Checks limits, clocks and proof in the deployed order. A proof that is given must hold, also
/// where none is needed (documented; the deployed node ignores it there).
///
/// # Errors
/// [`Denied`] with the status of the first check that fails.
pub(crate) fn authorize(one: &Checked, now: Wall, origin: Origin) -> Result<Authorized, Denied> {
    match &one.request {
        StorageRequest::Store {
            namespace,
            timestamp,
            ttl_ms,
            sig_timestamp,
            ..
        } => {
            ttl(*namespace, *ttl_ms)?;
            store_clock(*timestamp, *ttl_ms, now)?;
            let signed_at = sig_timestamp.unwrap_or(*timestamp);
            optional(one.proof, namespace.store_needs_signature(), signed_at, now)?;
        }
        StorageRequest::Retrieve {
            namespace,
            timestamp,
            ..
        } => {
            let needed = namespace.retrieve_needs_signature();
            optional(one.proof, needed, *timestamp, now)?;
        }
        StorageRequest::Delete { .. } => holds(one.proof)?,
        StorageRequest::DeleteAll { timestamp, .. } => {
            fresh(*timestamp, now, origin.bulk_tolerance_ms())?;
            holds(one.proof)?;
        }
        StorageRequest::DeleteBefore { before, .. } => {
            if *before > now.after_ms(SIGNATURE_TOLERANCE_MS) {
                return Err(FUTURE_BEFORE);
            }
            holds(one.proof)?;
        }
        StorageRequest::Expire { expiries, .. } => {
            let oldest = now.before_ms(SIGNATURE_TOLERANCE_MS);
            if expiries.iter().any(|expiry| *expiry < oldest) {
                return Err(STALE_EXPIRE);
            }
            holds(one.proof)?;
        }
        StorageRequest::ExpireAll { expiry, .. } => {
            if *expiry < now.before_ms(origin.bulk_tolerance_ms()) {
                return Err(STALE_EXPIRE_ALL);
            }
            holds(one.proof)?;
        }
        StorageRequest::GetExpiries { timestamp, .. } => {
            fresh(*timestamp, now, SIGNATURE_TOLERANCE_MS)?;
            holds(one.proof)?;
        }
        StorageRequest::GetSwarm { .. }
        | StorageRequest::Info
        | StorageRequest::Batch(_)
        | StorageRequest::Sequence(_) => {}
    }
    Ok(Authorized(()))
}

/// The longest time to live in a namespace, in ms.
pub(crate) const fn ttl_ms_max(namespace: Namespace) -> u64 {
    if namespace.is_public_inbox() {
        TTL_INBOX_MS_MAX
    } else {
        TTL_MS_MAX
    }
}

fn ttl(namespace: Namespace, ttl_ms: u64) -> Result<(), Denied> {
    if (TTL_MS_MIN..=ttl_ms_max(namespace)).contains(&ttl_ms) {
        Ok(())
    } else {
        Err(BAD_TTL)
    }
}

fn store_clock(timestamp: Wall, ttl_ms: u64, now: Wall) -> Result<(), Denied> {
    let too_new = timestamp > now.after_ms(STORE_TOLERANCE_MS);
    let over = timestamp.after_ms(ttl_ms) < now.before_ms(STORE_TOLERANCE_MS);
    if too_new || over {
        Err(BAD_TIMESTAMP)
    } else {
        Ok(())
    }
}

fn optional(proof: Proof, needed: bool, signed_at: Wall, now: Wall) -> Result<(), Denied> {
    if proof == Proof::Absent {
        return if needed { Err(NO_SIGNATURE) } else { Ok(()) };
    }
    fresh(signed_at, now, SIGNATURE_TOLERANCE_MS)?;
    holds(proof)
}

fn fresh(signed_at: Wall, now: Wall, tolerance_ms: u64) -> Result<(), Denied> {
    if signed_at < now.before_ms(tolerance_ms) || signed_at > now.after_ms(tolerance_ms) {
        Err(BAD_SIGNATURE_TIME)
    } else {
        Ok(())
    }
}

const fn holds(proof: Proof) -> Result<(), Denied> {
    match proof {
        Proof::Holds => Ok(()),
        Proof::Absent => Err(NO_SIGNATURE),
        Proof::ForeignKey | Proof::BadSignature => Err(BAD_SIGNATURE),
    }
}

/// The key whose signature speaks for `account`; `None` when the one named does not.
fn signer(
    account: &AccountId,
    named: Option<EdPublic>,
    known: &mut KnownOwner,
) -> Option<EdPublic> {
    match (named, account.prefix()) {
        (Some(key), _) => known.speaks_for(account, &key).then_some(key),
        (None, Prefix::User) => None,
        (None, Prefix::Group | Prefix::Blinded15 | Prefix::Blinded25) => {
            Some(EdPublic::from_bytes_unchecked(*account.key()))
        }
    }
}

const fn proof_of(request: &StorageRequest) -> Option<&OwnerProof> {
    match request {
        StorageRequest::Store { proof, .. } | StorageRequest::Retrieve { proof, .. } => {
            proof.as_ref()
        }
        StorageRequest::Delete { proof, .. }
        | StorageRequest::DeleteAll { proof, .. }
        | StorageRequest::DeleteBefore { proof, .. }
        | StorageRequest::Expire { proof, .. }
        | StorageRequest::ExpireAll { proof, .. }
        | StorageRequest::GetExpiries { proof, .. } => Some(proof),
        StorageRequest::GetSwarm { .. }
        | StorageRequest::Info
        | StorageRequest::Batch(_)
        | StorageRequest::Sequence(_) => None,
    }
}

/// What the owner signs; empty for requests that take no proof.
fn signed(request: &StorageRequest) -> String {
    match request {
        StorageRequest::Store {
            namespace,
            timestamp,
            sig_timestamp,
            ..
        } => signed_text::store(*namespace, sig_timestamp.unwrap_or(*timestamp).ms()),
        StorageRequest::Retrieve {
            namespace,
            timestamp,
            ..
        } => signed_text::retrieve(*namespace, timestamp.ms()),
        StorageRequest::Delete { messages, .. } => signed_text::delete(messages),
        StorageRequest::DeleteAll {
            scope, timestamp, ..
        } => signed_text::delete_all(*scope, timestamp.ms()),
        StorageRequest::DeleteBefore { scope, before, .. } => {
            signed_text::delete_before(*scope, before.ms())
        }
        StorageRequest::Expire {
            messages,
            expiries,
            mode,
            ..
        } => {
            let expiries: Vec<u64> = expiries.iter().map(|expiry| expiry.ms()).collect();
            signed_text::expire(*mode, &expiries, messages)
        }
        StorageRequest::ExpireAll { scope, expiry, .. } => {
            signed_text::expire_all(*scope, expiry.ms())
        }
        StorageRequest::GetExpiries {
            messages,
            timestamp,
            ..
        } => signed_text::get_expiries(timestamp.ms(), messages),
        StorageRequest::GetSwarm { .. }
        | StorageRequest::Info
        | StorageRequest::Batch(_)
        | StorageRequest::Sequence(_) => String::new(),
    }
}

const BAD_TTL: Denied = Denied::new(Status::FORBIDDEN, "ttl outside the limits of the namespace");
const BAD_TIMESTAMP: Denied = Denied::new(Status::NOT_ACCEPTABLE, "timestamp: check your clock");
const BAD_SIGNATURE_TIME: Denied = Denied::new(
    Status::NOT_ACCEPTABLE,
    "signature timestamp: check your clock",
);
const NO_SIGNATURE: Denied = Denied::new(Status::UNAUTHORIZED, "signature missing");
const BAD_SIGNATURE: Denied = Denied::new(Status::UNAUTHORIZED, "signature does not hold");
const FUTURE_BEFORE: Denied = Denied::new(Status::UNAUTHORIZED, "before lies in the future");
const STALE_EXPIRE: Denied = Denied::new(Status::UNAUTHORIZED, "expiry lies in the past");
const STALE_EXPIRE_ALL: Denied = Denied::new(
    Status::NOT_ACCEPTABLE,
    "expiry lies in the past: check your clock",
);
