use std::{net::Ipv4Addr, sync::Arc};

use leek_crypto::XPublic;
use leek_identity::{MessageHash, Namespace, NodeAddress, NodeId, NodeRecord};
use leek_machine::Wall;
use leek_swarm::SwarmId;

use super::{
    error::{DecodeError, Problem},
    fields::{Field, Fields, List, Slot, copied, skip_all},
};
use crate::{
    Member, MemberChange, MemberFailure, PullPage, PulledRow, Response, StorageBody, StorageReply,
    StoredMessage, limits,
};

type Result<T> = core::result::Result<T, DecodeError>;

pub(super) fn response(bytes: &[u8]) -> Result<Response> {
    let mut body = Slot::new("body");
    for field in Fields::new(bytes) {
        let field = field?;
        match field.tag {
            1 => body.choose(
                "onion",
                field.bytes().map(|bytes| Response::Onion(bytes.to_vec())),
            )?,
            2 => body.choose("forward", forward(field).map(Response::Forward))?,
            3 => body.choose("pull", pull_page(field).map(Response::Pull))?,
            4 => body.choose("announced", announced(field))?,
            5 => body.choose("snapshot", snapshot(field))?,
            6 => body.choose(
                "cosigned",
                copied(field, limits::COSIGN_BYTES_MAX).map(Response::Cosigned),
            )?,
            _ => {}
        }
    }
    body.required()
}

fn forward(field: Field<'_>) -> Result<StorageReply> {
    storage_reply(field.bytes()?)
}

fn pull_page(field: Field<'_>) -> Result<PullPage> {
    let mut rows = List::new("rows", limits::PULL_ROWS_MAX);
    let mut next = Slot::new("next");
    for field in Fields::new(field.bounded(limits::PULL_PAGE_BYTES_MAX)?) {
        let field = field?;
        match field.tag {
            1 => rows.push(pulled_row(field))?,
            2 => next.set(field.hash())?,
            _ => {}
        }
    }
    Ok(PullPage {
        rows: rows.items,
        next: next.optional(),
    })
}

fn pulled_row(field: Field<'_>) -> Result<PulledRow> {
    let mut hash = Slot::new("hash");
    let mut account = Slot::new("account");
    let mut namespace = Slot::new("namespace");
    let mut timestamp = Slot::new("timestamp_ms");
    let mut expiry = Slot::new("expiry_ms");
    let mut data = Slot::new("data");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => hash.set(field.hash())?,
            2 => account.set(field.account())?,
            3 => namespace.set(field.namespace())?,
            4 => timestamp.set(field.wall())?,
            5 => expiry.set(field.wall())?,
            6 => data.set(field.bounded(limits::DATA_BYTES_MAX).map(Arc::from))?,
            _ => {}
        }
    }
    Ok(PulledRow {
        hash: hash.required()?,
        account: account.required()?,
        namespace: namespace.or_default(),
        timestamp: timestamp.or_default(),
        expiry: expiry.or_default(),
        data: data.or_default(),
    })
}

fn announced(field: Field<'_>) -> Result<Response> {
    let mut clock = Slot::new("clock_ms");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        if field.tag == 1 {
            clock.set(field.wall())?;
        }
    }
    Ok(Response::Announced {
        clock: clock.or_default(),
    })
}

fn snapshot(field: Field<'_>) -> Result<Response> {
    let mut clock = Slot::new("clock_ms");
    let mut signed = Slot::new("signed");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => clock.set(field.wall())?,
            2 => signed.set(field.bounded(limits::SNAPSHOT_BYTES_MAX).map(Arc::from))?,
            _ => {}
        }
    }
    Ok(Response::Snapshot {
        clock: clock.or_default(),
        signed: signed.optional(),
    })
}

pub(super) fn storage_reply(bytes: &[u8]) -> Result<StorageReply> {
    one_reply(bytes, batch)
}

