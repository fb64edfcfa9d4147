//! A client that runs cases: it asks, checks what it hears, and writes a transcript.

mod case;
pub mod expect;
mod heard;
mod owner;
mod probe;
mod route;
mod scene;
mod signed;
mod transcript;

use std::{collections::VecDeque, sync::Arc};

use leek_crypto::Suite;
use leek_machine::{Cx, Machine, Seed, Tick, Wall, bug};
use leek_onion::format;
use leek_swarm::Snapshot;
use leek_wire::{
    CallId, Input, Outcome, Output, Request, Response, StorageRequest, decode_storage_reply,
    encode_storage_request,
};

pub use case::{Area, Ask, At, Case, Check, Crafted, Through};
pub use heard::Heard;
pub use owner::{Letter, Owner, with_proof};
pub use route::Route;
pub use scene::{HOUR_MS, Scene, one};
pub use transcript::{Failure, Row, Transcript};

use case::{Step, What};
use route::{ReplyTo, node_at};
use scene::STEPS_MAX;

/// Time a question may take, in ms: as long as a hop waits for the next one.
const ASK_MS: u64 = leek_wire::limits::RELAY_TIMEOUT_MS;

/// A machine that runs cases one after the other and checks every answer.
///
/// People, keys and bytes come from its seed, so they are the same wherever it runs; one-time keys
/// and paths come from its host's entropy. It needs the membership and nothing else, and is done
/// when [`Script::is_done`] says so.
pub struct Script {
    suite: Arc<dyn Suite>,
    seed: Seed,
    cases: Vec<Case>,
    snapshot: Option<Arc<Snapshot>>,
    /// Position of the next step: case, step.
    at: (usize, usize),
    scene: Option<Scene>,
    state: State,
    next_call: u64,
    outputs: VecDeque<Output>,
    probing: bool,
    transcript: Transcript,
}

enum State {
    /// The next step may begin.
    Ready,
    Asked {
        call: CallId,
        asked: Option<Box<StorageRequest>>,
        reply: ReplyTo,
    },
    Waiting {
        until: Tick,
    },
    Done,
}

impl Script {
    /// A script of these cases.
    ///
    /// # Panics
    /// When a case has more than 999 steps: a mistake in it.
    pub fn new(suite: Arc<dyn Suite>, seed: Seed, cases: Vec<Case>) -> Self {
        if let Some(case) = cases.iter().find(|case| case.steps.len() > STEPS_MAX) {
            bug!("the case `{}` has more than {STEPS_MAX} steps", case.name);
        }
        let transcript = Transcript::new(cases.len());
        Self {
            suite,
            seed,
            cases,
            snapshot: None,
            at: (0, 0),
            scene: None,
            state: State::Ready,
            next_call: 0,
            outputs: VecDeque::new(),
            probing: false,
            transcript,
        }
    }

    /// Also alters every reply of at most 512 KiB in one place after the other, to see whether the
    /// checks find each alteration; [`Transcript::survivors`] are those that none found.
    #[must_use]
    pub fn probing(mut self) -> Self {
        self.probing = true;
        self
    }

    /// Whether every case ran or was given up.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// What was heard so far.
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Does what can be done now.
    fn advance(&mut self, cx: &mut Cx<'_, ()>) {
        let Some(snapshot) = self.snapshot.clone() else {
            return;
        };
        while matches!(self.state, State::Ready) {
            let (number, position) = self.at;
            let Some(case) = self.cases.get(number) else {
                self.state = State::Done;
                self.transcript.finish();
                return;
            };
            let scene = self.scene.get_or_insert_with(|| {
                let seed = self.seed.child(case.name, 0);
                Scene::new(&self.suite, &snapshot, seed)
            });
            match case.steps.get(position) {
                None => {
                    self.at = (number + 1, 0);
                    self.scene = None;
                    self.transcript.case_done();
                }
                Some(Step::Wait { ms }) => {
                    self.at.1 += 1;
                    self.state = State::Waiting {
                        until: cx.now.tick.after_ms(*ms),
                    };
                }
                Some(Step::Ask { make, .. }) => {
                    scene.stamp(later_of(cx.now.wall, scene));
                    let ask = make(scene);
                    let node = node_at(scene, ask.at);
                    scene.aim(node.id);
                    let mut route = Route {
                        suite: &self.suite,
                        entropy: cx.entropy,
                        snapshot: &snapshot,
                    };
                    let (to, body, asked, reply) = pack(&mut route, &node, ask);
                    let call = CallId(self.next_call);
                    self.next_call += 1;
                    self.outputs.push_back(Output::Call {
                        to,
                        call,
                        body,
                        deadline: cx.now.tick.after_ms(ASK_MS),
                    });
                    self.state = State::Asked { call, asked, reply };
                }
            }
        }
    }

