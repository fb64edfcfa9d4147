//! Asking the swarm for its messages, for a node that starts without them: one member after the
//! other, page after page, each page durable before the next is asked for.

use std::collections::VecDeque;

use leek_identity::{MessageHash, NodeId};
use leek_machine::{Now, Tick};
use leek_wire::{
    CallId, NodeEvent, Outcome, Output, PullPage, Request, Response, StorageRequest, StoreError,
    WriteId,
};

use crate::{
    StorageNode,
    limits::{
        PULL_PAGES_MAX, PULL_PAUSE_MS_MAX, PULL_PAUSE_MS_MIN, PULL_TIMEOUT_MS, PULL_TRIES_MAX,
    },
    machine::NodeCx,
};

mod page;
mod removals;

use removals::Removals;

/// Who wants to wake up.
pub(crate) const REJOIN: &str = "rejoin the swarm";

/// Where a node stands that was told to ask its swarm for messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rejoin {
    /// It was not told to, or is through.
    #[default]
    Over,
    /// Until a membership places it in a swarm.
    Unplaced,
    /// It asks.
    Asking(Box<Asking>),
}

/// The members that are asked, and the page under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asking {
    /// Members that are not through; the first is asked, or the first whose pause is over.
    waiting: VecDeque<Member>,
    step: Step,
    peers: u16,
    answered: u16,
    removals: Removals,
}

/// A member, and how far its messages are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    node: NodeId,
    after: Option<MessageHash>,
    pages: u32,
    /// Since the last page that came.
    failures: u8,
    not_before: Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Until the pause of some member is over.
    Pause(Tick),
    /// A page was asked for, of the first member.
    Asked(CallId),
    /// The first member's page is being written.
    Writing {
        write: WriteId,
        next: Option<MessageHash>,
        count: u32,
    },
}

impl Rejoin {
    pub(crate) const fn new(wanted: bool) -> Self {
        if wanted { Self::Unplaced } else { Self::Over }
    }

    pub(crate) const fn timeout(&self) -> Option<(Tick, &'static str)> {
        match self {
            Self::Asking(asking) => match asking.step {
                Step::Pause(until) => Some((until, REJOIN)),
                Step::Asked(_) | Step::Writing { .. } => None,
            },
            Self::Over | Self::Unplaced => None,
        }
    }

    /// Remembers what a request removed, so that no page brings it back.
    pub(crate) fn removed(&mut self, request: &StorageRequest) {
        if let Self::Asking(asking) = self {
            asking.removals.note(request);
        }
    }

    fn waits_for_page(&self, call: CallId) -> bool {
        matches!(self, Self::Asking(asking) if asking.step == Step::Asked(call))
    }
}

impl StorageNode {
    /// Whether the node still asks its swarm for messages, or is to.
    pub fn rejoining(&self) -> bool {
        self.rejoin != Rejoin::Over
    }

    /// The membership changed.
    pub(crate) fn begin_rejoin(&mut self, now: Now) {
        if self.rejoin != Rejoin::Unplaced || self.swarm().is_none() {
            return;
        }
        let member = |node| Member {
            node,
            after: None,
            pages: 0,
            failures: 0,
            not_before: now.tick,
        };
        let waiting: VecDeque<Member> = self.peers().into_iter().map(member).collect();
        self.ask_page(
            now,
            Asking {
                // A reply names at most 100 members, and no larger swarm is served.
                peers: u16::try_from(waiting.len()).unwrap_or(u16::MAX),
                waiting,
                step: Step::Pause(now.tick),
                answered: 0,
                removals: Removals::default(),
            },
        );
    }

    pub(crate) fn wake_rejoin(&mut self, now: Now) {
        if self
            .rejoin
            .timeout()
            .is_some_and(|(until, _)| until <= now.tick)
            && let Rejoin::Asking(asking) = core::mem::take(&mut self.rejoin)
        {
            self.ask_page(now, *asking);
        }
    }

    /// Takes the outcome of a call, if it is one of a pull.
    pub(crate) fn pull_ended(
        &mut self,
        cx: &NodeCx<'_, '_>,
        call: CallId,
        outcome: Outcome<Response>,
    ) {
        if !self.rejoin.waits_for_page(call) {
            return;
        }
        let Rejoin::Asking(mut asking) = core::mem::take(&mut self.rejoin) else {
            return;
        };
        match outcome {
            Outcome::Done(Response::Pull(page)) => self.take_page(cx, *asking, page),
            Outcome::Refused(_) | Outcome::Lost => {
                asking.failed(cx.now.tick);
                self.ask_page(cx.now, *asking);
            }
            Outcome::Done(_) => {
                asking.waiting.pop_front();
                self.ask_page(cx.now, *asking);
            }
        }
    }

