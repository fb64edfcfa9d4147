use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant as StdInstant,
};

use leek_identity::NodeId;
use leek_machine::{Machine, Now, Tick};
use leek_swarm::Snapshot;
use leek_wire::{CallId, Event, Input, Output, Refusal, Request, Response};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot, watch},
    time::Instant,
};

use super::{
    Order,
    core::{Core, Effects},
};
use crate::{Clock, Fatal, Load, Stop, accept::Counts, meters, service::Serving};

/// Makes the calls of a machine.
pub(crate) trait CallPort: Send {
    /// Starts a call; gives up by itself at the deadline.
    fn start(&mut self, to: NodeId, call: CallId, body: Request, deadline: Instant);
    /// Nobody waits for it any more.
    fn forget(&mut self, call: CallId);
}

/// Somebody who waits for an answer.
pub(crate) struct Waiting {
    /// Where the answer goes; closed when the caller has gone.
    pub(crate) answer: oneshot::Sender<Result<Response, Refusal>>,
    /// The caller's place among those served, given back with the answer.
    pub(crate) place: OwnedSemaphorePermit,
}

/// What surrounds a machine.
pub(crate) struct World {
    pub(crate) role: &'static str,
    pub(crate) clock: Clock,
    pub(crate) calls: Box<dyn CallPort>,
    pub(crate) events: Box<dyn FnMut(Now, Event) + Send>,
    pub(crate) waiting: BTreeMap<CallId, Waiting>,
    /// When the last commit began, in real time: for metrics.
    commit_began: StdInstant,
}

impl World {
    pub(crate) fn new(
        role: &'static str,
        clock: Clock,
        calls: Box<dyn CallPort>,
        events: Box<dyn FnMut(Now, Event) + Send>,
    ) -> Self {
        Self {
            role,
            clock,
            calls,
            events,
            waiting: BTreeMap::new(),
            commit_began: StdInstant::now(),
        }
    }

    pub(crate) fn serve(&mut self, call: CallId, waiting: Waiting) {
        self.waiting.insert(call, waiting);
    }
}

impl Effects for World {
    fn call(&mut self, to: NodeId, call: CallId, body: Request, deadline: Tick) {
        let deadline = self.clock.instant(deadline);
        self.calls.start(to, call, body, deadline);
    }

    fn forget(&mut self, call: CallId) {
        self.calls.forget(call);
    }

    fn answer(&mut self, call: CallId, body: Result<Response, Refusal>) {
        if let Some(waiting) = self.waiting.remove(&call) {
            // A caller who has gone needs no answer.
            let _gone = waiting.answer.send(body);
            drop(waiting.place);
        }
    }

    fn event(&mut self, now: Now, event: Event) {
        (self.events)(now, event);
    }

    fn committing(&mut self) {
        self.commit_began = StdInstant::now();
    }

    fn committed(&mut self, batches: usize, failed: usize) {
        meters::committed(self.role, batches, failed, self.commit_began.elapsed());
    }
}

/// A machine and what surrounds it. Whoever holds it may speak to the machine.
pub(crate) struct Room<M: Machine> {
    pub(crate) core: Core<M>,
    pub(crate) world: World,
}

impl<M> Room<M>
where
    M: Machine<Output = Output>,
    M::Input: From<Input>,
{
    /// How busy the machine is.
    pub(crate) fn load(&self) -> Load {
        Load {
            inbox: 0,
            serving: 0,
            calls: self.core.calls(),
            writes: self.core.writes(),
            held: self.core.held(),
        }
    }

    pub(crate) fn into_machine(self) -> M {
        self.core.machine
    }
}

/// What the loop of a host shares with its handles.
pub(crate) struct Shared<M: Machine> {
    pub(crate) role: &'static str,
    pub(crate) clock: Clock,
    /// Empty once the host has ended.
    pub(crate) room: Mutex<Option<Room<M>>>,
    /// The machine of a host that was shut down in good order.
    pub(crate) left: Mutex<Option<M>>,
    /// The newest membership that the machine has not been told.
    pub(crate) membership: Mutex<Option<Arc<Snapshot>>>,
    /// Wakes the loop.
    pub(crate) poke: Notify,
    pub(crate) order: watch::Sender<Order>,
    pub(crate) ended: watch::Sender<bool>,
    /// Places for requests being served, and how many there are.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) places_max: usize,
    /// How busy the host was after the last turn of its loop.
    pub(crate) load: Mutex<Load>,
    /// The listener's side, while there is one.
    pub(crate) serving: Mutex<Option<Serving>>,
    /// What the listener's side has done.
    pub(crate) counts: Arc<Counts>,
    pub(crate) fate: Mutex<Fate>,
}

/// How a host ended by itself, and who wants to know.
#[derive(Default)]
pub(crate) struct Fate {
    fatal: Option<Fatal>,
    stops: Vec<Stop>,
}

impl<M: Machine> Shared<M> {
    /// Requests accepted and not answered, those on their way to the machine among them.
    pub(crate) fn served(&self) -> usize {
        self.places_max
            .saturating_sub(self.places.available_permits())
    }

    /// Ends the host; the first reason stays.
    pub(crate) fn fail(&self, fatal: Fatal) {
        let mut fate = lock(&self.fate);
        if fate.fatal.is_none() {
            fate.fatal = Some(fatal);
            for stop in fate.stops.drain(..) {
                stop.trip(crate::Signal::Program);
            }
        }
        self.poke.notify_one();
    }

    pub(crate) fn fatal(&self) -> Option<Fatal> {
        lock(&self.fate).fatal.clone()
    }

    /// Trips `stop` when the host fails, or now if it has.
    pub(crate) fn stop_at_end(&self, stop: Stop) {
        let mut fate = lock(&self.fate);
        if fate.fatal.is_some() {
            stop.trip(crate::Signal::Program);
        } else {
            fate.stops.push(stop);
        }
    }

    /// Gives an order, unless it has been given a stronger one.
    pub(crate) fn order(&self, order: Order) {
        self.order.send_if_modified(|current| {
            let stronger = match (*current, order) {
                (Order::Kill, _) | (_, Order::Run) => false,
                (Order::Run, _) | (Order::Drain(_), Order::Kill) => true,
                // A second wish can only shorten the grace of the first.
                (Order::Drain(first), Order::Drain(second)) => second < first,
            };
            if stronger {
                *current = order;
            }
            stronger
        });
    }

    /// The loop has ended.
    pub(crate) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits for the end of the loop.
    pub(crate) async fn wait(&self) {
        let mut ended = self.ended.subscribe();
        // The sender is ours, so it is there while we wait.
        let _ended = ended.wait_for(|ended| *ended).await;
    }
}

/// Locks, also after a panic: a panic under one of these locks ends the host, and until then every
/// reader sees a state that a single statement left.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
