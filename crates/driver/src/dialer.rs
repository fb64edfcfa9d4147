//! Connections to nodes that we call, and the calls over them.
//!
//! One HTTP/2 connection for each peer, made when first needed and shared by its calls. A peer that
//! could not be reached rests for a while, so that a dead node costs its callers nothing. A
//! connection ends when it was unused for long, is old, or did not answer while a call ran out of
//! time; its successor is made by the next call.

mod call;
mod error;
mod lease;
mod link;
mod pool;
mod reply;

use std::{
    fmt,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::AtomicUsize},
};

use hyper::client::conn::http2::SendRequest;
use leek_identity::{NodeAddress, NodeId};
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};
use tonic::body::Body;

pub(crate) use self::{error::DialError, lease::Lease};
use self::{
    link::Link,
    pool::{Entered, Pool},
};
use crate::{Clock, Identity, Limits, Network, tls::ClientTls};

/// Sends requests over one connection.
type Sender = SendRequest<Body>;

/// Calls nodes. A handle: clones share connections, which close with the last of them.
#[derive(Clone)]
pub(crate) struct Dialer(Arc<Inner>);

struct Inner {
    network: Arc<dyn Network>,
    source: Option<Ipv4Addr>,
    tls: ClientTls,
    limits: Limits,
    pool: Mutex<Pool>,
    calls: Arc<Semaphore>,
    /// Bytes of answers on their way in.
    incoming: Arc<AtomicUsize>,
}

impl Dialer {
    /// A dialer without connections. With an `identity` it is a node to its peers, otherwise a
    /// client. `source` is the address its connections come from, `clock` judges certificates.
    pub(crate) fn new(
        network: Arc<dyn Network>,
        identity: Option<Arc<Identity>>,
        clock: &Clock,
        source: Option<Ipv4Addr>,
        limits: &Limits,
    ) -> Self {
        Self(Arc::new(Inner {
            network,
            source,
            tls: ClientTls::new(identity, clock),
            limits: *limits,
            pool: Mutex::new(Pool::new(limits)),
            calls: Arc::new(Semaphore::new(limits.calls.min(Semaphore::MAX_PERMITS))),
            incoming: Arc::default(),
        }))
    }

    /// The right to make one call to the node `to`, which listens at `at`: connects first if need
    /// be. Needs the runtime's context.
    ///
    /// # Errors
    /// [`DialError`]; nothing of the call has left this host then.
    pub(crate) async fn lease(&self, to: NodeId, at: NodeAddress) -> Result<Lease, DialError> {
        let calls = Arc::clone(&self.0.calls);
        let permit = calls.try_acquire_owned();
        let permit = permit.map_err(|_full| DialError::Busy)?;
        let entered = self.0.pool().enter(to, at, Instant::now())?;
        let (place, mut link) = match entered {
            Entered::Known(place, link) => (place, link),
            Entered::Fresh(place, link, told) => {
                let answers = Arc::clone(place.answers());
                let peer = (to, at, place.id());
                tokio::spawn(link::keep(Arc::downgrade(&self.0), peer, answers, told));
                (place, link)
            }
        };
        let sender = settled(&mut link).await?;
        Ok(Lease::new(sender, place, permit, &self.0))
    }

    /// A connection of its own, outside the pool, and held until the sender is dropped.
    pub(crate) async fn connect(&self, to: NodeId, at: NodeAddress) -> Result<Sender, DialError> {
        let (sender, connection) = link::connect(&self.0, to, at).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Peers with a connection, or on the way to one, or resting.
    pub(crate) fn peers(&self) -> usize {
        self.0.pool().len()
    }
}

impl Inner {
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(this: &Weak<Self>, peer: NodeId, id: pool::LinkId) {
        if let Some(inner) = this.upgrade() {
            inner.pool().forget(peer, id);
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer")
            .field("peers", &self.peers())
            .finish_non_exhaustive()
    }
}

/// Waits until the link is up or has failed.
async fn settled(link: &mut watch::Receiver<Link>) -> Result<Sender, DialError> {
    let settled = link.wait_for(|link| !matches!(link, Link::Dialing)).await;
    match settled.as_deref() {
        Ok(Link::Up(sender)) => Ok(sender.clone()),
        Ok(Link::Down { error, .. }) => Err(*error),
        Ok(Link::Dialing | Link::Over) | Err(_) => Err(DialError::Closed),
    }
}

#[cfg(test)]
mod tests;
