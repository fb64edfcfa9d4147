//! From a scenario to a kernel with its actors: keys, hosts, machines, and the world's messages.

use std::sync::Arc;

use leek_client::{Client, ClientConfig};
use leek_crypto::Suite;
use leek_identity::Account;
use leek_kernel::{ActorId, Clock, Config, HostConfig, Jitter, Kernel, Latency, Links};
use leek_machine::{Seed, Tick, bug};
use leek_onion::{Direct, Diversity, EncPlan, EncType, Overlap, PathPolicy, SessionV4};
use leek_storage_node::{NodeConfig, NodePrep, StorageNode};
use leek_store::MemoryStore;
use leek_swarm::Snapshot;
use leek_wire::{AckLevel, limits::STORE_BYTES_MAX};

use crate::{
    actor::{ClientActor, LabActor, NodeLog},
    body::LabBody,
    cast::Cast,
    meter::{Meter, Metered},
    network::Regions,
    scenario::{self, Cipher, CryptoMode, Format, Scenario, units::Span},
    shell::{Book, Parts, Shell},
    witness::Witness,
};

/// A run before it begins.
pub(crate) struct Built {
    pub(crate) kernel: Kernel<LabActor>,
    pub(crate) suite_name: &'static str,
}

/// Builds everything. The scenario has been checked, so nothing here can fail but by our own bug.
pub(crate) fn build(scenario: &Scenario, cast: &Cast) -> Built {
    let (plan, seed) = (cast.plan(), cast.seed());
    let suite = suite(scenario.crypto.mode);
    let world = World::new(scenario, seed);
    let accounts: Vec<Arc<Account>> = (0..plan.clients)
        .map(|i| Arc::new(cast.account(i)))
        .collect();
    let nodes = cast.nodes(scenario);
    let snapshot = cast.snapshot(scenario, &nodes);
    let book = Arc::new(Book::new(&snapshot, plan.clients));

    let mut hosts = Vec::with_capacity(nodes.len() + accounts.len());
    for (i, node) in (0u64..).zip(nodes) {
        let shell = node_shell(scenario, NodeConfig::default(), &suite, &book, node.keys);
        hosts.push((world.host("node", i), LabActor::Node(Box::new(shell))));
    }
    let config = Arc::new(client_config(scenario));
    for (i, account) in (0u32..).zip(&accounts) {
        let shell = client_shell(scenario, &suite, &book, &config, account, i);
        let client = ClientActor {
            shell,
            plan: Arc::clone(plan),
            accounts: Arc::clone(cast.accounts()),
        };
        hosts.push((
            world.host("client", u64::from(i)),
            LabActor::Client(Box::new(client)),
        ));
    }
    let actors = hosts.len();
    let mut kernel = match Kernel::new(world.kernel_config(seed), hosts) {
        Ok(kernel) => kernel,
        Err(error) => bug!("a checked scenario has a valid kernel configuration: {error}"),
    };
    let clients_from = book.nodes.len();
    post_membership(&mut kernel, actors, &snapshot);
    post(
        &mut kernel,
        (0u64..).zip(&plan.sends).map(|(id, send)| {
            let at = Tick::from_ns(send.at.ns());
            (at, clients_from + send.from as usize, LabBody::Send { id })
        }),
    );
    Built {
        kernel,
        suite_name: suite.name(),
    }
}

/// Tells every actor the membership at the start.
pub(crate) fn post_membership(
    kernel: &mut Kernel<LabActor>,
    actors: usize,
    snapshot: &Arc<Snapshot>,
) {
    post(
        kernel,
        (0..actors).map(|i| (Tick::ZERO, i, LabBody::Membership(Arc::clone(snapshot)))),
    );
}

fn post(kernel: &mut Kernel<LabActor>, bodies: impl Iterator<Item = (Tick, usize, LabBody)>) {
    for (at, actor, body) in bodies {
        let to = ActorId::new(u32::try_from(actor).unwrap_or(u32::MAX));
        if let Err(error) = kernel.post(at, to, body) {
            bug!("the world knows its actors: {error}");
        }
    }
}

pub(crate) fn suite(mode: CryptoMode) -> Arc<dyn Suite> {
    match mode {
        CryptoMode::Real => leek_crypto::fast().suite(),
        CryptoMode::RealPure => leek_crypto::pure().suite(),
        CryptoMode::Sized => leek_crypto_sized::sized(),
    }
}

pub(crate) fn node_shell(
    scenario: &Scenario,
    config: NodeConfig,
    suite: &Arc<dyn Suite>,
    book: &Arc<Book>,
    keys: leek_identity::NodeKeys,
) -> Shell<StorageNode, NodeLog> {
    let meter = Arc::new(Meter::default());
    let metered = Metered::wrap(Arc::clone(suite), &meter, scenario.hosts.cost);
    let prep = Arc::new(NodePrep::new(metered, keys));
    Shell::new(Parts {
        machine: StorageNode::new(config, Arc::clone(&prep)),
        log: NodeLog::default(),
        prep,
        meter,
        cost: scenario.hosts.cost,
        book: Arc::clone(book),
        store: MemoryStore::new(STORE_BYTES_MAX),
        disk_ns: scenario.hosts.disk_latency.ns(),
    })
}

fn client_shell(
    scenario: &Scenario,
    suite: &Arc<dyn Suite>,
    book: &Arc<Book>,
    config: &Arc<ClientConfig>,
    account: &Arc<Account>,
    client: u32,
) -> Shell<Client, Witness> {
    let meter = Arc::new(Meter::default());
    let metered = Metered::wrap(Arc::clone(suite), &meter, scenario.hosts.cost);
    let machine = match Client::new(Arc::clone(config), Arc::clone(account), metered) {
        Ok(machine) => machine,
        Err(error) => bug!("a checked scenario has a valid path policy: {error}"),
    };
    Shell::new(Parts {
        machine,
        log: Witness::new(client),
        prep: Arc::new(()),
        meter,
        cost: scenario.hosts.cost,
        book: Arc::clone(book),
        store: MemoryStore::new(0),
        disk_ns: 0,
    })
}

