//! A machine whose requests are little programs.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Barrier, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
};

use leek_driver::Storage;
use leek_identity::NodeId;
use leek_machine::{Cx, Machine, Tick};
use leek_wire::{
    CallId, Event, Input, NodeEvent, Outcome, Output, Refusal, Request, Response, Status,
    StoreError, WriteBatch, WriteId,
};

/// What a request may ask of a [`Toy`]; it travels as the bytes of an `Announce`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Do {
    /// Answer with so many bytes.
    Echo(u32),
    /// Refuse with this status.
    Refuse(u16),
    /// Answer after a write.
    Write,
    /// Never answer.
    Silence,
    /// Answer in so many milliseconds.
    Wait(u32),
    /// Panic in `handle`.
    Panic,
    /// Panic in `prepare`.
    PanicEarly,
    /// Leave more outputs than a machine may.
    Flood,
    /// Wait in `prepare` for another such request, then answer.
    Meet,
}

/// Where requests meet in `prepare`.
#[derive(Debug)]
pub(crate) struct Prep(Barrier);

impl Default for Prep {
    fn default() -> Self {
        Self(Barrier::new(2))
    }
}

impl Do {
    pub(crate) fn request(self) -> Request {
        let (tag, number) = match self {
            Self::Echo(n) => (0, n),
            Self::Refuse(n) => (1, n.into()),
            Self::Write => (2, 0),
            Self::Silence => (3, 0),
            Self::Wait(n) => (4, n),
            Self::Panic => (5, 0),
            Self::PanicEarly => (6, 0),
            Self::Flood => (7, 0),
            Self::Meet => (8, 0),
        };
        let [a, b, c, d] = u32::to_be_bytes(number);
        Request::Announce(vec![tag, a, b, c, d])
    }

    fn parse(request: &Request) -> Option<Self> {
        let Request::Announce(bytes) = request else {
            return None;
        };
        let &[tag, a, b, c, d] = bytes.as_slice() else {
            return None;
        };
        let number = u32::from_be_bytes([a, b, c, d]);
        Some(match tag {
            0 => Self::Echo(number),
            1 => Self::Refuse(u16::try_from(number).ok()?),
            2 => Self::Write,
            3 => Self::Silence,
            4 => Self::Wait(number),
            5 => Self::Panic,
            6 => Self::PanicEarly,
            7 => Self::Flood,
            8 => Self::Meet,
            _ => return None,
        })
    }
}

/// What a toy is told.
#[derive(Clone, Debug)]
pub(crate) enum ToyInput {
    Wire(Input),
    /// Call a node, give up after so many milliseconds.
    Ask(NodeId, Request, u64),
}

impl From<Input> for ToyInput {
    fn from(input: Input) -> Self {
        Self::Wire(input)
    }
}

/// Runs the programs, and remembers what it was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Toy {
    outputs: VecDeque<Output>,
    timers: BTreeMap<(Tick, CallId), ()>,
    next_call: u64,
    next_write: u64,
    /// How its own calls ended, in order of their ends.
    pub(crate) replies: Vec<(CallId, Outcome<Response>)>,
    /// How its writes ended, in order.
    pub(crate) written: Vec<(WriteId, Result<(), StoreError>)>,
    /// Epochs of memberships it was told.
    pub(crate) epochs: Vec<u64>,
    /// Requests it was asked.
    pub(crate) asked: usize,
}

impl Toy {
    fn answer(&mut self, call: CallId, after: Option<WriteId>, body: Result<Response, Refusal>) {
        self.outputs.push_back(Output::Answer { call, after, body });
    }

    fn request(&mut self, now: Tick, call: CallId, body: &Request) {
        self.asked += 1;
        let Some(what) = Do::parse(body) else {
            let refusal = Refusal::new(Status::BAD_REQUEST, "no program");
            return self.answer(call, None, Err(refusal));
        };
        match what {
            Do::Echo(n) => {
                let bytes = vec![7; usize::try_from(n).unwrap()];
                self.answer(call, None, Ok(Response::Cosigned(bytes)));
            }
            Do::Refuse(status) => {
                let refusal = Refusal::new(Status(status), format!("refused with {status}"));
                self.answer(call, None, Err(refusal));
            }
            Do::Meet => self.answer(call, None, Ok(Response::Cosigned(vec![]))),
            Do::Write => {
                let write = self.write();
                self.answer(call, Some(write), Ok(Response::Cosigned(vec![])));
            }
            Do::Silence | Do::PanicEarly => {}
            Do::Wait(ms) => {
                self.timers.insert((now.after_ms(ms.into()), call), ());
            }
            Do::Panic => panic!("as asked"),
            Do::Flood => {
                for count in 0..5_000 {
                    let event = Event::Node(NodeEvent::Cleaned { count });
                    self.outputs.push_back(Output::Event(event));
                }
            }
        }
    }

