//! One connection: its bytes, who it is, and when it has gone on for too long.

mod activity;

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use leek_wire::Peer;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep_until},
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

pub(super) use self::activity::{Activity, Busy};
use super::{
    admission::Slot,
    budget::Budget,
    counts::Counts,
    share::{Kind, Share},
};
use crate::{Limits, network::ByteStream};

/// What requests know about the connection they came over.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(super) peer: Peer,
    pub(super) share: Share,
    /// None for nodes: what they relay is everybody's.
    pub(super) budget: Option<Budget>,
    pub(super) activity: Arc<Activity>,
}

impl Session {
    pub(super) fn new(peer: Peer, share: Share, budget: Option<Budget>, limits: &Limits) -> Self {
        let unsent = share.take(Kind::Answered);
        Self {
            peer,
            share,
            budget,
            activity: Arc::new(Activity::new(limits, unsent)),
        }
    }
}

/// A connection with a finished handshake. It fails, and so closes, once its [`Activity`] says
/// that its time is up; its place is given back when it is dropped.
pub(crate) struct Connection {
    stream: TlsStream<ByteStream>,
    session: Session,
    /// Wakes the task that owns the connection when a deadline passes in silence.
    alarm: Pin<Box<Sleep>>,
    counts: Arc<Counts>,
    _slot: Slot,
}

impl Connection {
    pub(super) fn new(
        stream: TlsStream<ByteStream>,
        slot: Slot,
        session: Session,
        counts: Arc<Counts>,
    ) -> Self {
        let alarm = Box::pin(sleep_until(session.activity.deadline()));
        Self {
            stream,
            session,
            alarm,
            counts,
            _slot: slot,
        }
    }

    /// Ready with an error once the time is up. Asked at every read and write: a peer that takes
    /// nothing stops our reading, one that sends nothing our writing.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        // Deadlines move with every request, mostly to later: then the alarm is left to ring, and
        // set anew only when it has.
        let deadline = self.session.activity.deadline();
        if deadline < self.alarm.deadline() {
            self.alarm.as_mut().reset(deadline);
        }
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            if let Some(reason) = self.session.activity.overdue() {
                self.counts.cut(reason);
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            let deadline = self.session.activity.deadline();
            self.alarm.as_mut().reset(deadline);
        }
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.session.activity.wrote(bytes);
        }
        written
    }
}

impl Connected for Connection {
    type ConnectInfo = Session;

    fn connect_info(&self) -> Session {
        self.session.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.poll_time(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(error) = self.poll_time(cx) {
            return Poll::Ready(Err(error));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(error) = self.poll_time(cx) {
            return Poll::Ready(Err(error));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.poll_time(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.poll_time(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.counts.closed();
    }
}
