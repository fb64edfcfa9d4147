use leek_machine::{Now, Tick, Wall};

/// Largest drift a host may have, either way. A cheap crystal is within 100 ppm and a badly broken
/// virtual machine within a few thousand; ten per cent leaves room for any experiment.
pub const DRIFT_PPM_MAX: i32 = 100_000;

/// How a host's clocks differ from the true ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds by which the wall clock is ahead (or behind, if negative) when the run starts.
    pub offset_ms: i64,
    /// Parts per million by which both clocks run fast (or slow, if negative); at most
    /// [`DRIFT_PPM_MAX`] either way.
    pub drift_ppm: i32,
}

impl Clock {
    /// What the host's clocks show at a true tick: the monotonic clock
    /// `floor(true * (1 + drift))`, the wall clock `epoch + offset + floor(monotonic / 1 ms)`.
    #[inline]
    pub fn show(&self, epoch: Wall, at: Tick) -> Now {
        let tick = self.local(at);
        let elapsed_ms = tick.ns() / NS_PER_MS;
        let wall = epoch
            .ms()
            .saturating_add(elapsed_ms)
            .saturating_add_signed(self.offset_ms);
        Now {
            tick,
            wall: Wall::from_ms(wall),
        }
    }

    /// The host's monotonic clock at a true tick.
    #[inline]
    pub fn local(&self, at: Tick) -> Tick {
        if self.drift_ppm == 0 {
            return at;
        }
        clamp(u128::from(at.ns()) * self.pace() / MILLION)
    }

    /// The first true tick at which the host's monotonic clock shows `local` or later.
    #[inline]
    pub fn reached(&self, local: Tick) -> Tick {
        if self.drift_ppm == 0 || local == Tick::MAX {
            return local;
        }
        clamp((u128::from(local.ns()) * MILLION).div_ceil(self.pace()))
    }

    /// Local nanoseconds in a million true ones.
    fn pace(&self) -> u128 {
        u128::from(
            1_000_000_i32
                .saturating_add(self.drift_ppm)
                .max(1)
                .unsigned_abs(),
        )
    }
}

fn clamp(ns: u128) -> Tick {
    Tick::from_ns(u64::try_from(ns).unwrap_or(u64::MAX))
}

const MILLION: u128 = 1_000_000;
const NS_PER_MS: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_clock_shows_the_truth() {
        let now = Clock::default().show(Wall::from_ms(1_000), Tick::from_ns(2_999_999));
        assert_eq!(now.tick, Tick::from_ns(2_999_999));
        assert_eq!(now.wall, Wall::from_ms(1_002));
    }

    #[test]
    fn drift_and_offset_are_exact() {
        let fast = Clock {
            offset_ms: -250,
            drift_ppm: 100,
        };
        // One true hour at 100 ppm is 360 ms too much.
        let now = fast.show(Wall::from_ms(1_000_000), Tick::ZERO.after_ms(3_600_000));
        assert_eq!(now.tick, Tick::ZERO.after_ms(3_600_360));
        assert_eq!(now.wall, Wall::from_ms(1_000_000 - 250 + 3_600_360));
        let slow = Clock {
            offset_ms: 0,
            drift_ppm: -1,
        };
        assert_eq!(slow.local(Tick::from_ns(999_999)), Tick::from_ns(999_998));
        assert_eq!(slow.local(Tick::from_ns(1_000_000)), Tick::from_ns(999_999));
    }

    #[test]
    fn the_wall_clock_stops_at_the_epoch() {
        let clock = Clock {
            offset_ms: -5_000,
            drift_ppm: 0,
        };
        assert_eq!(
            clock.show(Wall::from_ms(1_000), Tick::ZERO).wall,
            Wall::from_ms(0)
        );
    }

    proptest::proptest! {
        /// `reached` is the exact inverse: the clock shows the time then, and did not just before.
        #[test]
        fn reached_is_the_first_tick(ns in 1u64..1 << 60, drift_ppm in -DRIFT_PPM_MAX..=DRIFT_PPM_MAX) {
            let clock = Clock { offset_ms: 0, drift_ppm };
            let local = Tick::from_ns(ns);
            let at = clock.reached(local);
            proptest::prop_assert!(clock.local(at) >= local);
            proptest::prop_assert!(clock.local(Tick::from_ns(at.ns() - 1)) < local);
        }
    }
}
