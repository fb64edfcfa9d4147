//! Our values as generated messages and back, for whoever speaks protobuf through generated code.
//!
//! To a message: field by field, payloads moved; tests hold [`encode_request`](crate::encode_request)
//! and its siblings against it. From a message: through its bytes, so that there is one reader.

mod reply;
mod request;

use leek_proto::wire::v1;
use prost::Message as _;

use crate::{
    DecodeError, Request, Response, StorageReply, StorageRequest, decode_request, decode_response,
    decode_storage_reply, decode_storage_request,
};

impl TryFrom<&v1::Request> for Request {
    type Error = DecodeError;

    fn try_from(message: &v1::Request) -> Result<Self, DecodeError> {
        decode_request(&message.encode_to_vec())
    }
}

impl TryFrom<&v1::Response> for Response {
    type Error = DecodeError;

    fn try_from(message: &v1::Response) -> Result<Self, DecodeError> {
        decode_response(&message.encode_to_vec())
    }
}

impl TryFrom<&v1::StorageRequest> for StorageRequest {
    type Error = DecodeError;

    fn try_from(message: &v1::StorageRequest) -> Result<Self, DecodeError> {
        decode_storage_request(&message.encode_to_vec())
    }
}

impl TryFrom<&v1::StorageReply> for StorageReply {
    type Error = DecodeError;

    fn try_from(message: &v1::StorageReply) -> Result<Self, DecodeError> {
        decode_storage_reply(&message.encode_to_vec())
    }
}
