//! A node with a service that does what it is told, and those who call it.

use std::{
    net::Ipv4Addr,
    sync::{Mutex, atomic::AtomicU64},
};

use leek_identity::NodeKeys;
use leek_machine::Wall;
use leek_swarm::Epoch;
use tokio::sync::oneshot;

use super::*;
use crate::{
    Identity, Memory, Runtime,
    accept::AnswerBytes,
    dialer::Dialer,
    rpc::peer_server::{self, PeerServer},
};

/// Time that a call gets which is answered at once.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// Time that a call gets which nobody cuts short.
pub(crate) const LATE: Duration = Duration::from_secs(100_000);
/// Bytes of the answer to [`big`].
pub(crate) const BIG: usize = 2_000_000;

pub(crate) fn node(seed: u8) -> Arc<NodeKeys> {
    Arc::new(NodeKeys::from_seed([seed; 32]))
}

/// The address of a host in one of the networks that callers come from.
pub(crate) const fn from(network: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 1, network, host)
}

pub(crate) const fn client(network: u8, host: u8, port: u16) -> Peer {
    Peer::Client {
        ip: from(network, host),
        port,
    }
}

/// A request answered after this time.
pub(crate) fn slow(time: Duration) -> Request {
    let ms = u64::try_from(time.as_millis()).unwrap();
    Request::Snapshot {
        newer_than: Some(Epoch(ms)),
    }
}

/// A request with a [`BIG`] answer.
pub(crate) const fn big() -> Request {
    Request::Snapshot { newer_than: None }
}

pub(crate) struct Site {
    rt: Runtime,
    pub(crate) network: Memory,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
}

impl Site {
    pub(crate) fn new(limits: Limits) -> Self {
        let rt = Runtime::paused().unwrap();
        let clock = Clock::fixed(&rt, Wall::from_ms(1_800_000_000_000));
        Self::over(rt, clock, limits)
    }

    pub(crate) fn over(rt: Runtime, clock: Clock, limits: Limits) -> Self {
        Self {
            clock,
            rt,
            network: Memory::new(),
            limits,
        }
    }

    pub(crate) fn run<T>(&self, test: impl Future<Output = T>) -> T {
        self.rt.block_on(test)
    }

    /// Starts the node of this seed.
    pub(crate) async fn serve(&self, seed: u8) -> Served {
        let at = NodeAddress {
            ip: [203, 0, 113, seed].into(),
            port: 0,
        };
        let listener = self.network.listen(at).await.unwrap();
        self.serve_on(seed, listener)
    }

    pub(crate) fn serve_on(&self, seed: u8, listener: Box<dyn Listener>) -> Served {
        let at = listener.address();
        let counts = Arc::new(Counts::default());
        let identity = Arc::new(Identity::new(node(seed), &leek_crypto::fast()));
        let tls = ServerTls::new(identity, &self.clock);
        let clock = self.clock.clone();
        let taken = Arc::clone(&counts);
        let acceptor = Acceptor::start(listener, tls, clock, &self.limits, taken);
        let seen = Arc::new(Seen::default());
        let service = PeerServer::new(Obeys(Arc::clone(&seen)))
            .max_decoding_message_size(self.limits.message_bytes);
        let (stop, stopped) = oneshot::channel::<()>();
        let running = server(&self.limits, Arc::clone(&counts)).serve_with_incoming_shutdown(
            service,
            acceptor,
            async {
                stopped.await.ok();
            },
        );
        Served {
            at,
            counts,
            seen,
            stop: Some(stop),
            running: Some(tokio::spawn(running)),
        }
    }

    /// A clock that runs `hours` ahead of the site's.
    pub(crate) fn clock_ahead(&self, hours: u64) -> Clock {
        Clock::fixed(&self.rt, self.clock.now().wall.after_ms(hours * 3_600_000))
    }

    /// Somebody who calls nodes from `source`: the node of this seed, or a client.
    pub(crate) fn dialer(&self, seed: Option<u8>, source: Ipv4Addr) -> Dialer {
        let identity = seed.map(|seed| Identity::new(node(seed), &leek_crypto::fast()));
        let network: Arc<dyn Network> = Arc::new(self.network.clone());
        let identity = identity.map(Arc::new);
        Dialer::new(network, identity, &self.clock, Some(source), &self.limits)
    }
}

/// What the service saw.
#[derive(Default)]
struct Seen {
    peers: Mutex<Vec<Peer>>,
    answered: AtomicU64,
}

pub(crate) struct Served {
    pub(crate) at: NodeAddress,
    pub(crate) counts: Arc<Counts>,
    seen: Arc<Seen>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<Result<(), tonic::transport::Error>>>,
}

impl Served {
    /// The peers of the requests since this was asked last.
    pub(crate) fn seen(&self) -> Vec<Peer> {
        std::mem::take(&mut *self.seen.peers.lock().unwrap())
    }

    /// Requests that the service answered.
    pub(crate) fn answered(&self) -> u64 {
        self.seen
            .answered
            .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// How often something was refused for this reason.
    pub(crate) fn refused(&self, reason: &str) -> u64 {
        let counts = self.counts.at_present();
        counts.refused.get(reason).copied().unwrap_or(0)
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    pub(crate) async fn ended(&mut self) {
        self.running.take().unwrap().await.unwrap().unwrap();
    }
}

/// Echoes what is announced, waits when told so, and has a big answer.
struct Obeys(Arc<Seen>);

#[tonic::async_trait]
impl peer_server::Peer for Obeys {
    async fn call(
        &self,
        request: tonic::Request<Request>,
    ) -> Result<tonic::Response<Response>, tonic::Status> {
        let peer = *request.extensions().get::<Peer>().unwrap();
        self.0.peers.lock().unwrap().push(peer);
        let answer = match request.into_inner() {
            Request::Announce(bytes) | Request::Cosign(bytes) => bytes,
            Request::Snapshot {
                newer_than: Some(Epoch(ms)),
            } => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Vec::new()
            }
            _ => vec![0; BIG],
        };
        self.0
            .answered
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let bytes = AnswerBytes(answer.len());
        let mut response = tonic::Response::new(Response::Onion(answer));
        response.extensions_mut().insert(bytes);
        Ok(response)
    }
}
