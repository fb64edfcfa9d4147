//! What one client saw of a run, gathered from its events.

use leek_machine::Tick;
use leek_message::ContentBody;
use leek_report::{RequestOutcome, RequestRow};
use leek_wire::{ClientEvent, Event, FailReason, RequestDone, RequestKind, SendTag, Status};

use crate::{
    body::framed,
    model::{Delivery, Sending},
    shell::Log,
};

/// What a client did and was given, as its application learned it. The same for every
/// interpreter of the client's machine, so one judge serves all of them.
#[derive(Debug, Default)]
pub struct Witness {
    pub(crate) client: u32,
    pub(crate) events: u64,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) sendings: Vec<(u64, Sending)>,
    pub(crate) failures: Vec<(u64, FailReason)>,
    /// Requests that ended with a status other than success, or were refused on their way.
    pub(crate) refusals: Vec<(RequestKind, Option<Status>)>,
    pub(crate) requests: Vec<RequestRow>,
    pub(crate) last_read_ns: Option<u64>,
    pub(crate) retries: u64,
    pub(crate) strikes: u64,
    pub(crate) undecryptable: u64,
    pub(crate) guards_dropped: u64,
}

impl Log for Witness {
    fn take(&mut self, at: Tick, event: Event) {
        Self::take(self, at, event);
    }
}

impl Witness {
    /// Of client number `client`, which has seen nothing yet.
    pub fn new(client: u32) -> Self {
        Self {
            client,
            ..Self::default()
        }
    }

    /// Takes an event of the client, at a true time from the start of the run.
    pub fn take(&mut self, at: Tick, event: Event) {
        self.events += 1;
        let Event::Client(event) = event else { return };
        match event {
            ClientEvent::SendAccepted { send, attempts, .. } => {
                self.sending(send, Some(at.ns()), attempts, false);
            }
            ClientEvent::SendFailed {
                send,
                attempts,
                reason,
            } => {
                self.failures.push((send.0, reason));
                // The machine itself or the destination said no; anything else may be stored yet.
                let refused = matches!(reason, FailReason::Unsealable | FailReason::Refused(_));
                self.sending(send, None, attempts, refused);
            }
            ClientEvent::Delivered(delivered) => {
                let text = match delivered.content.body {
                    ContentBody::Data(data) => data.body,
                    ContentBody::Typing(_)
                    | ContentBody::Receipt(_)
                    | ContentBody::Unsend(_)
                    | ContentBody::Unsupported(_) => None,
                };
                self.deliveries.push(Delivery {
                    at_ns: at.ns(),
                    client: self.client,
                    sender: delivered.sender,
                    text,
                });
            }
            ClientEvent::Undecryptable { .. } => self.undecryptable += 1,
            ClientEvent::RequestDone(done) => self.request(at, done),
            ClientEvent::GuardDropped { .. } => self.guards_dropped += 1,
            ClientEvent::Strike(_) => self.strikes += 1,
            ClientEvent::PathBuilt { .. }
            | ClientEvent::ClockCorrected { .. }
            | ClientEvent::SwarmReplaced { .. } => {}
        }
    }

    fn sending(&mut self, send: SendTag, accepted_ns: Option<u64>, attempts: u8, refused: bool) {
        self.retries += u64::from(attempts.saturating_sub(1));
        self.sendings.push((
            send.0,
            Sending {
                accepted_ns,
                attempts: u32::from(attempts),
                refused,
            },
        ));
    }

    fn request(&mut self, at: Tick, done: RequestDone) {
        // The duration is the client's own clock's; its drift of parts per million is far below
        // the microseconds that a report shows.
        let took_ns = done.ended.since_ns(done.started);
        let started_ns = at.ns().saturating_sub(took_ns);
        let outcome = match done.status {
            Some(status) if status.is_success() => RequestOutcome::Done,
            Some(_) => RequestOutcome::Refused,
            None if done.bytes_down > 0 => RequestOutcome::Refused,
            None => RequestOutcome::Lost,
        };
        if done.kind == RequestKind::Retrieve && done.status == Some(Status::OK) {
            self.last_read_ns = self.last_read_ns.max(Some(started_ns));
        }
        if outcome == RequestOutcome::Refused {
            self.refusals.push((done.kind, done.status));
        }
        let on_link = |bytes: u32| u64::from(framed(bytes as usize));
        self.requests.push(RequestRow {
            kind: done.kind.name().into(),
            started_ns,
            ended_ns: at.ns(),
            bytes_up: on_link(done.bytes_up),
            bytes_down: if outcome == RequestOutcome::Lost {
                0
            } else {
                on_link(done.bytes_down)
            },
            hops: u32::from(done.hops).saturating_sub(1),
            outcome,
        });
    }
}
