//! The serving side: from a gRPC request to the machine's inbox, and back.

mod sever;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use leek_machine::Machine;
use leek_wire::{CallId, Input, Peer, Refusal, Request, Response, Status, response_encoded_len};
use sever::Severable;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_stream::StreamExt as _;

use crate::{
    Fatal, Limits,
    accept::{self, AnswerBytes},
    drive::{Asked, Shared, Waiting},
    meters,
    rpc::peer_server::{self, PeerServer},
    workers::Workers,
};

/// The door to one machine's inbox. Bounds what waits and what is served, as the simulator does.
pub(crate) struct Front<M: Machine> {
    pub(crate) shared: Arc<Shared<M>>,
    pub(crate) prep: Arc<M::Prep>,
    pub(crate) workers: Workers,
    pub(crate) inbox: mpsc::Sender<Asked<M>>,
    pub(crate) next: AtomicU64,
    /// Set when the host is shutting down.
    pub(crate) closing: AtomicBool,
}

/// The host ended before it answered.
pub(crate) struct Gone;

impl<M> Front<M>
where
    M: Machine<Prep: 'static> + 'static,
    M::Input: From<Input> + Send,
{
    /// Asks the machine. Dropping the future leaves the machine with a request whose answer
    /// nobody wants; its place is free again when the machine has answered.
    pub(crate) async fn ask(
        &self,
        from: Peer,
        body: Request,
    ) -> Result<Result<Response, Refusal>, Gone> {
        let meter = meters::Served::new(self.shared.role, &body);
        let asked = self.deliver(from, body).await;
        let result = match asked {
            Ok(answer) => match answer.await {
                Ok(result) => result,
                Err(_ended) => {
                    meter.abandoned();
                    return Err(Gone);
                }
            },
            Err(refusal) => Err(refusal),
        };
        meter.ended(&result);
        Ok(result)
    }

    /// Prepares a request and puts it into the inbox.
    async fn deliver(
        &self,
        from: Peer,
        body: Request,
    ) -> Result<oneshot::Receiver<Result<Response, Refusal>>, Refusal> {
        if self.closing.load(Ordering::Acquire) {
            return Err(Refusal::new(Status::UNAVAILABLE, "stopping"));
        }
        let places = Arc::clone(&self.shared.places);
        let place = places.try_acquire_owned().map_err(|_| Refusal::busy())?;
        let call = CallId(self.next.fetch_add(1, Ordering::Relaxed));
        let input = M::Input::from(Input::Request { from, call, body });
        let input = self.prepare(input).await?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { answer, place };
        let asked = Asked {
            call,
            input,
            waiting,
        };
        // Full, or closed because the host has ended: either way not now.
        self.inbox.try_send(asked).map_err(|_| Refusal::busy())?;
        Ok(answered)
    }

    async fn prepare(&self, input: M::Input) -> Result<M::Input, Refusal> {
        let started = Instant::now();
        let prep = Arc::clone(&self.prep);
        let prepared = self.workers.run(move || M::prepare(&prep, input)).await;
        meters::prepared(self.shared.role, started.elapsed());
        prepared.map_err(|panicked| {
            self.shared.fail(Fatal::Panicked(panicked.0));
            Refusal::new(Status::INTERNAL, "stopped")
        })
    }
}

/// The gRPC service of one host.
pub(crate) struct PeerService<M: Machine>(pub(crate) Arc<Front<M>>);

#[tonic::async_trait]
impl<M> peer_server::Peer for PeerService<M>
where
    M: Machine<Prep: 'static> + Send + 'static,
    M::Input: From<Input> + Send,
{
    async fn call(
        &self,
        request: tonic::Request<Request>,
    ) -> Result<tonic::Response<Response>, tonic::Status> {
        let Some(from) = request.extensions().get::<Peer>().copied() else {
            return Err(tonic::Status::internal("a connection without a peer"));
        };
        match self.0.ask(from, request.into_inner()).await {
            Ok(Ok(response)) => {
                let bytes = AnswerBytes(response_encoded_len(&response));
                let mut response = tonic::Response::new(response);
                response.extensions_mut().insert(bytes);
                Ok(response)
            }
            Ok(Err(refusal)) => Err(crate::refusal::to_status(&refusal)),
            // Without details: to the caller it is lost, as when the process dies.
            Err(Gone) => Err(tonic::Status::unavailable("stopped")),
        }
    }
}

/// A served listener.
pub(crate) struct Serving {
    /// `false`: no new connections, and those there are announce the end.
    open: watch::Sender<bool>,
    /// `true`: every connection fails at its next step.
    cut: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Serves the connections of `acceptor`.
    pub(crate) fn start<M>(
        handle: &Handle,
        acceptor: accept::Acceptor,
        counts: Arc<accept::Counts>,
        limits: &Limits,
        front: Arc<Front<M>>,
    ) -> Self
    where
        M: Machine<Prep: 'static> + Send + 'static,
        M::Input: From<Input> + Send,
    {
        let (open, mut closing) = watch::channel(true);
        let (cut, cuts) = watch::channel(false);
        let service = PeerServer::new(PeerService(front))
            .max_decoding_message_size(limits.message_bytes)
            .max_encoding_message_size(limits.message_bytes);
        let connections =
            acceptor.map(move |connection| connection.map(|it| Severable::new(it, cuts.clone())));
        let stopping = async move {
            // Ends with an error when `Serving` is dropped, and that is the end too.
            let _closed = closing.wait_for(|open| !open).await;
        };
        let server = accept::server(limits, counts);
        let task = handle.spawn(async move {
            let served = server.serve_with_incoming_shutdown(service, connections, stopping);
            if let Err(error) = served.await {
                // Only a connection's own failure can be meant; there is nobody to tell.
                tracing::warn!(%error, "serve connections");
            }
        });
        Self { open, cut, task }
    }

    /// Stops in good order: no new connections, requests in flight are answered for at most
    /// `grace`, then what is left is cut.
    pub(crate) async fn close(mut self, grace: Duration) {
        self.open.send_replace(false);
        if timeout(grace, &mut self.task).await.is_err() {
            self.cut.send_replace(true);
            let _ended = (&mut self.task).await;
        }
    }
}

/// Cuts everything at once.
impl Drop for Serving {
    fn drop(&mut self) {
        self.open.send_replace(false);
        self.cut.send_replace(true);
    }
}
