//! Calls without a machine: for loaders and tools.

use core::{fmt, net::Ipv4Addr, time::Duration};
use std::sync::Arc;

use hyper::client::conn::http2::SendRequest;
use leek_identity::{NodeAddress, NodeId};
use leek_wire::{Outcome, Request, Response};
use tonic::body::Body;

use crate::{Clock, Identity, Limits, Network, Runtime, dialer::Dialer, meters};

/// The role under which callers are counted.
const ROLE: &str = "caller";

/// How a caller is set up.
#[derive(Clone, Debug)]
pub struct CallerConfig {
    /// How it reaches others.
    pub network: Arc<dyn Network>,
    /// Who it is; `None` for a client, known by its address only.
    pub identity: Option<Arc<Identity>>,
    /// The address its calls come from; `None` leaves the choice to the system.
    pub source: Option<Ipv4Addr>,
    /// The clock that certificates are judged by.
    pub clock: Clock,
    /// Every bound; of a loader, `calls` and `calls_per_peer` bound what it has in flight.
    pub limits: Limits,
}

/// A connection could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connect to a node: {reason}")]
pub struct CallError {
    /// Which step failed, as metrics call it.
    pub reason: &'static str,
}

/// Calls nodes on behalf of plain threads. A handle: clones share connections.
#[derive(Clone, Debug)]
pub struct Caller {
    rt: Runtime,
    dialer: Dialer,
}

/// A connection of its own, held open and idle until dropped. Without a request, a node closes it
/// after its `Limits::first_request`.
pub struct Held {
    sender: SendRequest<Body>,
}

impl Held {
    /// Whether it is still open.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("open", &self.is_open())
            .finish()
    }
}

impl Caller {
    /// A caller on this runtime, without connections yet.
    pub fn new(rt: &Runtime, config: CallerConfig) -> Self {
        let dialer = Dialer::new(
            config.network,
            config.identity,
            &config.clock,
            config.source,
            &config.limits,
        );
        Self {
            rt: rt.clone(),
            dialer,
        }
    }

    /// Asks a node and tells `done` how it ended, once, on a thread of the runtime. Returns at
    /// once. `done` must not block.
    pub fn call(
        &self,
        to: NodeId,
        at: NodeAddress,
        request: Request,
        within: Duration,
        done: impl FnOnce(Outcome<Response>) + Send + 'static,
    ) {
        let caller = self.clone();
        self.rt.handle().spawn(async move {
            done(caller.ask(to, at, request, within).await);
        });
    }

    /// Asks a node. Without an answer in time the outcome is [`Outcome::Lost`].
    pub async fn ask(
        &self,
        to: NodeId,
        at: NodeAddress,
        request: Request,
        within: Duration,
    ) -> Outcome<Response> {
        let meter = meters::Called::new(ROLE, &request);
        let outcome = self.dialer.call(to, at, request, within).await;
        meter.ended(&outcome);
        outcome
    }

    /// As [`Caller::ask`], blocking this thread.
    ///
    /// # Panics
    /// Inside `block_on`.
    pub fn call_wait(
        &self,
        to: NodeId,
        at: NodeAddress,
        request: Request,
        within: Duration,
    ) -> Outcome<Response> {
        self.rt.block_on(self.ask(to, at, request, within))
    }

    /// Opens a connection that nobody else uses.
    ///
    /// # Errors
    /// [`CallError`] with the step that failed.
    pub async fn open(&self, to: NodeId, at: NodeAddress) -> Result<Held, CallError> {
        let connected = self.dialer.connect(to, at).await;
        let sender = connected.map_err(|error| CallError {
            reason: error.kind(),
        })?;
        Ok(Held { sender })
    }

    /// As [`Caller::open`], blocking this thread.
    ///
    /// # Errors
    /// As [`Caller::open`].
    ///
    /// # Panics
    /// Inside `block_on`.
    pub fn hold(&self, to: NodeId, at: NodeAddress) -> Result<Held, CallError> {
        self.rt.block_on(self.open(to, at))
    }
}
