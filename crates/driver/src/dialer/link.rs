use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use hyper::client::conn::http2::{Builder, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use leek_identity::{NodeAddress, NodeId};
use tokio::{
    pin, select,
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::client::TlsStream;
use tonic::body::Body;

use super::{DialError, Inner, Sender, pool::LinkId};
use crate::{Limits, network::ByteStream};

/// The state of one attempt to connect to a peer.
#[derive(Debug)]
pub(super) enum Link {
    /// On the way.
    Dialing,
    /// Ready for calls.
    Up(Sender),
    /// It did not come about.
    Down {
        /// Why.
        error: DialError,
        /// When.
        at: Instant,
    },
    /// It takes no more calls.
    Over,
}

type Wire = Connection<TokioIo<TlsStream<ByteStream>>, Body, TokioExecutor>;

/// Makes a connection to a peer, tells those who wait, and keeps it until it is too old, unused for
/// long, dropped by the pool, or broken.
pub(super) async fn keep(
    inner: Weak<Inner>,
    (to, at, id): (NodeId, NodeAddress, LinkId),
    answers: Arc<AtomicU64>,
    told: watch::Sender<Link>,
) {
    let Some(strong) = inner.upgrade() else {
        return;
    };
    let limits = strong.limits;
    let made = connect(&strong, to, at).await;
    drop(strong);
    match made {
        Ok((sender, connection)) => {
            told.send_replace(Link::Up(sender));
            metrics::gauge!("leek_peers_connected").increment(1);
            serve(&inner, to, id, &limits, connection, &told, &answers).await;
            metrics::gauge!("leek_peers_connected").decrement(1);
        }
        Err(error) => failed(&told, error),
    }
}

/// Runs a connection to its end.
async fn serve(
    inner: &Weak<Inner>,
    to: NodeId,
    id: LinkId,
    limits: &Limits,
    connection: Wire,
    told: &watch::Sender<Link>,
    answers: &AtomicU64,
) {
    pin!(connection);
    let old_at = Instant::now() + limits.pool_age;
    let mut look_at = Instant::now() + limits.pool_idle;
    let broken = loop {
        select! {
            biased;
            // First: a broken connection must not be kept for any other reason.
            _ended = &mut connection => break true,
            // The pool made room, or gave up on the peer.
            () = told.closed() => break false,
            () = sleep_until(old_at) => break false,
            () = sleep_until(look_at) => {
                let Some(inner) = inner.upgrade() else { break false };
                match inner.pool().forget_idle(to, id, Instant::now()) {
                    Some(again) => look_at = again,
                    None => break false,
                }
            }
        }
    };
    if broken && answers.load(Relaxed) == 0 {
        // A peer that closes what it accepted (it is full, or does not like our certificate)
        // rests like one that cannot be reached.
        failed(told, DialError::Closed);
        return;
    }
    // Calls hold senders of their own; the connection closes in good order after the last.
    told.send_replace(Link::Over);
    Inner::forget(inner, to, id);
    if !broken {
        connection.await.ok();
    }
}

/// The pool keeps the receiver, and with it what failed, until it needs the room.
fn failed(told: &watch::Sender<Link>, error: DialError) {
    tracing::debug!(reason = error.kind(), "dial failed");
    metrics::counter!("leek_dials_failed_total", "reason" => error.kind()).increment(1);
    let at = Instant::now();
    told.send_replace(Link::Down { error, at });
}

/// Connects to a node: network, TLS, HTTP/2.
pub(super) async fn connect(
    inner: &Inner,
    to: NodeId,
    at: NodeAddress,
) -> Result<(Sender, Wire), DialError> {
    let made = async {
        let connected = inner.network.connect(inner.source, at).await;
        let stream = connected.map_err(|error| DialError::Connect(error.kind()))?;
        let stream = inner.tls.connect(stream, to).await?;
        let http = http2(&inner.limits).handshake(TokioIo::new(stream)).await;
        http.map_err(|_error| DialError::Http)
    };
    timeout(inner.limits.dial_timeout, made)
        .await
        .unwrap_or(Err(DialError::Timeout))
}

/// HTTP/2 with every limit set. Pings go out on idle connections as well: they are what ends one
/// whose peer no longer reads.
fn http2(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(limits.stream_window)
        .initial_connection_window_size(limits.connection_window)
        .max_frame_size(limits.frame_bytes)
        .max_header_list_size(limits.header_list_bytes)
        .max_concurrent_reset_streams(limits.calls_per_peer)
        .max_local_error_reset_streams(limits.local_error_reset_streams)
        .keep_alive_interval(limits.keep_alive)
        .keep_alive_timeout(limits.keep_alive_timeout)
        .keep_alive_while_idle(true);
    builder
}
