//! Queueing theory: what the mean times must be when arrivals are a Poisson process.

use leek_kernel::{
    Actor, ActorCx, ActorId, Body, Config, Control, Digester, HostConfig, Kernel, Links, SharedLink,
};
use leek_machine::{Seed, Stream, Tick};

use crate::puppet::threads;

const LATENCY: u64 = 10_000_000;

/// When it was sent, and to whom a shared line shall bring it.
#[derive(Clone, Debug)]
struct Parcel {
    sent: u64,
    to: ActorId,
}

impl Body for Parcel {
    fn kind(&self) -> u16 {
        0
    }

    fn feed(&self, digester: &mut Digester) {
        digester.word(self.sent);
    }
}

enum Role {
    /// Sends parcels at random times, of sizes with this mean, or of just this size.
    Source {
        gap_ns: f64,
        bytes: Bytes,
        to: ActorId,
    },
    /// Sends a parcel of so many bytes every so often, by way of another actor.
    Metronome {
        gap_ns: u64,
        bytes: u32,
        by: ActorId,
        to: ActorId,
    },
    /// Needs so much time for each parcel; remembers who sent it, and how long it took to get to
    /// this point without the latency.
    Sink {
        charge_ns: u64,
        took: Vec<(ActorId, u64)>,
    },
    /// Carries parcels.
    Line(SharedLink<Parcel>),
}

enum Bytes {
    Exponential(f64),
    Fixed(u32),
}

fn exponential(stream: &mut Stream, mean: f64) -> f64 {
    -mean * (1.0 - stream.unit()).ln()
}

impl Role {
    fn go(&mut self, cx: &mut ActorCx<'_, Parcel>, first: bool) {
        let now = cx.now().tick;
        match self {
            Self::Source { gap_ns, bytes, to } => {
                if !first {
                    let bytes = match bytes {
                        Bytes::Fixed(bytes) => *bytes,
                        Bytes::Exponential(mean) => exponential(cx.entropy(), *mean).round() as u32,
                    };
                    cx.send(
                        *to,
                        bytes,
                        Parcel {
                            sent: now.ns(),
                            to: *to,
                        },
                    );
                }
                let gap = exponential(cx.entropy(), *gap_ns).round() as u64;
                cx.wake_at(now.after_ns(gap));
            }
            Self::Metronome {
                gap_ns,
                bytes,
                by,
                to,
            } => {
                cx.send(
                    *by,
                    *bytes,
                    Parcel {
                        sent: now.ns(),
                        to: *to,
                    },
                );
                cx.wake_at(now.after_ns(*gap_ns));
            }
            Self::Line(line) => line.on_wake(cx),
            Self::Sink { .. } => {}
        }
    }
}

impl Actor for Role {
    type Body = Parcel;

    fn start(&mut self, cx: &mut ActorCx<'_, Parcel>) {
        self.go(cx, true);
    }

    fn on_message(&mut self, cx: &mut ActorCx<'_, Parcel>, from: ActorId, body: Parcel) {
        match self {
            Self::Sink { charge_ns, took } => {
                let wait = cx.true_tick().ns() - body.sent - LATENCY;
                took.push((from, wait + *charge_ns));
                cx.charge_ns(*charge_ns);
            }
            Self::Line(line) => {
                let to = body.to;
                line.carry(cx, to, 1_250, body).expect("the queue is deep");
            }
            _ => panic!("a source gets no parcel"),
        }
    }

    fn on_wake(&mut self, cx: &mut ActorCx<'_, Parcel>) {
        self.go(cx, false);
    }

    fn on_overflow(&mut self, _: &mut ActorCx<'_, Parcel>, _: ActorId, _: Parcel) {
        panic!("the inbox is deep");
    }
}

/// What the last actor, a sink, remembers after so many virtual seconds.
fn run(hosts: Vec<(HostConfig, Role)>, seconds: u64) -> Vec<(ActorId, u64)> {
    let config = Config::new(Seed::from_u64(42), Links::constant(LATENCY));
    let kernel = Kernel::new(config, hosts).unwrap();
    let until = Tick::from_ns(seconds * 1_000_000_000);
    let outcome = kernel.run(until, threads(1), &mut |_| Control::Continue);
    match outcome.into_actors().pop() {
        Some(Role::Sink { took, .. }) => took,
        _ => panic!("the last actor is the sink"),
    }
}

