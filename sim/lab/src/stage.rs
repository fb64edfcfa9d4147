//! A scenario's network without its people, for machines of other crates.

use core::{any::Any, fmt, marker::PhantomData, num::NonZeroUsize};
use std::sync::Arc;

use leek_crypto::Suite;
use leek_identity::NodeKeys;
use leek_kernel::{Control, Kernel};
use leek_machine::{Machine, Tick, bug};
use leek_storage_node::NodeConfig;
use leek_store::MemoryStore;
use leek_swarm::Snapshot;
use leek_wire::{Input, Output, ReadView, limits::STORE_BYTES_MAX};

use crate::{
    actor::LabActor,
    build::{World, node_shell, post_membership, suite},
    cast::{Cast, NodeSetup},
    guest::{Caller, Guest, NoLog, Seated},
    meter::{Meter, Metered},
    scenario::{Loaded, ScenarioError, units::Span},
    shell::{Book, Hosted, Parts, Shell},
};

/// Guests one network hosts; their addresses follow one another in the clients' range.
const GUESTS_MAX: usize = 1_024;

/// The nodes of a scenario in the kernel, with guests instead of its clients and its workload.
pub struct Stage<'a> {
    loaded: &'a Loaded,
    cast: Cast,
    config: NodeConfig,
    suite: Arc<dyn Suite>,
    snapshot: Arc<Snapshot>,
    /// By number; taken when the network is built.
    nodes: Vec<Place>,
    guests: Vec<Seat>,
}

/// A node's place: the machine that it has by default, or another.
enum Place {
    Default(Box<NodeSetup>),
    Taken(Seat),
}

/// Makes an actor once everybody's address is known.
type Seat = Box<dyn FnOnce(&Arc<Book>) -> Box<dyn Guest>>;

/// A guest whose machine is wanted back.
#[derive(Debug)]
pub struct GuestId<M> {
    index: usize,
    machine: PhantomData<fn() -> M>,
}

/// A network after its run.
pub struct Staged {
    guests: Vec<Option<Box<dyn Any>>>,
}

impl<'a> Stage<'a> {
    /// The nodes of `loaded`, all with this configuration.
    ///
    /// # Errors
    /// [`ScenarioError`] when the scenario cannot be drawn.
    pub fn new(loaded: &'a Loaded, config: NodeConfig) -> Result<Self, ScenarioError> {
        let cast = Cast::draw(loaded)?;
        let nodes = cast.nodes(&loaded.scenario);
        let snapshot = cast.snapshot(&loaded.scenario, &nodes);
        Ok(Self {
            suite: suite(loaded.scenario.crypto.mode),
            nodes: nodes
                .into_iter()
                .map(|node| Place::Default(Box::new(node)))
                .collect(),
            guests: Vec::new(),
            loaded,
            cast,
            config,
            snapshot,
        })
    }

    /// The suite of the scenario.
    pub fn suite(&self) -> Arc<dyn Suite> {
        Arc::clone(&self.suite)
    }

    /// The membership that every machine is told at the start.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Adds a guest that nobody calls: a client of its own kind.
    ///
    /// # Panics
    /// When there are more than 1,024 guests: a caller's bug.
    pub fn guest<M>(&mut self, machine: M, prep: Arc<M::Prep>) -> GuestId<M>
    where
        M: for<'v> Machine<Output = Output, View<'v> = ()> + Send + 'static,
        M::Input: From<Input> + Send,
    {
        if self.guests.len() == GUESTS_MAX {
            bug!("more than {GUESTS_MAX} guests");
        }
        let seat = self.seat(Caller(machine), prep, Arc::new(Meter::default()));
        self.guests.push(seat);
        GuestId {
            index: self.guests.len() - 1,
            machine: PhantomData,
        }
    }

