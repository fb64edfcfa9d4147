//! Any bytes give a value or an error, and a value that is read is one that can be written.

use leek_proto::wire::v1;
use leek_wire::{
    StorageReply, StorageRequest, decode_request, decode_response, decode_storage_reply,
    decode_storage_request, encode_request, encode_response, encode_storage_reply,
    encode_storage_request,
};
use proptest::prelude::*;
use prost::Message as _;

use crate::sample::Sampler;

/// Reads `bytes` as every type. What is read must come back from its own encoding, and the
/// generated reader must have understood the same: its message, written again, is our encoding.
/// (The other way round it may read more: ours is stricter.) Returns how many readers accepted.
fn read_all(bytes: &[u8]) -> usize {
    macro_rules! check {
        ($generated:ty, $decode:ident, $encode:ident) => {
            match $decode(bytes) {
                Ok(value) => {
                    let canonical = $encode(&value);
                    assert_eq!($decode(&canonical).as_ref(), Ok(&value));
                    let message = <$generated>::decode(bytes).unwrap();
                    assert_eq!(message.encode_to_vec(), canonical, "{value:?}");
                    1
                }
                Err(error) => {
                    assert!(error.to_string().starts_with("decode "), "{error}");
                    0
                }
            }
        };
    }
    check!(v1::Request, decode_request, encode_request)
        + check!(v1::Response, decode_response, encode_response)
        + check!(
            v1::StorageRequest,
            decode_storage_request,
            encode_storage_request
        )
        + check!(v1::StorageReply, decode_storage_reply, encode_storage_reply)
}

fn encoded(seed: u64) -> Vec<u8> {
    let mut sampler = Sampler::new(seed);
    match seed % 4 {
        0 => encode_request(&sampler.request()),
        1 => encode_response(&sampler.response()),
        2 => encode_storage_request(&sampler.storage_request()),
        _ => encode_storage_reply(&sampler.storage_reply()),
    }
}

/// One way to damage an encoding.
#[derive(Clone, Debug)]
enum Damage {
    Set {
        at: prop::sample::Index,
        byte: u8,
    },
    Flip {
        at: prop::sample::Index,
        bit: u8,
    },
    Insert {
        at: prop::sample::Index,
        bytes: Vec<u8>,
    },
    Remove {
        at: prop::sample::Index,
        count: usize,
    },
    Cut {
        at: prop::sample::Index,
    },
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        if len == 0 {
            return;
        }
        match self {
            Self::Set { at, byte } => bytes[at.index(len)] = *byte,
            Self::Flip { at, bit } => bytes[at.index(len)] ^= 1 << bit,
            Self::Insert { at, bytes: new } => {
                let at = at.index(len);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Remove { at, count } => {
                let at = at.index(len);
                bytes.drain(at..len.min(at + count));
            }
            Self::Cut { at } => bytes.truncate(at.index(len)),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set { at, byte }),
        (at(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip { at, bit }),
        (at(), prop::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(at, bytes)| Damage::Insert { at, bytes }),
        (at(), 1..40_usize).prop_map(|(at, count)| Damage::Remove { at, count }),
        at().prop_map(|at| Damage::Cut { at }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn damaged_encodings(seed in any::<u64>(), damages in prop::collection::vec(damage(), 0..4)) {
        let mut bytes = encoded(seed);
        for damage in &damages {
            damage.apply(&mut bytes);
        }
        let accepted = read_all(&bytes);
        prop_assert!(!damages.is_empty() || accepted > 0);
    }

    /// Fields that a later version may add are skipped, wherever they stand.
    #[test]
    fn unknown_fields(seed in any::<u64>(), number in any::<u64>(), behind in any::<bool>()) {
        // Tag 1,000: a number, eight bytes, bytes, four bytes.
        let mut unknown = vec![0xc0, 0x3e];
        prost::encoding::encode_varint(number, &mut unknown);
        unknown.extend([0xc1, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8]);
        unknown.extend([0xc2, 0x3e, 3, 9, 9, 9]);
        unknown.extend([0xc5, 0x3e, 1, 2, 3, 4]);
        let known = encoded(seed);
        let bytes =
            if behind { [known, unknown].concat() } else { [unknown, known].concat() };
        prop_assert!(read_all(&bytes) > 0);
    }
}

/// Nesting costs no stack: depth is refused at the second level.
#[test]
fn deep_nesting() {
    let mut request = encode_storage_request(&StorageRequest::Info);
    let mut reply = encode_storage_reply(&StorageReply::error(
        leek_wire::Status::OK,
        leek_machine::Wall::from_ms(1),
        "",
    ));
    let wrap = |tag: u8, inner: &[u8]| {
        let mut bytes = vec![tag << 3 | 2];
        prost::encoding::encode_varint(inner.len() as u64, &mut bytes);
        bytes.extend_from_slice(inner);
        bytes
    };
    for depth in 0..5_000 {
        assert_eq!(
            decode_storage_request(&request).is_ok(),
            depth < 2,
            "depth {depth}"
        );
        assert_eq!(
            decode_storage_reply(&reply).is_ok(),
            depth < 2,
            "depth {depth}"
        );
        request = wrap(11, &wrap(1, &request));
        reply = [vec![0x08, 0xc8, 0x01], wrap(8, &wrap(1, &reply))].concat();
    }
}

/// What a body of empty entries costs: one entry is read, and the first that is wrong ends it.
#[test]
fn many_empty_entries_are_refused_early() {
    let entries = [0x0a, 0].repeat(1 << 20);
    let mut bytes = vec![0x5a];
    prost::encoding::encode_varint(entries.len() as u64, &mut bytes);
    bytes.extend_from_slice(&entries);
    let error = decode_storage_request(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "decode batch.requests[0].method: missing"
    );
}
