//! The one definition of a quantile used in every summary, table and line of text.

/// The nearest-rank quantile: the smallest value such that at least `permille / 1000` of the data
/// are at or below it. `sorted` is ascending; `permille` is clamped to 1..=1000 (1000 is the
/// maximum). `None` without data. No interpolation, so the answer is always a value that occurred.
#[must_use]
pub fn nearest_rank<T: Copy + PartialOrd>(sorted: &[T], permille: u16) -> Option<T> {
    debug_assert!(sorted.is_sorted(), "quantiles need ascending data");
    let permille = usize::from(permille.clamp(1, 1000));
    // ceil(n * permille / 1000), split so that it cannot overflow; at least 1 when there is data.
    let (thousands, rest) = (sorted.len() / 1000, sorted.len() % 1000);
    let rank = thousands * permille + (rest * permille).div_ceil(1000);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn textbook_example() {
        // Wikipedia, "Percentile", nearest-rank method: 15, 20, 35, 40, 50.
        let data = [15, 20, 35, 40, 50];
        let at = |permille| nearest_rank(&data, permille).unwrap();
        assert_eq!(
            [at(50), at(300), at(400), at(500), at(1000)],
            [15, 20, 20, 35, 50]
        );
    }

    #[test]
    fn no_data_has_no_quantile() {
        assert_eq!(nearest_rank::<u64>(&[], 500), None);
    }

    proptest! {
        /// Against the definition itself: count how many values are at or below each candidate.
        #[test]
        fn agrees_with_counting(
            mut data in prop::collection::vec(0_u64..50, 1..2200),
            permille in 1_u16..=1000,
        ) {
            data.sort_unstable();
            let enough = |value: u64| {
                let below = data.iter().filter(|&&x| x <= value).count();
                below * 1000 >= data.len() * usize::from(permille)
            };
            let expected = data.iter().copied().find(|&value| enough(value));
            prop_assert_eq!(nearest_rank(&data, permille), expected);
        }
    }
}
