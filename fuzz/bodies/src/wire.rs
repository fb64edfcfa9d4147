//! What processes read of one another.

use std::fmt::Debug;

use leek_wire::{
    DecodeError, decode_request, decode_response, decode_storage_reply, decode_storage_request,
    encode_request, encode_response, encode_storage_reply, encode_storage_request,
    request_encoded_len, response_encoded_len, storage_reply_encoded_len,
    storage_request_encoded_len,
};

use crate::Verdict;

/// A request.
pub fn request(data: &[u8]) -> Verdict {
    round_trip(data, decode_request, encode_request, request_encoded_len)
}

/// A response.
pub fn response(data: &[u8]) -> Verdict {
    round_trip(data, decode_response, encode_response, response_encoded_len)
}

/// A storage request, as it stands inside an onion.
pub fn storage_request(data: &[u8]) -> Verdict {
    round_trip(
        data,
        decode_storage_request,
        encode_storage_request,
        storage_request_encoded_len,
    )
}

/// A storage reply, as it stands inside an onion's reply.
pub fn storage_reply(data: &[u8]) -> Verdict {
    round_trip(
        data,
        decode_storage_reply,
        encode_storage_reply,
        storage_reply_encoded_len,
    )
}

fn round_trip<T: PartialEq + Debug>(
    data: &[u8],
    decode: fn(&[u8]) -> Result<T, DecodeError>,
    encode: fn(&T) -> Vec<u8>,
    encoded_len: fn(&T) -> usize,
) -> Verdict {
    let read = decode(data).ok();
    if let Some(value) = &read {
        let written = encode(value);
        assert_eq!(written.len(), encoded_len(value));
        assert_eq!(decode(&written).as_ref(), Ok(value));
    }
    Verdict::of(&read)
}
