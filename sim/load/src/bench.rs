//! Throughput, latency and memory of real processes on this machine.

mod idle;
mod report;

use std::{net::Ipv4Addr, time::Duration};

use leek_driver::Caller;
use leek_identity::NodeRecord;
use leek_machine::Seed;
use leek_wire::{AckLevel, StorageRequest};

pub use self::{
    idle::IdleCost,
    report::{BenchReport, Figure, Path},
};
use crate::{
    LoadError,
    mailbox::Mailbox,
    open_loop::{Job, Measured, Schedule, saturate},
    proc::Usage,
    rig::{Place, Rig, now, unmetered},
};

/// Bytes of a stored message (reliability spec 2.5).
const MESSAGE_BYTES: usize = 2_048;
/// Requests kept under way to find the most a node can do.
const IN_FLIGHT: usize = 64;
/// Requests per second of the three-hop measurement (reliability spec 2.5).
const ONION_PER_S: f64 = 300.0;
/// Clients that the open loop takes turns with.
const GENERATORS: u8 = 8;
/// Mailboxes that stores and polls are spread over.
const MAILBOXES: usize = 64;
/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What to measure, and for how long.
#[derive(Clone, Debug)]
pub struct BenchConfig {
    /// Where.
    pub place: Place,
    /// Measured time of each figure.
    pub each: Duration,
    /// Idle TLS connections to hold.
    pub connections: u32,
    /// Seed of times and data; keys of the network are fresh.
    pub seed: u64,
}

/// Measures all of it. `say` is told what is being done.
///
/// # Errors
/// [`LoadError`] when the network cannot be started or asked.
pub fn bench(config: &BenchConfig, say: &mut dyn FnMut(&str)) -> Result<BenchReport, LoadError> {
    say("one node: memory of an idle node");
    let single = Rig::up(&config.place, "one", 1, unmetered())?;
    let node = only_node(&single)?;
    let pid = single.pid(0)?;
    let idle = Usage::of(pid)?;
    let cpu_before = (Usage::of(pid)?, Usage::of(std::process::id())?);
    let mut bench = Bench {
        rig: &single,
        node,
        config,
        seed: Seed::from_u64(config.seed),
        paths: Vec::new(),
        callers: generators(&single),
    };
    bench.stores(say)?;
    bench.polls(say)?;
    let cpu_after = (Usage::of(pid)?, Usage::of(std::process::id())?);
    let mut paths = bench.paths;
    say(&format!(
        "one node: {} idle connections",
        config.connections
    ));
    let connections = idle::hold(&single, &node, pid, config.connections)?;
    drop(single);
    say("five nodes: three hops and a destination");
    paths.push(three_hops(config)?);
    Ok(BenchReport {
        idle_node_bytes: idle.rss_bytes,
        connections,
        paths,
        node_cpu_ms: cpu_after.0.cpu_ms - cpu_before.0.cpu_ms,
        generator_cpu_ms: cpu_after.1.cpu_ms - cpu_before.1.cpu_ms,
    })
}

/// Clients of the open loop, each with a connection of its own.
fn generators(rig: &Rig) -> Vec<Caller> {
    (1..=GENERATORS)
        .map(|number| rig.caller_from(Ipv4Addr::new(127, 90, number, 1)))
        .collect()
}

fn only_node(rig: &Rig) -> Result<NodeRecord, LoadError> {
    let first = rig.snapshot.nodes().first().copied();
    first.ok_or_else(|| LoadError::NotReady("the snapshot lists no node".to_owned()))
}

struct Bench<'a> {
    rig: &'a Rig,
    node: NodeRecord,
    config: &'a BenchConfig,
    seed: Seed,
    paths: Vec<Path>,
    callers: Vec<Caller>,
}

