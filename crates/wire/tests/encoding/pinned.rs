use data_encoding::HEXLOWER;
use leek_crypto::hash;
use leek_wire::{encode_request, encode_response};

use crate::sample::Sampler;

/// SHA-256 over the encodings of 1,000 drawn requests and responses, each behind its length.
///
/// When this fails, either the format changed (then other versions no longer understand us, and
/// the change belongs into the changelog) or `sample.rs` did.
const PINNED: &str = "d2081f64d82adc77df2515c453f80a2eb1215100b0ccce080a3b9096cf88a3bd";

#[test]
fn encodings_are_as_they_were() {
    let mut all = Vec::new();
    for seed in 0..500 {
        let mut sampler = Sampler::new(seed);
        for bytes in [
            encode_request(&sampler.request()),
            encode_response(&sampler.response()),
        ] {
            all.extend_from_slice(&u64::try_from(bytes.len()).unwrap().to_le_bytes());
            all.extend_from_slice(&bytes);
        }
    }
    assert_eq!(HEXLOWER.encode(&hash::sha256(&[&all])), PINNED);
}
