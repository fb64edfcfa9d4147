use std::collections::BTreeMap;

use leek_identity::NodeId;
use leek_machine::{Now, Wall};

use crate::limits::CLOCK_OFF_MS;

/// How far directories' clocks are from this process's, by their newest answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// What to add to this process's clock, in ms; at most one per directory.
    offsets: BTreeMap<NodeId, i64>,
    /// Whether the last round that had enough answers found this clock off.
    off: bool,
}

impl Clocks {
    /// A directory answered: its clock, taken to be read half way between question and answer.
    pub(crate) fn answer(&mut self, from: NodeId, asked: Now, answered: Now, clock: Wall) {
        let half_ms = answered.tick.since_ns(asked.tick) / 2 / 1_000_000;
        let offset = clock.diff_ms(answered.wall.before_ms(half_ms));
        self.offsets.insert(from, offset);
    }

    /// Forgets the answers: a new round begins.
    pub(crate) fn clear(&mut self) {
        self.offsets.clear();
    }

    /// What to report at the end of a round: the median offset when it is above
    /// [`CLOCK_OFF_MS`], and once more when it no longer is, so that whoever listens hears of it.
    pub(crate) fn verdict(&mut self, least: usize) -> Option<(i64, u8)> {
        let (offset_ms, answers) = self.median(least)?;
        let was_off = self.off;
        self.off = offset_ms.unsigned_abs() > CLOCK_OFF_MS;
        (self.off || was_off).then_some((offset_ms, answers))
    }

    /// The median offset and the number of answers, if these are at least `least`. Of two in the
    /// middle the smaller one counts, and nothing if they have different signs: with two answers
    /// one liar can hide an offset, but not invent one.
    pub(crate) fn median(&self, least: usize) -> Option<(i64, u8)> {
        let mut offsets: Vec<i64> = self.offsets.values().copied().collect();
        if offsets.is_empty() || offsets.len() < least {
            return None;
        }
        offsets.sort_unstable();
        let high = offsets.len() / 2;
        let low = (offsets.len() - 1) / 2;
        let (low, high) = (offsets[low], offsets[high]);
        let offset = if low > 0 {
            low
        } else if high < 0 {
            high
        } else {
            0
        };
        Some((offset, u8::try_from(offsets.len()).unwrap_or(u8::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use leek_machine::Tick;

    use super::*;

    fn at(ms: u64) -> Now {
        Now {
            tick: Tick::ZERO.after_ms(ms),
            wall: Wall::from_ms(1_000_000 + ms),
        }
    }

    fn median(offsets: &[i64]) -> Option<(i64, u8)> {
        let mut clocks = Clocks::default();
        for (id, offset) in (0..).zip(offsets) {
            let clock = Wall::from_ms(1_000_100_u64.saturating_add_signed(*offset));
            clocks.answer(NodeId::from_bytes([id; 32]), at(0), at(200), clock);
        }
        clocks.median(1)
    }

    #[test]
    fn offsets_are_taken_at_half_the_round_trip() {
        assert_eq!(median(&[0]), Some((0, 1)));
        assert_eq!(median(&[5_000]), Some((5_000, 1)));
    }

    #[test]
    fn fewer_than_half_the_answers_invent_no_offset() {
        assert_eq!(median(&[-3, 7, 900_000]), Some((7, 3)));
        assert_eq!(median(&[-900_000, 3, 7]), Some((3, 3)));
        assert_eq!(median(&[0, 900_000]), Some((0, 2)));
        assert_eq!(median(&[-900_000, 0]), Some((0, 2)));
        assert_eq!(median(&[-5, 900_000]), Some((0, 2)));
        assert_eq!(median(&[800_000, 900_000]), Some((800_000, 2)));
        assert_eq!(median(&[-800_000, -900_000]), Some((-800_000, 2)));
        assert_eq!(median(&[1, 2, 900_000, 900_000]), Some((2, 4)));
    }

    #[test]
    fn an_offset_is_reported_until_it_is_gone() {
        let mut clocks = Clocks::default();
        let mut round = |offset_ms: i64| {
            clocks.clear();
            let clock = Wall::from_ms(1_000_000_u64.saturating_add_signed(offset_ms));
            clocks.answer(NodeId::from_bytes([1; 32]), at(0), at(0), clock);
            clocks.verdict(1)
        };
        assert_eq!(round(30_000), None);
        assert_eq!(round(30_001), Some((30_001, 1)));
        assert_eq!(round(-40_000), Some((-40_000, 1)));
        assert_eq!(round(5), Some((5, 1)));
        assert_eq!(round(5), None);
    }

    #[test]
    fn too_few_answers_are_none() {
        let mut clocks = Clocks::default();
        assert_eq!(clocks.median(1), None);
        let one = NodeId::from_bytes([1; 32]);
        clocks.answer(one, at(0), at(0), Wall::from_ms(0));
        clocks.answer(one, at(0), at(0), Wall::from_ms(1_000_009));
        assert_eq!(clocks.median(2), None);
        assert_eq!(clocks.median(1), Some((9, 1)));
        clocks.clear();
        assert_eq!(clocks.median(1), None);
    }
}