    fn ended(&mut self, call: CallId, outcome: Outcome<Response>) {
        let State::Asked { call: ours, .. } = &self.state else {
            return;
        };
        if *ours != call {
            return;
        }
        let State::Asked { asked, reply, .. } = core::mem::replace(&mut self.state, State::Ready)
        else {
            bug!("just looked");
        };
        let heard = open(&*self.suite, &reply, outcome);
        self.judge(asked.as_deref(), &heard);
    }

    fn judge(&mut self, asked: Option<&StorageRequest>, heard: &Heard) {
        let (number, position) = self.at;
        let (Some(case), Some(scene)) = (self.cases.get(number), self.scene.as_ref()) else {
            bug!("an answer without a case");
        };
        let Some(Step::Ask { checks, .. }) = case.steps.get(position) else {
            bug!("an answer without a question");
        };
        let inspected = heard::inspect(scene, asked, heard);
        let faults = probe::faults(scene, checks, asked, heard);
        let step = scene.step();
        let passed = faults.is_empty();
        self.transcript.row(case, step, inspected.text, faults);
        if self.probing && passed && probe::is_small(asked, heard) {
            let survivors = probe::survivors(scene, checks, asked, heard);
            self.transcript.survived(case, step, survivors);
        }
        // What comes later in a case builds on what came before.
        self.at.1 = if passed {
            position + 1
        } else {
            case.steps.len()
        };
    }
}

/// Times of steps ascend even where the clock of the host is coarse or steps back.
fn later_of(wall: Wall, scene: &Scene) -> Wall {
    scene.last_stamp().map_or(wall, |last| wall.max(last))
}

type Packed = (
    leek_identity::NodeId,
    Request,
    Option<Box<StorageRequest>>,
    ReplyTo,
);

fn pack(route: &mut Route<'_>, node: &leek_identity::NodeRecord, ask: Ask) -> Packed {
    let (crafted, asked) = match ask.what {
        What::Call(request) => return (node.id, request, None, ReplyTo::Call),
        What::Storage(request) => {
            let payload = encode_storage_request(&request);
            let crafted = route.lead_to(node, ask.through, &payload);
            (crafted, Some(request))
        }
        What::Payload(bytes) => (route.lead_to(node, ask.through, &bytes), None),
        What::Crafted(craft) => (craft(route), None),
    };
    let reply = ReplyTo::Onion(crafted.onion.format, crafted.key);
    (crafted.first, Request::Onion(crafted.onion), asked, reply)
}

fn open(suite: &dyn Suite, reply: &ReplyTo, outcome: Outcome<Response>) -> Heard {
    match (outcome, reply) {
        (Outcome::Lost, _) => Heard::Lost,
        (Outcome::Refused(refusal), _) => Heard::Refused(refusal),
        (Outcome::Done(response), ReplyTo::Call) => Heard::Answered(response),
        (Outcome::Done(Response::Onion(bytes)), ReplyTo::Onion(id, Some(key))) => {
            let Ok(payload) = format(*id).open_reply(suite, key, &bytes) else {
                return Heard::Garbled("it does not open");
            };
            decode_storage_reply(&payload).map_or(Heard::Garbled("it is no reply"), Heard::Reply)
        }
        (Outcome::Done(Response::Onion(_)), ReplyTo::Onion(_, None)) => {
            Heard::Garbled("nothing was to come back")
        }
        (Outcome::Done(_), ReplyTo::Onion(..)) => Heard::Garbled("it is no onion"),
    }
}

impl Machine for Script {
    type Input = Input;
    type Output = Output;
    type View<'v> = ();
    type Prep = ();

    fn prepare((): &(), input: Input) -> Input {
        input
    }

    fn handle(&mut self, cx: &mut Cx<'_, ()>, input: Input) {
        match input {
            Input::Membership(snapshot) => {
                // Cases build on one membership: the first.
                self.snapshot.get_or_insert(snapshot);
            }
            Input::Reply { call, outcome } => self.ended(call, outcome),
            // Nobody calls a script, and it writes nothing.
            Input::Request { .. } | Input::Written { .. } => {}
        }
        self.advance(cx);
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_, ()>) {
        if let State::Waiting { until } = self.state
            && until <= cx.now.tick
        {
            self.state = State::Ready;
        }
        self.advance(cx);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        match self.state {
            State::Waiting { until } => Some((until, "wait")),
            State::Ready | State::Asked { .. } | State::Done => None,
        }
    }
}

impl core::fmt::Debug for Script {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Script")
            .field("cases", &self.cases.len())
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
