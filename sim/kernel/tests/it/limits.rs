//! What is refused, and how a run ends.

use leek_kernel::{
    Clock, Config, ConfigError, Control, Ended, HostConfig, Jitter, Kernel, LATENCY_NS_MAX,
    Latency, Links, MESSAGE_BYTES_MAX, PostError, RATE_BITS_PER_S_MAX,
};
use leek_machine::Tick;

use crate::puppet::{Call, LATENCY, MS, Puppet, Word, config, hour, id, links, run, threads};

/// What building a run of one host says.
fn refusal(
    change: impl FnOnce(&mut Config),
    change_host: impl FnOnce(&mut HostConfig),
) -> Option<ConfigError> {
    let mut config = config(links());
    change(&mut config);
    let mut host = HostConfig::default();
    change_host(&mut host);
    Kernel::new(config, vec![(host, Puppet::silent())]).err()
}

fn config_refusal(change: impl FnOnce(&mut Config)) -> Option<ConfigError> {
    refusal(change, |_| {})
}

fn host_refusal(change: impl FnOnce(&mut HostConfig)) -> Option<ConfigError> {
    refusal(|_| {}, change)
}

#[test]
fn the_common_case_is_accepted() {
    assert_eq!(config_refusal(|_| {}), None);
}

#[test]
fn a_latency_below_the_look_ahead_is_refused() {
    assert_eq!(
        config_refusal(|config| config.look_ahead_ns = LATENCY + 1),
        Some(ConfigError::BelowLookAhead {
            look_ahead_ns: LATENCY + 1,
            from: 0,
            to: 0,
            latency_ns: LATENCY
        })
    );
    let matrix = Latency::Matrix {
        regions: 2,
        ns: vec![5, 9, 4, 5],
    };
    let error = config_refusal(|config| {
        config.look_ahead_ns = 5;
        config.links = Links::new(matrix);
    });
    assert_eq!(
        error,
        Some(ConfigError::BelowLookAhead {
            look_ahead_ns: 5,
            from: 1,
            to: 0,
            latency_ns: 4
        })
    );
    assert_eq!(
        error.unwrap().to_string(),
        "look ahead by 5 ns, but region 1 reaches region 0 in 4 ns"
    );
    assert_eq!(
        config_refusal(|config| config.look_ahead_ns = 0),
        Some(ConfigError::NoLookAhead)
    );
    assert_eq!(
        config_refusal(|config| *config = crate::puppet::config(Links::constant(0))),
        Some(ConfigError::NoLookAhead)
    );
}

#[test]
fn a_matrix_must_be_square() {
    for (regions, cells) in [(0, 0), (2, 3), (2, 5), (257, 257 * 257)] {
        let ns = vec![LATENCY; cells];
        assert_eq!(
            config_refusal(|config| config.links.latency = Latency::Matrix { regions, ns }),
            Some(ConfigError::Matrix { regions, cells })
        );
    }
}

#[test]
fn delays_have_a_limit() {
    let long = LATENCY_NS_MAX + 1;
    let too_long = |what| Some(ConfigError::TooLong { what, ns: long });
    assert_eq!(
        config_refusal(|config| config.links.latency = Latency::Constant { ns: long }),
        too_long("a latency")
    );
    let jitters = [
        (Jitter::Uniform { max_ns: long }, "a largest jitter"),
        (Jitter::Exponential { mean_ns: long }, "a mean jitter"),
        (
            Jitter::LogNormal {
                median_ns: long,
                sigma: 1.0,
            },
            "a median jitter",
        ),
    ];
    for (jitter, what) in jitters {
        assert_eq!(
            config_refusal(|config| config.links.jitter = jitter),
            too_long(what)
        );
    }
}

