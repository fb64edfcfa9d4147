use std::num::NonZeroU16;

use leek_crypto::{EdPublic, XPublic};
use leek_identity::{AccountId, MessageHash};
use leek_machine::Wall;
use leek_onion::{EncType, FormatId, Packet};
use leek_swarm::Epoch;

use super::{
    error::{DecodeError, Problem},
    fields::{Field, Fields, List, Slot, copied, skip_all},
};
use crate::{
    AckLevel, ExpiryMode, OnionRequest, OwnerProof, Request, Scope, StorageRequest, limits,
};

type Result<T> = core::result::Result<T, DecodeError>;

pub(super) fn request(bytes: &[u8]) -> Result<Request> {
    let mut body = Slot::new("body");
    for field in Fields::new(bytes) {
        let field = field?;
        match field.tag {
            1 => body.choose("onion", onion(field).map(Request::Onion))?,
            2 => body.choose("forward", forward(field).map(Request::Forward))?,
            3 => body.choose("pull", pull(field))?,
            4 => body.choose(
                "announce",
                copied(field, limits::DESCRIPTOR_BYTES_MAX).map(Request::Announce),
            )?,
            5 => body.choose("snapshot", snapshot(field))?,
            6 => body.choose(
                "cosign",
                copied(field, limits::COSIGN_BYTES_MAX).map(Request::Cosign),
            )?,
            _ => {}
        }
    }
    body.required()
}

fn forward(field: Field<'_>) -> Result<StorageRequest> {
    storage_request(field.bytes()?)
}

fn pull(field: Field<'_>) -> Result<Request> {
    let mut after = Slot::new("after");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        if field.tag == 1 {
            after.set(field.hash())?;
        }
    }
    Ok(Request::Pull {
        after: after.optional(),
    })
}

fn snapshot(field: Field<'_>) -> Result<Request> {
    let mut newer_than = Slot::new("newer_than");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        if field.tag == 1 {
            newer_than.set(field.uint().map(Epoch))?;
        }
    }
    Ok(Request::Snapshot {
        newer_than: newer_than.optional(),
    })
}

fn onion(field: Field<'_>) -> Result<OnionRequest> {
    let mut format = Slot::new("format");
    let mut blob = Slot::new("blob");
    let mut ephemeral = Slot::new("ephemeral_key");
    let mut enc = Slot::new("enc_type");
    let mut hop_no = Slot::new("hop_no");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => format.set(onion_format(field))?,
            2 => blob.set(field.bytes().map(<[u8]>::to_vec))?,
            3 => ephemeral.set(field.array().map(XPublic::from_bytes))?,
            4 => enc.set(enc_type(field))?,
            5 => hop_no.set(field.small(u8::MAX))?,
            _ => {}
        }
    }
    let packet = Packet {
        blob: blob.or_default(),
        ephemeral: ephemeral.required()?,
        enc: enc.required()?,
        hop_no: hop_no.or_default(),
    };
    Ok(OnionRequest {
        format: format.required()?,
        packet,
    })
}

fn onion_format(field: Field<'_>) -> core::result::Result<FormatId, Problem> {
    match field.uint()? {
        1 => Ok(FormatId::SessionV4),
        2 => Ok(FormatId::Direct),
        found => Err(Problem::Unknown { found }),
    }
}

fn enc_type(field: Field<'_>) -> core::result::Result<EncType, Problem> {
    match field.uint()? {
        1 => Ok(EncType::XChaCha20),
        2 => Ok(EncType::AesGcm),
        found => Err(Problem::Unknown { found }),
    }
}

fn expiry_mode(field: Field<'_>) -> core::result::Result<ExpiryMode, Problem> {
    match field.uint()? {
        1 => Ok(ExpiryMode::Set),
        2 => Ok(ExpiryMode::Shorten),
        3 => Ok(ExpiryMode::Extend),
        found => Err(Problem::Unknown { found }),
    }
}

pub(super) fn storage_request(bytes: &[u8]) -> Result<StorageRequest> {
    one_request(bytes, batch)
}

