//! One broken field at a time: the error names it.

use leek_machine::Wall;
use leek_proto::wire::v1::{self, storage_reply::Body, storage_request::Method};
use leek_wire::{
    Request, Response, Status, StorageBody, StorageReply, StorageRequest, decode_request,
    decode_response, decode_storage_reply, decode_storage_request, encode_storage_reply,
    encode_storage_request, limits,
};
use prost::Message as _;

/// The bytes of an account: prefix and key.
fn account() -> Vec<u8> {
    [vec![5], vec![1; 32]].concat()
}

fn proof() -> Option<v1::OwnerProof> {
    Some(v1::OwnerProof {
        ed25519: None,
        signature: vec![2; 64],
    })
}

fn store() -> v1::Store {
    v1::Store {
        account: account(),
        proof: proof(),
        ..v1::Store::default()
    }
}

fn delete() -> v1::Delete {
    v1::Delete {
        account: account(),
        proof: proof(),
        ..v1::Delete::default()
    }
}

fn delete_all() -> v1::DeleteAll {
    v1::DeleteAll {
        account: account(),
        scope: Some(v1::Scope::default()),
        proof: proof(),
        ..v1::DeleteAll::default()
    }
}

fn expire() -> v1::Expire {
    v1::Expire {
        account: account(),
        messages: vec![vec![3; 32]; 3],
        expiries_ms: vec![1],
        mode: v1::ExpiryMode::Set.into(),
        proof: proof(),
    }
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

#[test]
fn the_untouched_messages_are_accepted() {
    // Else the refusals below could have another cause.
    for method in [
        Method::Store(store()),
        Method::Delete(delete()),
        Method::DeleteAll(delete_all()),
        Method::Expire(expire()),
    ] {
        accepted(method);
    }
}

#[test]
fn accounts() {
    let with = |account| refused(Method::Store(v1::Store { account, ..store() }));
    assert_eq!(with(vec![]), "decode store.account: missing");
    assert_eq!(
        with(vec![5; 32]),
        "decode store.account: 32 bytes instead of 33"
    );
    assert_eq!(
        with(vec![7; 33]),
        "decode store.account: read account id: no account has prefix 07"
    );
}

#[test]
fn namespaces() {
    let with = |namespace| {
        refused(Method::Store(v1::Store {
            namespace,
            ..store()
        }))
    };
    for number in [-32_769, 32_768, i32::MIN, i32::MAX] {
        assert_eq!(
            with(number),
            format!("decode store.namespace: read namespace: {number} is outside -32768 to 32767")
        );
    }
    let scope = Some(v1::Scope {
        namespace: Some(40_000),
    });
    assert_eq!(
        refused(Method::DeleteAll(v1::DeleteAll {
            scope,
            ..delete_all()
        })),
        "decode delete_all.scope.namespace: read namespace: 40000 is outside -32768 to 32767"
    );
}

#[test]
fn data() {
    let with = |len| {
        Method::Store(v1::Store {
            data: vec![0; len],
            ..store()
        })
    };
    accepted(with(limits::DATA_BYTES_MAX));
    assert_eq!(
        refused(with(limits::DATA_BYTES_MAX + 1)),
        "decode store.data: more than 76800 bytes"
    );
    let message = |len| {
        let message = v1::StoredMessage {
            hash: vec![0; 32],
            data: vec![0; len],
            ..Default::default()
        };
        Body::Messages(v1::Messages {
            messages: vec![message],
            more: false,
        })
    };
    accepted_body(message(limits::DATA_BYTES_MAX));
    assert_eq!(
        refused_body(message(limits::DATA_BYTES_MAX + 1)),
        "decode messages.messages[0].data: more than 76800 bytes"
    );
}

#[test]
fn proofs() {
    let with = |proof| refused(Method::Delete(v1::Delete { proof, ..delete() }));
    assert_eq!(with(None), "decode delete.proof: missing");
    let short = v1::OwnerProof {
        ed25519: None,
        signature: vec![0; 63],
    };
    assert_eq!(
        with(Some(short)),
        "decode delete.proof.signature: 63 bytes instead of 64"
    );
    let no_key = v1::OwnerProof {
        ed25519: Some(vec![]),
        signature: vec![0; 64],
    };
    assert_eq!(
        with(Some(no_key)),
        "decode delete.proof.ed25519: 0 bytes instead of 32"
    );
    let empty = v1::OwnerProof::default();
    assert_eq!(with(Some(empty)), "decode delete.proof.signature: missing");
}

/// Deleting everything must not be what a forgotten field means.
#[test]
fn scope_is_never_implied() {
    assert_eq!(
        refused(Method::DeleteAll(v1::DeleteAll {
            scope: None,
            ..delete_all()
        })),
        "decode delete_all.scope: missing"
    );
}

#[test]
fn hashes() {
    let with = |messages| {
        Method::Delete(v1::Delete {
            messages,
            ..delete()
        })
    };
    accepted(with(vec![vec![0; 32]; limits::HASHES_MAX]));
    assert_eq!(
        refused(with(vec![vec![0; 32]; limits::HASHES_MAX + 1])),
        "decode delete.messages: more than 1000 entries"
    );
    assert_eq!(
        refused(with(vec![vec![0; 32], vec![0; 31]])),
        "decode delete.messages[1]: 31 bytes instead of 32"
    );
}

#[test]
fn expiries() {
    let with = |expiries_ms| {
        Method::Expire(v1::Expire {
            expiries_ms,
            ..expire()
        })
    };
    accepted(with(vec![0; 3]));
    for found in [0, 2, 4] {
        assert_eq!(
            refused(with(vec![0; found])),
            format!("decode expire.expiries_ms: {found} expiries for 3 messages")
        );
    }
    assert_eq!(
        refused(with(vec![0; limits::HASHES_MAX + 1])),
        "decode expire.expiries_ms: more than 1000 entries"
    );
}

#[test]
fn enumerations() {
    let with = |mode| refused(Method::Expire(v1::Expire { mode, ..expire() }));
    assert_eq!(with(0), "decode expire.mode: missing");
    assert_eq!(with(4), "decode expire.mode: 4 stands for nothing");
    assert_eq!(
        with(-1),
        "decode expire.mode: 18446744073709551615 stands for nothing"
    );
    // An explicit 0, as other writers may put it.
    assert_eq!(
        decode_storage_request(&[0x32, 2, 0x20, 0])
            .unwrap_err()
            .to_string(),
        "decode expire.mode: 0 stands for nothing"
    );
}

fn onion() -> v1::OnionRequest {
    v1::OnionRequest {
        format: v1::OnionFormat::SessionV4.into(),
        blob: vec![],
        ephemeral_key: vec![0; 32],
        enc_type: v1::EncType::AesGcm.into(),
        hop_no: 255,
    }
}

#[test]
fn onions() {
    let read = |onion| {
        let request = v1::Request {
            body: Some(v1::request::Body::Onion(onion)),
        };
        decode_request(&request.encode_to_vec()).map_err(|error| error.to_string())
    };
    assert!(matches!(read(onion()), Ok(Request::Onion(_))));
    let refused = |onion| read(onion).unwrap_err();
    assert_eq!(
        refused(v1::OnionRequest {
            hop_no: 256,
            ..onion()
        }),
        "decode onion.hop_no: 256 is outside 0 to 255"
    );
    assert_eq!(
        refused(v1::OnionRequest {
            format: 0,
            ..onion()
        }),
        "decode onion.format: missing"
    );
    assert_eq!(
        refused(v1::OnionRequest {
            format: 3,
            ..onion()
        }),
        "decode onion.format: 3 stands for nothing"
    );
    assert_eq!(
        refused(v1::OnionRequest {
            enc_type: 0,
            ..onion()
        }),
        "decode onion.enc_type: missing"
    );
    assert_eq!(
        refused(v1::OnionRequest {
            ephemeral_key: vec![0; 33],
            ..onion()
        }),
        "decode onion.ephemeral_key: 33 bytes instead of 32"
    );
}

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
fn batches() {
    let info = || v1::StorageRequest {
        method: Some(Method::Info(v1::Info {})),
    };
    let of = |count: usize| v1::Batch {
        requests: (0..count).map(|_| info()).collect(),
    };
    accepted(Method::Batch(of(limits::BATCH_MAX)));
    accepted(Method::Sequence(of(limits::BATCH_MAX)));
    assert_eq!(
        refused(Method::Batch(of(0))),
        "decode batch.requests: no entries"
    );
    assert_eq!(
        refused(Method::Sequence(of(0))),
        "decode sequence.requests: no entries"
    );
    assert_eq!(
        refused(Method::Batch(of(21))),
        "decode batch.requests: more than 20 entries"
    );
    for (nested, name) in [
        (Method::Batch(of(1)), "batch"),
        (Method::Sequence(of(1)), "sequence"),
    ] {
        let requests = vec![
            info(),
            v1::StorageRequest {
                method: Some(nested),
            },
        ];
        assert_eq!(
            refused(Method::Sequence(v1::Batch { requests })),
            format!("decode sequence.requests[1].{name}: a batch within a batch")
        );
    }
}

#[test]
fn batched_replies() {
    let of = |count: usize| {
        let reply = v1::StorageReply {
            status: 200,
            clock_ms: 0,
            body: Some(Body::Error(String::new())),
        };
        Body::Batch(v1::BatchReply {
            replies: vec![reply; count],
        })
    };
    accepted_body(of(limits::BATCH_MAX));
    assert_eq!(
        refused_body(of(21)),
        "decode batch.replies: more than 20 entries"
    );
    let nested = v1::StorageReply {
        status: 200,
        clock_ms: 0,
        body: Some(of(1)),
    };
    assert_eq!(
        refused_body(Body::Batch(v1::BatchReply {
            replies: vec![nested]
        })),
        "decode batch.replies[0].batch: a batch within a batch"
    );
}

#[test]
fn statuses() {
    let with = |status| {
        let body = Some(Body::Error(String::new()));
        let reply = v1::StorageReply {
            status,
            clock_ms: 0,
            body,
        };
        decode_storage_reply(&reply.encode_to_vec()).map_err(|error| error.to_string())
    };
    for code in [100, 599] {
        let status = with(code).map(|reply| u32::from(reply.status.0));
        assert_eq!(status, Ok(code));
    }
    // 65,736 is 200 in 16 bits.
    for code in [1, 99, 600, 65_736, u32::MAX] {
        let text = format!("decode status: {code} is outside 100 to 599");
        assert_eq!(with(code), Err(text));
    }
    assert_eq!(with(0), Err("decode status: missing".to_owned()));
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
fn nodes_and_versions() {
    let node = || v1::NodeRecord {
        id: vec![0; 32],
        onion_key: vec![0; 32],
        ipv4: 0,
        port: u16::MAX.into(),
    };
    let with = |nodes| Body::Swarm(v1::Swarm { swarm: 0, nodes });
    accepted_body(with(vec![node(); limits::SWARM_NODES_MAX]));
    assert_eq!(
        refused_body(with(vec![node(); limits::SWARM_NODES_MAX + 1])),
        "decode swarm.nodes: more than 100 entries"
    );
    assert_eq!(
        refused_body(with(vec![v1::NodeRecord {
            port: 65_536,
            ..node()
        }])),
        "decode swarm.nodes[0].port: 65536 is outside 0 to 65535"
    );
    assert_eq!(
        refused_body(Body::Info(v1::NodeInfo {
            major: 0,
            minor: 65_536,
            patch: 0
        })),
        "decode info.minor: 65536 is outside 0 to 65535"
    );
    let member = || v1::Member {
        node: vec![0; 32],
        result: Some(v1::member::Result::Timeout(v1::MemberTimeout {})),
    };
    let changed = |count: usize| {
        Body::Changed(v1::Changed {
            hash: None,
            members: vec![member(); count],
        })
    };
    accepted_body(changed(limits::SWARM_NODES_MAX));
    assert_eq!(
        refused_body(changed(limits::SWARM_NODES_MAX + 1)),
        "decode changed.members: more than 100 entries"
    );
}

#[test]
fn texts() {
    let with = |text: &str| Body::Error(text.to_owned());
    accepted_body(with(&"x".repeat(limits::REASON_BYTES_MAX)));
    assert_eq!(
        refused_body(with(&"x".repeat(limits::REASON_BYTES_MAX + 1))),
        "decode error: more than 512 bytes"
    );
    // status 200, error of one byte 0xff
    assert_eq!(
        decode_storage_reply(&[8, 200, 1, 0x4a, 1, 0xff])
            .unwrap_err()
            .to_string(),
        "decode error: not UTF-8"
    );
}

/// Our own texts are cut instead, so that no peer has to refuse our reply.
#[test]
fn long_texts_are_cut_at_a_character() {
    let long = "ü".repeat(limits::REASON_BYTES_MAX);
    for (text, len) in [(long.clone(), 512), (format!("x{long}"), 511)] {
        let reply = StorageReply::error(Status::INTERNAL, Wall::from_ms(1), text.clone());
        let read = decode_storage_reply(&encode_storage_reply(&reply)).unwrap();
        let StorageBody::Error(cut) = read.body else {
            panic!("{read:?}")
        };
        assert_eq!(cut.len(), len);
        assert!(text.starts_with(&cut));
    }
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
