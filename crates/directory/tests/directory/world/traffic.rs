//! What travels in a world, and what the checker sees of it.

use leek_directory::{AuthorityState, Listing, cosign::CosignAnswer};
use leek_machine::Cx;
use leek_proto::directory::v1::{self as proto, cosign_request::Body};
use leek_wire::{
    CallId, DirectoryEvent, Event, Input, Outcome, Output, Peer, Refusal, Request, Response,
};
use prost::Message as _;

use super::{Brain, Flight, Open, Waiting, World};
use crate::checker::Violation;

impl World {
    pub(super) fn deliver(&mut self, flight: Flight) {
        match flight {
            Flight::Ask {
                from,
                life,
                call,
                to,
                body,
            } => {
                let target = self.actors.iter().position(|actor| actor.id == to).unwrap();
                let cut = self.cut.contains(&(from, target));
                if cut || self.actors[target].brain.is_none() {
                    return self.reply(from, life, call, Outcome::Lost);
                }
                self.calls += 1;
                let served = CallId(1 << 32 | self.calls);
                let proposed = proposed(&body);
                let waiting = Waiting {
                    from,
                    life,
                    call,
                    proposed,
                };
                self.waiting.insert(served, waiting);
                let request = Input::Request {
                    from: Peer::Node(self.actors[from].id),
                    call: served,
                    body,
                };
                self.with(target, |brain, cx| brain.handle(cx, request));
            }
            Flight::Reply {
                to,
                life,
                call,
                outcome,
            } => self.reply(to, life, call, outcome),
        }
    }

    /// A call of an actor ends, unless it ended before.
    pub(super) fn reply(&mut self, to: usize, life: u32, call: CallId, outcome: Outcome<Response>) {
        self.open
            .retain(|open| (open.actor, open.life, open.call) != (to, life, call));
        if self.actors[to].life == life && self.actors[to].brain.is_some() {
            let reply = Input::Reply { call, outcome };
            self.with(to, |brain, cx| brain.handle(cx, reply));
        }
    }

    pub(super) fn with(&mut self, actor: usize, act: impl FnOnce(&mut Brain, &mut Cx<'_, ()>)) {
        let now = self.now(actor);
        let slot = &mut self.actors[actor];
        let Some(brain) = &mut slot.brain else {
            return;
        };
        let mut cx = Cx {
            now,
            entropy: &mut self.rng,
            view: &(),
        };
        act(brain, &mut cx);
        self.drain(actor);
    }

    pub(super) fn drain(&mut self, actor: usize) {
        loop {
            let Some(brain) = &mut self.actors[actor].brain else {
                return;
            };
            for (bytes, signature) in brain.signed() {
                let id = self.actors[actor].id;
                self.checker.signature(id, &bytes, signature);
            }
            let brain = self.actors[actor].brain.as_mut();
            let Some(output) = brain.and_then(Brain::poll_output) else {
                return;
            };
            self.output(actor, output);
        }
    }

    pub(super) fn output(&mut self, actor: usize, output: Output) {
        let life = self.actors[actor].life;
        match output {
            Output::Call {
                to,
                call,
                body,
                deadline,
            } => {
                if let Some(Body::Certified(signed)) = cosign_body(&body) {
                    self.checker.handed_out(&signed);
                }
                self.open.push(Open {
                    actor,
                    life,
                    call,
                    deadline,
                });
                self.flights.push(Flight::Ask {
                    from: actor,
                    life,
                    call,
                    to,
                    body,
                });
            }
            Output::Answer { call, body, .. } => self.answered(actor, call, body),
            Output::Event(Event::Directory(event)) => self.event(actor, event),
            Output::Event(_) => {}
            Output::Write { .. } => panic!("directories and followers write no batches"),
        }
    }

    pub(super) fn answered(&mut self, actor: usize, call: CallId, body: Result<Response, Refusal>) {
        let waiting = self.waiting.remove(&call).unwrap();
        match (&body, waiting.proposed) {
            (Ok(Response::Cosigned(bytes)), Some(proposed)) => {
                if let Ok(CosignAnswer::Signature(signature)) = CosignAnswer::read(bytes) {
                    self.spoke(actor, &proposed);
                    let id = self.actors[actor].id;
                    self.checker.answered(id, &proposed, signature);
                }
            }
            (
                Ok(Response::Snapshot {
                    signed: Some(signed),
                    ..
                }),
                _,
            ) if self.authority(actor).is_some() => self.checker.handed_out(signed),
            _ => {}
        }
        let outcome = match body {
            Ok(response) => Outcome::Done(response),
            Err(refusal) => Outcome::Refused(refusal),
        };
        let Waiting {
            from, life, call, ..
        } = waiting;
        self.flights.push(Flight::Reply {
            to: from,
            life,
            call,
            outcome,
        });
    }

    /// A signature leaves: the promise behind it must be on the disk.
    pub(super) fn spoke(&mut self, actor: usize, proposed: &[u8]) {
        let slot = &self.actors[actor];
        if self.planted.lying_disks
            || self.planted.forgetful
            || matches!(slot.brain, Some(Brain::Byzantine(_)))
        {
            return;
        }
        let epoch = Listing::parse(proposed).unwrap().epoch;
        let disk = slot.disk.as_deref().map(AuthorityState::parse);
        let promise = disk.and_then(|state| state.unwrap().promise);
        if promise.is_none_or(|promise| promise.epoch < epoch) {
            let violation = Violation::SpokeFirst(slot.id, epoch);
            self.checker.violations.push(violation);
        }
    }

    pub(super) fn event(&mut self, actor: usize, event: DirectoryEvent) {
        match event {
            DirectoryEvent::Keep { generation, state } => {
                self.actors[actor].keeps.push_back((generation, state));
            }
            DirectoryEvent::Accepted { signed, .. } if actor >= self.directories() => {
                let before = self.actors[actor].newest;
                let epoch = self.checker.accepted(&signed, self.wall(actor), before);
                let slot = &mut self.actors[actor];
                slot.newest = Some(epoch);
                slot.disk = Some(signed.to_vec());
            }
            DirectoryEvent::Accepted { .. }
            | DirectoryEvent::Refused { .. }
            | DirectoryEvent::Silent { .. }
            | DirectoryEvent::Published { .. }
            | DirectoryEvent::Announced { .. }
            | DirectoryEvent::ClockOff { .. } => {}
        }
    }
}

fn cosign_body(body: &Request) -> Option<Body> {
    let Request::Cosign(bytes) = body else {
        return None;
    };
    proto::CosignRequest::decode(bytes.as_slice()).ok()?.body
}

/// The listing that a request asks a signature for.
fn proposed(body: &Request) -> Option<Vec<u8>> {
    match cosign_body(body)? {
        Body::Proposal(proposal) => Some(proposal.snapshot),
        Body::Certified(_) => None,
    }
}
