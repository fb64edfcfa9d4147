//! Attacks on one node while honest clients go on: what they feel, and what it costs the node.

mod attack;
mod h2;
mod high;
mod raw;
mod report;

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use leek_identity::NodeRecord;
use leek_machine::Seed;
use leek_wire::{AckLevel, StorageRequest};

pub use self::{
    attack::Attack,
    report::{AbuseReport, AbuseRow},
};
use crate::{
    LoadError,
    mailbox::Mailbox,
    open_loop::{Job, Measured, Schedule},
    proc::{Usage, reset_peak},
    rig::{Place, Rig, now},
};

/// Honest requests per second: half of them three-hop questions, half three-hop stores.
const HONEST_PER_S: f64 = 60.0;
/// How long an honest answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after an attack, so that what it left behind is gone before the next.
const REST: Duration = Duration::from_secs(2);
/// Nodes: three for the path, two for a swarm behind it.
const NODES: u16 = 5;

/// What to do, and for how long.
#[derive(Clone, Debug)]
pub struct AbuseConfig {
    /// Where.
    pub place: Place,
    /// Measured time of the calm and of each attack.
    pub each: Duration,
    /// Attacks to make, in order.
    pub attacks: Vec<Attack>,
    /// Seed of times and data.
    pub seed: u64,
}

/// The node under attack, as an attacker sees it, and what the attack counts.
pub(crate) struct Target<'a> {
    pub(crate) rig: &'a Rig,
    /// The guard of the honest clients' path.
    pub(crate) node: NodeRecord,
    /// Where a path may go on from there.
    pub(crate) others: Vec<NodeRecord>,
    pub(crate) stop: AtomicBool,
    pub(crate) tally: Tally,
    pub(crate) seed: Seed,
}

impl Target<'_> {
    pub(crate) fn over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What an attack did, and what was done to it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    /// Connections closed on it, requests refused or left unanswered.
    pub(crate) stopped: AtomicU64,
}

impl Tally {
    pub(crate) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn requests(&self, count: u64) {
        self.requests.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn stopped(&self) {
        self.stopped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Measures the calm, then every attack. `say` is told what is being done.
///
/// # Errors
/// [`LoadError`] when the network cannot be started or asked, or an attack cannot be made.
pub fn abuse(config: &AbuseConfig, say: &mut dyn FnMut(&str)) -> Result<AbuseReport, LoadError> {
    let rig = Rig::up(&config.place, "abuse", NODES, Vec::new())?;
    let nodes = rig.snapshot.nodes().to_vec();
    let [guard, ..] = nodes.as_slice() else {
        return Err(LoadError::NotReady("no node is listed".to_owned()));
    };
    let pid = pid_of(&rig, guard)?;
    let honest = Honest::new(&rig, config)?;
    say("calm");
    // Once unmeasured: connections are made, and memory is paged in.
    honest.run(config.each / 3, 0)?;
    let calm = honest.run(config.each, 1)?;
    let calm_usage = Usage::of(pid)?;
    let mut rows = Vec::new();
    for (number, attack) in (2..).zip(&config.attacks) {
        say(attack.name());
        let target = Target {
            rig: &rig,
            node: *guard,
            others: nodes[1..].to_vec(),
            stop: AtomicBool::new(false),
            tally: Tally::default(),
            seed: Seed::from_u64(config.seed).child(attack.name(), 0),
        };
        let peak_is_ours = reset_peak(pid);
        let honest = thread::scope(|scope| {
            let attackers = attack.start(scope, &target);
            let measured = honest.run(config.each, number);
            target.stop.store(true, Ordering::Relaxed);
            for attacker in attackers {
                // A worker that panicked has a bug; it must not pass for a defeated attack.
                if attacker.join().is_err() {
                    leek_machine::bug!("a worker of the attack `{}` panicked", attack.name());
                }
            }
            measured
        })?;
        let usage = Usage::of(pid)?;
        rows.push(AbuseRow::new(
            *attack,
            &calm,
            honest,
            &target.tally,
            usage,
            peak_is_ours,
        ));
        thread::sleep(REST);
    }
    Ok(AbuseReport {
        calm,
        calm_usage,
        memory_cap_bytes: report::node_bytes_max(),
        rows,
    })
}

fn pid_of(rig: &Rig, node: &NodeRecord) -> Result<u32, LoadError> {
    (0..NODES)
        .filter_map(|i| rig.net.node(i))
        .find(|info| info.id == node.id)
        .and_then(|info| info.pid)
        .ok_or_else(|| LoadError::NotReady("the guard is not one of the processes".to_owned()))
}

/// Clients that behave.
struct Honest<'a> {
    rig: &'a Rig,
    caller: leek_driver::Caller,
    mailbox: Mailbox,
    path: [NodeRecord; 3],
    destination: NodeRecord,
    seed: Seed,
}

impl<'a> Honest<'a> {
    fn new(rig: &'a Rig, config: &AbuseConfig) -> Result<Self, LoadError> {
        let [a, b, c, d, ..] = rig.snapshot.nodes() else {
            return Err(LoadError::NotReady(
                "fewer than four nodes are listed".to_owned(),
            ));
        };
        let seed = Seed::from_u64(config.seed);
        Ok(Self {
            rig,
            caller: rig.caller_from(Ipv4Addr::new(127, 200, 0, 1)),
            mailbox: Mailbox::new(&seed, 0),
            path: [*a, *b, *c],
            destination: *d,
            seed,
        })
    }

    fn run(&self, measured: Duration, phase: u64) -> Result<Measured, LoadError> {
        let schedule = Schedule {
            per_s: HONEST_PER_S,
            warm_up: measured / 5,
            measured,
            timeout: TIMEOUT,
            seed: self.seed.child("honest", phase),
        };
        schedule.run(core::slice::from_ref(&self.caller), &mut |i| {
            self.job(phase, i)
        })
    }

    fn job(&self, phase: u64, i: u64) -> Result<Job, LoadError> {
        let request = if i.is_multiple_of(2) {
            StorageRequest::Info
        } else {
            let mut data = vec![0x11; 1_024];
            data[..8].copy_from_slice(&phase.to_le_bytes());
            data[8..16].copy_from_slice(&i.to_le_bytes());
            self.mailbox.store(data, now(), AckLevel::Durable)
        };
        self.rig.job(&self.path, &self.destination, &request)
    }
}
