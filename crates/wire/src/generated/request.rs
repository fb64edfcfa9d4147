use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::{Wall, bug};
use leek_proto::wire::v1::{self, request::Body, storage_request::Method};

use crate::{
    AckLevel, ExpiryMode, OnionRequest, OwnerProof, Request, Scope, StorageRequest,
    encode::{enc_type, expiry_mode, onion_format},
};

impl From<Request> for v1::Request {
    fn from(request: Request) -> Self {
        let body = match request {
            Request::Onion(onion) => Body::Onion(onion.into()),
            Request::Forward(request) => Body::Forward(request.into()),
            Request::Pull { after } => Body::Pull(v1::Pull {
                after: after.map(|hash| hash.as_bytes().to_vec()),
            }),
            Request::Announce(descriptor) => Body::Announce(descriptor),
            Request::Snapshot { newer_than } => Body::Snapshot(v1::SnapshotQuery {
                newer_than: newer_than.map(|epoch| epoch.0),
            }),
            Request::Cosign(proposal) => Body::Cosign(proposal),
        };
        Self { body: Some(body) }
    }
}

impl From<OnionRequest> for v1::OnionRequest {
    fn from(OnionRequest { format, packet }: OnionRequest) -> Self {
        Self {
            format: onion_format(format).into(),
            blob: packet.blob,
            ephemeral_key: packet.ephemeral.as_bytes().to_vec(),
            enc_type: enc_type(packet.enc).into(),
            hop_no: packet.hop_no.into(),
        }
    }
}

impl From<StorageRequest> for v1::StorageRequest {
    fn from(request: StorageRequest) -> Self {
        Self {
            method: Some(request.into()),
        }
    }
}

impl From<StorageRequest> for Method {
    fn from(request: StorageRequest) -> Self {
        use StorageRequest as Ours;
        match request {
            Ours::Store {
                account,
                namespace,
                timestamp,
                ttl_ms,
                data,
                sig_timestamp,
                proof,
                ack,
            } => Self::Store(v1::Store {
                account: bytes(&account),
                namespace: number(namespace),
                timestamp_ms: timestamp.ms(),
                ttl_ms,
                data,
                sig_timestamp_ms: sig_timestamp.map(Wall::ms),
                proof: proof.map(Into::into),
                ack: ack_level(ack),
            }),
            Ours::Retrieve {
                account,
                namespace,
                last_hash,
                max_count,
                max_size,
                timestamp,
                proof,
            } => Self::Retrieve(v1::Retrieve {
                account: bytes(&account),
                namespace: number(namespace),
                last_hash: last_hash.map(|hash| hash.as_bytes().to_vec()),
                max_count,
                max_size,
                timestamp_ms: timestamp.ms(),
                proof: proof.map(Into::into),
            }),
            Ours::Delete { .. }
            | Ours::DeleteAll { .. }
            | Ours::DeleteBefore { .. }
            | Ours::Expire { .. }
            | Ours::ExpireAll { .. }
            | Ours::GetExpiries { .. } => owner_method(request),
            Ours::GetSwarm { account } => Self::GetSwarm(v1::GetSwarm {
                account: bytes(&account),
            }),
            Ours::Info => Self::Info(v1::Info {}),
            Ours::Batch(requests) => Self::Batch(batch(requests)),
            Ours::Sequence(requests) => Self::Sequence(batch(requests)),
        }
    }
}

fn ack_level(ack: AckLevel) -> Option<v1::store::Ack> {
    match ack {
        AckLevel::Received => Some(v1::store::Ack::AckReceived(v1::AckReceived {})),
        AckLevel::Durable => Some(v1::store::Ack::AckDurable(v1::AckDurable {})),
        AckLevel::Quorum(members) => Some(v1::store::Ack::AckQuorum(members.get().into())),
        AckLevel::All => None,
    }
}

