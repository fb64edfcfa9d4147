use core::fmt;
use std::sync::Arc;

use leek_machine::{Seed, Wall};

use crate::clock::DRIFT_PPM_MAX;
use crate::link::{Cut, Jitter, LATENCY_NS_MAX, Latency, Links};
use crate::pipe::RATE_BITS_PER_S_MAX;

/// Most actors in one run. At about 1 KiB for an idle one this is 16 GiB.
pub const ACTORS_MAX: usize = 1 << 24;

/// Everything about a run except its hosts.
#[derive(Clone)]
pub struct Config {
    /// The root of all randomness.
    pub seed: Seed,
    /// What a host's wall clock without offset shows at tick zero.
    pub epoch: Wall,
    /// How far each window reaches: no message between two hosts takes less. Nanoseconds, from 1 to
    /// the least latency of the links. It changes the speed, never the result.
    pub look_ahead_ns: u64,
    /// What lies between the hosts.
    pub links: Links,
    /// Which pairs of hosts are cut off from each other when; `None` for never.
    pub cut: Option<Arc<dyn Cut>>,
    /// The observer is called at the end of every so many windows; at least 1.
    pub observe_every: u32,
    /// The run ends early, as [`Ended::Overfull`](crate::Ended::Overfull), when more events than
    /// this are pending at the end of a window.
    pub pending_max: usize,
}

impl Config {
    /// The common case: look ahead by the least latency, nothing cut, the epoch in November 2023.
    pub fn new(seed: Seed, links: Links) -> Self {
        Self {
            seed,
            epoch: EPOCH,
            look_ahead_ns: links.latency.least_ns(),
            links,
            cut: None,
            observe_every: OBSERVE_EVERY,
            pending_max: PENDING_MAX,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("epoch", &self.epoch)
            .field("look_ahead_ns", &self.look_ahead_ns)
            .field("links", &self.links)
            .field("cut", &self.cut.is_some())
            .field("observe_every", &self.observe_every)
            .field("pending_max", &self.pending_max)
            .finish_non_exhaustive()
    }
}

/// Where an actor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostConfig {
    /// Which region of the latency matrix; zero if there is none.
    pub region: u8,
    /// How its clocks differ from the true ones.
    pub clock: crate::Clock,
    /// Rate at which it sends; 0 for no limit.
    pub up_bits_per_s: u64,
    /// Rate at which it receives; 0 for no limit.
    pub down_bits_per_s: u64,
    /// Most bytes that may wait to be sent, the message being sent included; what does not fit is
    /// dropped. No effect without a rate.
    pub uplink_queue_bytes_max: u64,
    /// The same for the last hop towards the host.
    pub downlink_queue_bytes_max: u64,
    /// Most messages that may wait for the core.
    pub inbox_max: u32,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            region: 0,
            clock: crate::Clock::default(),
            up_bits_per_s: 0,
            down_bits_per_s: 0,
            uplink_queue_bytes_max: QUEUE_BYTES_MAX,
            downlink_queue_bytes_max: QUEUE_BYTES_MAX,
            inbox_max: INBOX_MAX,
        }
    }
}

/// A run was refused before it began.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Too many actors, or none.
    #[error("build a run of {actors} actors: from 1 to {ACTORS_MAX} are possible")]
    Actors {
        /// How many were given.
        actors: usize,
    },
    /// Windows of no length would never end.
    #[error("look ahead by zero nanoseconds")]
    NoLookAhead,
    /// A message could arrive inside the window in which it was sent.
    #[error(
        "look ahead by {look_ahead_ns} ns, but region {from} reaches region {to} in {latency_ns} ns"
    )]
    BelowLookAhead {
        /// The look-ahead asked for.
        look_ahead_ns: u64,
        /// Region of the sender.
        from: usize,
        /// Region of the receiver.
        to: usize,
        /// Its latency.
        latency_ns: u64,
    },
    /// A latency or jitter beyond [`LATENCY_NS_MAX`].
    #[error("use {what} of {ns} ns: at most {LATENCY_NS_MAX} ns are possible")]
    TooLong {
        /// Which delay.
        what: &'static str,
        /// Its length.
        ns: u64,
    },
    /// The latency matrix is not square, or empty, or has more rows than a region index can name.
    #[error("read a latency matrix of {regions} regions from {cells} cells")]
    Matrix {
        /// The number of regions given.
        regions: usize,
        /// The number of cells given.
        cells: usize,
    },
    /// A probability outside 0 to 1, or a spread that is negative or not finite.
    #[error("use {value} as {what}")]
    Number {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A rate beyond [`RATE_BITS_PER_S_MAX`].
    #[error("send {what} at {bits_per_s} bit/s: at most {RATE_BITS_PER_S_MAX} are possible")]
    Rate {
        /// Which rate.
        what: &'static str,
        /// Its value.
        bits_per_s: u64,
    },
    /// A host is in a region that the latency matrix lacks.
    #[error("place host {host} in region {region}: there are {regions}")]
    Region {
        /// Index of the host.
        host: usize,
        /// Its region.
        region: u8,
        /// How many regions there are.
        regions: usize,
    },
    /// A clock that drifts by more than [`DRIFT_PPM_MAX`].
    #[error("let the clock of host {host} drift by {drift_ppm} ppm: at most {DRIFT_PPM_MAX}")]
    Drift {
        /// Index of the host.
        host: usize,
        /// Its drift.
        drift_ppm: i32,
    },
    /// The observer would never be called.
    #[error("call the observer every zero windows")]
    NoObservation,
}