    /// Puts another machine in the place of every node. `make` is given the node's number, its
    /// keys and the suite to use them with.
    pub fn replace_nodes<M>(
        &mut self,
        mut make: impl FnMut(usize, NodeKeys, Arc<dyn Suite>) -> (M, Arc<M::Prep>),
    ) where
        M: for<'v> Machine<Output = Output, View<'v> = dyn ReadView + 'v> + Send + 'static,
        M::Input: From<Input> + Send,
    {
        let places = core::mem::take(&mut self.nodes);
        for (number, place) in places.into_iter().enumerate() {
            let place = match place {
                Place::Taken(seat) => Place::Taken(seat),
                Place::Default(setup) => {
                    let meter = Arc::new(Meter::default());
                    let cost = self.loaded.scenario.hosts.cost;
                    let metered = Metered::wrap(Arc::clone(&self.suite), &meter, cost);
                    let (machine, prep) = make(number, setup.keys, metered);
                    Place::Taken(self.seat(Seated(machine), prep, meter))
                }
            };
            self.nodes.push(place);
        }
    }

    fn seat<M>(&self, machine: M, prep: Arc<M::Prep>, meter: Arc<Meter>) -> Seat
    where
        M: Hosted + Send + 'static,
        M::Input: Send,
    {
        let (cost, disk_ns) = (
            self.loaded.scenario.hosts.cost,
            self.loaded.scenario.hosts.disk_latency.ns(),
        );
        Box::new(move |book| {
            Box::new(Shell::new(Parts {
                machine,
                log: NoLog,
                prep,
                meter,
                cost,
                book: Arc::clone(book),
                store: MemoryStore::new(STORE_BYTES_MAX),
                disk_ns,
            }))
        })
    }

    /// Runs the network for so long, on one thread.
    pub fn run(self, duration: Span) -> Staged {
        let scenario = &self.loaded.scenario;
        let world = World::new(scenario, self.cast.seed());
        let guests = u32::try_from(self.guests.len()).unwrap_or(u32::MAX);
        let book = Arc::new(Book::new(&self.snapshot, guests));
        let node_count = self.nodes.len();
        let mut hosts = Vec::with_capacity(node_count + self.guests.len());
        for (number, place) in (0u64..).zip(self.nodes) {
            let actor = match place {
                Place::Taken(seat) => LabActor::Guest(seat(&book)),
                Place::Default(setup) => {
                    let shell = node_shell(scenario, self.config, &self.suite, &book, setup.keys);
                    LabActor::Node(Box::new(shell))
                }
            };
            hosts.push((world.host("node", number), actor));
        }
        for (number, seat) in (0u64..).zip(self.guests) {
            hosts.push((world.host("guest", number), LabActor::Guest(seat(&book))));
        }
        let actors = hosts.len();
        let mut kernel = match Kernel::new(world.kernel_config(self.cast.seed()), hosts) {
            Ok(kernel) => kernel,
            Err(error) => bug!("a checked scenario has a valid kernel configuration: {error}"),
        };
        post_membership(&mut kernel, actors, &self.snapshot);
        let end = Tick::from_ns(duration.ns());
        let outcome = kernel.run(end, NonZeroUsize::MIN, &mut |_| Control::Continue);
        let guests = outcome.into_actors().into_iter().skip(node_count);
        Staged {
            guests: guests
                .map(|actor| match actor {
                    LabActor::Guest(guest) => Some(guest.into_machine()),
                    LabActor::Node(_) | LabActor::Client(_) => None,
                })
                .collect(),
        }
    }
}

impl Staged {
    /// The guest as the run left it; `None` the second time.
    pub fn take<M: 'static>(&mut self, id: &GuestId<M>) -> Option<M> {
        let guest = self.guests.get_mut(id.index)?.take()?;
        guest.downcast::<Caller<M>>().ok().map(|caller| caller.0)
    }
}

impl fmt::Debug for Stage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("snapshot", &self.snapshot)
            .field("guests", &self.guests.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged")
            .field("guests", &self.guests.len())
            .finish()
    }
}
