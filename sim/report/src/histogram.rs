//! Latencies in buckets whose width grows with the value: four to each doubling, from 1 ms on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Counts of latencies, from the first to the last bucket that holds any; empty without data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Histogram {
    /// Neighbouring buckets in ascending order, empty ones included.
    pub buckets: Vec<Bucket>,
}

/// How many latencies fell into one interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bucket {
    /// Lower edge, ms, inclusive.
    pub from_ms: f64,
    /// Upper edge, ms, exclusive.
    pub to_ms: f64,
    /// Latencies in the interval.
    pub count: u64,
}

/// A quarter of a millisecond: the width of the buckets of the first doubling.
const STEP_NS: u64 = 250_000;
/// log2 of the buckets to each doubling.
const SPLIT_BITS: u32 = 2;

impl Histogram {
    /// Counts `values_ns`, in any order.
    #[must_use]
    pub fn of_ns(values_ns: &[u64]) -> Self {
        let places = || values_ns.iter().map(|&ns| place(ns));
        let (Some(first), Some(last)) = (places().min(), places().max()) else {
            return Self::default();
        };
        let mut buckets: Vec<Bucket> = (first..=last)
            .map(|place| Bucket {
                from_ms: edge_ms(place),
                to_ms: edge_ms(place + 1),
                count: 0,
            })
            .collect();
        for place in places() {
            buckets[place - first].count += 1;
        }
        Self { buckets }
    }
}

/// Bucket of a latency: 0 is below 1 ms, then four to each doubling.
fn place(ns: u64) -> usize {
    let steps = ns / STEP_NS;
    let Some(octave) = steps
        .checked_ilog2()
        .and_then(|log| log.checked_sub(SPLIT_BITS))
    else {
        return 0;
    };
    // `steps >> octave` is 4..=7: its low two bits are the quarter of the doubling.
    let quarter = usize::from((steps >> octave).to_le_bytes()[0] & 0b11);
    1 + octave as usize * (1 << SPLIT_BITS) + quarter
}

/// Lower edge of a bucket, ms; exact, being a small integer times a power of two.
fn edge_ms(place: usize) -> f64 {
    let Some(above) = place.checked_sub(1) else {
        return 0.0;
    };
    let (octave, quarter) = (above >> SPLIT_BITS, above & 0b11);
    let quarters: f64 = [1.0, 1.25, 1.5, 1.75][quarter];
    (0..octave).fold(quarters, |edge, _| edge * 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_data_no_buckets() {
        assert_eq!(Histogram::of_ns(&[]).buckets, []);
    }

    #[test]
    fn edges_are_round_numbers() {
        let edges: Vec<f64> = (0..14).map(edge_ms).collect();
        let expected = [
            0.0, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0,
        ];
        assert_eq!(edges, expected);
    }

    #[test]
    fn gaps_are_kept() {
        let ms = 1_000_000;
        let histogram = Histogram::of_ns(&[2 * ms, 4 * ms, 4 * ms + 1]);
        let counts: Vec<u64> = histogram.buckets.iter().map(|b| b.count).collect();
        assert_eq!(counts, [1, 0, 0, 0, 2]);
        assert_eq!(histogram.buckets[0].from_ms, 2.0);
        assert_eq!(histogram.buckets[4].to_ms, 5.0);
    }

    proptest! {
        #[test]
        fn every_value_lies_in_its_bucket(ns in prop_oneof![any::<u64>(), 0..20_000_000_u64]) {
            let histogram = Histogram::of_ns(&[ns]);
            let [bucket] = histogram.buckets[..] else { panic!("one value, one bucket") };
            // Edges are whole steps, so the step a value lies in decides; below 2^53 it is exact.
            let steps = ns / STEP_NS;
            prop_assume!(steps < 1 << 53);
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let ms = steps as f64 / 4.0;
            prop_assert!(bucket.from_ms <= ms && ms < bucket.to_ms);
            prop_assert_eq!(bucket.count, 1);
        }
    }
}