    /// Hands out an empty batch.
    pub(crate) fn write(&mut self) -> WriteId {
        let write = WriteId(self.next_write);
        self.next_write += 1;
        let batch = WriteBatch::default();
        self.outputs.push_back(Output::Write { write, batch });
        write
    }
}

impl Machine for Toy {
    type Input = ToyInput;
    type Output = Output;
    type View<'v> = ();
    type Prep = Prep;

    fn prepare(prep: &Prep, input: ToyInput) -> ToyInput {
        if let ToyInput::Wire(Input::Request { body, .. }) = &input {
            match Do::parse(body) {
                Some(Do::PanicEarly) => panic!("early, as asked"),
                Some(Do::Meet) => drop(prep.0.wait()),
                _ => {}
            }
        }
        input
    }

    fn handle(&mut self, cx: &mut Cx<'_, ()>, input: ToyInput) {
        match input {
            ToyInput::Wire(Input::Request { call, body, .. }) => {
                self.request(cx.now.tick, call, &body);
            }
            ToyInput::Wire(Input::Reply { call, outcome }) => self.replies.push((call, outcome)),
            ToyInput::Wire(Input::Written { write, result }) => self.written.push((write, result)),
            ToyInput::Wire(Input::Membership(snapshot)) => self.epochs.push(snapshot.epoch().0),
            ToyInput::Ask(to, body, ms) => {
                let call = CallId(self.next_call);
                self.next_call += 1;
                let deadline = cx.now.tick.after_ms(ms);
                self.outputs.push_back(Output::Call {
                    to,
                    call,
                    body,
                    deadline,
                });
            }
        }
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_, ()>) {
        while let Some((&(tick, call), ())) = self.timers.first_key_value() {
            if tick > cx.now.tick {
                break;
            }
            self.timers.remove(&(tick, call));
            self.answer(call, None, Ok(Response::Cosigned(vec![])));
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        let (&(tick, _), ()) = self.timers.first_key_value()?;
        Some((tick, "answer later"))
    }
}

/// A disk that keeps nothing but order, and fails when planned.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pending: VecDeque<WriteId>,
    /// Failures to come.
    pub(crate) planned: BTreeMap<WriteId, StoreError>,
    /// Sizes of the commits so far; somebody else holds it too, and sees the disk go.
    pub(crate) commits: Arc<Mutex<Vec<usize>>>,
    /// Commits say that they begin, and wait until they may go on.
    gate: Option<(Sender<()>, Receiver<()>)>,
}

/// The other side of a gated disk.
pub(crate) struct Gate {
    pub(crate) begun: Receiver<()>,
    pub(crate) go: Sender<()>,
}

impl Disk {
    /// One whose commits wait for [`Gate::go`].
    pub(crate) fn gated() -> (Self, Gate) {
        let (begins, begun) = channel();
        let (go, goes) = channel();
        let disk = Self {
            gate: Some((begins, goes)),
            ..Self::default()
        };
        (disk, Gate { begun, go })
    }

    /// One whose batch `write` will fail with `error`.
    pub(crate) fn failing(write: u64, error: StoreError) -> Self {
        Self {
            planned: BTreeMap::from([(WriteId(write), error)]),
            ..Self::default()
        }
    }
}

impl Storage<Toy> for Disk {
    fn view(&self) -> &() {
        &()
    }

    fn hand_out(&mut self, write: WriteId, _: WriteBatch) {
        self.pending.push_back(write);
    }

    fn commit(&mut self, max: usize) -> Vec<(WriteId, Result<(), StoreError>)> {
        if let Some((begins, goes)) = &self.gate {
            begins.send(()).unwrap();
            goes.recv().unwrap();
        }
        let take = self.pending.len().min(max);
        self.commits.lock().unwrap().push(take);
        let mut aborted = false;
        let mut ended = Vec::new();
        // A failed batch takes everything behind it with it.
        for write in self.pending.drain(..take) {
            let failure = self.planned.remove(&write);
            let failure = failure.or(aborted.then_some(StoreError::Aborted));
            aborted |= failure.is_some();
            ended.push((write, failure.map_or(Ok(()), Err)));
        }
        ended
    }

    fn pending(&self) -> usize {
        self.pending.len()
    }
}
