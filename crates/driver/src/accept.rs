//! From a listener to connections that are ready for requests.
//!
//! What a stranger costs us is bounded in the order in which it arrives: streams by address and
//! network before TLS ([`admission`]), handshakes in number and time, then requests by number,
//! size and time ([`gate`]), clients' bytes by their rate ([`budget`]), and the connection as a whole by what it does ([`connection`]).

mod admission;
mod budget;
mod connection;
mod counts;
mod gate;
mod rate;
mod share;

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use leek_identity::NodeAddress;
use leek_wire::Peer;
use tokio::{
    select,
    sync::mpsc::{Receiver, Sender, channel},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_stream::Stream;
use tonic::transport::Server;
use tower::layer::util::{Identity as NoLayer, Stack};

pub use self::counts::Traffic;
use self::{
    admission::{Door, Slot},
    budget::Budgets,
    connection::Session,
    share::Shares,
};
pub(crate) use self::{
    connection::Connection,
    counts::Counts,
    gate::{AnswerBytes, Gate},
};
use crate::{
    Clock, Limits,
    network::{ByteStream, Listener},
    tls::{HandshakeError, ServerTls},
};

/// Pause after an accept that failed for want of something, file descriptors most of all. That
/// passes when connections close; trying again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Yields connections with a finished handshake, for `serve_with_incoming_shutdown`. Dropping it
/// stops listening; connections already handed out live on.
pub(crate) struct Acceptor {
    ready: Receiver<Connection>,
    task: JoinHandle<()>,
}

impl Acceptor {
    /// Starts to accept, on the runtime whose context this is called in.
    pub(crate) fn start(
        listener: Box<dyn Listener>,
        tls: ServerTls,
        clock: Clock,
        limits: &Limits,
        counts: Arc<Counts>,
    ) -> Self {
        let (taken, ready) = channel(limits.ready);
        let entrance = Entrance {
            budgets: Arc::new(Budgets::new(limits, clock.clone())),
            door: Door::new(limits, clock),
            shares: Shares::new(limits),
            tls,
            limits: *limits,
            counts,
            taken,
        };
        Self {
            ready,
            task: tokio::spawn(Arc::new(entrance).run(listener)),
        }
    }
}

impl Stream for Acceptor {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.ready.poll_recv(cx).map(|ready| ready.map(Ok))
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server with every limit of HTTP/2 set, and the [`Gate`] before the service. Serve it with
/// [`Acceptor`]'s connections only: the gate refuses requests of others.
pub(crate) fn server(limits: &Limits, counts: Arc<Counts>) -> Server<Stack<Gate, NoLayer>> {
    Server::builder()
        .accept_http1(false)
        .timeout(limits.request)
        .concurrency_limit_per_connection(limits.streams as usize)
        .load_shed(true)
        .max_concurrent_streams(limits.streams)
        .http2_max_pending_accept_reset_streams(Some(limits.pending_reset_streams))
        .http2_max_local_error_reset_streams(Some(limits.local_error_reset_streams))
        .http2_max_header_list_size(limits.header_list_bytes)
        .max_frame_size(limits.frame_bytes)
        .initial_stream_window_size(limits.stream_window)
        .initial_connection_window_size(limits.connection_window)
        .http2_adaptive_window(Some(false))
        .http2_keepalive_interval(Some(limits.keep_alive))
        .http2_keepalive_timeout(Some(limits.keep_alive_timeout))
        // Without tonic's own grace: with it, tonic 0.14.9 cuts the connection after both times
        // and never announces the end. The cut is `Connection`'s.
        .max_connection_age(limits.connection_age)
        .layer(Gate::new(limits.request_body, counts))
}

struct Entrance {
    door: Door,
    shares: Shares,
    budgets: Arc<Budgets>,
    tls: ServerTls,
    limits: Limits,
    counts: Arc<Counts>,
    taken: Sender<Connection>,
}

impl Entrance {
    async fn run(self: Arc<Self>, mut listener: Box<dyn Listener>) {
        // Aborted with this task, so that nothing is left behind when listening stops.
        let mut handshakes = JoinSet::new();
        let mut wanting = false;
        loop {
            select! {
                biased;
                // First, so that ended handshakes do not pile up during a flood.
                Some(_ended) = handshakes.join_next() => {}
                arrival = listener.accept() => match arrival {
                    Ok((stream, from)) => {
                        wanting = false;
                        match self.door.admit(from.ip) {
                            Ok(slot) => {
                                handshakes.spawn(Arc::clone(&self).welcome(stream, from, slot));
                            }
                            Err(turned) => self.counts.turned_away(turned),
                        }
                    }
                    Err(error) if is_of_one_connection(error.kind()) => {
                        self.counts.accept_failed();
                    }
                    Err(error) => {
                        self.counts.accept_failed();
                        if !wanting {
                            tracing::warn!(%error, "cannot accept connections");
                        }
                        wanting = true;
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }

    async fn welcome(self: Arc<Self>, stream: ByteStream, from: NodeAddress, mut slot: Slot) {
        let shaken = timeout(self.limits.handshake_timeout, self.tls.accept(stream)).await;
        slot.handshake_ended();
        let (stream, node) = match shaken.unwrap_or(Err(HandshakeError::Timeout)) {
            Ok(ready) => ready,
            Err(error) => {
                self.counts.handshake_failed(error);
                return;
            }
        };
        let client = Peer::Client {
            ip: from.ip,
            port: from.port,
        };
        let peer = node.map_or(client, Peer::Node);
        self.counts.opened();
        let network = from.slash24();
        let budget = node.is_none().then(|| self.budgets.of(network));
        let session = Session::new(peer, self.shares.of(network), budget, &self.limits);
        let connection = Connection::new(stream, slot, session, Arc::clone(&self.counts));
        // Fails when the server is gone; then the connection closes.
        let _closed = self.taken.send(connection).await;
    }
}

/// Whether a failed accept concerns only the connection that it would have yielded: it ended before
/// we took it. Anybody can make us see these, so they must not slow us down (accept(2): Linux passes
/// on errors that were pending on the new socket).
const fn is_of_one_connection(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, NotConnected, TimedOut,
    };
    matches!(
        kind,
        ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | TimedOut
    )
}

#[cfg(test)]
pub(crate) mod tests;