impl Bench<'_> {
    fn mailboxes(&self) -> Vec<Mailbox> {
        (0..MAILBOXES as u64)
            .map(|i| Mailbox::new(&self.seed, i))
            .collect()
    }

    fn stores(&mut self, say: &mut dyn FnMut(&str)) -> Result<(), LoadError> {
        let mailboxes = self.mailboxes();
        let mut number: u64 = 0;
        let mut turns = mailboxes.iter().cycle();
        let (rig, node) = (self.rig, self.node);
        let mut make = |_: u64| -> Result<Job, LoadError> {
            number += 1;
            let Some(mailbox) = turns.next() else {
                leek_machine::bug!("there are mailboxes");
            };
            // The number makes every message another one.
            let mut data = vec![0x5a; MESSAGE_BYTES];
            data[..8].copy_from_slice(&number.to_le_bytes());
            rig.job(&[], &node, &mailbox.store(data, now(), AckLevel::Durable))
        };
        self.capacity("store 2 KiB, durable", Targets::STORE, &mut make, say)
    }

    fn polls(&mut self, say: &mut dyn FnMut(&str)) -> Result<(), LoadError> {
        // Nothing was ever stored for these: the commonest poll there is.
        let empty = Mailbox::new(&self.seed.child("empty", 0), 0);
        let suite = self.rig.suite.clone();
        let (rig, node) = (self.rig, self.node);
        let mut make = |_: u64| rig.job(&[], &node, &empty.retrieve(&*suite, now()));
        self.capacity("empty poll", Targets::POLL, &mut make, say)
    }

    /// The most there is, and the latency at half of it.
    fn capacity(
        &mut self,
        name: &'static str,
        targets: Targets,
        make: &mut dyn FnMut(u64) -> Result<Job, LoadError>,
        say: &mut dyn FnMut(&str),
    ) -> Result<(), LoadError> {
        let caller = &self.rig.caller;
        say(&format!("{name}: the most there is"));
        let most = saturate(caller, IN_FLIGHT, self.config.each, TIMEOUT, make)?;
        say(&format!("{name}: latency at half of it"));
        let half = self
            .schedule(name, most.ok_per_s / 2.0)
            .run(&self.callers, make)?;
        say(&format!("{name}: three times too much"));
        let over = self
            .schedule(name, most.ok_per_s * 3.0)
            .run(&self.callers, make)?;
        self.paths.push(Path {
            name,
            most: Some(most),
            at_load: half,
            overload: Some(over),
            target_per_s: targets.per_s,
            target_p50_ms: None,
            target_p99_ms: targets.p99_ms,
        });
        Ok(())
    }

    fn schedule(&self, name: &'static str, per_s: f64) -> Schedule {
        schedule(self.config, name, per_s)
    }
}

fn schedule(config: &BenchConfig, name: &str, per_s: f64) -> Schedule {
    Schedule {
        per_s: per_s.max(1.0),
        warm_up: config.each / 5,
        measured: config.each,
        timeout: TIMEOUT,
        seed: Seed::from_u64(config.seed).child(name, 0),
    }
}

/// Targets of reliability spec 2.5.
#[derive(Clone, Copy)]
struct Targets {
    per_s: Option<f64>,
    p99_ms: Option<f64>,
}

impl Targets {
    const STORE: Self = Self {
        per_s: Some(2_000.0),
        p99_ms: Some(25.0),
    };
    const POLL: Self = Self {
        per_s: Some(5_000.0),
        p99_ms: None,
    };
}

fn three_hops(config: &BenchConfig) -> Result<Path, LoadError> {
    const NAME: &str = "3-hop round trip";
    let rig = Rig::up(&config.place, "five", 5, unmetered())?;
    let nodes = rig.snapshot.nodes();
    let [a, b, c, d, ..] = nodes else {
        let text = format!("the snapshot lists {} nodes of 5", nodes.len());
        return Err(LoadError::NotReady(text));
    };
    let (path, destination) = ([*a, *b, *c], *d);
    let at_load: Measured = schedule(config, NAME, ONION_PER_S)
        .run(&generators(&rig), &mut |_| {
            rig.job(&path, &destination, &StorageRequest::Info)
        })?;
    Ok(Path {
        name: NAME,
        most: None,
        at_load,
        overload: None,
        target_per_s: None,
        target_p50_ms: Some(3.0),
        target_p99_ms: Some(15.0),
    })
}
