use std::sync::Arc;

use leek_identity::{NodeId, NodeRecord};
use leek_machine::{Cx, Now};
use leek_onion::{Format, FormatId, Hop, PathHandle, format};
use leek_wire::{
    CallId, ClientEvent, Event, Output, RequestDone, RequestKind, SendTag, Status, StorageRequest,
    request_encoded_len,
};

use crate::{
    ask::{Asked, Opener},
    limits::FLIGHTS_MAX,
    machine::Client,
};

/// What a request in flight is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A node's clock.
    Clock,
    /// One attempt of a send.
    Store(SendTag),
    /// A batch of retrieves from the own swarm.
    Poll,
    /// A direct test of a guard whose path failed, over our own connection to it.
    GuardTest,
}

impl Purpose {
    const fn kind(self) -> RequestKind {
        match self {
            Self::Clock | Self::GuardTest => RequestKind::Info,
            Self::Store(_) => RequestKind::Store,
            Self::Poll => RequestKind::Retrieve,
        }
    }
}

/// A request in flight.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    pub(crate) purpose: Purpose,
    pub(crate) started: Now,
    pub(crate) destination: NodeId,
    /// The path it took, or that it tests.
    pub(crate) path: PathHandle,
    pub(crate) opener: Opener,
    hops: u8,
    bytes_up: u32,
}

/// A request could not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// Too many are in flight.
    Busy,
    /// No path leads there.
    NoPath,
    /// The request cannot be packed.
    Unbuildable,
}

impl Client {
    /// Packs a request for `destination`, and sends it on its way.
    pub(crate) fn request(
        &mut self,
        cx: &mut Cx<'_, ()>,
        destination: &NodeRecord,
        purpose: Purpose,
        request: &StorageRequest,
    ) -> Result<CallId, NotSent> {
        let (path, hops) = self
            .paths
            .pick(&destination.id, cx.entropy)
            .map_err(|_| NotSent::NoPath)?;
        let format = Arc::clone(&self.config.format);
        self.launch(cx, &*format, (path, &hops), destination, purpose, request)
    }

    /// Asks the guard of `path` over our own connection whether it is there, unless that is being
    /// asked or it is no guard any more. It learns nothing: it knows our address, and is asked for
    /// its clock. A test that cannot leave is made after the next failure.
    pub(crate) fn test_guard(&mut self, cx: &mut Cx<'_, ()>, path: PathHandle) {
        let Some(guard) = path.guard() else { return };
        let asked = self
            .flights
            .values()
            .any(|flight| flight.purpose == Purpose::GuardTest && flight.destination == guard);
        if self.stopped || asked || !self.paths.guards().any(|other| other == guard) {
            return;
        }
        let node = self
            .swarms
            .snapshot()
            .and_then(|snapshot| snapshot.node(&guard).copied());
        if let Some(node) = node {
            let direct = format(FormatId::Direct);
            let info = StorageRequest::Info;
            let _ = self.launch(cx, direct, (path, &[]), &node, Purpose::GuardTest, &info);
        }
    }

    fn launch(
        &mut self,
        cx: &mut Cx<'_, ()>,
        format: &dyn Format,
        (path, hops): (PathHandle, &[Hop]),
        destination: &NodeRecord,
        purpose: Purpose,
        request: &StorageRequest,
    ) -> Result<CallId, NotSent> {
        if self.flights.len() >= FLIGHTS_MAX {
            return Err(NotSent::Busy);
        }
        let Asked { to, body, opener } =
            Asked::new(format, &*self.suite, cx.entropy, hops, destination, request)
                .map_err(|_| NotSent::Unbuildable)?;
        let call = CallId(self.next_call);
        self.next_call += 1;
        let flight = Flight {
            purpose,
            started: cx.now,
            destination: destination.id,
            path,
            opener,
            // A path has at most 15 hops.
            hops: u8::try_from(hops.len() + 1).unwrap_or(u8::MAX),
            bytes_up: u32::try_from(request_encoded_len(&body)).unwrap_or(u32::MAX),
        };
        self.flights.insert(call, flight);
        let deadline = cx.now.tick.after_ms(self.config.request_timeout_ms);
        self.outputs.push_back(Output::Call {
            to,
            call,
            body,
            deadline,
        });
        Ok(call)
    }

    /// Reports the end of a request.
    pub(crate) fn done(
        &mut self,
        flight: &Flight,
        now: Now,
        bytes_down: usize,
        status: Option<Status>,
    ) {
        self.report(ClientEvent::RequestDone(RequestDone {
            kind: flight.purpose.kind(),
            started: flight.started.tick,
            ended: now.tick,
            hops: flight.hops,
            bytes_up: flight.bytes_up,
            bytes_down: u32::try_from(bytes_down).unwrap_or(u32::MAX),
            status,
        }));
    }

    pub(crate) fn report(&mut self, event: ClientEvent) {
        self.outputs.push_back(Output::Event(Event::Client(event)));
    }
}
