//! One broken field at a time: the error names it.

mod framing;
mod network;
mod replies;
mod requests;

use leek_proto::wire::v1::{self, storage_reply::Body, storage_request::Method};
use leek_wire::{StorageReply, StorageRequest, decode_storage_reply, decode_storage_request};
use prost::Message as _;

/// The bytes of an account: prefix and key.
fn account() -> Vec<u8> {
    [vec![5], vec![1; 32]].concat()
}

fn refused(method: Method) -> String {
    let bytes = v1::StorageRequest {
        method: Some(method),
    }
    .encode_to_vec();
    decode_storage_request(&bytes).unwrap_err().to_string()
}

fn accepted(method: Method) -> StorageRequest {
    decode_storage_request(
        &v1::StorageRequest {
            method: Some(method),
        }
        .encode_to_vec(),
    )
    .unwrap()
}

fn refused_body(body: Body) -> String {
    let reply = v1::StorageReply {
        status: 200,
        clock_ms: 1,
        body: Some(body),
    };
    decode_storage_reply(&reply.encode_to_vec())
        .unwrap_err()
        .to_string()
}

fn accepted_body(body: Body) -> StorageReply {
    let reply = v1::StorageReply {
        status: 200,
        clock_ms: 1,
        body: Some(body),
    };
    decode_storage_reply(&reply.encode_to_vec()).unwrap()
}
