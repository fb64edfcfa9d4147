//! Our values as the bytes of `wire.proto`.
//!
//! Written by hand over our own types, so that no payload is copied to learn a length; tests hold
//! every byte against the generated messages. Encoding is total and deterministic: fields in tag
//! order, defaults left out. It does not enforce [`limits`](crate::limits), except that texts are
//! cut to [`REASON_BYTES_MAX`](crate::limits::REASON_BYTES_MAX); what breaks another limit is
//! refused by the peer.

mod fields;
mod reply;
mod request;

use fields::Fields;
pub(crate) use request::{enc_type, expiry_mode, onion_format};

use crate::{PulledRow, Request, Response, StorageReply, StorageRequest};

/// The bytes of a request.
pub fn encode_request(request: &Request) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_request_into(request, &mut bytes);
    bytes
}

/// Appends the bytes of a request to `out`, which a caller may reuse.
pub fn encode_request_into(request: &Request, out: &mut Vec<u8>) {
    out.reserve(request_encoded_len(request));
    request::put_request(&mut Fields::into_bytes(out), request);
}

/// The length of [`encode_request`]'s result, without encoding.
pub fn request_encoded_len(request: &Request) -> usize {
    Fields::measure(|fields| request::put_request(fields, request))
}

/// The bytes of a response.
pub fn encode_response(response: &Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_response_into(response, &mut bytes);
    bytes
}

/// Appends the bytes of a response to `out`, which a caller may reuse.
pub fn encode_response_into(response: &Response, out: &mut Vec<u8>) {
    out.reserve(response_encoded_len(response));
    reply::put_response(&mut Fields::into_bytes(out), response);
}

/// The length of [`encode_response`]'s result, without encoding.
pub fn response_encoded_len(response: &Response) -> usize {
    Fields::measure(|fields| reply::put_response(fields, response))
}

/// The bytes that one message adds to an encoded
/// [`PullPage`](crate::PullPage).
pub fn pulled_row_encoded_len(row: &PulledRow) -> usize {
    Fields::measure(|fields| fields.message(1, |fields| reply::put_pulled_row(fields, row)))
}

/// The bytes of a storage request, as they travel inside an onion.
pub fn encode_storage_request(request: &StorageRequest) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_storage_request_into(request, &mut bytes);
    bytes
}

/// Appends the bytes of a storage request to `out`, which a caller may reuse.
pub fn encode_storage_request_into(request: &StorageRequest, out: &mut Vec<u8>) {
    out.reserve(storage_request_encoded_len(request));
    request::put_storage_request(&mut Fields::into_bytes(out), request);
}

/// The length of [`encode_storage_request`]'s result, without encoding.
pub fn storage_request_encoded_len(request: &StorageRequest) -> usize {
    Fields::measure(|fields| request::put_storage_request(fields, request))
}

/// The bytes of a storage reply, as they travel inside an onion.
pub fn encode_storage_reply(reply: &StorageReply) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_storage_reply_into(reply, &mut bytes);
    bytes
}

/// Appends the bytes of a storage reply to `out`, which a caller may reuse.
pub fn encode_storage_reply_into(reply: &StorageReply, out: &mut Vec<u8>) {
    out.reserve(storage_reply_encoded_len(reply));
    reply::put_storage_reply(&mut Fields::into_bytes(out), reply);
}

/// The length of [`encode_storage_reply`]'s result, without encoding.
pub fn storage_reply_encoded_len(reply: &StorageReply) -> usize {
    Fields::measure(|fields| reply::put_storage_reply(fields, reply))
}
