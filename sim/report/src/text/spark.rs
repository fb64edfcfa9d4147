//! A histogram in one line of text.

use crate::histogram::{Bucket, Histogram};

/// Widest line drawn; wider histograms have neighbouring buckets merged.
const COLUMNS_MAX: usize = 48;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One character per bucket, its height in proportion to the fullest; empty buckets are blank,
/// and a bucket with anything in it never is.
pub(super) fn sparkline(histogram: &Histogram) -> String {
    let merged = histogram.buckets.len().div_ceil(COLUMNS_MAX).max(1);
    let total = |buckets: &[Bucket]| buckets.iter().map(|b| u128::from(b.count)).sum::<u128>();
    let counts: Vec<u128> = histogram.buckets.chunks(merged).map(total).collect();
    let fullest = counts.iter().copied().max().unwrap_or(0).max(1);
    let levels = LEVELS.len() as u128;
    let draw = |&count: &u128| {
        let level = usize::try_from((count * levels).div_ceil(fullest)).unwrap_or(LEVELS.len());
        level
            .checked_sub(1)
            .and_then(|level| LEVELS.get(level))
            .copied()
            .unwrap_or(' ')
    };
    counts.iter().map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[u64]) -> Histogram {
        let bucket = |&count: &u64| Bucket {
            from_ms: 0.0,
            to_ms: 0.0,
            count,
        };
        Histogram {
            buckets: counts.iter().map(bucket).collect(),
        }
    }

    #[test]
    fn heights_are_in_proportion_and_never_hide_anything() {
        assert_eq!(sparkline(&of(&[0, 1, 250, 500, 1000])), " ▁▂▄█");
        assert_eq!(sparkline(&of(&[])), "");
    }

    #[test]
    fn wide_histograms_are_merged() {
        let line = sparkline(&of(&[1; 100]));
        // 100 buckets, three to a character, and one in the last.
        assert_eq!(line.chars().count(), 34);
        assert!(line.starts_with('█') && line.ends_with('▃'));
    }
}
