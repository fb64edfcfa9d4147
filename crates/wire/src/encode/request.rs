use leek_identity::{AccountId, MessageHash, Namespace};
use leek_machine::{Wall, bug};
use leek_onion::{EncType, FormatId};
use leek_proto::wire::v1;

use super::fields::Fields;
use crate::{AckLevel, ExpiryMode, OnionRequest, OwnerProof, Request, Scope, StorageRequest};

pub(super) fn put_request(out: &mut Fields<'_>, request: &Request) {
    match request {
        Request::Onion(onion) => out.message(1, |out| put_onion(out, onion)),
        Request::Forward(request) => out.message(2, |out| put_storage_request(out, request)),
        Request::Pull { after } => out.message(3, |out| {
            if let Some(hash) = after {
                out.some_bytes(1, hash.as_bytes());
            }
        }),
        Request::Announce(descriptor) => out.some_bytes(4, descriptor),
        Request::Snapshot { newer_than } => out.message(5, |out| {
            if let Some(epoch) = newer_than {
                out.some_uint(1, epoch.0);
            }
        }),
        Request::Cosign(proposal) => out.some_bytes(6, proposal),
    }
}

fn put_onion(out: &mut Fields<'_>, onion: &OnionRequest) {
    let packet = &onion.packet;
    out.enumeration(1, onion_format(onion.format));
    out.bytes(2, &packet.blob);
    out.bytes(3, packet.ephemeral.as_bytes());
    out.enumeration(4, enc_type(packet.enc));
    out.uint(5, u64::from(packet.hop_no));
}

pub(super) fn put_storage_request(out: &mut Fields<'_>, request: &StorageRequest) {
    out.message(method_tag(request), |out| put_method(out, request));
}

const fn method_tag(request: &StorageRequest) -> u32 {
    match request {
        StorageRequest::Store { .. } => 1,
        StorageRequest::Retrieve { .. } => 2,
        StorageRequest::Delete { .. } => 3,
        StorageRequest::DeleteAll { .. } => 4,
        StorageRequest::DeleteBefore { .. } => 5,
        StorageRequest::Expire { .. } => 6,
        StorageRequest::ExpireAll { .. } => 7,
        StorageRequest::GetExpiries { .. } => 8,
        StorageRequest::GetSwarm { .. } => 9,
        StorageRequest::Info => 10,
        StorageRequest::Batch(_) => 11,
        StorageRequest::Sequence(_) => 12,
    }
}

fn put_method(out: &mut Fields<'_>, request: &StorageRequest) {
    use StorageRequest as Method;
    match request {
        Method::Store {
            account,
            namespace,
            timestamp,
            ttl_ms,
            data,
            sig_timestamp,
            proof,
            ack,
        } => {
            put_mailbox(out, account, *namespace);
            out.uint(3, timestamp.ms());
            out.uint(4, *ttl_ms);
            out.bytes(5, data);
            if let Some(time) = sig_timestamp {
                out.some_uint(6, time.ms());
            }
            put_proof(out, 7, proof.as_ref());
            put_ack(out, *ack);
        }
        Method::Retrieve {
            account,
            namespace,
            last_hash,
            max_count,
            max_size,
            timestamp,
            proof,
        } => {
            put_mailbox(out, account, *namespace);
            if let Some(hash) = last_hash {
                out.some_bytes(3, hash.as_bytes());
            }
            if let Some(count) = max_count {
                out.some_uint(4, u64::from(*count));
            }
            if let Some(size) = max_size {
                out.some_sint(5, *size);
            }
            out.uint(6, timestamp.ms());
            put_proof(out, 7, proof.as_ref());
        }
        Method::Delete { .. }
        | Method::DeleteAll { .. }
        | Method::DeleteBefore { .. }
        | Method::Expire { .. }
        | Method::ExpireAll { .. }
        | Method::GetExpiries { .. } => put_owner_method(out, request),
        Method::GetSwarm { account } => out.bytes(1, &account.to_bytes()),
        Method::Info => {}
        Method::Batch(requests) | Method::Sequence(requests) => {
            for request in requests {
                out.message(1, |out| put_storage_request(out, request));
            }
        }
    }
}

