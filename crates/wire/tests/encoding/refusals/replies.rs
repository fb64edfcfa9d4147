use leek_machine::Wall;
use leek_proto::wire::v1::{self, storage_reply::Body};
use leek_wire::{
    Status, StorageBody, StorageReply, decode_storage_reply, encode_storage_reply, limits,
};
use prost::Message as _;

use super::{accepted_body, refused_body};

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
