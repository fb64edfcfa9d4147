//! The drive loop: owns a machine, its storage and its timers; everything reaches it as a message.

pub(crate) mod core;
mod gate;
mod room;

use std::{pin::pin, sync::Arc, time::Duration};

use leek_machine::Machine;
use leek_wire::{CallId, Input, Output, StoreError};
pub(crate) use room::{CallPort, Room, Shared, Waiting, World, lock};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{Fatal, Load, meters, workers::guarded};

/// Inputs of each kind taken in one turn before timers are looked at again: at 100 us each, a
/// deadline or a commit is late by about 10 ms at most.
const TURN_INPUTS_MAX: usize = 32;

/// How often a host that is shutting down looks whether the last request has gone; one whose
/// caller left before the machine heard of it tells nobody.
const DRAIN_POLL: Duration = Duration::from_millis(10);

/// A request on its way to the machine, prepared.
pub(crate) struct Asked<M: Machine> {
    pub(crate) call: CallId,
    pub(crate) input: M::Input,
    pub(crate) waiting: Waiting,
}

/// The outcome of a call on its way to the machine, prepared.
pub(crate) struct Ended<M: Machine> {
    pub(crate) call: CallId,
    pub(crate) input: M::Input,
}

/// What a host is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Go on.
    Run,
    /// Answer what is in flight until then, make everything durable, end.
    Drain(Instant),
    /// End as a crash does.
    Kill,
}

/// The ends of the queues that the loop reads.
pub(crate) struct Queues<M: Machine> {
    /// Bounded: a full one refuses.
    pub(crate) told: mpsc::Receiver<M::Input>,
    /// As many as calls are in flight.
    pub(crate) replies: mpsc::UnboundedReceiver<Ended<M>>,
    /// Bounded: a full one refuses.
    pub(crate) requests: mpsc::Receiver<Asked<M>>,
}

/// What woke the loop.
enum First<M: Machine> {
    /// The clock, a membership, or somebody who looked at the machine.
    Nothing,
    Told(M::Input),
    Reply(Ended<M>),
    Request(Asked<M>),
}

/// The right to run a host. Dropped before the end, as by a runtime that ends first, it closes
/// what the host holds: room and calls refer to each other.
pub(crate) struct Tenancy<M: Machine>(pub(crate) Arc<Shared<M>>);

impl<M: Machine> Drop for Tenancy<M> {
    fn drop(&mut self) {
        drop(lock(&self.0.serving).take());
        let room = lock(&self.0.room).take();
        drop(room);
        self.0.end();
    }
}

/// Runs a host to its end.
pub(crate) async fn run<M>(tenancy: Tenancy<M>, mut queues: Queues<M>)
where
    M: Machine<Output = Output>,
    M::Input: From<Input>,
{
    let shared = &*tenancy.0;
    let mut order = shared.order.subscribe();
    let mut timer = pin!(sleep_until(Instant::now()));
    let end = loop {
        let current = *order.borrow_and_update();
        if current == Order::Kill {
            break End::Killed;
        }
        if let Some(fatal) = shared.fatal() {
            break End::Fatal(fatal);
        }
        let due = next_due(shared, current);
        if let Some(due) = due
            && timer.deadline() != due
        {
            timer.as_mut().reset(due);
        }
        let first = tokio::select! {
            // Of several that are ready, the first wins:
            biased;
            // Orders, so that no load keeps a host from stopping.
            _ = order.changed() => First::Nothing,
            // Time: a deadline or a commit is a promise, an input can wait.
            () = timer.as_mut(), if due.is_some() => First::Nothing,
            // A membership or a look at the machine: rare, and everything after depends on it.
            () = shared.poke.notified() => First::Nothing,
            // Our own program before the network.
            Some(input) = queues.told.recv() => First::Told(input),
            // Replies end work that is in memory,
            Some(ended) = queues.replies.recv() => First::Reply(ended),
            // requests begin more of it: last.
            Some(asked) = queues.requests.recv() => First::Request(asked),
        };
        let draining = matches!(*order.borrow(), Order::Drain(_));
        match guarded(|| turn(shared, &mut queues, first, draining)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => break End::Fatal(Fatal::Storage(error)),
            Err(panicked) => break End::Fatal(Fatal::Panicked(panicked.0)),
        }
        if drained(shared, *order.borrow()) {
            break End::Drained;
        }
    };
    finish(shared, end);
}

