use leek_identity::{MessageHash, NodeRecord};
use leek_machine::Wall;
use leek_proto::wire::v1::{self, response, storage_reply};

use crate::{
    Member, MemberChange, MemberFailure, PullPage, PulledRow, Response, StorageBody, StorageReply,
    StoredMessage, limits,
};

impl From<Response> for v1::Response {
    fn from(response: Response) -> Self {
        let body = match response {
            Response::Onion(bytes) => response::Body::Onion(bytes),
            Response::Forward(reply) => response::Body::Forward(reply.into()),
            Response::Pull(page) => response::Body::Pull(page.into()),
            Response::Announced { clock } => response::Body::Announced(v1::Announced {
                clock_ms: clock.ms(),
            }),
            Response::Snapshot { clock, signed } => response::Body::Snapshot(v1::SnapshotReply {
                clock_ms: clock.ms(),
                signed: signed.map(|signed| signed.to_vec()),
            }),
            Response::Cosigned(signature) => response::Body::Cosigned(signature),
        };
        Self { body: Some(body) }
    }
}

impl From<PullPage> for v1::PullPage {
    fn from(PullPage { rows, next }: PullPage) -> Self {
        Self {
            rows: rows.into_iter().map(Into::into).collect(),
            next: next.map(|hash| hash.as_bytes().to_vec()),
        }
    }
}

impl From<PulledRow> for v1::PulledRow {
    fn from(
        PulledRow {
            hash,
            account,
            namespace,
            timestamp,
            expiry,
            data,
        }: PulledRow,
    ) -> Self {
        Self {
            hash: hash.as_bytes().to_vec(),
            account: account.to_bytes().to_vec(),
            namespace: namespace.number().into(),
            timestamp_ms: timestamp.ms(),
            expiry_ms: expiry.ms(),
            data: data.to_vec(),
        }
    }
}

impl From<StorageReply> for v1::StorageReply {
    fn from(
        StorageReply {
            status,
            clock,
            body,
        }: StorageReply,
    ) -> Self {
        Self {
            status: status.0.into(),
            clock_ms: clock.ms(),
            body: Some(body.into()),
        }
    }
}

impl From<StorageBody> for storage_reply::Body {
    fn from(body: StorageBody) -> Self {
        match body {
            StorageBody::Changed { hash, members } => Self::Changed(v1::Changed {
                hash: hash.map(|hash| hash.as_bytes().to_vec()),
                members: members.into_iter().map(Into::into).collect(),
            }),
            StorageBody::Messages { messages, more } => Self::Messages(v1::Messages {
                messages: messages.into_iter().map(Into::into).collect(),
                more,
            }),
            StorageBody::Expiries(expiries) => Self::Expiries(v1::Expiries {
                expiries: hash_expiries(&expiries),
            }),
            StorageBody::Swarm { swarm, nodes } => Self::Swarm(v1::Swarm {
                swarm: swarm.0,
                nodes: nodes.into_iter().map(node_record).collect(),
            }),
            StorageBody::Info {
                version: [major, minor, patch],
            } => Self::Info(v1::NodeInfo {
                major: major.into(),
                minor: minor.into(),
                patch: patch.into(),
            }),
            StorageBody::Batch(replies) => Self::Batch(v1::BatchReply {
                replies: replies.into_iter().map(Into::into).collect(),
            }),
            StorageBody::Error(text) => Self::Error(limits::cut_reason(&text).to_owned()),
        }
    }
}

impl From<Member> for v1::Member {
    fn from(Member { node, result }: Member) -> Self {
        let result = match result {
            Ok(change) => change.into(),
            Err(failure) => failure.into(),
        };
        Self {
            node: node.as_bytes().to_vec(),
            result: Some(result),
        }
    }
}

impl From<MemberChange> for v1::member::Result {
    fn from(change: MemberChange) -> Self {
        match change {
            MemberChange::Stored {
                signature,
                expiry,
                already,
                durable,
            } => Self::Stored(v1::MemberStored {
                signature: signature.as_bytes().to_vec(),
                expiry_ms: expiry.ms(),
                already,
                received_only: !durable,
            }),
            MemberChange::Deleted { signature, deleted } => Self::Deleted(v1::MemberDeleted {
                signature: signature.as_bytes().to_vec(),
                deleted: deleted
                    .into_iter()
                    .map(|(namespace, hash)| v1::NamespacedHash {
                        namespace: namespace.number().into(),
                        hash: hash.as_bytes().to_vec(),
                    })
                    .collect(),
            }),
            MemberChange::Expired {
                signature,
                updated,
                unchanged,
            } => Self::Expired(v1::MemberExpired {
                signature: signature.as_bytes().to_vec(),
                updated: hash_expiries(&updated),
                unchanged: hash_expiries(&unchanged),
            }),
        }
    }
}

impl From<MemberFailure> for v1::member::Result {
    fn from(failure: MemberFailure) -> Self {
        match failure {
            MemberFailure::Timeout => Self::Timeout(v1::MemberTimeout {}),
            MemberFailure::Refused { status, reason } => Self::Refused(v1::MemberRefused {
                status: status.0.into(),
                reason: limits::cut_reason(&reason).to_owned(),
            }),
            MemberFailure::BadResponse => Self::BadResponse(v1::MemberBadResponse {}),
            MemberFailure::QueryFailure => Self::QueryFailure(v1::MemberQueryFailure {}),
        }
    }
}

impl From<StoredMessage> for v1::StoredMessage {
    fn from(
        StoredMessage {
            hash,
            timestamp,
            expiry,
            data,
        }: StoredMessage,
    ) -> Self {
        Self {
            hash: hash.as_bytes().to_vec(),
            timestamp_ms: timestamp.ms(),
            expiry_ms: expiry.ms(),
            data,
        }
    }
}

/// Not a `From`: both types are foreign here.
fn node_record(node: NodeRecord) -> v1::NodeRecord {
    v1::NodeRecord {
        id: node.id.as_bytes().to_vec(),
        onion_key: node.onion_key.as_bytes().to_vec(),
        ipv4: node.address.ip.into(),
        port: node.address.port.into(),
    }
}

fn hash_expiries(expiries: &[(MessageHash, Wall)]) -> Vec<v1::HashExpiry> {
    expiries
        .iter()
        .map(|(hash, expiry)| v1::HashExpiry {
            hash: hash.as_bytes().to_vec(),
            expiry_ms: expiry.ms(),
        })
        .collect()
}
