//! Randomness without state: a keyed hash of what the draw is for.

use core::hash::Hasher as _;

use leek_machine::Seed;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::link::Jitter;

/// What a draw decides. Each has its own key space, so that turning one model on leaves the draws
/// of the others as they were.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Label {
    Loss = 1,
    Jitter = 2,
    Duplication = 3,
    CopyJitter = 4,
}

/// A message between two hosts: the `n`-th that `source` sent to others, from zero.
#[derive(Clone, Copy)]
pub(crate) struct Flight {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) n: u64,
}

/// The key of all draws of a run.
#[derive(Clone, Copy)]
pub(crate) struct Draws {
    k0: u64,
    k1: u64,
}

impl Draws {
    /// Keyed by the child of the root seed labelled `link`.
    pub(crate) fn new(seed: &Seed) -> Self {
        let seed = seed.child("link", 0);
        let mut halves = [[0; 8]; 2];
        halves[0].copy_from_slice(&seed.bytes()[..8]);
        halves[1].copy_from_slice(&seed.bytes()[8..16]);
        Self {
            k0: u64::from_le_bytes(halves[0]),
            k1: u64::from_le_bytes(halves[1]),
        }
    }

    /// 128 uniform bits: SipHash-1-3 of label, source, target and number.
    #[inline]
    fn bits(&self, label: Label, flight: Flight) -> (u64, u64) {
        let mut hash = SipHasher13::new_with_keys(self.k0, self.k1);
        hash.write_u64(label as u64);
        hash.write_u64(u64::from(flight.source) << 32 | u64::from(flight.target));
        hash.write_u64(flight.n);
        let hash = hash.finish128();
        (hash.h1, hash.h2)
    }

    /// True with this probability; exactly never at 0 and exactly always at 1.
    #[inline]
    pub(crate) fn hits(&self, probability: f64, label: Label, flight: Flight) -> bool {
        probability > 0.0 && unit(self.bits(label, flight).0) < probability
    }

    /// The jitter of one message, in nanoseconds.
    #[inline]
    pub(crate) fn jitter(&self, jitter: Jitter, label: Label, flight: Flight) -> u64 {
        match jitter {
            Jitter::None => 0,
            Jitter::Uniform { max_ns } => {
                let (bits, _) = self.bits(label, flight);
                // A fixed-point product: no value is off its probability by more than 2^-64.
                upper(u128::from(bits) * (u128::from(max_ns) + 1))
            }
            Jitter::Exponential { mean_ns } => {
                let (bits, _) = self.bits(label, flight);
                whole(-libm::log1p(-unit(bits)) * mean_ns as f64)
            }
            Jitter::LogNormal { median_ns, sigma } => {
                let normal = normal(self.bits(label, flight));
                whole(libm::exp(sigma * normal) * median_ns as f64)
            }
        }
    }
}

/// A uniform number in `[0, 1)` with 53 bits.
#[inline]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A standard normal number (Box and Muller, 1958).
fn normal((a, b): (u64, u64)) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log1p(-unit(a)));
    radius * libm::cos(core::f64::consts::TAU * unit(b))
}

/// Rounds down. The largest draw is 8.6 standard deviations out; with the bounds on scale and
/// spread that is below 2^109 ns, and the cast saturates.
#[expect(clippy::cast_possible_truncation, reason = "saturates, as it should")]
fn whole(ns: f64) -> u64 {
    ns as u64
}

fn upper(product: u128) -> u64 {
    (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u64 = 200_000;

    fn flight(n: u64) -> Flight {
        Flight {
            source: 3,
            target: 8,
            n,
        }
    }

    fn draws() -> Draws {
        Draws::new(&Seed::from_u64(5))
    }

    /// Mean and standard deviation of the jitter over many messages.
    fn moments(jitter: Jitter) -> (f64, f64) {
        let draws = draws();
        let drawn: Vec<f64> = (0..DRAWS)
            .map(|n| draws.jitter(jitter, Label::Jitter, flight(n)) as f64)
            .collect();
        let mean = drawn.iter().sum::<f64>() / DRAWS as f64;
        let square = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        (mean, (square / (DRAWS - 1) as f64).sqrt())
    }

    /// Within five standard errors of the mean that theory gives.
    fn assert_mean(jitter: Jitter, mean: f64, deviation: f64) {
        let (measured, spread) = moments(jitter);
        let error = deviation / (DRAWS as f64).sqrt();
        assert!(
            (measured - mean).abs() < 5.0 * error,
            "{measured} for {mean}"
        );
        assert!(
            (spread / deviation - 1.0).abs() < 0.05,
            "{spread} for {deviation}"
        );
    }

    #[test]
    fn uniform_jitter_has_its_moments() {
        assert_mean(
            Jitter::Uniform { max_ns: 10_000_000 },
            5e6,
            1e7 / 12_f64.sqrt(),
        );
    }

    #[test]
    fn exponential_jitter_has_its_moments() {
        assert_mean(Jitter::Exponential { mean_ns: 3_000_000 }, 3e6, 3e6);
    }

    #[test]
    fn log_normal_jitter_has_its_moments() {
        let (median, sigma) = (2e6, 0.5_f64);
        let mean = median * (sigma * sigma / 2.0).exp();
        let deviation = mean * ((sigma * sigma).exp() - 1.0).sqrt();
        assert_mean(
            Jitter::LogNormal {
                median_ns: 2_000_000,
                sigma,
            },
            mean,
            deviation,
        );
    }

    #[test]
    fn uniform_jitter_reaches_both_ends() {
        let draws = draws();
        let jitter = Jitter::Uniform { max_ns: 3 };
        let mut counts = [0_u32; 4];
        for n in 0..40_000 {
            let at = draws.jitter(jitter, Label::Jitter, flight(n));
            counts[usize::try_from(at).unwrap()] += 1;
        }
        // Standard deviation is 87; six of them.
        assert!(
            counts.iter().all(|c| c.abs_diff(10_000) < 520),
            "{counts:?}"
        );
    }

    #[test]
    fn certain_and_impossible_are_exact() {
        let draws = draws();
        assert!((0..10_000).all(|n| draws.hits(1.0, Label::Loss, flight(n))));
        assert!(!(0..10_000).any(|n| draws.hits(0.0, Label::Loss, flight(n))));
    }

    #[test]
    fn every_part_of_the_name_of_a_draw_matters() {
        let bits = |label, source, target, n| draws().bits(label, Flight { source, target, n });
        let base = bits(Label::Loss, 1, 2, 3);
        assert_eq!(base, bits(Label::Loss, 1, 2, 3));
        assert_ne!(base, bits(Label::Jitter, 1, 2, 3));
        assert_ne!(base, bits(Label::Loss, 4, 2, 3));
        assert_ne!(base, bits(Label::Loss, 1, 3, 3));
        assert_ne!(base, bits(Label::Loss, 1, 2, 4));
        assert_ne!(
            base,
            Draws::new(&Seed::from_u64(6)).bits(
                Label::Loss,
                Flight {
                    source: 1,
                    target: 2,
                    n: 3,
                }
            )
        );
    }
}
