use rand_mt::Mt64;

/// The deployed network's portable randomness: mt19937_64, and a uniform draw by division.
#[derive(Clone, Debug)]
pub(super) struct Draw(Mt64);

impl Draw {
    /// Seeded with the first 8 bytes of `block_hash`, little-endian.
    pub(super) fn new(block_hash: &[u8; 32]) -> Self {
        let (seed, _) = block_hash.as_chunks::<8>();
        Self(Mt64::new(u64::from_le_bytes(seed[0])))
    }

    /// A uniform index below `count`, which is not 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let index = loop {
            if let Some(index) = uniform(self.0.next_u64(), count as u64) {
                break index;
            }
        };
        match usize::try_from(index) {
            Ok(index) => index,
            Err(_) => leek_machine::bug!("an index below a usize is one"),
        }
    }
}

/// The index below `count` that `drawn` stands for: a division, not a remainder. `None` (draw
/// again) at and above the largest multiple of `count` up to 2^64-1.
const fn uniform(drawn: u64, count: u64) -> Option<u64> {
    let limit = u64::MAX - u64::MAX % count;
    if drawn < limit {
        Some(drawn / (limit / count))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_one_of_the_standard_library_of_cpp() {
        let mut rng = Mt64::new(Mt64::DEFAULT_SEED);
        assert_eq!(rng.next_u64(), 14_514_284_786_278_117_030);
        assert_eq!(rng.next_u64(), 4_620_546_740_167_642_908);
        // The standard (C++11, 26.5.3.2) fixes the 10000th number of the default seed.
        let mut rng = Mt64::new(Mt64::DEFAULT_SEED);
        let last = (0..10_000).map(|_| rng.next_u64()).last();
        assert_eq!(last, Some(9_981_545_732_273_789_042));
    }

    #[test]
    fn the_seed_is_the_front_of_the_block_hash_little_endian() {
        let mut hash = [0xee; 32];
        hash[..8].copy_from_slice(&5489_u64.to_le_bytes());
        // 14514284786278117030 * 1000 / 2^64 = 786.8: the division by (2^64-1)/1000 gives 786,
        // where the remainder would give 30.
        assert_eq!(Draw::new(&hash).below(1000), 786);
    }

    #[test]
    fn draws_are_divided_into_equal_parts_and_the_rest_is_refused() {
        assert_eq!(uniform(0, 1), Some(0));
        assert_eq!(uniform(u64::MAX - 1, 1), Some(0));
        // 2^64-1 = 3 * 6148914691236517205 has no rest, so only the highest draw is refused.
        let third = u64::MAX / 3;
        assert_eq!(uniform(third - 1, 3), Some(0));
        assert_eq!(uniform(third, 3), Some(1));
        assert_eq!(uniform(2 * third, 3), Some(2));
        assert_eq!(uniform(u64::MAX - 1, 3), Some(2));
        assert_eq!(uniform(u64::MAX, 3), None);
        // 2^64-1 = 7 * 2635249153387078802 + 1.
        let limit = u64::MAX - 1;
        assert_eq!(uniform(limit - 1, 7), Some(6));
        assert_eq!(uniform(limit, 7), None);
        assert_eq!(uniform(u64::MAX, 7), None);
    }

    #[test]
    fn one_of_one_still_draws() {
        let mut draw = Draw::new(&[1; 32]);
        let mut twin = draw.clone();
        assert_eq!(draw.below(1), 0);
        assert_ne!(draw.below(1 << 40), twin.below(1 << 40));
    }
}