/// Reads a reply whose batches are read by `batch`: one level deep, then never again.
fn one_reply(bytes: &[u8], batch: fn(Field<'_>) -> Result<StorageBody>) -> Result<StorageReply> {
    let mut status = Slot::new("status");
    let mut clock = Slot::new("clock_ms");
    let mut body = Slot::new("body");
    for field in Fields::new(bytes) {
        let field = field?;
        match field.tag {
            1 => status.set(field.status())?,
            2 => clock.set(field.wall())?,
            3 => body.choose("changed", changed(field))?,
            4 => body.choose("messages", messages(field))?,
            5 => body.choose("expiries", expiries(field))?,
            6 => body.choose("swarm", swarm(field))?,
            7 => body.choose("info", info(field))?,
            8 => body.choose("batch", batch(field))?,
            9 => body.choose("error", field.reason().map(StorageBody::Error))?,
            _ => {}
        }
    }
    Ok(StorageReply {
        status: status.required()?,
        clock: clock.or_default(),
        body: body.required()?,
    })
}

fn batch(field: Field<'_>) -> Result<StorageBody> {
    let mut replies = List::new("replies", limits::BATCH_MAX);
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        if field.tag == 1 {
            replies.push(field.bytes().map_err(Into::into).and_then(batched))?;
        }
    }
    Ok(StorageBody::Batch(replies.items))
}

fn batched(bytes: &[u8]) -> Result<StorageReply> {
    one_reply(bytes, |_| Err(Problem::Nested.into()))
}

fn changed(field: Field<'_>) -> Result<StorageBody> {
    let mut hash = Slot::new("hash");
    let mut members = List::new("members", limits::SWARM_NODES_MAX);
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => hash.set(field.hash())?,
            2 => members.push(member(field))?,
            _ => {}
        }
    }
    Ok(StorageBody::Changed {
        hash: hash.optional(),
        members: members.items,
    })
}

fn member(field: Field<'_>) -> Result<Member> {
    let mut node = Slot::new("node");
    let mut result = Slot::new("result");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => node.set(field.array().map(NodeId::from_bytes))?,
            2 => result.choose("stored", stored(field).map(Ok))?,
            3 => result.choose("deleted", deleted(field).map(Ok))?,
            4 => result.choose("expired", expired(field).map(Ok))?,
            5 => result.choose("timeout", failed(field, MemberFailure::Timeout))?,
            6 => result.choose("refused", refused(field).map(Err))?,
            7 => result.choose("bad_response", failed(field, MemberFailure::BadResponse))?,
            8 => result.choose("query_failure", failed(field, MemberFailure::QueryFailure))?,
            _ => {}
        }
    }
    Ok(Member {
        node: node.required()?,
        result: result.required()?,
    })
}

fn failed(
    field: Field<'_>,
    failure: MemberFailure,
) -> Result<core::result::Result<MemberChange, MemberFailure>> {
    skip_all(field)?;
    Ok(Err(failure))
}

fn refused(field: Field<'_>) -> Result<MemberFailure> {
    let mut status = Slot::new("status");
    let mut reason = Slot::new("reason");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => status.set(field.status())?,
            2 => reason.set(field.reason())?,
            _ => {}
        }
    }
    Ok(MemberFailure::Refused {
        status: status.required()?,
        reason: reason.or_default(),
    })
}

fn stored(field: Field<'_>) -> Result<MemberChange> {
    let mut signature = Slot::new("signature");
    let mut expiry = Slot::new("expiry_ms");
    let mut already = Slot::new("already");
    let mut received_only = Slot::new("received_only");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => signature.set(field.signature())?,
            2 => expiry.set(field.wall())?,
            3 => already.set(field.flag())?,
            4 => received_only.set(field.flag())?,
            _ => {}
        }
    }
    Ok(MemberChange::Stored {
        signature: signature.required()?,
        expiry: expiry.or_default(),
        already: already.or_default(),
        durable: !received_only.or_default(),
    })
}

fn deleted(field: Field<'_>) -> Result<MemberChange> {
    let mut signature = Slot::new("signature");
    let mut deleted = List::new("deleted", limits::REPLY_ENTRIES_MAX);
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => signature.set(field.signature())?,
            2 => deleted.push(namespaced_hash(field))?,
            _ => {}
        }
    }
    Ok(MemberChange::Deleted {
        signature: signature.required()?,
        deleted: deleted.items,
    })
}

fn namespaced_hash(field: Field<'_>) -> Result<(Namespace, MessageHash)> {
    let mut namespace = Slot::new("namespace");
    let mut hash = Slot::new("hash");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => namespace.set(field.namespace())?,
            2 => hash.set(field.hash())?,
            _ => {}
        }
    }
    Ok((namespace.or_default(), hash.required()?))
}

