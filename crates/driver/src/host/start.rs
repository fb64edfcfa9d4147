use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64},
    },
    thread,
};

use leek_identity::{NodeAddress, NodeId};
use leek_machine::{Entropy, Machine, Now};
use leek_wire::{Event, Input, Output};
use tokio::{
    runtime::Builder,
    sync::{Notify, Semaphore, mpsc, watch},
};

use super::{Host, HostConfig, StartError};
use crate::{
    Identity, Runtime, Storage,
    accept::Acceptor,
    book::Book,
    calls::NetCalls,
    dialer::Dialer,
    drive::{
        self, Asked, Ended, Order, Queues, Room, Shared, Tenancy, World,
        core::{Core, GroupCommit, Parts},
        lock,
    },
    network::Listener,
    service::{Front, Serving},
    tls::ServerTls,
    workers::Workers,
};

/// Inputs of our own program that wait for the machine: one screen of a person's commands, or a
/// second of a busy program's. The program hears when they are too many.
const TOLD_MAX: usize = 1_024;

/// Starts a machine on a runtime.
///
/// `events` is called on the host's thread for everything the machine reports, in order; it must
/// not block and must not call [`Host::with`].
///
/// # Errors
/// [`StartError`] when it cannot listen or its thread cannot start.
///
/// # Panics
/// Inside `block_on`.
pub fn host<M, S>(
    rt: &Runtime,
    config: HostConfig,
    machine: M,
    prep: Arc<M::Prep>,
    storage: S,
    entropy: Box<dyn Entropy + Send>,
    events: Box<dyn FnMut(Now, Event) + Send>,
) -> Result<Host<M>, StartError>
where
    M: Machine<Output = Output, Prep: 'static> + Send + 'static,
    M::Input: From<Input> + Send,
    S: Storage<M> + 'static,
{
    host_knowing(rt, config, &[], machine, prep, storage, entropy, events)
}

/// As [`host`], with a machine that calls somebody at once: the dialer knows these addresses before
/// the machine starts, as [`Host::know`] would tell it later.
///
/// # Errors
/// As [`host`].
///
/// # Panics
/// Inside `block_on`.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one part of a host, none optional"
)]
pub fn host_knowing<M, S>(
    rt: &Runtime,
    config: HostConfig,
    known: &[(NodeId, NodeAddress)],
    machine: M,
    prep: Arc<M::Prep>,
    storage: S,
    entropy: Box<dyn Entropy + Send>,
    events: Box<dyn FnMut(Now, Event) + Send>,
) -> Result<Host<M>, StartError>
where
    M: Machine<Output = Output, Prep: 'static> + Send + 'static,
    M::Input: From<Input> + Send,
    S: Storage<M> + 'static,
{
    if config.own_thread && rt.is_paused() {
        return Err(StartError::OwnThreadPaused);
    }
    let listening = listen(rt, &config)?;
    let address = listening.as_ref().map(|it| it.listener.address());
    let parts = Parts {
        machine,
        prep: Arc::clone(&prep),
        storage: Box::new(storage),
        entropy,
        group: GroupCommit {
            wait_ns: u64::try_from(config.group_commit.as_nanos()).unwrap_or(u64::MAX),
            batches_max: config.limits.commit_batches,
        },
        calls_max: config.limits.calls,
    };
    // One reply for each call under way, and of those there are at most `Limits::calls`.
    let (replies_in, replies) = mpsc::unbounded_channel();
    let (requests_in, requests) = mpsc::channel(config.limits.inbox);
    let (told_in, told) = mpsc::channel(TOLD_MAX);
    let shared = Arc::new(shared(&config));
    let book = Book::default();
    for (node, address) in known {
        book.know(*node, *address);
    }
    furnish(rt, &config, &shared, &book, parts, replies_in, events);
    let queues = Queues {
        told,
        replies,
        requests,
    };
    let front = Arc::new(front(rt, &config, &shared, prep, requests_in));
    // When it does not start, what it was given is closed.
    run(rt, config.own_thread, Tenancy(Arc::clone(&shared)), queues)?;
    if let Some(listening) = listening {
        *lock(&shared.serving) = Some(serve(rt, &config, listening, &front));
    }
    Ok(Host {
        rt: rt.clone(),
        shared,
        front,
        told: told_in,
        book,
        address,
    })
}

