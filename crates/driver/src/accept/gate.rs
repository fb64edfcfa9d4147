//! What every request passes before the service sees it.

mod body;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use leek_wire::{Refusal, Status};
use tokio::time::sleep;
use tonic::body::Body;
use tower::{Layer, Service};

use self::body::{Answer, Held, Metered};
use super::{
    budget::{Budget, Deposit},
    connection::{Activity, Busy, Session},
    counts::Counts,
    share::{Kind, Taken},
};
use crate::refusal;

/// Bytes of an answer, encoded, which a service puts into its response's extensions: they count
/// against `Limits::answering_bytes` until the peer has taken them. An answer without it is taken
/// for a short one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnswerBytes(pub(crate) usize);

/// What a client is told whose network has used up its bytes.
const TOO_FAST: &str = "too many bytes from this network";

/// A layer that
/// - tells the service who asks: [`Peer`](leek_wire::Peer) in the request's extensions;
/// - marks the connection busy until the answer is taken;
/// - counts requests, their bytes and their answers' bytes, by network and in all, and refuses
///   what passes a bound as busy;
/// - refuses requests of clients, by their heads, when their network has moved too many bytes;
/// - gives a request's body a time to arrive in.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    body_time: Duration,
    counts: Arc<Counts>,
}

impl Gate {
    pub(super) const fn new(body_time: Duration, counts: Arc<Counts>) -> Self {
        Self { body_time, counts }
    }

    fn busy(&self, reason: &'static str) -> http::Response<Answer> {
        self.counts.request_refused(reason);
        refusal::to_status(&Refusal::busy()).into_http()
    }

    fn too_fast(&self, reason: &'static str) -> http::Response<Answer> {
        self.counts.request_refused(reason);
        let refusal = Refusal::new(Status::TOO_MANY_REQUESTS, TOO_FAST);
        refusal::to_status(&refusal).into_http()
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated {
            gate: self.clone(),
            inner,
        }
    }
}

/// A service behind a [`Gate`].
#[derive(Clone, Debug)]
pub(crate) struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S> Service<http::Request<Body>> for Gated<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
{
    type Response = http::Response<Answer>;
    type Error = S::Error;
    type Future = Passing<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Passing<S::Future> {
        let Some(session) = request.extensions().get::<Session>().cloned() else {
            return Passing::Refused(Some(self.gate.busy("no-session")));
        };
        let requests = session.share.take(Kind::Requests);
        if let Err(bound) = requests.more(1) {
            return Passing::Refused(Some(self.gate.busy(bound)));
        }
        let deposit = match session.budget.as_ref().map(Budget::begin).transpose() {
            Ok(deposit) => deposit,
            Err(bound) => return Passing::Refused(Some(self.gate.too_fast(bound))),
        };
        self.gate.counts.request();
        let busy = session.activity.begin();
        let received = Arc::new(session.share.take(Kind::Received));
        let (head, body) = request.into_parts();
        let counts = Arc::clone(&self.gate.counts);
        let body = Metered {
            inner: body,
            received: Arc::clone(&received),
            budget: session.budget.clone(),
            time: Box::pin(sleep(self.gate.body_time)),
            counts,
        };
        let mut request = http::Request::from_parts(head, Body::new(body));
        request.extensions_mut().insert(session.peer);
        Passing::Under {
            service: Box::pin(self.inner.call(request)),
            way: Some(Way {
                requests,
                received,
                deposit,
                busy,
                session,
                gate: self.gate.clone(),
            }),
        }
    }
}

/// A request on its way through the service.
pub(crate) enum Passing<F> {
    Refused(Option<http::Response<Answer>>),
    Under {
        service: Pin<Box<F>>,
        way: Option<Way>,
    },
}

pub(crate) struct Way {
    requests: Taken,
    received: Arc<Taken>,
    deposit: Option<Deposit>,
    busy: Busy,
    session: Session,
    gate: Gate,
}

impl Way {
    fn answer(self, response: http::Response<Body>) -> http::Response<Answer> {
        let answered = self.session.share.take(Kind::Answered);
        let bytes = response.extensions().get::<AnswerBytes>();
        let bytes = bytes.map_or(0, |bytes| bytes.0);
        if let Some(deposit) = self.deposit {
            deposit.answered(bytes);
        }
        if let Err(bound) = answered.more(bytes) {
            return self.gate.busy(bound);
        }
        drop(self.received);
        let held = Held {
            _requests: self.requests,
            answered,
            _busy: self.busy,
            activity: self.session.activity,
        };
        response.map(|body| Answer::new(body, held))
    }
}

impl<F, E> Future for Passing<F>
where
    F: Future<Output = Result<http::Response<Body>, E>>,
{
    type Output = Result<http::Response<Answer>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Refused(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
            Self::Under { service, way } => {
                let response = ready!(service.as_mut().poll(cx))?;
                match way.take() {
                    Some(way) => Poll::Ready(Ok(way.answer(response))),
                    None => Poll::Pending,
                }
            }
        }
    }
}