/// Reads a request whose batches are read by `batch`: one level deep, then never again.
fn one_request(
    bytes: &[u8],
    batch: fn(Field<'_>) -> Result<Vec<StorageRequest>>,
) -> Result<StorageRequest> {
    let mut method = Slot::new("method");
    for field in Fields::new(bytes) {
        let field = field?;
        match field.tag {
            1 => method.choose("store", store(field))?,
            2 => method.choose("retrieve", retrieve(field))?,
            3 => method.choose("delete", delete(field))?,
            4 => method.choose("delete_all", delete_all(field))?,
            5 => method.choose("delete_before", delete_before(field))?,
            6 => method.choose("expire", expire(field))?,
            7 => method.choose("expire_all", expire_all(field))?,
            8 => method.choose("get_expiries", get_expiries(field))?,
            9 => method.choose("get_swarm", get_swarm(field))?,
            10 => method.choose("info", info(field))?,
            11 => method.choose("batch", batch(field).map(StorageRequest::Batch))?,
            12 => method.choose("sequence", batch(field).map(StorageRequest::Sequence))?,
            _ => {}
        }
    }
    method.required()
}

fn batch(field: Field<'_>) -> Result<Vec<StorageRequest>> {
    let mut requests = List::new("requests", limits::BATCH_MAX);
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        if field.tag == 1 {
            requests.push(field.bytes().map_err(Into::into).and_then(batched))?;
        }
    }
    if requests.items.is_empty() {
        return Err(DecodeError::from(Problem::Empty).within("requests"));
    }
    Ok(requests.items)
}

fn batched(bytes: &[u8]) -> Result<StorageRequest> {
    one_request(bytes, |_| Err(Problem::Nested.into()))
}

fn store(field: Field<'_>) -> Result<StorageRequest> {
    let mut account = Slot::new("account");
    let mut namespace = Slot::new("namespace");
    let mut timestamp = Slot::new("timestamp_ms");
    let mut ttl_ms = Slot::new("ttl_ms");
    let mut data = Slot::new("data");
    let mut sig_timestamp = Slot::new("sig_timestamp_ms");
    let mut proof = Slot::new("proof");
    let mut ack = Slot::new("ack");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => account.set(field.account())?,
            2 => namespace.set(field.namespace())?,
            3 => timestamp.set(field.wall())?,
            4 => ttl_ms.set(field.uint())?,
            5 => data.set(field.data())?,
            6 => sig_timestamp.set(field.wall())?,
            7 => proof.set(owner_proof(field))?,
            8 => ack.choose("ack_received", skip_all(field).map(|()| AckLevel::Received))?,
            9 => ack.choose("ack_durable", skip_all(field).map(|()| AckLevel::Durable))?,
            10 => ack.choose("ack_quorum", quorum(field))?,
            _ => {}
        }
    }
    Ok(StorageRequest::Store {
        account: account.required()?,
        namespace: namespace.or_default(),
        timestamp: timestamp.or_default(),
        ttl_ms: ttl_ms.or_default(),
        data: data.or_default(),
        sig_timestamp: sig_timestamp.optional(),
        proof: proof.optional(),
        ack: ack.or_default(),
    })
}

fn quorum(field: Field<'_>) -> core::result::Result<AckLevel, Problem> {
    let found = field.uint()?;
    u16::try_from(found)
        .ok()
        .and_then(NonZeroU16::new)
        .map(AckLevel::Quorum)
        .ok_or(Problem::Range {
            found,
            min: 1,
            max: u16::MAX.into(),
        })
}

fn retrieve(field: Field<'_>) -> Result<StorageRequest> {
    let mut account = Slot::new("account");
    let mut namespace = Slot::new("namespace");
    let mut last_hash = Slot::new("last_hash");
    let mut max_count = Slot::new("max_count");
    let mut max_size = Slot::new("max_size");
    let mut timestamp = Slot::new("timestamp_ms");
    let mut proof = Slot::new("proof");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => account.set(field.account())?,
            2 => namespace.set(field.namespace())?,
            3 => last_hash.set(field.hash())?,
            4 => max_count.set(field.small(u32::MAX))?,
            5 => max_size.set(field.sint())?,
            6 => timestamp.set(field.wall())?,
            7 => proof.set(owner_proof(field))?,
            _ => {}
        }
    }
    Ok(StorageRequest::Retrieve {
        account: account.required()?,
        namespace: namespace.or_default(),
        last_hash: last_hash.optional(),
        max_count: max_count.optional(),
        max_size: max_size.optional(),
        timestamp: timestamp.or_default(),
        proof: proof.optional(),
    })
}

fn delete(field: Field<'_>) -> Result<StorageRequest> {
    let mut account = Slot::new("account");
    let mut messages = hash_list();
    let mut required = Slot::new("required");
    let mut proof = Slot::new("proof");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => account.set(field.account())?,
            2 => messages.push(field.hash())?,
            3 => required.set(field.flag())?,
            4 => proof.set(owner_proof(field))?,
            _ => {}
        }
    }
    Ok(StorageRequest::Delete {
        account: account.required()?,
        messages: messages.items,
        required: required.or_default(),
        proof: proof.required()?,
    })
}

