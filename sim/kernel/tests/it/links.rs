use std::sync::Arc;

use leek_kernel::{ActorId, Cut, HostConfig, Jitter, Kernel, Latency, Links};
use leek_machine::Tick;

use crate::puppet::{Call, LATENCY, MS, Puppet, config, finish, id, links, run, run_on};

/// Answers every message with the same.
fn echo() -> Puppet {
    Puppet::new(|cx, call| {
        if let Call::Message(from, word) = call {
            cx.send(*from, 100, word.clone());
        }
    })
}

#[test]
fn a_round_trip_takes_both_latencies_to_the_nanosecond() {
    let latency = Latency::Matrix {
        regions: 2,
        ns: vec![5 * MS, 20 * MS + 1, 31 * MS + 2, 5 * MS],
    };
    let host = |region| HostConfig {
        region,
        ..HostConfig::default()
    };
    let outcome = run_on(
        Links::new(latency),
        [(host(0), Puppet::burst(id(1), 1, 100)), (host(1), echo())],
    );
    let [a, b] = outcome.actors() else { panic!() };
    assert_eq!(b.words(), [(20 * MS + 1, 0)]);
    assert_eq!(a.words(), [(51 * MS + 3, 0)]);
}

#[test]
fn bandwidth_serialises_at_both_ends() {
    // 1,250 bytes: a millisecond up at 10 Mbit/s, two down at 5 Mbit/s.
    let up = HostConfig {
        up_bits_per_s: 10_000_000,
        ..HostConfig::default()
    };
    let down = HostConfig {
        down_bits_per_s: 5_000_000,
        ..HostConfig::default()
    };
    let outcome = run_on(
        links(),
        [
            (up, Puppet::burst(id(1), 3, 1_250)),
            (down, Puppet::silent()),
        ],
    );
    let came = outcome.actors()[1].words();
    assert_eq!(came, [(13 * MS, 0), (15 * MS, 1), (17 * MS, 2)]);
}

#[test]
fn a_downlink_is_charged_in_order_of_arrival_whoever_sends() {
    let down = HostConfig {
        down_bits_per_s: 10_000_000,
        ..HostConfig::default()
    };
    let plain = HostConfig::default();
    let outcome = run_on(
        links(),
        [
            (down, Puppet::silent()),
            (plain, Puppet::burst(id(0), 1, 1_250)),
            (plain, Puppet::burst(id(0), 1, 2_500)),
        ],
    );
    let came: Vec<u64> = outcome.actors()[0].words().iter().map(|w| w.0).collect();
    assert_eq!(came, [11 * MS, 13 * MS]);
}

#[test]
fn the_cap_between_regions_adds_the_time_of_the_bits() {
    let mut links = Links::new(Latency::Matrix {
        regions: 2,
        ns: vec![LATENCY; 4],
    });
    // 1,000 bytes take 8 ms, and do not wait for each other.
    links.flow_bits_per_s = 1_000_000;
    let host = |region| HostConfig {
        region,
        ..HostConfig::default()
    };
    let outcome = run_on(
        links,
        [
            (host(0), Puppet::burst(id(1), 2, 1_000)),
            (host(1), Puppet::silent()),
            (host(1), Puppet::burst(id(1), 1, 1_000)),
        ],
    );
    let came = outcome.actors()[1].words();
    assert_eq!(came, [(10 * MS, 0), (18 * MS, 0), (18 * MS, 1)]);
}

#[test]
fn loss_has_its_frequency() {
    const SENT: u64 = 100_000;
    let mut links = links();
    links.loss = 0.03;
    let outcome = run(links, [Puppet::burst(id(1), SENT, 10), Puppet::silent()]);
    let lost = outcome.counters(id(0)).lost;
    assert_eq!(lost + outcome.counters(id(1)).delivered, SENT);
    // Binomial: mean 3,000, standard deviation 53.9; five of them.
    assert!(lost.abs_diff(3_000) < 270, "{lost} lost");
}

/// Were loss and jitter drawn from one number, the lost half would be the fast one.
#[test]
fn loss_does_not_choose_by_jitter() {
    const SENT: u64 = 40_000;
    let mut links = links();
    links.loss = 0.5;
    links.jitter = Jitter::Exponential { mean_ns: 4 * MS };
    let outcome = run(links, [Puppet::burst(id(1), SENT, 10), Puppet::silent()]);
    let came = outcome.actors()[1].words();
    let mean = came.iter().map(|w| w.0 - LATENCY).sum::<u64>() / came.len() as u64;
    // The standard error is 4 ms / sqrt(20,000) = 28.3 us; five of them.
    assert!(mean.abs_diff(4 * MS) < 142_000, "{mean} ns of jitter");
}