/// Why the loop ends.
enum End {
    Drained,
    Killed,
    Fatal(Fatal),
}

/// When the loop must look again by itself.
fn next_due<M>(shared: &Shared<M>, order: Order) -> Option<Instant>
where
    M: Machine<Output = Output>,
    M::Input: From<Input>,
{
    let wake = lock(&shared.room)
        .as_ref()
        .and_then(|room| room.core.next_wake())
        .map(|tick| shared.clock.instant(tick));
    let look = match order {
        Order::Drain(until) => Some(until.min(Instant::now() + DRAIN_POLL)),
        Order::Run | Order::Kill => None,
    };
    [wake, look].into_iter().flatten().min()
}

/// One turn: what time has brought, then some inputs of each kind.
fn turn<M>(
    shared: &Shared<M>,
    queues: &mut Queues<M>,
    first: First<M>,
    draining: bool,
) -> Result<(), StoreError>
where
    M: Machine<Output = Output>,
    M::Input: From<Input>,
{
    let mut slot = lock(&shared.room);
    let Some(room) = slot.as_mut() else {
        return Ok(());
    };
    let now = || shared.clock.now();
    let (core, world) = (&mut room.core, &mut room.world);
    // What a look at the machine made it ask.
    core.drain(now(), world);
    let time = now();
    if core.next_wake().is_some_and(|tick| tick <= time.tick) {
        core.wake(time, world)?;
    }
    if let Some(snapshot) = lock(&shared.membership).take() {
        core.membership(now(), snapshot, world);
    }
    let (mut told, mut reply, mut request) = (None, None, None);
    match first {
        First::Nothing => {}
        First::Told(input) => told = Some(input),
        First::Reply(ended) => reply = Some(ended),
        First::Request(asked) => request = Some(asked),
    }
    for _ in 0..TURN_INPUTS_MAX {
        let Some(input) = told.take().or_else(|| queues.told.try_recv().ok()) else {
            break;
        };
        core.tell(now(), input, world);
    }
    for _ in 0..TURN_INPUTS_MAX {
        let Some(ended) = reply.take().or_else(|| queues.replies.try_recv().ok()) else {
            break;
        };
        core.reply(now(), ended.call, ended.input, world);
    }
    for _ in 0..TURN_INPUTS_MAX {
        let Some(asked) = request.take().or_else(|| queues.requests.try_recv().ok()) else {
            break;
        };
        world.serve(asked.call, asked.waiting);
        core.request(now(), asked.call, asked.input, world);
    }
    if draining {
        core.flush(now(), world)?;
    }
    let load = Load {
        inbox: queues.requests.len(),
        serving: shared.served(),
        ..room.load()
    };
    let stored = meters::Stored {
        bytes: room.core.store_bytes(),
        messages: room.core.store_messages(),
    };
    meters::state(shared.role, &load, stored);
    *lock(&shared.load) = load;
    Ok(())
}

/// Whether a host that is shutting down has nothing left to do, or no time.
fn drained<M>(shared: &Shared<M>, order: Order) -> bool
where
    M: Machine<Output = Output>,
    M::Input: From<Input>,
{
    let Order::Drain(until) = order else {
        return false;
    };
    let idle = shared.served() == 0
        && lock(&shared.room)
            .as_ref()
            .is_none_or(|room| room.core.writes() == 0);
    idle || Instant::now() >= until
}

fn finish<M>(shared: &Shared<M>, end: End)
where
    M: Machine<Output = Output>,
    M::Input: From<Input>,
{
    if let End::Fatal(fatal) = &end {
        tracing::error!(role = shared.role, "host stopped by itself");
        // Told before anybody can notice.
        shared.fail(fatal.clone());
    }
    if !matches!(end, End::Drained) {
        // As the end of a process: nobody is told, every connection breaks.
        drop(lock(&shared.serving).take());
    }
    let room = lock(&shared.room).take();
    *lock(&shared.load) = Load::default();
    match end {
        End::Drained => *lock(&shared.left) = room.map(Room::into_machine),
        // The storage goes with the room: nothing more is made durable. A machine that panicked
        // may panic again on its way out.
        End::Killed | End::Fatal(_) => drop(guarded(|| drop(room))),
    }
    shared.end();
}