/// A method that only the owner of an account may use.
fn put_owner_method(out: &mut Fields<'_>, request: &StorageRequest) {
    use StorageRequest as Method;
    match request {
        Method::Delete {
            account,
            messages,
            required,
            proof,
        } => {
            put_listed(out, account, messages);
            out.flag(3, *required);
            put_proof(out, 4, Some(proof));
        }
        Method::DeleteAll {
            account,
            scope,
            timestamp: time,
            proof,
        }
        | Method::DeleteBefore {
            account,
            scope,
            before: time,
            proof,
        }
        | Method::ExpireAll {
            account,
            scope,
            expiry: time,
            proof,
        } => {
            put_scoped(out, account, *scope, *time);
            put_proof(out, 4, Some(proof));
        }
        Method::Expire {
            account,
            messages,
            expiries,
            mode,
            proof,
        } => {
            put_listed(out, account, messages);
            out.packed(3, expiries.iter().map(|expiry| expiry.ms()));
            out.enumeration(4, expiry_mode(*mode));
            put_proof(out, 5, Some(proof));
        }
        Method::GetExpiries {
            account,
            messages,
            timestamp,
            proof,
        } => {
            put_listed(out, account, messages);
            out.uint(3, timestamp.ms());
            put_proof(out, 4, Some(proof));
        }
        Method::Store { .. }
        | Method::Retrieve { .. }
        | Method::GetSwarm { .. }
        | Method::Info
        | Method::Batch(_)
        | Method::Sequence(_) => bug!("{request:?} is for others than the owner too"),
    }
}

fn put_mailbox(out: &mut Fields<'_>, account: &AccountId, namespace: Namespace) {
    out.bytes(1, &account.to_bytes());
    out.sint(2, i64::from(namespace.number()));
}

fn put_listed(out: &mut Fields<'_>, account: &AccountId, messages: &[MessageHash]) {
    out.bytes(1, &account.to_bytes());
    for hash in messages {
        out.some_bytes(2, hash.as_bytes());
    }
}

fn put_scoped(out: &mut Fields<'_>, account: &AccountId, scope: Scope, time: Wall) {
    out.bytes(1, &account.to_bytes());
    out.message(2, |out| match scope {
        Scope::One(namespace) => out.some_sint(1, i64::from(namespace.number())),
        Scope::All => {}
    });
    out.uint(3, time.ms());
}

fn put_proof(out: &mut Fields<'_>, tag: u32, proof: Option<&OwnerProof>) {
    if let Some(OwnerProof { ed25519, signature }) = proof {
        out.message(tag, |out| {
            if let Some(key) = ed25519 {
                out.some_bytes(1, key.as_bytes());
            }
            out.bytes(2, signature.as_bytes());
        });
    }
}

fn put_ack(out: &mut Fields<'_>, ack: AckLevel) {
    match ack {
        AckLevel::Received => out.message(8, |_| ()),
        AckLevel::Durable => out.message(9, |_| ()),
        AckLevel::Quorum(members) => out.some_uint(10, u64::from(members.get())),
        AckLevel::All => {}
    }
}

pub(crate) const fn onion_format(format: FormatId) -> v1::OnionFormat {
    match format {
        FormatId::SessionV4 => v1::OnionFormat::SessionV4,
        FormatId::Direct => v1::OnionFormat::Direct,
    }
}

pub(crate) const fn enc_type(enc: EncType) -> v1::EncType {
    match enc {
        EncType::XChaCha20 => v1::EncType::Xchacha20,
        EncType::AesGcm => v1::EncType::AesGcm,
    }
}

pub(crate) const fn expiry_mode(mode: ExpiryMode) -> v1::ExpiryMode {
    match mode {
        ExpiryMode::Set => v1::ExpiryMode::Set,
        ExpiryMode::Shorten => v1::ExpiryMode::Shorten,
        ExpiryMode::Extend => v1::ExpiryMode::Extend,
    }
}
