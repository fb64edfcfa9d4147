//! One machine on the network.

mod start;

use core::{fmt, net::Ipv4Addr, time::Duration};
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, atomic::Ordering},
};

use leek_identity::{NodeAddress, NodeId};
use leek_machine::Machine;
use leek_swarm::Snapshot;
use leek_wire::{Input, Output, StoreError};
pub use start::{host, host_knowing};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::Instant,
};

use crate::{
    Clock, Identity, Limits, Network, Runtime, Stop, Traffic,
    book::Book,
    drive::{Order, Shared, lock},
    service::Front,
    workers::guarded,
};

/// How a host is set up.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// What the machine is, for metrics and logs: `"node"`, `"client"`, `"directory"`.
    pub role: &'static str,
    /// How it reaches others and is reached.
    pub network: Arc<dyn Network>,
    /// Where it listens; `None` for a machine that nobody calls. Port 0 takes a free one.
    pub listen: Option<NodeAddress>,
    /// The address its calls come from; `None` leaves the choice to the system.
    pub source: Option<Ipv4Addr>,
    /// Who it is. Needed to listen; with it, the peers of its calls see a node.
    pub identity: Option<Arc<Identity>>,
    /// Its clocks.
    pub clock: Clock,
    /// Every bound.
    pub limits: Limits,
    /// How long a write batch waits for others before all commit together.
    pub group_commit: Duration,
    /// Whether the machine and its storage have a thread of their own, so that a commit blocks
    /// nobody's input and output. Not on a paused runtime.
    pub own_thread: bool,
}

/// A host could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on: taken, not ours, or not allowed.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: NodeAddress,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// A listener without an identity has no certificate to show.
    #[error("start host: it listens but has no identity")]
    NoIdentity,
    /// A thread of its own has a clock of its own.
    #[error("start host: a paused runtime cannot give it a thread of its own")]
    OwnThreadPaused,
    /// The thread of the machine could not be started.
    #[error("start the host's thread")]
    Thread(#[source] io::Error),
}

/// Why a host ended by itself. Nothing brings it back: start the process again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fatal {
    /// The storage failed at a commit. What the medium holds is unknown until it is opened again,
    /// so nothing is acknowledged any more.
    #[error("host stopped: its storage failed")]
    Storage(#[source] StoreError),
    /// The machine broke an invariant of ours.
    #[error("host stopped: its machine panicked: {0}")]
    Panicked(String),
}

/// A machine was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TellError {
    /// Too many inputs wait already.
    #[error("tell machine: its queue is full")]
    Full,
    /// The host has ended or is shutting down.
    #[error("tell machine: the host has ended")]
    Ended,
}

/// How busy a host is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests prepared and not yet taken by the machine.
    pub inbox: usize,
    /// Requests accepted and not yet answered.
    pub serving: usize,
    /// Calls of its own in flight.
    pub calls: usize,
    /// Write batches handed out and not yet durable.
    pub writes: usize,
    /// Answers held back until a batch is durable.
    pub held: usize,
}

/// A running machine. Dropping it stops the machine and does not wait: what it wrote is made
/// durable if the process lives on for long enough, nobody is answered any more.
pub struct Host<M: Machine> {
    rt: Runtime,
    shared: Arc<Shared<M>>,
    front: Arc<Front<M>>,
    told: mpsc::Sender<M::Input>,
    book: Book,
    address: Option<NodeAddress>,
}

