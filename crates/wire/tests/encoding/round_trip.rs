use leek_proto::wire::v1;
use leek_wire::{
    Request, Response, StorageReply, StorageRequest, decode_request, decode_response,
    decode_storage_reply, decode_storage_request, encode_request, encode_request_into,
    encode_response, encode_response_into, encode_storage_reply, encode_storage_reply_into,
    encode_storage_request, encode_storage_request_into, request_encoded_len, response_encoded_len,
    storage_reply_encoded_len, storage_request_encoded_len,
};
use prost::Message as _;

use crate::sample::Sampler;

/// Draws of every type: each variant, each option and each edge comes up many times.
const DRAWS: u64 = 400;

/// One type's whole promise: bytes as the generated message writes them, the length known before,
/// appending, and the same value back, from bytes and from the generated message.
macro_rules! holds {
    ($name:ident, $draw:ident, $ours:ty, $generated:ty,
     $encode:ident, $encode_into:ident, $len:ident, $decode:ident) => {
        #[test]
        fn $name() {
            for seed in 0..DRAWS {
                let value: $ours = Sampler::new(seed).$draw();
                let bytes = $encode(&value);
                let message = <$generated>::from(value.clone());
                assert_eq!(bytes, message.encode_to_vec(), "seed {seed}: {value:?}");
                assert_eq!($len(&value), bytes.len(), "seed {seed}: {value:?}");
                assert_eq!($decode(&bytes).as_ref(), Ok(&value), "seed {seed}");
                assert_eq!(
                    <$ours>::try_from(&message).as_ref(),
                    Ok(&value),
                    "seed {seed}"
                );

                let mut scratch = vec![1, 2, 3];
                $encode_into(&value, &mut scratch);
                assert_eq!((&scratch[..3], &scratch[3..]), (&[1, 2, 3][..], &bytes[..]));
            }
        }
    };
}

holds!(
    requests,
    request,
    Request,
    v1::Request,
    encode_request,
    encode_request_into,
    request_encoded_len,
    decode_request
);
holds!(
    responses,
    response,
    Response,
    v1::Response,
    encode_response,
    encode_response_into,
    response_encoded_len,
    decode_response
);
holds!(
    storage_requests,
    storage_request,
    StorageRequest,
    v1::StorageRequest,
    encode_storage_request,
    encode_storage_request_into,
    storage_request_encoded_len,
    decode_storage_request
);
holds!(
    storage_replies,
    storage_reply,
    StorageReply,
    v1::StorageReply,
    encode_storage_reply,
    encode_storage_reply_into,
    storage_reply_encoded_len,
    decode_storage_reply
);
