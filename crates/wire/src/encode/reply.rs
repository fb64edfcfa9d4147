use leek_identity::{MessageHash, NodeRecord};
use leek_machine::Wall;

use super::fields::Fields;
use crate::{
    Member, MemberChange, MemberFailure, PullPage, PulledRow, Response, StorageBody, StorageReply,
    StoredMessage,
};

pub(super) fn put_response(out: &mut Fields<'_>, response: &Response) {
    match response {
        Response::Onion(bytes) => out.some_bytes(1, bytes),
        Response::Forward(reply) => out.message(2, |out| put_storage_reply(out, reply)),
        Response::Pull(page) => out.message(3, |out| put_page(out, page)),
        Response::Announced { clock } => out.message(4, |out| out.uint(1, clock.ms())),
        Response::Snapshot { clock, signed } => out.message(5, |out| {
            out.uint(1, clock.ms());
            if let Some(signed) = signed {
                out.some_bytes(2, signed);
            }
        }),
        Response::Cosigned(signature) => out.some_bytes(6, signature),
    }
}

fn put_page(out: &mut Fields<'_>, page: &PullPage) {
    for row in &page.rows {
        out.message(1, |out| put_pulled_row(out, row));
    }
    if let Some(next) = &page.next {
        out.some_bytes(2, next.as_bytes());
    }
}

pub(super) fn put_pulled_row(out: &mut Fields<'_>, row: &PulledRow) {
    out.bytes(1, row.hash.as_bytes());
    out.bytes(2, &row.account.to_bytes());
    out.sint(3, i64::from(row.namespace.number()));
    out.uint(4, row.timestamp.ms());
    out.uint(5, row.expiry.ms());
    out.bytes(6, &row.data);
}

pub(super) fn put_storage_reply(out: &mut Fields<'_>, reply: &StorageReply) {
    out.uint(1, u64::from(reply.status.0));
    out.uint(2, reply.clock.ms());
    match &reply.body {
        StorageBody::Changed { hash, members } => out.message(3, |out| {
            if let Some(hash) = hash {
                out.some_bytes(1, hash.as_bytes());
            }
            for member in members {
                out.message(2, |out| put_member(out, member));
            }
        }),
        StorageBody::Messages { messages, more } => out.message(4, |out| {
            for message in messages {
                out.message(1, |out| put_stored_message(out, message));
            }
            out.flag(2, *more);
        }),
        StorageBody::Expiries(expiries) => out.message(5, |out| put_expiries(out, 1, expiries)),
        StorageBody::Swarm { swarm, nodes } => out.message(6, |out| {
            out.fixed64(1, swarm.0);
            for node in nodes {
                out.message(2, |out| put_node_record(out, node));
            }
        }),
        StorageBody::Info {
            version: [major, minor, patch],
        } => out.message(7, |out| {
            out.uint(1, u64::from(*major));
            out.uint(2, u64::from(*minor));
            out.uint(3, u64::from(*patch));
        }),
        StorageBody::Batch(replies) => out.message(8, |out| {
            for reply in replies {
                out.message(1, |out| put_storage_reply(out, reply));
            }
        }),
        StorageBody::Error(text) => out.some_reason(9, text),
    }
}

fn put_member(out: &mut Fields<'_>, member: &Member) {
    out.bytes(1, member.node.as_bytes());
    match &member.result {
        Ok(change) => put_change(out, change),
        Err(MemberFailure::Timeout) => out.message(5, |_| ()),
        Err(MemberFailure::Refused { status, reason }) => out.message(6, |out| {
            out.uint(1, u64::from(status.0));
            out.reason(2, reason);
        }),
        Err(MemberFailure::BadResponse) => out.message(7, |_| ()),
        Err(MemberFailure::QueryFailure) => out.message(8, |_| ()),
    }
}

fn put_change(out: &mut Fields<'_>, change: &MemberChange) {
    match change {
        MemberChange::Stored {
            signature,
            expiry,
            already,
            durable,
        } => out.message(2, |out| {
            out.bytes(1, signature.as_bytes());
            out.uint(2, expiry.ms());
            out.flag(3, *already);
            out.flag(4, !*durable);
        }),
        MemberChange::Deleted { signature, deleted } => out.message(3, |out| {
            out.bytes(1, signature.as_bytes());
            for (namespace, hash) in deleted {
                out.message(2, |out| {
                    out.sint(1, i64::from(namespace.number()));
                    out.bytes(2, hash.as_bytes());
                });
            }
        }),
        MemberChange::Expired {
            signature,
            updated,
            unchanged,
        } => out.message(4, |out| {
            out.bytes(1, signature.as_bytes());
            put_expiries(out, 2, updated);
            put_expiries(out, 3, unchanged);
        }),
    }
}

fn put_expiries(out: &mut Fields<'_>, tag: u32, expiries: &[(MessageHash, Wall)]) {
    for (hash, expiry) in expiries {
        out.message(tag, |out| {
            out.bytes(1, hash.as_bytes());
            out.uint(2, expiry.ms());
        });
    }
}

fn put_stored_message(out: &mut Fields<'_>, message: &StoredMessage) {
    out.bytes(1, message.hash.as_bytes());
    out.uint(2, message.timestamp.ms());
    out.uint(3, message.expiry.ms());
    out.bytes(4, &message.data);
}

fn put_node_record(out: &mut Fields<'_>, node: &NodeRecord) {
    out.bytes(1, node.id.as_bytes());
    out.bytes(2, node.onion_key.as_bytes());
    out.fixed32(3, u32::from(node.address.ip));
    out.uint(4, u64::from(node.address.port));
}
