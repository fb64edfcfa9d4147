use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use leek_kernel::{Clock, HostConfig, Kernel};
use leek_machine::{Now, Tick, Wall};

use crate::puppet::{Call, MS, Puppet, config, finish, links};

fn host(offset_ms: i64, drift_ppm: i32) -> HostConfig {
    HostConfig {
        clock: Clock {
            offset_ms,
            drift_ppm,
        },
        ..HostConfig::default()
    }
}

/// A host that wakes when its own clock shows an hour; what it sees then.
fn hour_on(host: HostConfig, epoch_ms: u64) -> (u64, Now) {
    const HOUR: Tick = Tick::from_ns(3_600_000 * MS);
    let seen = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let board = Arc::clone(&seen);
    let sleeper = Puppet::new(move |cx, call| match call {
        Call::Start => cx.wake_at(HOUR),
        _ => {
            board[0].store(cx.now().tick.ns(), Ordering::Relaxed);
            board[1].store(cx.now().wall.ms(), Ordering::Relaxed);
        }
    });
    let mut config = config(links());
    config.epoch = Wall::from_ms(epoch_ms);
    let kernel = Kernel::new(config, vec![(host, sleeper)]).unwrap();
    let outcome = kernel.run(
        Tick::from_ns(2 * HOUR.ns()),
        crate::puppet::threads(1),
        &mut |_| leek_kernel::Control::Continue,
    );
    let now = Now {
        tick: Tick::from_ns(seen[0].load(Ordering::Relaxed)),
        wall: Wall::from_ms(seen[1].load(Ordering::Relaxed)),
    };
    (outcome.actors()[0].wakes()[0], now)
}

#[test]
fn drift_moves_timers_and_both_clocks_exactly() {
    // 1.25e-3 fast: the host's hour is over after 3,600 s / 1.00125 = 3,595.505617977... s.
    let (at, now) = hour_on(host(-40, 1_250), 1_000_000);
    assert_eq!(at, 3_595_505_617_978);
    assert_eq!(now.tick, Tick::from_ns(3_600_000 * MS));
    assert_eq!(now.wall, Wall::from_ms(1_000_000 - 40 + 3_600_000));
    // 2e-4 slow: 3,600 s / 0.9998 = 3,600.720144028... s.
    let (at, now) = hour_on(host(25, -200), 1_000_000);
    assert_eq!(at, 3_600_720_144_029);
    assert_eq!(now.tick, Tick::from_ns(3_600_000 * MS));
    assert_eq!(now.wall, Wall::from_ms(1_000_000 + 25 + 3_600_000));
}

#[test]
fn offset_alone_moves_no_timer() {
    let (at, now) = hour_on(host(7_000, 0), 5);
    assert_eq!(at, 3_600_000 * MS);
    assert_eq!(now.wall, Wall::from_ms(3_607_005));
}

#[test]
fn links_run_on_true_time() {
    let fast = [
        (host(0, 90_000), Puppet::silent()),
        (host(0, -90_000), Puppet::silent()),
    ];
    let mut kernel = Kernel::new(config(links()), fast.into()).unwrap();
    kernel
        .post(
            Tick::from_ns(3),
            crate::puppet::id(0),
            crate::puppet::Word(0),
        )
        .unwrap();
    assert_eq!(finish(kernel).actors()[0].words(), [(3, 0)]);
}