#[test]
fn numbers_must_be_in_range() {
    for value in [-0.1, 1.1, f64::INFINITY] {
        let number = |what| Some(ConfigError::Number { what, value });
        assert_eq!(
            config_refusal(|config| config.links.loss = value),
            number("probability of loss")
        );
        assert_eq!(
            config_refusal(|config| config.links.duplication = value),
            number("probability of duplication")
        );
    }
    assert!(config_refusal(|config| config.links.loss = f64::NAN).is_some());
    for sigma in [-1.0, 5.1] {
        let median_ns = MS;
        let jitter = Jitter::LogNormal { median_ns, sigma };
        assert_eq!(
            config_refusal(|config| config.links.jitter = jitter),
            Some(ConfigError::Number {
                what: "sigma of the jitter",
                value: sigma
            })
        );
    }
}

#[test]
fn rates_have_a_limit() {
    let bits_per_s = RATE_BITS_PER_S_MAX + 1;
    let rate = |what| Some(ConfigError::Rate { what, bits_per_s });
    assert_eq!(
        config_refusal(|config| config.links.flow_bits_per_s = bits_per_s),
        rate("between regions")
    );
    assert_eq!(
        host_refusal(|host| host.up_bits_per_s = bits_per_s),
        rate("over an uplink")
    );
    assert_eq!(
        host_refusal(|host| host.down_bits_per_s = bits_per_s),
        rate("over a downlink")
    );
}

#[test]
fn hosts_must_fit_the_world() {
    assert_eq!(
        host_refusal(|host| host.region = 1),
        Some(ConfigError::Region {
            host: 0,
            region: 1,
            regions: 1
        })
    );
    for drift_ppm in [100_001, -100_001, i32::MIN] {
        let clock = Clock {
            offset_ms: 0,
            drift_ppm,
        };
        assert_eq!(
            host_refusal(|host| host.clock = clock),
            Some(ConfigError::Drift { host: 0, drift_ppm })
        );
    }
    assert_eq!(
        config_refusal(|config| config.observe_every = 0),
        Some(ConfigError::NoObservation)
    );
    let nobody = Kernel::<Puppet>::new(config(links()), Vec::new());
    assert_eq!(nobody.err(), Some(ConfigError::Actors { actors: 0 }));
}

#[test]
fn posting_to_nobody_is_refused() {
    let hosts = vec![(HostConfig::default(), Puppet::silent())];
    let mut kernel = Kernel::new(config(links()), hosts).unwrap();
    let error = kernel.post(Tick::ZERO, id(1), Word(0)).unwrap_err();
    assert_eq!(error, PostError { to: id(1) });
    assert_eq!(error.to_string(), "post to actor #1, which does not exist");
}

#[test]
#[should_panic(expected = "#0 sends to #2, and there are 2")]
fn sending_to_nobody_is_a_bug() {
    run(links(), [Puppet::burst(id(2), 1, 10), Puppet::silent()]);
}

#[test]
#[should_panic(expected = "sends 2147483648 bytes")]
fn sending_too_much_is_a_bug() {
    run(
        links(),
        [
            Puppet::burst(id(1), 1, MESSAGE_BYTES_MAX + 1),
            Puppet::silent(),
        ],
    );
}

/// Two hosts that play ball for ever.
fn ball() -> Vec<(HostConfig, Puppet)> {
    let player = |first: bool| {
        Puppet::new(move |cx, call| match call {
            Call::Start if first => cx.send(id(1), 10, Word(0)),
            Call::Message(from, word) => cx.send(*from, 10, Word(word.0 + 1)),
            _ => {}
        })
    };
    [player(true), player(false)]
        .map(|actor| (HostConfig::default(), actor))
        .into()
}

