use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use leek_identity::NodeId;
use tokio::sync::OwnedSemaphorePermit;
use tonic::body::Body;
use tower::Service;

use super::{
    Inner, Sender,
    pool::{LinkId, Place},
    reply::{Counted, Held, Incomings},
};

/// The right to make one call over a connection to one node, as a service that gRPC stubs take.
pub(crate) struct Lease {
    sender: Sender,
    place: Place,
    reply: Arc<Held>,
    dialer: Weak<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn new(
        sender: Sender,
        place: Place,
        permit: OwnedSemaphorePermit,
        dialer: &Arc<Inner>,
    ) -> Self {
        let incomings = Incomings {
            peer: Arc::clone(place.incoming()),
            all: Arc::clone(&dialer.incoming),
        };
        Self {
            sender,
            place,
            reply: Held::new(incomings, &dialer.limits),
            dialer: Arc::downgrade(dialer),
            _permit: permit,
        }
    }

    /// What tells the dialer how the connection does; outlives the lease.
    pub(crate) fn pulse(&self) -> Pulse {
        Pulse {
            _reply: Arc::clone(&self.reply),
            dialer: Weak::clone(&self.dialer),
            to: self.place.to(),
            id: self.place.id(),
            answers: Arc::clone(self.place.answers()),
            before: self.place.answers().load(Relaxed),
        }
    }
}

/// How the connection of one call does. Holds the bytes of the answer, so it lives until whoever
/// called has the answer.
pub(crate) struct Pulse {
    _reply: Arc<Held>,
    dialer: Weak<Inner>,
    to: NodeId,
    id: LinkId,
    answers: Arc<AtomicU64>,
    before: u64,
}

impl Pulse {
    /// The peer answered.
    pub(crate) fn heard(&self) {
        self.answers.fetch_add(1, Relaxed);
    }

    /// The call ran out of time. If the peer answered no other call meanwhile, the connection may
    /// lead nowhere (the peer crashed, or a router forgot it), which TCP notices only after many
    /// minutes: the next call gets a fresh one.
    pub(crate) fn timed_out(&self) {
        if self.answers.load(Relaxed) == self.before {
            Inner::forget(&self.dialer, self.to, self.id);
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease(..)")
    }
}

impl Service<http::Request<Body>> for Lease {
    type Response = http::Response<Counted>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.sender.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let sent = self.sender.send_request(request);
        let reply = Arc::clone(&self.reply);
        Box::pin(async move { Ok(sent.await?.map(|body| Counted::new(body, reply))) })
    }
}
