use data_encoding::HEXLOWER;
use leek_crypto::hash;
use leek_wire::{encode_request, encode_response};

use crate::sample::Sampler;

/// SHA-256 over the encodings of 1,000 drawn requests and responses, each behind its length.
///
/// When one of these fails, either the format changed (then other versions no longer understand
/// us, and the change belongs into the changelog) or `sample.rs` did. The first covers what the
/// first version of the format had: its bytes stay as they are when something is added.
const FIRST_VERSION: &str = "d2081f64d82adc77df2515c453f80a2eb1215100b0ccce080a3b9096cf88a3bd";
const PINNED: &str = "b80cf8429216fb30f5d5d6540aba1736da4318e68ba9b32a7a50a3fcabcb903d";

#[test]
fn encodings_are_as_they_were() {
    assert_eq!(digest(Sampler::of_first_version), FIRST_VERSION);
    assert_eq!(digest(Sampler::new), PINNED);
}

fn digest(sampler: impl Fn(u64) -> Sampler) -> String {
    let mut all = Vec::new();
    for seed in 0..500 {
        let mut sampler = sampler(seed);
        for bytes in [
            encode_request(&sampler.request()),
            encode_response(&sampler.response()),
        ] {
            all.extend_from_slice(&u64::try_from(bytes.len()).unwrap().to_le_bytes());
            all.extend_from_slice(&bytes);
        }
    }
    HEXLOWER.encode(&hash::sha256(&[&all]))
}