/// The observer sees the same, and stops at the same window, on any number of threads.
#[test]
fn an_observer_sees_all_actors_and_may_stop_the_run() {
    for workers in [1, 2] {
        let mut config = config(links());
        config.observe_every = 3;
        let kernel = Kernel::new(config, ball()).unwrap();
        let mut seen = Vec::new();
        let outcome = kernel.run(hour(), threads(workers), &mut |progress| {
            let calls: usize = progress.actors().map(|(_, actor)| actor.calls.len()).sum();
            assert_eq!(progress.actors().count(), 2);
            assert!(progress.actor(id(2)).is_none());
            let second = progress.actor(id(1)).unwrap().words().len() as u64;
            seen.push((progress.now.ns(), progress.windows, progress.events));
            assert_eq!(calls as u64, progress.events + 2, "and a start each");
            assert_eq!(second, progress.events.div_ceil(2));
            assert_eq!(progress.pending, 1);
            if progress.windows >= 9 {
                Control::Stop
            } else {
                Control::Continue
            }
        });
        // The first window holds the starts, each later one a throw.
        let window = |w: u64| (w * LATENCY, w, w - 1);
        assert_eq!(seen, [window(3), window(6), window(9)], "{workers} threads");
        assert_eq!(outcome.ended, Ended::Stopped);
        assert!(outcome.stopped());
        assert_eq!(outcome.ended_at, Tick::from_ns(9 * LATENCY));
        assert_eq!(outcome.in_flight, 1);
    }
}

#[test]
fn a_run_stops_just_before_its_end() {
    for workers in [1, 2] {
        for (until, throws) in [(10 * LATENCY, 9), (10 * LATENCY + 1, 10)] {
            let kernel = Kernel::new(config(links()), ball()).unwrap();
            let until = Tick::from_ns(until);
            let outcome = kernel.run(until, threads(workers), &mut |_| Control::Continue);
            assert_eq!(outcome.totals.delivered, throws);
            assert_eq!(outcome.ended, Ended::Finished);
            assert_eq!(outcome.ended_at, until);
            assert_eq!(outcome.in_flight, 1);
        }
    }
}

#[test]
fn too_many_pending_events_end_the_run() {
    for workers in [1, 2] {
        let mut config = config(links());
        config.pending_max = 99;
        let flood = || Puppet::burst(id(0), 50, 10);
        let hosts = [Puppet::silent(), flood(), flood()];
        let hosts = hosts.map(|actor| (HostConfig::default(), actor)).into();
        let kernel = Kernel::new(config, hosts).unwrap();
        let outcome = kernel.run(hour(), threads(workers), &mut |_| Control::Continue);
        assert_eq!(outcome.ended, Ended::Overfull);
        assert_eq!(outcome.pending_peak, 100);
        assert_eq!(outcome.ended_at, Tick::from_ns(LATENCY));
        assert_eq!(outcome.in_flight, 100);
    }
}

/// A panic on any worker ends the run with that panic, and leaves nobody waiting.
#[test]
fn a_panic_in_an_actor_is_the_panic_of_the_run() {
    for broken in 0..3 {
        let hosts = (0..3).map(|index| {
            let actor = Puppet::new(move |cx, call| match call {
                Call::Wake if index == broken => panic!("actor {index} broke"),
                _ => cx.wake_at(cx.now().tick.after_ms(50)),
            });
            (HostConfig::default(), actor)
        });
        let kernel = Kernel::new(config(links()), hosts.collect()).unwrap();
        let run = std::panic::AssertUnwindSafe(|| {
            kernel.run(hour(), threads(3), &mut |_| Control::Continue)
        });
        let panic = std::panic::catch_unwind(run).err().unwrap();
        let message = panic.downcast_ref::<String>().unwrap();
        assert_eq!(*message, format!("actor {broken} broke"));
    }
}

#[test]
#[should_panic(expected = "seen enough")]
fn a_panic_of_the_observer_leaves_nobody_waiting() {
    let mut config = config(links());
    config.observe_every = 1;
    let kernel = Kernel::new(config, ball()).unwrap();
    kernel.run(hour(), threads(2), &mut |progress| {
        assert!(progress.windows < 5, "seen enough");
        Control::Continue
    });
}