#[test]
fn duplication_has_its_frequency_and_each_copy_its_own_jitter() {
    const SENT: u64 = 50_000;
    let mut links = links();
    links.duplication = 0.1;
    links.jitter = Jitter::Uniform { max_ns: 50 * MS };
    let outcome = run(links, [Puppet::burst(id(1), SENT, 10), Puppet::silent()]);
    let twice = outcome.counters(id(0)).duplicated;
    assert_eq!(outcome.counters(id(1)).delivered, SENT + twice);
    // Binomial: mean 5,000, standard deviation 67; five of them.
    assert!(twice.abs_diff(5_000) < 340, "{twice} duplicated");
    let mut came = outcome.actors()[1].words();
    came.sort_by_key(|&(tick, word)| (word, tick));
    let pairs = came.windows(2).filter(|w| w[0].1 == w[1].1);
    let apart: Vec<u64> = pairs.map(|w| w[1].0 - w[0].0).collect();
    assert_eq!(apart.len() as u64, twice);
    // Two uniform draws are a third of the range apart on average; the standard deviation is
    // 50 / sqrt(18) = 11.8 ms, 0.17 ms of the mean; five of them.
    let mean = apart.iter().sum::<u64>() / twice;
    assert!(mean.abs_diff(50 * MS / 3) < 850_000, "{mean} ns apart");
}

#[test]
fn jitter_is_added_to_the_latency_and_reorders() {
    const SENT: u64 = 50_000;
    let mut links = links();
    links.jitter = Jitter::Exponential { mean_ns: 4 * MS };
    let outcome = run(links, [Puppet::burst(id(1), SENT, 10), Puppet::silent()]);
    let came = outcome.actors()[1].words();
    assert!(came.iter().all(|&(tick, _)| tick >= LATENCY));
    let mean = came.iter().map(|w| w.0 - LATENCY).sum::<u64>() / SENT;
    // The standard error is 4 ms / sqrt(50,000) = 17.9 us; five of them.
    assert!(mean.abs_diff(4 * MS) < 90_000, "{mean} ns of jitter");
    // Of two messages sent at once either comes first half of the time.
    let overtakes = came.windows(2).filter(|w| w[0].1 > w[1].1).count();
    assert!(overtakes.abs_diff(25_000) < 600, "{overtakes} overtakes");
}

#[test]
fn a_full_uplink_drops_and_counts() {
    let up = HostConfig {
        up_bits_per_s: 8_000_000,
        uplink_queue_bytes_max: 3_000,
        ..HostConfig::default()
    };
    let hosts = [
        (up, Puppet::burst(id(1), 5, 1_000)),
        (HostConfig::default(), Puppet::silent()),
    ];
    let outcome = run_on(links(), hosts);
    let came = outcome.actors()[1].words();
    assert_eq!(came, [(11 * MS, 0), (12 * MS, 1), (13 * MS, 2)]);
    assert_eq!(outcome.counters(id(0)).dropped_uplink, 2);
    assert_eq!(outcome.totals.events, 5);
}

#[test]
fn a_full_downlink_drops_and_counts() {
    let down = HostConfig {
        down_bits_per_s: 8_000_000,
        downlink_queue_bytes_max: 2_000,
        ..HostConfig::default()
    };
    let hosts = [
        (HostConfig::default(), Puppet::burst(id(1), 5, 1_000)),
        (down, Puppet::silent()),
    ];
    let outcome = run_on(links(), hosts);
    assert_eq!(outcome.actors()[1].words(), [(11 * MS, 0), (12 * MS, 1)]);
    assert_eq!(outcome.counters(id(1)).dropped_downlink, 3);
}

#[test]
fn a_cut_loses_what_leaves_while_it_lasts() {
    struct Partition;
    impl Cut for Partition {
        fn cut(&self, from: ActorId, to: ActorId, at: Tick) -> bool {
            (from, to) == (id(0), id(1)) && (2 * MS..4 * MS).contains(&at.ns())
        }
    }
    // A message leaves after 1, 2, 3, 4 and 5 ms.
    let up = HostConfig {
        up_bits_per_s: 8_000_000,
        ..HostConfig::default()
    };
    let mut config = config(links());
    config.cut = Some(Arc::new(Partition));
    let hosts = vec![
        (up, Puppet::burst(id(1), 5, 1_000)),
        (HostConfig::default(), Puppet::silent()),
    ];
    let outcome = finish(Kernel::new(config, hosts).unwrap());
    let came = outcome.actors()[1].words();
    assert_eq!(came, [(11 * MS, 0), (14 * MS, 3), (15 * MS, 4)]);
    assert_eq!(outcome.counters(id(0)).cut, 2);
}