    fn take_page(&mut self, cx: &NodeCx<'_, '_>, mut asking: Asking, page: PullPage) {
        let after = asking.waiting.front().and_then(|member| member.after);
        let next = page.next;
        let ops = match self.check_page(cx, &asking.removals, after, page) {
            Ok(ops) => ops,
            Err(page::Unusable::Lie) => {
                asking.waiting.pop_front();
                return self.ask_page(cx.now, asking);
            }
            Err(page::Unusable::StoreFailed) => {
                asking.failed(cx.now.tick);
                return self.ask_page(cx.now, asking);
            }
        };
        if ops.is_empty() {
            asking.page_is_here(next);
            return self.ask_page(cx.now, asking);
        }
        let inserted = ops.iter().filter(|op| op.is_insert()).count();
        let write = self.write(cx.now, ops);
        asking.step = Step::Writing {
            write,
            next,
            count: u32::try_from(inserted).unwrap_or(u32::MAX),
        };
        self.rejoin = Rejoin::Asking(Box::new(asking));
    }

    /// A batch ended: goes on if it was a page.
    pub(crate) fn page_written(
        &mut self,
        now: Now,
        ended: WriteId,
        result: &Result<(), StoreError>,
    ) {
        let Rejoin::Asking(asking) = &self.rejoin else {
            return;
        };
        let Step::Writing { write, next, count } = asking.step else {
            return;
        };
        if write != ended {
            return;
        }
        let Rejoin::Asking(mut asking) = core::mem::take(&mut self.rejoin) else {
            return;
        };
        if result.is_ok() {
            self.out.event(NodeEvent::Pulled { count });
            asking.page_is_here(next);
        } else {
            asking.failed(now.tick);
        }
        self.ask_page(now, *asking);
    }

    /// Asks for the next page, waits for the end of a pause, or is through.
    fn ask_page(&mut self, now: Now, mut asking: Asking) {
        let peers = self.peers();
        // A member of another swarm would refuse, and its messages are not ours.
        asking.waiting.retain(|member| peers.contains(&member.node));
        let Some(first) = asking.next_member(now.tick) else {
            self.rejoin = Rejoin::Over;
            return self.out.event(NodeEvent::Rejoined {
                peers_answered: asking.answered,
                peers: asking.peers,
            });
        };
        if first.not_before > now.tick {
            asking.step = Step::Pause(first.not_before);
        } else {
            let call = self.allot_call();
            asking.step = Step::Asked(call);
            self.out.push(Output::Call {
                to: first.node,
                call,
                body: Request::Pull { after: first.after },
                deadline: now.tick.after_ms(PULL_TIMEOUT_MS),
            });
        }
        self.rejoin = Rejoin::Asking(Box::new(asking));
    }
}

impl Asking {
    /// Brings to the front whoever may be asked first; `None` when all are through.
    fn next_member(&mut self, now: Tick) -> Option<Member> {
        let due = |member: &Member| member.not_before.max(now);
        let first = self.waiting.iter().map(due).min()?;
        let at = self
            .waiting
            .iter()
            .position(|member| due(member) == first)?;
        self.waiting.rotate_left(at);
        self.waiting.front().copied()
    }

    /// The first member did not give its page: it is asked again later, or given up.
    fn failed(&mut self, now: Tick) {
        let Some(mut member) = self.waiting.pop_front() else {
            return;
        };
        member.failures += 1;
        if member.failures < PULL_TRIES_MAX {
            let doubled = PULL_PAUSE_MS_MIN.checked_shl(u32::from(member.failures - 1));
            let pause_ms = doubled.map_or(PULL_PAUSE_MS_MAX, |ms| ms.min(PULL_PAUSE_MS_MAX));
            member.not_before = now.after_ms(pause_ms);
            self.waiting.push_back(member);
        }
    }

    /// The first member's page is durable here.
    fn page_is_here(&mut self, next: Option<MessageHash>) {
        let Some(mut member) = self.waiting.pop_front() else {
            return;
        };
        member.failures = 0;
        member.pages += 1;
        match next {
            None => self.answered += 1,
            Some(_) if member.pages >= PULL_PAGES_MAX => {}
            Some(after) => {
                member.after = Some(after);
                self.waiting.push_front(member);
            }
        }
    }
}