/// A method that only the owner of an account may use.
fn owner_method(request: StorageRequest) -> Method {
    use StorageRequest as Ours;
    match request {
        Ours::Delete {
            account,
            messages,
            required,
            proof,
        } => Method::Delete(delete(&account, &messages, required, proof)),
        Ours::DeleteAll {
            account,
            scope,
            timestamp,
            proof,
        } => Method::DeleteAll(delete_all(&account, scope, timestamp, proof)),
        Ours::DeleteBefore {
            account,
            scope,
            before,
            proof,
        } => Method::DeleteBefore(delete_before(&account, scope, before, proof)),
        Ours::Expire {
            account,
            messages,
            expiries,
            mode,
            proof,
        } => Method::Expire(expire(&account, &messages, &expiries, mode, proof)),
        Ours::ExpireAll {
            account,
            scope,
            expiry,
            proof,
        } => Method::ExpireAll(expire_all(&account, scope, expiry, proof)),
        Ours::GetExpiries {
            account,
            messages,
            timestamp,
            proof,
        } => Method::GetExpiries(get_expiries(&account, &messages, timestamp, proof)),
        Ours::Store { .. }
        | Ours::Retrieve { .. }
        | Ours::GetSwarm { .. }
        | Ours::Info
        | Ours::Batch(_)
        | Ours::Sequence(_) => bug!("{request:?} is for others than the owner too"),
    }
}

fn delete(
    account: &AccountId,
    messages: &[MessageHash],
    required: bool,
    proof: OwnerProof,
) -> v1::Delete {
    v1::Delete {
        account: bytes(account),
        messages: hashes(messages),
        required,
        proof: Some(proof.into()),
    }
}

fn delete_all(
    account: &AccountId,
    scope: Scope,
    timestamp: Wall,
    proof: OwnerProof,
) -> v1::DeleteAll {
    v1::DeleteAll {
        account: bytes(account),
        scope: Some(scope_message(scope)),
        timestamp_ms: timestamp.ms(),
        proof: Some(proof.into()),
    }
}

fn delete_before(
    account: &AccountId,
    scope: Scope,
    before: Wall,
    proof: OwnerProof,
) -> v1::DeleteBefore {
    v1::DeleteBefore {
        account: bytes(account),
        scope: Some(scope_message(scope)),
        before_ms: before.ms(),
        proof: Some(proof.into()),
    }
}

fn expire(
    account: &AccountId,
    messages: &[MessageHash],
    expiries: &[Wall],
    mode: ExpiryMode,
    proof: OwnerProof,
) -> v1::Expire {
    v1::Expire {
        account: bytes(account),
        messages: hashes(messages),
        expiries_ms: expiries.iter().map(|expiry| expiry.ms()).collect(),
        mode: expiry_mode(mode).into(),
        proof: Some(proof.into()),
    }
}

fn expire_all(account: &AccountId, scope: Scope, expiry: Wall, proof: OwnerProof) -> v1::ExpireAll {
    v1::ExpireAll {
        account: bytes(account),
        scope: Some(scope_message(scope)),
        expiry_ms: expiry.ms(),
        proof: Some(proof.into()),
    }
}

fn get_expiries(
    account: &AccountId,
    messages: &[MessageHash],
    timestamp: Wall,
    proof: OwnerProof,
) -> v1::GetExpiries {
    v1::GetExpiries {
        account: bytes(account),
        messages: hashes(messages),
        timestamp_ms: timestamp.ms(),
        proof: Some(proof.into()),
    }
}

fn batch(requests: Vec<StorageRequest>) -> v1::Batch {
    v1::Batch {
        requests: requests.into_iter().map(Into::into).collect(),
    }
}

impl From<OwnerProof> for v1::OwnerProof {
    fn from(OwnerProof { ed25519, signature }: OwnerProof) -> Self {
        Self {
            ed25519: ed25519.map(|key| key.as_bytes().to_vec()),
            signature: signature.as_bytes().to_vec(),
        }
    }
}

fn scope_message(scope: Scope) -> v1::Scope {
    let namespace = match scope {
        Scope::One(namespace) => Some(number(namespace)),
        Scope::All => None,
    };
    v1::Scope { namespace }
}

fn bytes(account: &AccountId) -> Vec<u8> {
    account.to_bytes().to_vec()
}

fn number(namespace: Namespace) -> i32 {
    namespace.number().into()
}

fn hashes(messages: &[MessageHash]) -> Vec<Vec<u8>> {
    messages
        .iter()
        .map(|hash| hash.as_bytes().to_vec())
        .collect()
}