fn expired(field: Field<'_>) -> Result<MemberChange> {
    let mut signature = Slot::new("signature");
    let mut updated = List::new("updated", limits::REPLY_ENTRIES_MAX);
    let mut unchanged = List::new("unchanged", limits::REPLY_ENTRIES_MAX);
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => signature.set(field.signature())?,
            2 => updated.push(hash_expiry(field))?,
            3 => unchanged.push(hash_expiry(field))?,
            _ => {}
        }
    }
    Ok(MemberChange::Expired {
        signature: signature.required()?,
        updated: updated.items,
        unchanged: unchanged.items,
    })
}

fn hash_expiry(field: Field<'_>) -> Result<(MessageHash, Wall)> {
    let mut hash = Slot::new("hash");
    let mut expiry = Slot::new("expiry_ms");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => hash.set(field.hash())?,
            2 => expiry.set(field.wall())?,
            _ => {}
        }
    }
    Ok((hash.required()?, expiry.or_default()))
}

fn messages(field: Field<'_>) -> Result<StorageBody> {
    let mut messages = List::new("messages", limits::REPLY_ENTRIES_MAX);
    let mut more = Slot::new("more");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => messages.push(stored_message(field))?,
            2 => more.set(field.flag())?,
            _ => {}
        }
    }
    Ok(StorageBody::Messages {
        messages: messages.items,
        more: more.or_default(),
    })
}

fn stored_message(field: Field<'_>) -> Result<StoredMessage> {
    let mut hash = Slot::new("hash");
    let mut timestamp = Slot::new("timestamp_ms");
    let mut expiry = Slot::new("expiry_ms");
    let mut data = Slot::new("data");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => hash.set(field.hash())?,
            2 => timestamp.set(field.wall())?,
            3 => expiry.set(field.wall())?,
            4 => data.set(field.data())?,
            _ => {}
        }
    }
    Ok(StoredMessage {
        hash: hash.required()?,
        timestamp: timestamp.or_default(),
        expiry: expiry.or_default(),
        data: data.or_default(),
    })
}

fn expiries(field: Field<'_>) -> Result<StorageBody> {
    let mut expiries = List::new("expiries", limits::HASHES_MAX);
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        if field.tag == 1 {
            expiries.push(hash_expiry(field))?;
        }
    }
    Ok(StorageBody::Expiries(expiries.items))
}

fn swarm(field: Field<'_>) -> Result<StorageBody> {
    let mut swarm = Slot::new("swarm");
    let mut nodes = List::new("nodes", limits::SWARM_NODES_MAX);
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => swarm.set(field.fixed64())?,
            2 => nodes.push(node_record(field))?,
            _ => {}
        }
    }
    Ok(StorageBody::Swarm {
        swarm: SwarmId(swarm.or_default()),
        nodes: nodes.items,
    })
}

fn node_record(field: Field<'_>) -> Result<NodeRecord> {
    let mut id = Slot::new("id");
    let mut onion_key = Slot::new("onion_key");
    let mut ipv4 = Slot::new("ipv4");
    let mut port = Slot::new("port");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => id.set(field.array().map(NodeId::from_bytes))?,
            2 => onion_key.set(field.array().map(XPublic::from_bytes))?,
            3 => ipv4.set(field.fixed32())?,
            4 => port.set(field.small(u16::MAX))?,
            _ => {}
        }
    }
    let ip = Ipv4Addr::from(ipv4.or_default());
    Ok(NodeRecord {
        id: id.required()?,
        onion_key: onion_key.required()?,
        address: NodeAddress {
            ip,
            port: port.or_default(),
        },
    })
}

fn info(field: Field<'_>) -> Result<StorageBody> {
    let mut major = Slot::new("major");
    let mut minor = Slot::new("minor");
    let mut patch = Slot::new("patch");
    for field in Fields::new(field.bytes()?) {
        let field = field?;
        match field.tag {
            1 => major.set(field.small(u16::MAX))?,
            2 => minor.set(field.small(u16::MAX))?,
            3 => patch.set(field.small(u16::MAX))?,
            _ => {}
        }
    }
    Ok(StorageBody::Info {
        version: [major.or_default(), minor.or_default(), patch.or_default()],
    })
}
