use leek_kernel::{ActorId, HostConfig, Kernel};
use leek_machine::Tick;

use crate::puppet::{Call, MS, Puppet, Word, config, finish, id, links, run, run_on};

/// Charges so much for every message and answers it with the same.
fn server(charge_ns: u64) -> Puppet {
    Puppet::new(move |cx, call| match call {
        Call::Message(from, word) => {
            cx.send(*from, 10, word.clone());
            cx.charge_ns(charge_ns);
        }
        Call::Overflow(from, _) => {
            cx.charge_ns(MS);
            cx.send(*from, 10, Word(999));
        }
        Call::Start | Call::Wake => {}
    })
}

#[test]
fn one_core_serves_first_in_first_out() {
    let burst = || Puppet::burst(id(0), 2, 10);
    let outcome = run(links(), [server(4 * MS), burst(), burst()]);
    let served: Vec<u64> = outcome.actors()[0].words().iter().map(|w| w.0).collect();
    assert_eq!(served, [10 * MS, 14 * MS, 18 * MS, 22 * MS]);
    // Answers leave when the charged time is over, and take 10 ms.
    assert_eq!(outcome.actors()[1].words(), [(24 * MS, 0), (28 * MS, 1)]);
    assert_eq!(outcome.actors()[2].words(), [(32 * MS, 0), (36 * MS, 1)]);
    let counters = outcome.counters(id(0));
    assert_eq!((counters.cpu_busy_ns, counters.inbox_peak), (16 * MS, 3));
}

#[test]
fn the_peak_of_the_inbox_outlasts_it() {
    let late = Puppet::new(|cx, call| match call {
        Call::Start => cx.wake_at(Tick::from_ns(50 * MS)),
        Call::Wake => (0..2).for_each(|_| cx.send(id(0), 10, Word(0))),
        _ => {}
    });
    let outcome = run(links(), [server(4 * MS), Puppet::burst(id(0), 5, 10), late]);
    let counters = outcome.counters(id(0));
    assert_eq!((counters.delivered, counters.inbox_peak), (7, 4));
}

#[test]
fn an_idle_core_starts_at_once() {
    let late = Puppet::new(|cx, call| match call {
        Call::Start => cx.wake_at(Tick::from_ns(4 * MS)),
        Call::Wake => cx.send(id(0), 10, Word(0)),
        _ => {}
    });
    let outcome = run(links(), [server(4 * MS), Puppet::burst(id(0), 1, 10), late]);
    let served: Vec<u64> = outcome.actors()[0].words().iter().map(|w| w.0).collect();
    assert_eq!(
        served,
        [10 * MS, 14 * MS],
        "the second comes as the first is done"
    );
    assert!(outcome.counters(id(0)).inbox_peak <= 1);
}

#[test]
fn a_full_inbox_answers_at_once_and_outside_the_queue() {
    let narrow = HostConfig {
        inbox_max: 2,
        ..HostConfig::default()
    };
    let hosts = [
        (narrow, server(4 * MS)),
        (HostConfig::default(), Puppet::burst(id(0), 5, 10)),
    ];
    let outcome = run_on(links(), hosts);
    let calls = &outcome.actors()[0].calls;
    let overflows: Vec<_> = calls
        .iter()
        .filter(|(_, call)| matches!(call, Call::Overflow(..)))
        .collect();
    assert_eq!(
        overflows,
        [
            &(10 * MS, Call::Overflow(id(1), Word(3))),
            &(10 * MS, Call::Overflow(id(1), Word(4))),
        ]
    );
    let answers = outcome.actors()[1].words();
    assert_eq!(
        answers,
        [
            (20 * MS, 999),
            (20 * MS, 999),
            (24 * MS, 0),
            (28 * MS, 1),
            (32 * MS, 2)
        ]
    );
    let counters = outcome.counters(id(0));
    assert_eq!((counters.overflowed, counters.delivered), (2, 3));
    assert_eq!(
        counters.cpu_busy_ns,
        12 * MS,
        "what overflow charges is no CPU time"
    );
    assert_eq!(counters.inbox_peak, 2);
}

#[test]
fn time_charged_at_the_start_delays_what_it_sends() {
    let starter = Puppet::new(|cx, call| {
        if *call == Call::Start {
            cx.charge_ns(3 * MS);
            cx.send(id(1), 10, Word(5));
        }
    });
    let outcome = run(links(), [starter, Puppet::silent()]);
    assert_eq!(outcome.actors()[1].words(), [(13 * MS, 5)]);
}

#[test]
fn a_message_to_oneself_takes_no_time_and_no_bandwidth() {
    let host = HostConfig {
        up_bits_per_s: 1,
        down_bits_per_s: 1,
        ..HostConfig::default()
    };
    let outcome = run_on(links(), [(host, Puppet::burst(id(0), 2, 1_000))]);
    assert_eq!(outcome.actors()[0].words(), [(0, 0), (0, 1)]);
    assert_eq!(outcome.counters(id(0)).bytes_sent, 0);
    assert_eq!(outcome.counters(id(0)).sent, 2);
}

#[test]
fn the_world_does_not_wait_for_the_downlink() {
    let host = HostConfig {
        down_bits_per_s: 1_000_000,
        ..HostConfig::default()
    };
    // 1,000 bytes keep the downlink busy from 10 to 18 ms.
    let hosts = vec![
        (host, Puppet::silent()),
        (HostConfig::default(), Puppet::burst(id(0), 1, 1_000)),
    ];
    let mut kernel = Kernel::new(config(links()), hosts).unwrap();
    kernel.post(Tick::from_ns(12 * MS), id(0), Word(5)).unwrap();
    let outcome = finish(kernel);
    assert_eq!(outcome.actors()[0].words(), [(12 * MS, 5), (18 * MS, 0)]);
}

#[test]
fn the_world_posts_without_a_link() {
    let host = HostConfig {
        down_bits_per_s: 1,
        ..HostConfig::default()
    };
    let mut kernel = Kernel::new(config(links()), vec![(host, Puppet::silent())]).unwrap();
    kernel.post(Tick::from_ns(9), id(0), Word(2)).unwrap();
    kernel.post(Tick::from_ns(3), id(0), Word(1)).unwrap();
    kernel.post(Tick::from_ns(9), id(0), Word(3)).unwrap();
    let outcome = finish(kernel);
    let message = |word| Call::Message(ActorId::WORLD, Word(word));
    assert_eq!(
        outcome.actors()[0].calls,
        [
            (0, Call::Start),
            (3, message(1)),
            (9, message(2)),
            (9, message(3))
        ]
    );
    assert_eq!(outcome.totals.posted, 3);
}