pub(crate) fn client_config(scenario: &Scenario) -> ClientConfig {
    let (onion, clients) = (&scenario.onion, &scenario.clients);
    let byte = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    let (format, paths): (Arc<dyn leek_onion::Format>, _) = match onion.format {
        Format::Direct => (Arc::new(Direct), PathPolicy::DIRECT),
        Format::SessionV4 => {
            let enc = match onion.cipher {
                Cipher::Xchacha20 => EncType::XChaCha20,
                Cipher::AesGcm => EncType::AesGcm,
            };
            let pool = usize::try_from(scenario.network.nodes).unwrap_or(usize::MAX);
            let paths = PathPolicy {
                hops: byte(onion.hops),
                guards: byte(onion.guards),
                diversity: if onion.one_per_slash24 {
                    Diversity::OnePerSlash24
                } else {
                    Diversity::Free
                },
                overlap: Overlap::Disjoint,
                rotation_ms: core::num::NonZeroU64::new(onion.rotation.ms()),
                // A network smaller than the deployed minimum is the scenario's own choice.
                pool_min: PathPolicy::SESSION.pool_min.min(pool),
                ..PathPolicy::SESSION
            };
            (Arc::new(SessionV4::new(EncPlan::uniform(enc))), paths)
        }
    };
    ClientConfig {
        format,
        paths,
        guards_outside_own_swarm: onion.guards_outside_own_swarm,
        poll_ms: clients.poll.ms(),
        poll_members: usize::try_from(clients.poll_members).unwrap_or(usize::MAX),
        send_attempts: byte(clients.send_attempts),
        request_timeout_ms: clients.request_timeout.ms(),
        ack: AckLevel::All,
    }
}

/// Where hosts are and how they are linked.
pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    seed: &'a Seed,
    regions: Option<Regions>,
}

impl<'a> World<'a> {
    pub(crate) fn new(scenario: &'a Scenario, seed: &'a Seed) -> Self {
        let regions = match scenario.network.latency {
            scenario::Latency::Regions {} => Some(Regions::embedded()),
            scenario::Latency::Constant(_) => None,
        };
        Self {
            scenario,
            seed,
            regions,
        }
    }

    pub(crate) fn host(&self, kind: &'static str, index: u64) -> HostConfig {
        let hosts = &self.scenario.hosts;
        let seed = self.seed.child(kind, index);
        let (offset, bandwidth) = if kind == "node" {
            (hosts.node_clock_offset, hosts.node_bandwidth)
        } else {
            (hosts.client_clock_offset, hosts.client_bandwidth)
        };
        let region = self
            .regions
            .as_ref()
            .map(|regions| regions.place(&seed, "region", 0));
        let (up, down) = match (&self.regions, region) {
            (Some(regions), Some(region)) => {
                let region = usize::from(region);
                (
                    mbit(regions.upload_mbit[region]),
                    mbit(regions.download_mbit[region]),
                )
            }
            _ => (bandwidth.0, bandwidth.0),
        };
        HostConfig {
            region: region.unwrap_or(0),
            clock: self.clock(&seed, offset),
            up_bits_per_s: up,
            down_bits_per_s: down,
            uplink_queue_bytes_max: hosts.uplink_queue.0,
            inbox_max: hosts.inbox,
            ..HostConfig::default()
        }
    }

    fn clock(&self, seed: &Seed, offset: Span) -> Clock {
        let mut stream = seed.child("clock", 0).stream();
        let mut within = |most: u64| {
            let drawn = stream.below(2 * most + 1);
            i64::try_from(drawn).unwrap_or(0) - i64::try_from(most).unwrap_or(0)
        };
        let offset_ms = within(offset.ms());
        let drift_ppm = within(u64::from(self.scenario.hosts.drift_ppm));
        Clock {
            offset_ms,
            drift_ppm: i32::try_from(drift_ppm).unwrap_or(0),
        }
    }

    pub(crate) fn kernel_config(&self, seed: &Seed) -> Config {
        let network = &self.scenario.network;
        let latency = match (&network.latency, &self.regions) {
            (scenario::Latency::Constant(delay), _) => Latency::Constant { ns: delay.ns() },
            (scenario::Latency::Regions {}, Some(regions)) => {
                // The matrix holds round trips; half of one is one way.
                let ns = regions
                    .latency_ms
                    .iter()
                    .flatten()
                    .map(|ms| ms * 1_000_000 / 2);
                Latency::Matrix {
                    regions: regions.regions.len(),
                    ns: ns.collect(),
                }
            }
            (scenario::Latency::Regions {}, None) => bug!("a region matrix without regions"),
        };
        let mut links = Links::new(latency);
        links.jitter = match network.jitter {
            scenario::Jitter::None {} => Jitter::None,
            scenario::Jitter::Uniform(most) => Jitter::Uniform { max_ns: most.ns() },
            scenario::Jitter::Exponential(mean) => Jitter::Exponential { mean_ns: mean.ns() },
        };
        links.loss = network.loss.get();
        links.duplication = network.duplication.get();
        links.flow_bits_per_s = self
            .regions
            .as_ref()
            .map_or(0, |r| mbit(r.inter_region_mbit));
        Config::new(seed.child("kernel", 0), links)
    }
}

/// Bits per second of a rate in Mbit/s from the embedded table.
fn mbit(rate: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "tens of Mbit/s"
    )]
    let bits = (rate * 1e6) as u64;
    bits
}
