use leek_machine::Tick;

/// Fastest rate of a link: a petabit per second. Keeps [`Pipe`]'s arithmetic inside 64 bits.
pub const RATE_BITS_PER_S_MAX: u64 = 1_000_000_000_000_000;

/// A first-in-first-out queue in front of a line of fixed rate.
///
/// It stores no messages, only when the line will be free. That moment is kept as whole
/// nanoseconds and an exact fraction, so that a backlogged line carries exactly its rate however
/// short the messages; only the departures it returns are rounded, up, to whole nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Pipe {
    /// The line is free at `free_ns + free_frac / rate`.
    free_ns: u64,
    free_frac: u64,
    bits_per_s: u64,
    queue_bytes_max: u64,
}

impl Pipe {
    /// An idle line. `bits_per_s` is capped at [`RATE_BITS_PER_S_MAX`]; 0 means no limit, and then
    /// nothing ever waits.
    pub fn new(bits_per_s: u64, queue_bytes_max: u64) -> Self {
        Self {
            free_ns: 0,
            free_frac: 0,
            bits_per_s: bits_per_s.min(RATE_BITS_PER_S_MAX),
            queue_bytes_max,
        }
    }

    /// Whether the line has no limit.
    #[inline]
    pub fn is_unlimited(&self) -> bool {
        self.bits_per_s == 0
    }

    /// Offers a message at `now`, which never goes back from call to call. Returns when its last
    /// bit will have left, or `None` if the bytes still to be sent and its own exceed the queue's
    /// limit: then it is dropped and the queue is as before.
    #[inline]
    pub fn offer(&mut self, now: Tick, bytes: u32) -> Option<Tick> {
        if self.bits_per_s == 0 {
            return Some(now);
        }
        let now_ns = now.ns();
        if now_ns > self.free_ns || (now_ns == self.free_ns && self.free_frac == 0) {
            if u64::from(bytes) > self.queue_bytes_max {
                return None;
            }
            (self.free_ns, self.free_frac) = (now_ns, 0);
        } else if !self.fits(now_ns, bytes) {
            return None;
        }
        self.take(bytes);
        Some(self.free())
    }

    /// When the line will have sent everything, rounded up to a whole nanosecond.
    pub fn free(&self) -> Tick {
        Tick::from_ns(self.free_ns.saturating_add(u64::from(self.free_frac > 0)))
    }

    /// Whether what is not yet sent and `bytes` more stay within the limit. In units of a bit
    /// times a nanosecond per second, in which every term is a whole number.
    fn fits(&self, now_ns: u64, bytes: u32) -> bool {
        let waiting = u128::from(self.free_ns - now_ns) * u128::from(self.bits_per_s)
            + u128::from(self.free_frac);
        let limit = u128::from(self.queue_bytes_max) * BITS_NS;
        waiting + u128::from(bytes) * BITS_NS <= limit
    }

    #[inline]
    fn take(&mut self, bytes: u32) {
        let rate = self.bits_per_s;
        // Below 2^31 bytes this is at most 1.72e19 + 1e15, which fits 64 bits.
        let (ns, frac) = if bytes < 1 << 31 {
            let work = self.free_frac + u64::from(bytes) * 8_000_000_000;
            (work / rate, work % rate)
        } else {
            let work = u128::from(self.free_frac) + u128::from(bytes) * BITS_NS;
            let ns = u64::try_from(work / u128::from(rate)).unwrap_or(u64::MAX);
            (ns, u64::try_from(work % u128::from(rate)).unwrap_or(0))
        };
        self.free_ns = self.free_ns.saturating_add(ns);
        self.free_frac = frac;
    }
}

/// Eight bits in a byte, a thousand million nanoseconds in a second.
const BITS_NS: u128 = 8_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_takes_its_bits_at_the_rate() {
        // 1,250 bytes at 10 Mbit/s: a millisecond.
        let mut pipe = Pipe::new(10_000_000, u64::MAX);
        let start = Tick::from_ns(500);
        assert_eq!(pipe.offer(start, 1_250), Some(start.after_ms(1)));
        assert_eq!(pipe.offer(start, 1_250), Some(start.after_ms(2)));
        let late = start.after_ms(50);
        assert_eq!(pipe.offer(late, 2_500), Some(late.after_ms(2)));
    }

    #[test]
    fn rounding_never_adds_up() {
        // A byte at 3 Gbit/s takes 2.67 ns; three take 8.
        let mut pipe = Pipe::new(3_000_000_000, u64::MAX);
        let leaves: Vec<u64> = (0..6)
            .map(|_| pipe.offer(Tick::ZERO, 1).unwrap().ns())
            .collect();
        assert_eq!(leaves, [3, 6, 8, 11, 14, 16]);
        // At 2 ns the line is still busy for two thirds of one.
        let mut pipe = Pipe::new(3_000_000_000, u64::MAX);
        assert_eq!(pipe.offer(Tick::ZERO, 1), Some(Tick::from_ns(3)));
        assert_eq!(pipe.offer(Tick::from_ns(2), 1), Some(Tick::from_ns(6)));
        assert_eq!(pipe.offer(Tick::from_ns(6), 1), Some(Tick::from_ns(9)));
    }

    #[test]
    fn the_queue_has_a_limit_in_bytes_not_yet_sent() {
        // A byte per nanosecond.
        let mut pipe = Pipe::new(8_000_000_000, 100);
        assert_eq!(pipe.offer(Tick::ZERO, 101), None);
        assert_eq!(pipe.offer(Tick::ZERO, 60), Some(Tick::from_ns(60)));
        assert_eq!(pipe.offer(Tick::ZERO, 41), None);
        assert_eq!(pipe.offer(Tick::ZERO, 40), Some(Tick::from_ns(100)));
        assert_eq!(pipe.offer(Tick::from_ns(9), 10), None);
        assert_eq!(pipe.offer(Tick::from_ns(10), 10), Some(Tick::from_ns(110)));
    }

    #[test]
    fn no_limit_means_no_wait() {
        let mut pipe = Pipe::new(0, 0);
        assert!(pipe.is_unlimited());
        assert_eq!(
            pipe.offer(Tick::from_ns(7), u32::MAX),
            Some(Tick::from_ns(7))
        );
    }

    #[test]
    fn the_wide_path_agrees_with_the_narrow_one() {
        let mut narrow = Pipe::new(7_777, u64::MAX);
        let mut wide = Pipe::new(7_777, u64::MAX);
        narrow.offer(Tick::ZERO, (1 << 31) - 1);
        narrow.offer(Tick::ZERO, 1);
        wide.offer(Tick::ZERO, 1 << 31);
        assert_eq!(
            (narrow.free_ns, narrow.free_frac),
            (wide.free_ns, wide.free_frac)
        );
    }
}
