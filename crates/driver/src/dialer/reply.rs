//! Answers on their way in: how many bytes of them there may be.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tonic::Status;

use crate::Limits;

/// Bytes of answers from one peer, and from all.
#[derive(Clone, Debug, Default)]
pub(super) struct Incomings {
    pub(super) peer: Arc<AtomicUsize>,
    pub(super) all: Arc<AtomicUsize>,
}

/// The bytes of one answer, given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    of: Incomings,
    bytes: AtomicUsize,
    peer_max: usize,
    all_max: usize,
}

impl Held {
    pub(super) fn new(of: Incomings, limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            of,
            bytes: AtomicUsize::new(0),
            peer_max: limits.reply_bytes_per_peer,
            all_max: limits.reply_bytes,
        })
    }

    /// Counts `n` more; false when a bound is passed, and the answer is to be dropped.
    fn more(&self, n: usize) -> bool {
        self.bytes.fetch_add(n, Relaxed);
        let peer = self.of.peer.fetch_add(n, Relaxed) + n;
        let all = self.of.all.fetch_add(n, Relaxed) + n;
        peer <= self.peer_max && all <= self.all_max
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let n = self.bytes.load(Relaxed);
        self.of.peer.fetch_sub(n, Relaxed);
        self.of.all.fetch_sub(n, Relaxed);
    }
}

/// An answer's body, counted as it arrives.
pub(crate) struct Counted {
    inner: Incoming,
    held: Arc<Held>,
}

impl Counted {
    pub(super) const fn new(inner: Incoming, held: Arc<Held>) -> Self {
        Self { inner, held }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(|broken| Status::from_error(Box::new(broken)))?;
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match self.held.more(bytes) {
                true => Ok(frame),
                false => Err(Status::resource_exhausted("too much at once")),
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