/// The mean and its standard error by batch means: 40 batches, each long against the time over
/// which a queue remembers, are as good as independent.
fn batch_means(took: &[(ActorId, u64)]) -> (f64, f64) {
    const BATCHES: usize = 40;
    let means: Vec<f64> = took
        .chunks_exact(took.len() / BATCHES)
        .take(BATCHES)
        .map(|batch| batch.iter().map(|t| t.1 as f64).sum::<f64>() / batch.len() as f64)
        .collect();
    let mean = means.iter().sum::<f64>() / BATCHES as f64;
    let square: f64 = means.iter().map(|m| (m - mean) * (m - mean)).sum();
    let variance = square / (BATCHES - 1) as f64;
    (mean, (variance / BATCHES as f64).sqrt())
}

/// Within four standard errors, which themselves are small enough for the test to mean something.
fn assert_mean(took: &[(ActorId, u64)], theory_ns: f64) {
    let (mean, error) = batch_means(took);
    assert!(error < 0.02 * theory_ns, "error {error} of {theory_ns}");
    assert!(
        (mean - theory_ns).abs() < 4.0 * error,
        "{mean} +- {error} for {theory_ns}"
    );
}

#[test]
fn an_uplink_with_random_sizes_is_an_m_m_1_queue() {
    // 10,000 bytes at 80 Mbit/s take 1 ms: mu = 1,000/s; lambda = 700/s. 1 / (mu - lambda).
    let up = HostConfig {
        up_bits_per_s: 80_000_000,
        uplink_queue_bytes_max: u64::MAX,
        ..HostConfig::default()
    };
    let source = Role::Source {
        gap_ns: 1e9 / 700.0,
        bytes: Bytes::Exponential(10_000.0),
        to: ActorId::new(1),
    };
    let sink = Role::Sink {
        charge_ns: 0,
        took: Vec::new(),
    };
    let took = run(vec![(up, source), (HostConfig::default(), sink)], 700);
    assert_mean(&took, 1e9 / 300.0);
}

#[test]
fn a_core_with_a_fixed_charge_is_an_m_d_1_queue() {
    // mu = 1,000/s, rho = 0.7. Pollaczek and Khinchine: 1/mu + rho / (2 mu (1 - rho)).
    let deep = HostConfig {
        inbox_max: u32::MAX,
        ..HostConfig::default()
    };
    let source = Role::Source {
        gap_ns: 1e9 / 700.0,
        bytes: Bytes::Fixed(100),
        to: ActorId::new(1),
    };
    let sink = Role::Sink {
        charge_ns: 1_000_000,
        took: Vec::new(),
    };
    let took = run(vec![(HostConfig::default(), source), (deep, sink)], 300);
    assert_mean(&took, 1e6 + 1e6 * 0.7 / 0.6);
}

#[test]
fn two_hosts_on_a_shared_line_get_half_each() {
    // Each offers 10 Mbit/s to a line of 10 Mbit/s: a parcel of 1,250 bytes takes it 1 ms.
    let metronome = |_| Role::Metronome {
        gap_ns: 1_000_000,
        bytes: 1_250,
        by: ActorId::new(2),
        to: ActorId::new(3),
    };
    let line = Role::Line(SharedLink::new(10_000_000, 1 << 30));
    let sink = Role::Sink {
        charge_ns: 0,
        took: Vec::new(),
    };
    let roles = [metronome(0), metronome(1), line, sink];
    let hosts = roles.map(|role| (HostConfig::default(), role));
    let took = run(hosts.into(), 4);
    // The line is busy from 10 ms on; what leaves it before 3,990 ms arrives before the end.
    assert_eq!(took.len(), 3_979);
    // Wait k: parcel k of the line, the (k / 2)-th of its host, sent at k/2 ms and out after
    // 10 + k + 1; the sink subtracts one latency of two.
    for (k, (from, took)) in took.iter().enumerate() {
        assert_eq!(*from, ActorId::new(2));
        let sent = k as u64 / 2;
        assert_eq!(*took, (10 + k as u64 + 1 - sent) * 1_000_000);
    }
}