impl<M> Host<M>
where
    M: Machine<Output = Output, Prep: 'static> + Send + 'static,
    M::Input: From<Input> + Send,
{
    /// Where it listens, with the port it was given.
    pub const fn address(&self) -> Option<NodeAddress> {
        self.address
    }

    /// Gives the machine an input, after those told before. The pure part of handling runs on this
    /// thread.
    ///
    /// # Errors
    /// [`TellError`] when it cannot take it.
    pub fn tell(&self, input: M::Input) -> Result<(), TellError> {
        if *self.shared.order.borrow() != Order::Run {
            return Err(TellError::Ended);
        }
        let input = guarded(|| M::prepare(&self.front.prep, input)).map_err(|panicked| {
            self.shared.fail(Fatal::Panicked(panicked.0));
            TellError::Ended
        })?;
        self.told.try_send(input).map_err(|error| match error {
            TrySendError::Full(_) => TellError::Full,
            TrySendError::Closed(_) => TellError::Ended,
        })
    }

    /// Makes a membership known: to the dialer, which finds nodes by it, and to the machine. When
    /// several come before the machine takes one, it takes the newest.
    pub fn membership(&self, snapshot: Arc<Snapshot>) {
        self.book.membership(Arc::clone(&snapshot));
        *lock(&self.shared.membership) = Some(snapshot);
        self.shared.poke.notify_one();
    }

    /// Makes the address of one node known to the dialer, beside the membership.
    pub fn know(&self, node: NodeId, address: NodeAddress) {
        self.book.know(node, address);
    }

    /// Runs `look` on the machine between two inputs; `None` once the host has ended. Blocks while
    /// the machine is busy, at most for one commit. What it makes the machine ask is carried out.
    ///
    /// # Panics
    /// When `look` does; the host ends then, for the machine may be left halfway.
    pub fn with<R>(&self, look: impl FnOnce(&mut M) -> R) -> Option<R> {
        // A lock that was poisoned belongs to a host that is just ending.
        let mut slot = self.shared.room.lock().ok()?;
        let machine = &mut slot.as_mut()?.core.machine;
        let looked = catch_unwind(AssertUnwindSafe(|| look(machine)));
        drop(slot);
        match looked {
            Ok(result) => {
                self.shared.poke.notify_one();
                Some(result)
            }
            Err(payload) => {
                let fatal = Fatal::Panicked("while somebody looked at it".to_owned());
                self.shared.fail(fatal);
                resume_unwind(payload)
            }
        }
    }

    /// How busy it was after its last turn; all zero once it has ended. Never waits.
    pub fn load(&self) -> Load {
        *lock(&self.shared.load)
    }

    /// What it accepted and refused since it started.
    pub fn traffic(&self) -> Traffic {
        self.shared.counts.at_present()
    }

    /// Why it ended by itself; `None` while it runs, and after a shutdown.
    pub fn ended(&self) -> Option<Fatal> {
        self.shared.fatal()
    }

    /// Trips `stop` when the host ends by itself.
    pub fn stop_at_end(&self, stop: Stop) {
        self.shared.stop_at_end(stop);
    }

    /// Stops: takes no more requests, answers those in flight for at most `grace`, makes every
    /// batch durable, closes connections. Returns the machine, or `None` when the host had ended.
    ///
    /// # Panics
    /// Inside `block_on`: there, await [`Host::stopped`].
    pub fn shutdown(&self, grace: Duration) -> Option<M> {
        self.rt.block_on(self.stopped(grace))
    }

    /// As [`Host::shutdown`], for futures.
    pub async fn stopped(&self, grace: Duration) -> Option<M> {
        self.front.closing.store(true, Ordering::Release);
        self.shared.order(Order::Drain(Instant::now() + grace));
        let serving = lock(&self.shared.serving).take();
        let closed = async {
            if let Some(serving) = serving {
                serving.close(grace).await;
            }
        };
        tokio::join!(closed, self.shared.wait());
        lock(&self.shared.left).take()
    }

    /// Ends at once, as a crash does: nobody is answered, connections break, nothing more is made
    /// durable. Returns when the storage is closed.
    ///
    /// # Panics
    /// Inside `block_on`: there, await [`Host::killed`].
    pub fn kill(&self) {
        self.rt.block_on(self.killed());
    }

    /// As [`Host::kill`], for futures.
    pub async fn killed(&self) {
        self.shared.order(Order::Kill);
        self.shared.wait().await;
    }
}

impl<M: Machine> Drop for Host<M> {
    fn drop(&mut self) {
        self.front.closing.store(true, Ordering::Release);
        // A paused runtime's time is read in its context.
        let _context = self.rt.handle().enter();
        self.shared.order(Order::Drain(Instant::now()));
        drop(lock(&self.shared.serving).take());
    }
}

impl<M: Machine> fmt::Debug for Host<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("role", &self.shared.role)
            .finish_non_exhaustive()
    }
}
