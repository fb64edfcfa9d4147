//! The rules of the core, as plainly as they can be written: lists that are searched from the
//! start, and one batch at a time.

use leek_machine::{Cx, Machine as _, Seed, Stream, Tick};
use leek_wire::{CallId, Input, Outcome, Output, Refusal, Response, Status, StoreError, WriteId};

use super::{
    Effects as _, Setup, Step, Trace, at,
    chaos::{Chaos, Disk},
    reply, request,
};
use crate::Storage as _;

pub(super) struct Naive {
    machine: Chaos,
    entropy: Stream,
    disk: Disk,
    setup: Setup,
    trace: Trace,
    now: u64,
    /// Calls with their deadlines.
    waiting: Vec<(CallId, u64)>,
    /// Every batch that ended, and how.
    ended: Vec<(WriteId, Result<(), StoreError>)>,
    held: Vec<(WriteId, CallId, Result<Response, Refusal>)>,
    commit_at: Option<u64>,
}

impl Naive {
    pub(super) fn play(setup: &Setup, script: &[Step]) -> Trace {
        let mut this = Self {
            machine: Chaos::new(setup.seed),
            entropy: Seed::from_u64(setup.seed).stream(),
            disk: Disk::new(&setup.full),
            setup: setup.clone(),
            trace: Trace::default(),
            now: 0,
            waiting: Vec::new(),
            ended: Vec::new(),
            held: Vec::new(),
            commit_at: None,
        };
        let mut requests = 0;
        for step in script {
            match step {
                Step::Request => {
                    this.tell(request(requests));
                    requests += 1;
                }
                Step::Reply(which) => {
                    if !this.trace.calls.is_empty() {
                        let call = *which.get(&this.trace.calls);
                        this.reply(call);
                    }
                }
                Step::Pass(ns) => this.pass(*ns),
                Step::Flush => {
                    while Disk::pending(&this.disk) > 0 {
                        this.commit();
                    }
                }
            }
            let load = (this.waiting.len(), this.disk.pending(), this.held.len());
            this.trace.line(format!("now {} load {load:?}", this.now));
        }
        this.trace
    }

    /// Time passes one nanosecond after the other.
    fn pass(&mut self, ns: u64) {
        let end = self.now + ns;
        loop {
            while self.is_due() {
                self.wake();
            }
            if self.now == end {
                return;
            }
            self.now += 1;
        }
    }

    fn is_due(&self) -> bool {
        self.waiting
            .iter()
            .any(|(_, deadline)| *deadline <= self.now)
            || self.commit_at.is_some_and(|tick| tick <= self.now)
            || self.timer_is_due()
    }

    fn timer_is_due(&self) -> bool {
        let timeout = self.machine.poll_timeout();
        timeout.is_some_and(|(tick, _)| tick <= Tick::from_ns(self.now))
    }

    fn wake(&mut self) {
        while let Some((call, deadline)) = self.first_deadline() {
            if deadline > self.now {
                break;
            }
            self.waiting.retain(|(other, _)| *other != call);
            let outcome = Outcome::Lost;
            self.tell(Input::Reply { call, outcome });
        }
        if self.commit_at.is_some_and(|tick| tick <= self.now) {
            self.commit();
        }
        if self.timer_is_due() {
            let mut cx = Cx {
                now: at(self.now),
                entropy: &mut self.entropy,
                view: &(),
            };
            self.machine.handle_timeout(&mut cx);
            self.carry_out();
        }
    }

    /// The earliest, and of several the call made first.
    fn first_deadline(&self) -> Option<(CallId, u64)> {
        let mut first = None;
        for &(call, deadline) in &self.waiting {
            let earlier = first.is_none_or(|(other, least)| (deadline, call) < (least, other));
            if earlier {
                first = Some((call, deadline));
            }
        }
        first
    }

    fn reply(&mut self, call: CallId) {
        if self.waiting.iter().any(|(waiting, _)| *waiting == call) {
            self.waiting.retain(|(waiting, _)| *waiting != call);
            self.tell(reply(call));
        }
    }

    fn commit(&mut self) {
        self.commit_at = None;
        let ended: Vec<_> = (0..self.setup.batches_max)
            .filter_map(|_| self.disk.commit(1).pop())
            .collect();
        let failed = ended.iter().filter(|(_, result)| result.is_err()).count();
        self.trace.committed(ended.len(), failed);
        for (write, result) in ended {
            // Those that come to wait while the machine hears of it are not held at all.
            let (free, held) = self.held.drain(..).partition(|(after, ..)| *after == write);
            self.held = held;
            self.ended.push((write, result.clone()));
            self.tell(Input::Written { write, result });
            let free: Vec<(WriteId, CallId, Result<Response, Refusal>)> = free;
            for (after, call, body) in free {
                self.answer(call, Some(after), body);
            }
        }
        if self.disk.pending() > 0 && self.commit_at.is_none() {
            self.commit_at = Some(self.now);
        }
    }

    fn tell(&mut self, input: Input) {
        let mut cx = Cx {
            now: at(self.now),
            entropy: &mut self.entropy,
            view: &(),
        };
        self.machine.handle(&mut cx, input);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Call {
                    to,
                    call,
                    body,
                    deadline,
                } => {
                    if self.waiting.len() < self.setup.calls_max {
                        self.waiting.push((call, deadline.ns()));
                        self.trace.call(to, call, body, deadline);
                    } else {
                        self.waiting.push((call, self.now));
                    }
                }
                Output::Answer { call, after, body } => self.answer(call, after, body),
                Output::Write { write, batch } => {
                    self.disk.hand_out(write, batch);
                    let mut due = self.now + self.setup.wait_ns;
                    if self.disk.pending() >= self.setup.batches_max {
                        due = self.now;
                    }
                    self.commit_at = Some(self.commit_at.unwrap_or(due).min(due));
                }
                Output::Event(event) => self.trace.event(at(self.now), event),
            }
        }
    }

    fn answer(&mut self, call: CallId, after: Option<WriteId>, body: Result<Response, Refusal>) {
        let Some(after) = after else {
            return self.trace.answer(call, body);
        };
        let ended = self.ended.iter().find(|(write, _)| *write == after);
        match ended {
            None => self.held.push((after, call, body)),
            Some((_, Ok(()))) => self.trace.answer(call, body),
            Some((_, Err(error))) => {
                let refusal = Refusal::new(Status::INTERNAL, error.to_string());
                self.trace.answer(call, Err(refusal));
            }
        }
    }
}
