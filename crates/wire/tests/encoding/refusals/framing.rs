use leek_proto::wire::v1::{self, storage_reply::Body};
use leek_wire::{
    Response, StorageRequest, decode_request, decode_response, decode_storage_reply,
    decode_storage_request, encode_storage_request, limits,
};
use prost::Message as _;

use super::{account, refused_body};

#[test]
fn absent_choices() {
    assert_eq!(
        decode_request(&[]).unwrap_err().to_string(),
        "decode body: missing"
    );
    assert_eq!(
        decode_response(&[]).unwrap_err().to_string(),
        "decode body: missing"
    );
    assert_eq!(
        decode_storage_request(&[]).unwrap_err().to_string(),
        "decode method: missing"
    );
    assert_eq!(
        decode_storage_reply(&[]).unwrap_err().to_string(),
        "decode status: missing"
    );
    assert_eq!(
        decode_request(&[0x12, 0]).unwrap_err().to_string(),
        "decode forward.method: missing"
    );
    let member = v1::Member {
        node: vec![0; 32],
        result: None,
    };
    assert_eq!(
        refused_body(Body::Changed(v1::Changed {
            hash: None,
            members: vec![member]
        })),
        "decode changed.members[0].result: missing"
    );
}

#[test]
fn numbers_wider_than_their_field() {
    // A retrieve with max_count 2^32: the generated reader would cut it to 0.
    let mut count = vec![0x20];
    prost::encoding::encode_varint(1 << 32, &mut count);
    let mut bytes = vec![0x12, u8::try_from(count.len()).unwrap()];
    bytes.extend(count);
    assert_eq!(
        decode_storage_request(&bytes).unwrap_err().to_string(),
        "decode retrieve.max_count: 4294967296 is outside 0 to 4294967295"
    );
    // A delete whose flag is 2.
    assert_eq!(
        decode_storage_request(&[0x1a, 2, 0x18, 2])
            .unwrap_err()
            .to_string(),
        "decode delete.required: 2 is outside 0 to 1"
    );
}

#[test]
fn twice() {
    let info = encode_storage_request(&StorageRequest::Info);
    let error = decode_storage_request(&[info.clone(), info].concat()).unwrap_err();
    assert_eq!(error.to_string(), "decode info: given twice");
    let account = v1::GetSwarm { account: account() }.encode_to_vec();
    let fields = [account.clone(), account].concat();
    let bytes = [vec![0x4a, u8::try_from(fields.len()).unwrap()], fields].concat();
    let error = decode_storage_request(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "decode get_swarm.account: given twice");
}

#[test]
fn not_our_protobuf() {
    let refused = |bytes: &[u8]| decode_storage_request(bytes).unwrap_err().to_string();
    assert_eq!(
        refused(&[0x0a]),
        "decode message: malformed protobuf",
        "no length"
    );
    assert_eq!(
        refused(&[0x0a, 5, 1]),
        "decode message: malformed protobuf",
        "cut off"
    );
    assert_eq!(
        refused(&[0xff; 11]),
        "decode message: malformed protobuf",
        "an endless number"
    );
    assert_eq!(
        refused(&[0x0b, 0x0c]),
        "decode message: malformed protobuf",
        "a group"
    );
    assert_eq!(
        refused(&[0x0a, 1, 0x0a]),
        "decode store: malformed protobuf",
        "inside"
    );
    assert_eq!(
        refused(&[0x08, 1]),
        "decode store: another wire type than the field has"
    );
    assert_eq!(
        refused(&[0x0a, 2, 0x08, 1]),
        "decode store.account: another wire type than the field has"
    );
}

#[test]
fn bodies_have_a_limit() {
    let onion = |len: usize| {
        // One byte of tag, four of length.
        let message = v1::Response {
            body: Some(v1::response::Body::Onion(vec![0; len - 5])),
        };
        message.encode_to_vec()
    };
    let largest = onion(limits::BODY_BYTES_MAX);
    assert_eq!(largest.len(), limits::BODY_BYTES_MAX);
    assert!(matches!(decode_response(&largest), Ok(Response::Onion(_))));
    assert_eq!(
        decode_response(&onion(limits::BODY_BYTES_MAX + 1))
            .unwrap_err()
            .to_string(),
        "decode message: more than 10485760 bytes"
    );
}
