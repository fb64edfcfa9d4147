//! A machine that does something else after everything it is told.

use std::collections::{BTreeSet, VecDeque};

use leek_identity::NodeId;
use leek_machine::{Cx, Machine, Seed, Stream, Tick, bug};
use leek_wire::{
    CallId, Event, Input, NodeEvent, Output, Refusal, Request, Response, Status, StoreError,
    WriteBatch, WriteId,
};
use rand_core::Rng as _;

use crate::Storage;

/// Draws what to do from a seed and everything it was told.
#[derive(Debug)]
pub(super) struct Chaos {
    stream: Stream,
    /// A hash of all inputs so far: every event carries it, so that a trace shows their order.
    told: u32,
    outputs: VecDeque<Output>,
    unanswered: Vec<CallId>,
    next_call: u64,
    next_write: u64,
    timers: BTreeSet<Tick>,
    writes_only: bool,
}

impl Chaos {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            stream: Seed::from_u64(seed).child("chaos", 0).stream(),
            told: 0,
            outputs: VecDeque::new(),
            unanswered: Vec::new(),
            next_call: 0,
            next_write: 0,
            timers: BTreeSet::new(),
            writes_only: false,
        }
    }

    /// Answers each request after a write of its own, from now on.
    pub(super) fn writes_only(&mut self) {
        self.writes_only = true;
    }

    fn hear(&mut self, words: &str) {
        for byte in words.bytes() {
            self.told = self.told.rotate_left(5) ^ u32::from(byte);
            self.told = self.told.wrapping_mul(0x9E37_79B9);
        }
        let count = self.told;
        let event = Event::Node(NodeEvent::Cleaned { count });
        self.outputs.push_back(Output::Event(event));
    }

    fn write(&mut self) -> WriteId {
        let write = WriteId(self.next_write);
        self.next_write += 1;
        let batch = WriteBatch::default();
        self.outputs.push_back(Output::Write { write, batch });
        write
    }

    fn act(&mut self, now: Tick) {
        if self.writes_only {
            if let Some(call) = self.unanswered.pop() {
                let after = Some(self.write());
                let body = Ok(Response::Cosigned(Vec::new()));
                self.outputs.push_back(Output::Answer { call, after, body });
            }
            return;
        }
        for _ in 0..self.stream.below(3) {
            match self.stream.below(8) {
                0 => {
                    let call = CallId(self.next_call);
                    self.next_call += 1;
                    let deadline = now.after_ns(self.stream.below(30));
                    self.outputs.push_back(Output::Call {
                        to: NodeId::from_bytes([1; 32]),
                        call,
                        body: Request::Announce(Vec::new()),
                        deadline,
                    });
                }
                1 | 2 => drop(self.write()),
                3 => drop(self.timers.insert(now.after_ns(self.stream.below(25)))),
                _ => self.answer(),
            }
        }
    }

    /// Answers any request, after any write of the past or none.
    fn answer(&mut self) {
        if self.unanswered.is_empty() {
            return;
        }
        let which = usize::try_from(self.stream.next_u64()).unwrap_or(0) % self.unanswered.len();
        let call = self.unanswered.swap_remove(which);
        let newest = self.next_write;
        let after = (newest > 0 && self.stream.below(4) > 0)
            .then(|| WriteId(newest - 1 - self.stream.below(newest.min(4))));
        let body = if self.stream.below(5) == 0 {
            Err(Refusal::new(Status::NOT_FOUND, "none"))
        } else {
            // The answer names what it depends on, for a check that trusts nobody.
            let names = after.map_or(Vec::new(), |write| write.0.to_be_bytes().to_vec());
            Ok(Response::Cosigned(names))
        };
        self.outputs.push_back(Output::Answer { call, after, body });
    }
}

impl Machine for Chaos {
    type Input = Input;
    type Output = Output;
    type View<'v> = ();
    type Prep = ();

    fn prepare((): &(), input: Input) -> Input {
        input
    }

    fn handle(&mut self, cx: &mut Cx<'_, ()>, input: Input) {
        self.hear(&format!("{:?} {input:?}", cx.now));
        if let Input::Request { call, .. } = &input {
            self.unanswered.push(*call);
        }
        self.act(cx.now.tick);
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_, ()>) {
        let now = cx.now.tick;
        if self.timers.first().is_none_or(|first| *first > now) {
            bug!("woken early");
        }
        self.timers = self.timers.split_off(&now.after_ns(1));
        self.hear(&format!("timeout {:?}", cx.now));
        self.act(now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        self.timers.first().map(|tick| (*tick, "chaos"))
    }
}

/// A disk that fails as planned: a failed batch takes everything behind it with it.
#[derive(Debug)]
pub(super) struct Disk {
    pending: VecDeque<(WriteId, bool)>,
    full: Vec<u64>,
    /// The batch at which the medium breaks.
    pub(super) broken: Option<u64>,
}

impl Disk {
    pub(super) fn new(full: &[u64]) -> Self {
        Self {
            pending: VecDeque::new(),
            full: full.to_vec(),
            broken: None,
        }
    }
}

impl Storage<Chaos> for Disk {
    fn view(&self) -> &() {
        &()
    }

    fn hand_out(&mut self, write: WriteId, _: WriteBatch) {
        self.pending.push_back((write, false));
    }

    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        let mut ended = Vec::new();
        while ended.len() < max {
            let Some((write, aborted)) = self.pending.pop_front() else {
                break;
            };
            let result = if aborted {
                Err(StoreError::Aborted)
            } else if self.broken == Some(write.0) {
                Err(StoreError::Io("gone".to_owned()))
            } else if self.full.contains(&write.0) {
                self.pending
                    .iter_mut()
                    .for_each(|(_, aborted)| *aborted = true);
                Err(StoreError::Full)
            } else {
                Ok(())
            };
            ended.push((write, result));
        }
        ended
    }

    fn pending(&self) -> usize {
        self.pending.len()
    }
}
