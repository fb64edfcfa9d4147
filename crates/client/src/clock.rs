use leek_machine::{Now, Tick, Wall};

use crate::limits::{CLOCK_NODES, CLOCK_PERIOD_MS, CLOCK_ROUNDS_MAX};

/// The client's estimate of how wrong its wall clock is: the median of several nodes' answers, so
/// that one liar moves it no further than an honest node would.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeClock {
    offset_ms: i64,
    /// Differences collected in this round.
    samples: Vec<i64>,
    /// Questions still open in this round.
    open: usize,
    rounds: u8,
    last: Option<Tick>,
}

impl NodeClock {
    /// The corrected wall time.
    pub(crate) fn wall(&self, now: Now) -> Wall {
        if self.offset_ms >= 0 {
            now.wall.after_ms(self.offset_ms.unsigned_abs())
        } else {
            now.wall.before_ms(self.offset_ms.unsigned_abs())
        }
    }

    /// Whether a first estimate was made, or given up.
    pub(crate) fn settled(&self) -> bool {
        self.last.is_some() || (self.open == 0 && self.rounds >= CLOCK_ROUNDS_MAX)
    }

    /// Whether a new round may begin: none is open, and the last one is long enough ago.
    pub(crate) fn may_ask(&self, now: Tick) -> bool {
        self.open == 0
            && self
                .last
                .is_none_or(|last| now >= last.after_ms(CLOCK_PERIOD_MS))
    }

    /// A round with so many questions begins.
    pub(crate) fn begin(&mut self, questions: usize) {
        self.samples.clear();
        self.open = questions;
        self.rounds = self.rounds.saturating_add(1);
    }

    /// A node answered: its clock, taken to be read half way between question and answer.
    /// Returns the new offset when this ends the round.
    pub(crate) fn answer(&mut self, started: Now, ended: Now, clock: Wall) -> Option<i64> {
        let half_ms = ended.tick.since_ns(started.tick) / 2 / 1_000_000;
        self.samples
            .push(clock.diff_ms(started.wall.after_ms(half_ms)));
        self.close(ended.tick)
    }

    /// A question got no usable answer.
    pub(crate) fn no_answer(&mut self, now: Tick) -> Option<i64> {
        self.close(now)
    }

    fn close(&mut self, now: Tick) -> Option<i64> {
        self.open = self.open.saturating_sub(1);
        // Fewer answers than asked for are no median: a single liar could be the only one.
        if self.open > 0 || self.samples.len() < CLOCK_NODES {
            return None;
        }
        self.samples.sort_unstable();
        self.offset_ms = *self.samples.get(self.samples.len() / 2)?;
        self.last = Some(now);
        Some(self.offset_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Now {
        Now {
            tick: Tick::ZERO.after_ms(ms),
            wall: Wall::from_ms(1_000_000 + ms),
        }
    }

    fn round(clocks: &[u64]) -> (NodeClock, Option<i64>) {
        let mut clock = NodeClock::default();
        clock.begin(clocks.len());
        let mut offset = None;
        for node in clocks {
            offset = clock.answer(at(0), at(200), Wall::from_ms(*node));
        }
        (clock, offset)
    }

    #[test]
    fn the_median_is_taken_at_half_the_round_trip() {
        let (clock, offset) = round(&[1_000_050, 1_003_100, 1_003_300]);
        assert_eq!(offset, Some(3_000));
        assert_eq!(clock.wall(at(0)), Wall::from_ms(1_003_000));
        assert!(clock.settled());
    }

    #[test]
    fn one_liar_of_three_moves_it_no_further_than_the_honest_ones() {
        for lie in [0, u64::MAX] {
            let (_, offset) = round(&[1_000_110, lie, 1_000_120]);
            assert!(
                offset.is_some_and(|offset| (10..=20).contains(&offset)),
                "{offset:?}"
            );
        }
    }

    #[test]
    fn too_few_answers_change_nothing_and_the_rounds_are_bounded() {
        let mut clock = NodeClock::default();
        for _ in 0..CLOCK_ROUNDS_MAX {
            assert!(!clock.settled() && clock.may_ask(Tick::ZERO));
            clock.begin(3);
            assert_eq!(clock.answer(at(0), at(10), Wall::from_ms(5)), None);
            assert_eq!(clock.no_answer(Tick::ZERO), None);
            assert_eq!(clock.no_answer(Tick::ZERO), None);
        }
        assert!(clock.settled());
        assert_eq!(clock.wall(at(7)), at(7).wall);
    }

    #[test]
    fn corrections_keep_their_distance() {
        let (clock, _) = round(&[1, 2, 3]);
        assert!(!clock.may_ask(Tick::ZERO.after_ms(CLOCK_PERIOD_MS)));
        assert!(clock.may_ask(Tick::ZERO.after_ms(CLOCK_PERIOD_MS + 200)));
    }
}
