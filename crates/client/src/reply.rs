use leek_identity::NodeId;
use leek_machine::Cx;
use leek_onion::{PathChange, PathEvidence, PathLoss};
use leek_wire::{CallId, ClientEvent, Outcome, Response, Status, StrikeAt, response_encoded_len};

use crate::{
    ask::Answer,
    limits::PATH_RETRY_MS,
    machine::Client,
    request::{Flight, Purpose},
};

impl Client {
    /// A call ended.
    pub(crate) fn ended(&mut self, cx: &mut Cx<'_, ()>, call: CallId, outcome: Outcome<Response>) {
        let Some(flight) = self.flights.remove(&call) else {
            return;
        };
        let bytes_down = match &outcome {
            Outcome::Done(response) => response_encoded_len(response),
            Outcome::Refused(refusal) => refusal.reason.len(),
            Outcome::Lost => 0,
        };
        let answer = flight.opener.open(&*self.suite, outcome);
        let status = match &answer {
            Answer::Reply(reply) => Some(reply.status),
            Answer::Refused(_) | Answer::Garbled | Answer::Lost => None,
        };
        self.done(&flight, cx.now, bytes_down, status);
        self.judge_path(cx, &flight, &answer);
        match flight.purpose {
            Purpose::Clock => self.clock_ended(cx, &flight, &answer),
            Purpose::Store(tag) => self.store_ended(cx, tag, &answer),
            Purpose::Poll => self.poll_ended(cx, flight.destination, answer),
            Purpose::GuardTest => {}
        }
    }

    /// Tells the paths what the answer says about them.
    fn judge_path(&mut self, cx: &mut Cx<'_, ()>, flight: &Flight, answer: &Answer) {
        let evidence = match (flight.purpose, answer) {
            // Our own connection: whatever came back came from the guard.
            (Purpose::GuardTest, Answer::Lost) => PathEvidence::GuardUnreachable,
            (Purpose::GuardTest, _) => PathEvidence::GuardReachable,
            // Whatever the destination says, the path carried it there and back.
            (_, Answer::Reply(_)) => PathEvidence::Answered,
            (_, Answer::Lost) => PathEvidence::Lost,
            (_, Answer::Garbled) => PathEvidence::Garbled,
            (_, Answer::Refused(evidence)) => *evidence,
        };
        if let Some(guard) = flight.path.guard()
            && evidence.strikes()
        {
            self.report(ClientEvent::Strike(StrikeAt::Path(guard)));
        }
        let changes = self.paths.report(flight.path, evidence, cx.now.tick);
        self.follow_paths(cx, changes);
        // One failure may be a lost packet; the test is repeated until the guard answers or its
        // place is given up. Each takes a whole timeout, which is pause enough.
        if evidence == PathEvidence::GuardUnreachable {
            self.test_guard(cx, flight.path);
        }
    }

    /// Reports what changed, tests the guards of struck paths, and draws what is missing.
    pub(crate) fn follow_paths(&mut self, cx: &mut Cx<'_, ()>, changes: Vec<PathChange>) {
        let lost = changes
            .iter()
            .any(|change| matches!(change, PathChange::PathLost { .. }));
        self.report_paths(&changes);
        for change in &changes {
            if let PathChange::PathLost {
                path,
                cause: PathLoss::Struck,
            } = change
            {
                self.test_guard(cx, *path);
            }
        }
        if lost {
            self.update_paths(cx);
        }
    }

    fn report_paths(&mut self, changes: &[PathChange]) {
        for change in changes {
            match *change {
                PathChange::PathBuilt { path } => {
                    if let Some(guard) = path.guard() {
                        self.report(ClientEvent::PathBuilt { guard });
                    }
                }
                PathChange::GuardLost { guard, .. } => {
                    self.report(ClientEvent::GuardDropped { guard });
                }
                PathChange::NodeSetAside { node, .. } => {
                    self.report(ClientEvent::Strike(StrikeAt::Node(node)));
                }
                PathChange::PathLost { .. } => {}
            }
        }
    }

    /// Draws the paths that are missing or due.
    pub(crate) fn update_paths(&mut self, cx: &mut Cx<'_, ()>) {
        let Some(snapshot) = self.swarms.snapshot().cloned() else {
            return;
        };
        let own: Vec<NodeId> = if self.config.guards_outside_own_swarm {
            self.swarms
                .members(&self.account.id())
                .iter()
                .map(|node| node.id)
                .collect()
        } else {
            Vec::new()
        };
        self.paths_not_before = cx.now.tick.after_ms(PATH_RETRY_MS);
        let changes = self
            .paths
            .update(snapshot.nodes(), &own, cx.now.tick, cx.entropy);
        self.report_paths(&changes);
    }

    fn clock_ended(&mut self, cx: &mut Cx<'_, ()>, flight: &Flight, answer: &Answer) {
        let corrected = match answer {
            Answer::Reply(reply) if reply.status == Status::OK => {
                self.clock.answer(flight.started, cx.now, reply.clock)
            }
            Answer::Reply(_) | Answer::Refused(_) | Answer::Garbled | Answer::Lost => {
                self.clock.no_answer(cx.now.tick)
            }
        };
        if let Some(offset_ms) = corrected {
            self.report(ClientEvent::ClockCorrected { offset_ms });
        } else if !self.clock.settled() {
            self.ask_clock(cx);
        }
    }
}
