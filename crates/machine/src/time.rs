/// Nanoseconds of this host's own monotonic clock, from an arbitrary zero. Timers use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// The zero of the clock.
    pub const ZERO: Self = Self(0);
    /// The end of time: later than any tick a run reaches.
    pub const MAX: Self = Self(u64::MAX);

    /// A tick at `ns` nanoseconds.
    pub const fn from_ns(ns: u64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since the zero of the clock.
    pub const fn ns(self) -> u64 {
        self.0
    }

    /// The tick `ns` nanoseconds later, saturating at [`Tick::MAX`].
    #[must_use]
    pub const fn after_ns(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// The tick `ms` milliseconds later, saturating at [`Tick::MAX`].
    #[must_use]
    pub const fn after_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1_000_000)))
    }

    /// Nanoseconds from `earlier` to `self`; zero when `earlier` is later.
    pub const fn since_ns(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Unix time in milliseconds as this host believes it. For TTLs and signatures only: it may be
/// offset and may jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(u64);

impl Wall {
    /// A wall time at `ms` milliseconds since the unix epoch.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the unix epoch.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// The time `ms` milliseconds later, saturating.
    #[must_use]
    pub const fn after_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The time `ms` milliseconds earlier, saturating at the epoch.
    #[must_use]
    pub const fn before_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Signed difference `self - other` in milliseconds, saturating.
    pub fn diff_ms(self, other: Self) -> i64 {
        if self.0 >= other.0 {
            i64::try_from(self.0 - other.0).unwrap_or(i64::MAX)
        } else {
            i64::try_from(other.0 - self.0).map_or(i64::MIN, |d| -d)
        }
    }
}

/// Both clocks of a host at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time.
    pub tick: Tick,
    /// Wall time.
    pub wall: Wall,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Tick::MAX.after_ms(1), Tick::MAX);
        assert_eq!(Tick::ZERO.since_ns(Tick::from_ns(9)), 0);
        assert_eq!(Wall::from_ms(3).before_ms(9), Wall::from_ms(0));
        assert_eq!(Wall::from_ms(3).diff_ms(Wall::from_ms(9)), -6);
        assert_eq!(Wall::from_ms(u64::MAX).diff_ms(Wall::from_ms(0)), i64::MAX);
    }
}
