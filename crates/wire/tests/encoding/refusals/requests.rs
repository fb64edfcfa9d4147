use leek_proto::wire::v1::{self, storage_reply::Body, storage_request::Method};
use leek_wire::{Request, decode_request, decode_storage_request, limits};
use prost::Message as _;

use super::{accepted, accepted_body, account, refused, refused_body};

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
fn levels() {
    let with = |ack| Method::Store(v1::Store { ack, ..store() });
    for members in [1, 65_535] {
        accepted(with(Some(v1::store::Ack::AckQuorum(members))));
    }
    for members in [0, 65_536] {
        assert_eq!(
            refused(with(Some(v1::store::Ack::AckQuorum(members)))),
            format!("decode store.ack_quorum: {members} is outside 1 to 65535")
        );
    }
    // Two levels at once: a store of nothing but received (8) and durable (9).
    assert_eq!(
        decode_storage_request(&[0x0a, 4, 0x42, 0, 0x4a, 0])
            .unwrap_err()
            .to_string(),
        "decode store.ack_durable: given twice"
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