impl Config {
    /// Refuses what cannot be run.
    pub(crate) fn check<'a>(
        &self,
        hosts: impl ExactSizeIterator<Item = &'a HostConfig>,
    ) -> Result<(), ConfigError> {
        let actors = hosts.len();
        if actors == 0 || actors > ACTORS_MAX {
            return Err(ConfigError::Actors { actors });
        }
        if self.observe_every == 0 {
            return Err(ConfigError::NoObservation);
        }
        self.links.check(self.look_ahead_ns)?;
        let regions = self.links.latency.regions();
        hosts
            .enumerate()
            .try_for_each(|(host, config)| config.check(host, regions))
    }
}

impl HostConfig {
    fn check(&self, host: usize, regions: usize) -> Result<(), ConfigError> {
        let region = self.region;
        if usize::from(region) >= regions {
            return Err(ConfigError::Region {
                host,
                region,
                regions,
            });
        }
        let drift_ppm = self.clock.drift_ppm;
        if drift_ppm.unsigned_abs() > DRIFT_PPM_MAX.unsigned_abs() {
            return Err(ConfigError::Drift { host, drift_ppm });
        }
        check_rate("over an uplink", self.up_bits_per_s)?;
        check_rate("over a downlink", self.down_bits_per_s)
    }
}

impl Links {
    fn check(&self, look_ahead_ns: u64) -> Result<(), ConfigError> {
        if look_ahead_ns == 0 {
            return Err(ConfigError::NoLookAhead);
        }
        self.latency.check(look_ahead_ns)?;
        self.jitter.check()?;
        check_number("probability of loss", self.loss, 1.0)?;
        check_number("probability of duplication", self.duplication, 1.0)?;
        check_rate("between regions", self.flow_bits_per_s)
    }
}

impl Latency {
    fn check(&self, look_ahead_ns: u64) -> Result<(), ConfigError> {
        let regions = self.regions();
        if let Self::Matrix { ns, .. } = self
            && (regions == 0 || regions > REGIONS_MAX || ns.len() != regions * regions)
        {
            let cells = ns.len();
            return Err(ConfigError::Matrix { regions, cells });
        }
        for from in 0..regions {
            for to in 0..regions {
                let latency_ns = self.ns(from, to);
                check_delay("a latency", latency_ns)?;
                if latency_ns < look_ahead_ns {
                    return Err(ConfigError::BelowLookAhead {
                        look_ahead_ns,
                        from,
                        to,
                        latency_ns,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Jitter {
    fn check(&self) -> Result<(), ConfigError> {
        match *self {
            Self::None => Ok(()),
            Self::Uniform { max_ns } => check_delay("a largest jitter", max_ns),
            Self::Exponential { mean_ns } => check_delay("a mean jitter", mean_ns),
            Self::LogNormal { median_ns, sigma } => {
                check_delay("a median jitter", median_ns)?;
                check_number("sigma of the jitter", sigma, SIGMA_MAX)
            }
        }
    }
}

fn check_delay(what: &'static str, ns: u64) -> Result<(), ConfigError> {
    if ns > LATENCY_NS_MAX {
        return Err(ConfigError::TooLong { what, ns });
    }
    Ok(())
}

fn check_number(what: &'static str, value: f64, max: f64) -> Result<(), ConfigError> {
    if !(0.0..=max).contains(&value) {
        return Err(ConfigError::Number { what, value });
    }
    Ok(())
}

fn check_rate(what: &'static str, bits_per_s: u64) -> Result<(), ConfigError> {
    if bits_per_s > RATE_BITS_PER_S_MAX {
        return Err(ConfigError::Rate { what, bits_per_s });
    }
    Ok(())
}

/// A region is a byte.
const REGIONS_MAX: usize = 256;
/// The spread of a log-normal jitter. Already at 3 the mean is 90 medians.
const SIGMA_MAX: f64 = 5.0;
/// 2023-11-14T22:13:20Z, a round number of seconds.
const EPOCH: Wall = Wall::from_ms(1_700_000_000_000);
/// At windows of 5 ms this is three times a virtual second.
const OBSERVE_EVERY: u32 = 64;
/// 64 Mi events: about 4 GiB with small bodies.
const PENDING_MAX: usize = 1 << 26;
/// 16 MiB: a second and a third at 100 Mbit/s, as deep as a badly bloated home router.
const QUEUE_BYTES_MAX: u64 = 16 << 20;
/// Waiting messages; a server with 1 ms per request is four seconds behind by then.
const INBOX_MAX: u32 = 4_096;