fn delete_all(field: Field<'_>) -> Result<StorageRequest> {
    let Scoped {
        account,
        scope,
        time: timestamp,
        proof,
    } = scoped(field, "timestamp_ms")?;
    Ok(StorageRequest::DeleteAll {
        account,
        scope,
        timestamp,
        proof,
    })
}

fn delete_before(field: Field<'_>) -> Result<StorageRequest> {
    let Scoped {
        account,
        scope,
        time: before,
        proof,
    } = scoped(field, "before_ms")?;
    Ok(StorageRequest::DeleteBefore {
        account,
        scope,
        before,
        proof,
    })
}

fn expire_all(field: Field<'_>) -> Result<StorageRequest> {
    let Scoped {
        account,
        scope,
        time: expiry,
        proof,
    } = scoped(field, "expiry_ms")?;
    Ok(StorageRequest::ExpireAll {
        account,
        scope,
        expiry,
        proof,
    })
}

/// What the methods on a whole scope have in common.
struct Scoped {
    account: AccountId,
    scope: Scope,
    time: Wall,
    proof: OwnerProof,
}

fn scoped(field: Field<'_>, time_name: &'static str) -> Result<Scoped> {
    let mut account = Slot::new("account");
    let mut scope = Slot::new("scope");
    let mut time = Slot::new(time_name);
    let mut proof = Slot::new("proof");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => account.set(field.account())?,
            2 => scope.set(scope_of(field))?,
            3 => time.set(field.wall())?,
            4 => proof.set(owner_proof(field))?,
            _ => {}
        }
    }
    Ok(Scoped {
        account: account.required()?,
        scope: scope.required()?,
        time: time.or_default(),
        proof: proof.required()?,
    })
}

fn scope_of(field: Field<'_>) -> Result<Scope> {
    let mut namespace = Slot::new("namespace");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        if field.tag == 1 {
            namespace.set(field.namespace())?;
        }
    }
    Ok(namespace.optional().map_or(Scope::All, Scope::One))
}

fn expire(field: Field<'_>) -> Result<StorageRequest> {
    let mut account = Slot::new("account");
    let mut messages = hash_list();
    let mut expiries = List::new("expiries_ms", limits::HASHES_MAX);
    let mut mode = Slot::new("mode");
    let mut proof = Slot::new("proof");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => account.set(field.account())?,
            2 => messages.push(field.hash())?,
            3 => field.each_uint(|ms| expiries.push(Ok::<_, Problem>(Wall::from_ms(ms))))?,
            4 => mode.set(expiry_mode(field))?,
            5 => proof.set(owner_proof(field))?,
            _ => {}
        }
    }
    let (found, wanted) = (expiries.items.len(), messages.items.len());
    if found != 1 && found != wanted {
        let problem = Problem::ExpiryCount {
            found,
            messages: wanted,
        };
        return Err(DecodeError::from(problem).within("expiries_ms"));
    }
    Ok(StorageRequest::Expire {
        account: account.required()?,
        messages: messages.items,
        expiries: expiries.items,
        mode: mode.required()?,
        proof: proof.required()?,
    })
}

fn get_expiries(field: Field<'_>) -> Result<StorageRequest> {
    let mut account = Slot::new("account");
    let mut messages = hash_list();
    let mut timestamp = Slot::new("timestamp_ms");
    let mut proof = Slot::new("proof");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => account.set(field.account())?,
            2 => messages.push(field.hash())?,
            3 => timestamp.set(field.wall())?,
            4 => proof.set(owner_proof(field))?,
            _ => {}
        }
    }
    Ok(StorageRequest::GetExpiries {
        account: account.required()?,
        messages: messages.items,
        timestamp: timestamp.or_default(),
        proof: proof.required()?,
    })
}

const fn hash_list() -> List<MessageHash> {
    List::new("messages", limits::HASHES_MAX)
}

fn get_swarm(field: Field<'_>) -> Result<StorageRequest> {
    let mut account = Slot::new("account");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        if field.tag == 1 {
            account.set(field.account())?;
        }
    }
    Ok(StorageRequest::GetSwarm {
        account: account.required()?,
    })
}

fn info(field: Field<'_>) -> Result<StorageRequest> {
    skip_all(field)?;
    Ok(StorageRequest::Info)
}

fn owner_proof(field: Field<'_>) -> Result<OwnerProof> {
    let mut ed25519 = Slot::new("ed25519");
    let mut signature = Slot::new("signature");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => ed25519.set(field.array().map(EdPublic::from_bytes_unchecked))?,
            2 => signature.set(field.signature())?,
            _ => {}
        }
    }
    Ok(OwnerProof {
        ed25519: ed25519.optional(),
        signature: signature.required()?,
    })
}
