use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use leek_wire::Refusal;
use tokio::time::Sleep;
use tonic::{Status, body::Body};

use super::{Activity, Budget, Busy, Counts, Taken};
use crate::refusal;

/// A request's body: counted as it arrives, and ended with a refusal when it is too much or too
/// slow.
pub(super) struct Metered {
    pub(super) inner: Body,
    pub(super) received: Arc<Taken>,
    /// Charged with what arrives, unless a node sends it.
    pub(super) budget: Option<Budget>,
    pub(super) time: Pin<Box<Sleep>>,
    pub(super) counts: Arc<Counts>,
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            ready!(self.time.as_mut().poll(cx));
            self.counts.request_refused("slow-body");
            return Poll::Ready(Some(Err(Status::deadline_exceeded("request too slow"))));
        };
        let bytes = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => 0,
        };
        if let Some(budget) = self.budget.as_ref().filter(|_| bytes > 0) {
            budget.charge(bytes);
        }
        if let Err(bound) = self.received.more(bytes) {
            self.counts.request_refused(bound);
            return Poll::Ready(Some(Err(refusal::to_status(&Refusal::busy()))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Bytes of an answer given to HTTP/2 at a time. It takes a whole piece as soon as it may send one
/// byte of it, so what it holds beyond the peer's window is less than this.
const PIECE_BYTES: usize = 16 * 1_024;

/// An answer's body: given out in pieces, and holding what its request took until the last is out.
#[derive(Default)]
pub(crate) struct Answer {
    inner: Body,
    rest: Bytes,
    held: Option<Held>,
}

/// What a request took.
pub(super) struct Held {
    pub(super) _requests: Taken,
    pub(super) answered: Taken,
    pub(super) _busy: Busy,
    pub(super) activity: Arc<Activity>,
}

impl Answer {
    pub(super) const fn new(inner: Body, held: Held) -> Self {
        Self {
            inner,
            rest: Bytes::new(),
            held: Some(held),
        }
    }

    fn piece(&mut self) -> Frame<Bytes> {
        let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        if let Some(held) = &self.held {
            held.activity.give(&held.answered, piece.len());
        }
        Frame::data(piece)
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.piece())));
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx)?);
        Poll::Ready(frame.map(|frame| match frame.into_data() {
            Ok(data) => {
                self.rest = data;
                Ok(self.piece())
            }
            Err(trailers) => Ok(trailers),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }
}
