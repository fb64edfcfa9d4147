use core::convert::Infallible;

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng};
use sha2::{Digest as _, Sha256};

use crate::Entropy;

/// A 256-bit root of randomness that forks children by label.
///
/// `child = SHA-256("leek-seed-v1" || parent || le64(len(label)) || label || le64(index))`, so
/// adding a draw or a child in one place leaves all others as they were (common random numbers).
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// The root seed of a run given as a number.
    pub fn from_u64(seed: u64) -> Self {
        let mut root = [0; 32];
        root[..8].copy_from_slice(&seed.to_le_bytes());
        Self(root).child("root", 0)
    }

    /// A seed from 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The child named by `label` and `index`.
    #[must_use]
    pub fn child(&self, label: &str, index: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"leek-seed-v1");
        hash.update(self.0);
        hash.update((label.len() as u64).to_le_bytes());
        hash.update(label.as_bytes());
        hash.update(index.to_le_bytes());
        Self(hash.finalize().into())
    }

    /// The stream of this seed: ChaCha12, portable across platforms.
    pub fn stream(&self) -> Stream {
        Stream(ChaCha12Rng::from_seed(self.0))
    }

    /// The 32 bytes, for keyed stateless draws.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for Seed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// A seeded stream of random bytes (ChaCha12). Implements [`Entropy`].
#[derive(Clone)]
pub struct Stream(ChaCha12Rng);

impl Stream {
    /// A uniform integer below `bound` (rejection sampling; no modulo bias).
    ///
    /// `bound` must not be zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        below(self, bound)
    }

    /// A uniform number in `[0, 1)` with 53 bits.
    pub fn unit(&mut self) -> f64 {
        unit(self)
    }
}

/// A uniform integer below `bound` from any generator (rejection sampling; no modulo bias).
///
/// # Panics
/// When `bound` is zero: a caller's bug.
pub fn below(rng: &mut (impl rand_core::Rng + ?Sized), bound: u64) -> u64 {
    if bound == 0 {
        crate::bug!("a uniform draw below zero");
    }
    let zone = u64::MAX - (u64::MAX % bound + 1) % bound;
    loop {
        let draw = rng.next_u64();
        if draw <= zone {
            return draw % bound;
        }
    }
}

/// A uniform number in `[0, 1)` with 53 bits from any generator.
pub fn unit(rng: &mut (impl rand_core::Rng + ?Sized)) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

impl core::fmt::Debug for Stream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Stream(..)")
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(dst);
        Ok(())
    }
}

impl TryCryptoRng for Stream {}
impl Entropy for Stream {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_differ_by_label_and_index_and_repeat() {
        let root = Seed::from_u64(7);
        assert_eq!(root.child("a", 1), root.child("a", 1));
        assert_ne!(root.child("a", 1), root.child("a", 2));
        assert_ne!(root.child("a", 1), root.child("b", 1));
        assert_ne!(Seed::from_u64(7), Seed::from_u64(8));
    }

    /// Pinned, so that a change of the derivation is seen: every published digest depends on it.
    #[test]
    fn first_draw_is_pinned() {
        let mut stream = Seed::from_u64(1).child("client", 17).stream();
        assert_eq!(stream.next_u64(), PINNED_FIRST_DRAW);
    }

    #[test]
    fn below_is_uniform_enough() {
        let mut stream = Seed::from_u64(3).stream();
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[usize::try_from(stream.below(6)).unwrap()] += 1;
        }
        // Standard deviation is 91; six of them.
        assert!(
            counts.iter().all(|&c| c.abs_diff(10_000) < 550),
            "{counts:?}"
        );
    }

    const PINNED_FIRST_DRAW: u64 = 16_333_724_017_637_464_841;
}