/// An address taken, and who shows itself there.
struct Listening {
    listener: Box<dyn Listener>,
    identity: Arc<Identity>,
}

/// Opens the listener, if the host shall have one.
fn listen(rt: &Runtime, config: &HostConfig) -> Result<Option<Listening>, StartError> {
    let Some(address) = config.listen else {
        return Ok(None);
    };
    let Some(identity) = config.identity.clone() else {
        return Err(StartError::NoIdentity);
    };
    let listener = rt
        .block_on(config.network.listen(address))
        .map_err(|cause| StartError::Listen { address, cause })?;
    Ok(Some(Listening { listener, identity }))
}

fn shared<M: Machine>(config: &HostConfig) -> Shared<M> {
    Shared {
        role: config.role,
        clock: config.clock.clone(),
        room: Mutex::new(None),
        left: Mutex::new(None),
        membership: Mutex::new(None),
        poke: Notify::new(),
        order: watch::Sender::new(Order::Run),
        ended: watch::Sender::new(false),
        places: Arc::new(Semaphore::new(config.limits.serving)),
        places_max: config.limits.serving,
        load: Mutex::default(),
        serving: Mutex::new(None),
        counts: Arc::default(),
        fate: Mutex::default(),
    }
}

/// Puts the machine into its room.
fn furnish<M>(
    rt: &Runtime,
    config: &HostConfig,
    shared: &Arc<Shared<M>>,
    book: &Book,
    parts: Parts<M>,
    replies: mpsc::UnboundedSender<Ended<M>>,
    events: Box<dyn FnMut(Now, Event) + Send>,
) where
    M: Machine<Output = Output, Prep: 'static> + Send + 'static,
    M::Input: From<Input> + Send,
{
    let dialer = Dialer::new(
        Arc::clone(&config.network),
        config.identity.clone(),
        &config.clock,
        config.source,
        &config.limits,
    );
    let calls = NetCalls {
        handle: rt.handle().clone(),
        dialer,
        book: book.clone(),
        shared: Arc::clone(shared),
        prep: Arc::clone(&parts.prep),
        replies,
        tasks: BTreeMap::new(),
    };
    let world = World::new(config.role, config.clock.clone(), Box::new(calls), events);
    *lock(&shared.room) = Some(Room {
        core: Core::new(parts),
        world,
    });
}

fn front<M: Machine>(
    rt: &Runtime,
    config: &HostConfig,
    shared: &Arc<Shared<M>>,
    prep: Arc<M::Prep>,
    inbox: mpsc::Sender<Asked<M>>,
) -> Front<M> {
    let workers = if rt.is_paused() {
        Workers::Inline
    } else {
        Workers::pool(rt.handle().clone(), config.limits.prepare_workers)
    };
    Front {
        shared: Arc::clone(shared),
        prep,
        workers,
        inbox,
        next: AtomicU64::new(0),
        closing: AtomicBool::new(false),
    }
}

/// Starts the loop.
fn run<M>(
    rt: &Runtime,
    own_thread: bool,
    tenancy: Tenancy<M>,
    queues: Queues<M>,
) -> Result<(), StartError>
where
    M: Machine<Output = Output, Prep: 'static> + Send + 'static,
    M::Input: From<Input> + Send,
{
    let driving = drive::run(tenancy, queues);
    if !own_thread {
        rt.handle().spawn(driving);
        return Ok(());
    }
    let inner = Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(StartError::Thread)?;
    thread::Builder::new()
        .name("leek-machine".to_owned())
        .spawn(move || inner.block_on(driving))
        .map_err(StartError::Thread)?;
    Ok(())
}

/// Opens the doors.
fn serve<M>(
    rt: &Runtime,
    config: &HostConfig,
    listening: Listening,
    front: &Arc<Front<M>>,
) -> Serving
where
    M: Machine<Output = Output, Prep: 'static> + Send + 'static,
    M::Input: From<Input> + Send,
{
    let _context = rt.handle().enter();
    let counts = Arc::clone(&front.shared.counts);
    let acceptor = Acceptor::start(
        listening.listener,
        ServerTls::new(listening.identity, &config.clock),
        config.clock.clone(),
        &config.limits,
        Arc::clone(&counts),
    );
    Serving::start(
        rt.handle(),
        acceptor,
        counts,
        &config.limits,
        Arc::clone(front),
    )
}
