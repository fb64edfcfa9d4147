use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use leek_machine::{Now, Tick, Wall};
use rustls::{pki_types::UnixTime, time_provider::TimeProvider};
use tokio::{runtime::Handle, time::Instant};

use crate::Runtime;

/// The two clocks of a host: its monotonic time is the runtime's, its wall time the system's with
/// an offset, or a given start from which it advances with the runtime.
///
/// Clones share the zero of the monotonic clock. Give each host of a process its own clock, or one
/// clone each: ticks of one are not compared with ticks of another.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Reading a paused runtime's time needs its context, and callers come from other threads.
    handle: Handle,
    zero: Instant,
    wall: Source,
}

#[derive(Debug)]
enum Source {
    System { offset_ms: i64 },
    Given { start: Wall },
}

impl Clock {
    /// Wall time is the system's plus `offset_ms` (negative: behind), read anew each time.
    pub fn system(rt: &Runtime, offset_ms: i64) -> Self {
        Self::on(rt.handle().clone(), Source::System { offset_ms })
    }

    /// Wall time is `start` now and advances with the runtime: in step with a paused clock.
    pub fn fixed(rt: &Runtime, start: Wall) -> Self {
        Self::on(rt.handle().clone(), Source::Given { start })
    }

    /// Both times, now.
    pub fn now(&self) -> Now {
        let tick = self.tick();
        let wall = match self.0.wall {
            Source::System { offset_ms } => shift(system_ms(), offset_ms),
            Source::Given { start } => start.after_ms(tick.ns() / 1_000_000),
        };
        Now { tick, wall }
    }

    /// The runtime's name for `tick` of this clock; far in the future when there is none.
    pub(crate) fn instant(&self, tick: Tick) -> Instant {
        let zero = self.0.zero;
        let far = || zero + Duration::from_secs(FAR_S);
        zero.checked_add(Duration::from_nanos(tick.ns()))
            .map_or_else(far, |instant| instant.min(far()))
    }

    pub(crate) fn tick(&self) -> Tick {
        let _context = self.0.handle.enter();
        let ns = Instant::now().duration_since(self.0.zero).as_nanos();
        Tick::from_ns(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    fn on(handle: Handle, wall: Source) -> Self {
        let zero = {
            let _context = handle.enter();
            Instant::now()
        };
        Self(Arc::new(Inner { handle, zero, wall }))
    }
}

/// TLS judges certificates by the same wall time as the machine judges signatures.
impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let wall = Duration::from_millis(self.now().wall.ms());
        Some(UnixTime::since_unix_epoch(wall))
    }
}

/// Seconds that stand for "never": 30 years, tokio's own horizon.
const FAR_S: u64 = 30 * 365 * 86_400;

/// A system clock before 1970 reads as 1970: every tolerance refuses it then, as it should.
fn system_ms() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.unwrap_or(Duration::ZERO).as_millis();
    Wall::from_ms(u64::try_from(ms).unwrap_or(u64::MAX))
}

const fn shift(wall: Wall, offset_ms: i64) -> Wall {
    if offset_ms < 0 {
        wall.before_ms(offset_ms.unsigned_abs())
    } else {
        wall.after_ms(offset_ms.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Wall = Wall::from_ms(1_800_000_000_000);

    #[test]
    fn a_given_start_advances_with_the_paused_runtime_only() {
        let rt = Runtime::paused().unwrap();
        let clock = Clock::fixed(&rt, START);
        assert_eq!(clock.now().wall, START);
        rt.block_on(async { tokio::time::sleep(Duration::from_millis(90_500)).await });
        let now = clock.now();
        assert_eq!(now.wall, START.after_ms(90_500));
        assert_eq!(now.tick, Tick::ZERO.after_ms(90_500));
    }

    #[test]
    fn ticks_and_instants_are_the_same_times() {
        let rt = Runtime::paused().unwrap();
        let clock = Clock::fixed(&rt, START);
        rt.block_on(async {
            let at = clock.instant(Tick::ZERO.after_ms(7));
            tokio::time::sleep_until(at).await;
        });
        assert_eq!(clock.tick(), Tick::ZERO.after_ms(7));
        assert!(clock.instant(Tick::MAX) > clock.instant(Tick::ZERO.after_ms(1_000_000_000)));
    }

    #[test]
    fn an_offset_moves_wall_time_only() {
        let rt = Runtime::paused().unwrap();
        let hour = 3_600_000;
        let behind = Clock::system(&rt, -hour).now();
        let ahead = Clock::system(&rt, hour).now();
        let apart = ahead.wall.diff_ms(behind.wall);
        assert!((2 * hour..2 * hour + 60_000).contains(&apart), "{apart}");
        assert_eq!(ahead.tick, Tick::ZERO);
        assert_eq!(shift(Wall::from_ms(5), -9), Wall::from_ms(0));
    }
}
