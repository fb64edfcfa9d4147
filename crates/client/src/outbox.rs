use std::collections::{BTreeMap, VecDeque};

use leek_identity::{AccountId, MessageHash, Namespace, NodeId, NodeRecord, message_hash};
use leek_machine::{Cx, Tick, Wall, below};
use leek_message::{Content, ContentBody, seal};
use leek_wire::{
    AckLevel, ClientEvent, FailReason, Member, MemberChange, SendTag, Status, StorageBody,
    StorageReply, StorageRequest,
};

use crate::{
    ask::Answer,
    limits::{BACKOFF_MS_MAX, BACKOFF_MS_MIN, EXTRA_ATTEMPTS_MAX, SENDS_ACTIVE_MAX, SENDS_MAX},
    machine::Client,
    request::{NotSent, Purpose},
};

/// Messages between accounts go here (network spec 2.2).
const NAMESPACE: Namespace = Namespace::DEFAULT;

/// Where a send stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SendFlow {
    /// Pick a member and try.
    Pick,
    /// An attempt is in flight.
    AwaitReply,
    /// Try again then.
    Backoff { until: Tick },
}

/// The sealed message; the same bytes in every attempt.
#[derive(Clone, Debug)]
struct Letter {
    data: Vec<u8>,
    hash: MessageHash,
    ttl_ms: u64,
}

#[derive(Clone, Debug)]
struct Send {
    to: AccountId,
    /// Until it is sealed, at the first attempt.
    body: Option<ContentBody>,
    letter: Option<Letter>,
    flow: SendFlow,
    attempts: u8,
    extra: u8,
    /// Members tried; a new one is preferred.
    tried: Vec<NodeId>,
}

/// Sends that are not over yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    sends: BTreeMap<SendTag, Send>,
    /// In the order they were asked for.
    order: VecDeque<SendTag>,
}

impl Outbox {
    /// When the next pause ends.
    pub(crate) fn next(&self) -> Option<Tick> {
        let pauses = self.sends.values().filter_map(|send| match send.flow {
            SendFlow::Backoff { until } => Some(until),
            SendFlow::Pick | SendFlow::AwaitReply => None,
        });
        pauses.min()
    }

    /// Sends under way or waiting.
    pub(crate) fn len(&self) -> usize {
        self.sends.len()
    }
}

impl Client {
    /// The application asks to send.
    pub(crate) fn enqueue(&mut self, tag: SendTag, to: AccountId, body: ContentBody) {
        if self.outbox.sends.len() >= SENDS_MAX || self.outbox.sends.contains_key(&tag) {
            self.fail(tag, FailReason::QueueFull);
            return;
        }
        let send = Send {
            to,
            body: Some(body),
            letter: None,
            flow: SendFlow::Pick,
            attempts: 0,
            extra: 0,
            tried: Vec::new(),
        };
        self.outbox.sends.insert(tag, send);
        self.outbox.order.push_back(tag);
    }

    /// Moves every send on that can move now.
    pub(crate) fn advance_sends(&mut self, cx: &mut Cx<'_, ()>) {
        if !self.ready() {
            return;
        }
        let active: Vec<SendTag> = self
            .outbox
            .order
            .iter()
            .take(SENDS_ACTIVE_MAX)
            .copied()
            .collect();
        for tag in active {
            let Some(send) = self.outbox.sends.get_mut(&tag) else {
                continue;
            };
            match send.flow {
                SendFlow::Backoff { until } if until <= cx.now.tick => send.flow = SendFlow::Pick,
                SendFlow::Pick | SendFlow::AwaitReply | SendFlow::Backoff { .. } => {}
            }
            if send.flow == SendFlow::Pick {
                self.attempt(cx, tag);
            }
        }
    }

    fn attempt(&mut self, cx: &mut Cx<'_, ()>, tag: SendTag) {
        let wall = self.clock.wall(cx.now);
        if let Err(reason) = self.seal_letter(cx, tag, wall) {
            return self.fail(tag, reason);
        }
        let Some(member) = self.pick_member(cx, tag) else {
            return self.fail(tag, FailReason::NoSwarm);
        };
        let Some(send) = self.outbox.sends.get_mut(&tag) else {
            return;
        };
        let Some(letter) = &send.letter else { return };
        let request = StorageRequest::Store {
            account: send.to,
            namespace: NAMESPACE,
            timestamp: wall,
            ttl_ms: letter.ttl_ms,
            data: letter.data.clone(),
            sig_timestamp: None,
            proof: None,
            ack: self.config.ack,
        };
        send.tried.push(member.id);
        send.attempts = send.attempts.saturating_add(1);
        send.flow = SendFlow::AwaitReply;
        match self.request(cx, &member, Purpose::Store(tag), &request) {
            Ok(_) => {}
            Err(NotSent::Busy) => self.retry(cx, tag, FailReason::AttemptsSpent),
            Err(NotSent::NoPath) => self.retry(cx, tag, FailReason::NoPath),
            Err(NotSent::Unbuildable) => self.fail(tag, FailReason::Unsealable),
        }
    }

    fn seal_letter(
        &mut self,
        cx: &mut Cx<'_, ()>,
        tag: SendTag,
        wall: Wall,
    ) -> Result<(), FailReason> {
        let Some(send) = self.outbox.sends.get_mut(&tag) else {
            return Ok(());
        };
        let Some(body) = send.body.take() else {
            return Ok(());
        };
        let content = Content::new(wall, body);
        let sealed = seal(&*self.suite, cx.entropy, &self.account, &send.to, &content)
            .map_err(|_| FailReason::Unsealable)?;
        let data = sealed.into_bytes();
        let hash = message_hash(&send.to, NAMESPACE, &data);
        send.letter = Some(Letter {
            data,
            hash,
            ttl_ms: content.ttl_ms(),
        });
        Ok(())
    }

    /// A uniform member of the recipient's swarm, not tried before as long as there is one.
    fn pick_member(&mut self, cx: &mut Cx<'_, ()>, tag: SendTag) -> Option<NodeRecord> {
        let send = self.outbox.sends.get_mut(&tag)?;
        let mut members = self.swarms.members(&send.to);
        if members.iter().all(|node| send.tried.contains(&node.id)) {
            send.tried.clear();
        }
        members.retain(|node| !send.tried.contains(&node.id));
        let count = u64::try_from(members.len())
            .ok()
            .filter(|count| *count > 0)?;
        let index = usize::try_from(below(cx.entropy, count)).ok()?;
        members.get(index).copied()
    }

    /// An attempt ended.
    pub(crate) fn store_ended(&mut self, cx: &mut Cx<'_, ()>, tag: SendTag, answer: &Answer) {
        let Answer::Reply(reply) = answer else {
            return self.retry(cx, tag, FailReason::AttemptsSpent);
        };
        match reply.status {
            Status::OK => self.stored(cx, tag, reply),
            Status::WRONG_SWARM => self.wrong_swarm(cx, tag, reply),
            Status::NOT_ACCEPTABLE => {
                self.ask_clock(cx);
                self.extra_attempt(cx, tag);
            }
            Status::BAD_REQUEST | Status::UNAUTHORIZED | Status::FORBIDDEN => {
                self.fail(tag, FailReason::Refused(reply.status));
            }
            _ => self.retry(cx, tag, FailReason::AttemptsSpent),
        }
    }

    fn stored(&mut self, cx: &mut Cx<'_, ()>, tag: SendTag, reply: &StorageReply) {
        let Some(send) = self.outbox.sends.get(&tag) else {
            return;
        };
        let ours = send.letter.as_ref().map(|letter| letter.hash);
        let attempts = send.attempts;
        if let (
            StorageBody::Changed {
                hash: Some(hash),
                members,
            },
            Some(ours),
        ) = (&reply.body, ours)
            && *hash == ours
        {
            let stored = members
                .iter()
                .filter(|m| matches!(m.result, Ok(MemberChange::Stored { .. })));
            let stored = u16::try_from(stored.count()).unwrap_or(u16::MAX);
            let durable = self.durable_members(tag, members);
            let members = u16::try_from(members.len()).unwrap_or(u16::MAX);
            if reached(self.config.ack, stored, durable) {
                self.remove(tag);
                let send = tag;
                self.report(ClientEvent::SendAccepted {
                    send,
                    hash: ours,
                    attempts,
                    stored,
                    durable,
                    members,
                });
                return;
            }
        }
        // The node said 200, but stored nothing or something else, or it came not far enough.
        self.retry(cx, tag, FailReason::AttemptsSpent);
    }

    /// Nodes of the recipient's swarm, as the snapshot has it, among those that are said to have
    /// the message durably; each counts once, whatever the asked node says.
    fn durable_members(&self, tag: SendTag, said: &[Member]) -> u16 {
        let Some(send) = self.outbox.sends.get(&tag) else {
            return 0;
        };
        let swarm = self.swarms.members(&send.to);
        let durable = swarm.iter().filter(|node| {
            said.iter().any(|member| {
                member.node == node.id
                    && matches!(
                        member.result,
                        Ok(MemberChange::Stored { durable: true, .. })
                    )
            })
        });
        u16::try_from(durable.count()).unwrap_or(u16::MAX)
    }

    fn wrong_swarm(&mut self, cx: &mut Cx<'_, ()>, tag: SendTag, reply: &StorageReply) {
        let Some(account) = self.outbox.sends.get(&tag).map(|send| send.to) else {
            return;
        };
        if let StorageBody::Swarm { nodes, .. } = &reply.body
            && self.swarms.redirect(&account, nodes)
        {
            self.report(ClientEvent::SwarmReplaced { account });
        } else {
            self.swarms.forget(&account);
        }
        self.extra_attempt(cx, tag);
    }

    /// An attempt that taught something does not count, up to a limit.
    fn extra_attempt(&mut self, cx: &mut Cx<'_, ()>, tag: SendTag) {
        if let Some(send) = self.outbox.sends.get_mut(&tag)
            && send.extra < EXTRA_ATTEMPTS_MAX
        {
            send.extra += 1;
            send.tried.clear();
        }
        self.retry(cx, tag, FailReason::AttemptsSpent);
    }

    fn retry(&mut self, cx: &mut Cx<'_, ()>, tag: SendTag, reason: FailReason) {
        let most = self.config.send_attempts;
        let Some(send) = self.outbox.sends.get_mut(&tag) else {
            return;
        };
        if send.attempts >= most.saturating_add(send.extra) {
            return self.fail(tag, reason);
        }
        // Exponential, from half to the whole of it, so that clients do not retry in step.
        let whole = BACKOFF_MS_MIN
            .checked_shl(u32::from(send.attempts.saturating_sub(1)))
            .map_or(BACKOFF_MS_MAX, |ms| ms.min(BACKOFF_MS_MAX));
        let pause_ms = whole / 2 + below(cx.entropy, whole / 2 + 1);
        send.flow = SendFlow::Backoff {
            until: cx.now.tick.after_ms(pause_ms),
        };
    }

    fn fail(&mut self, tag: SendTag, reason: FailReason) {
        let attempts = self.outbox.sends.get(&tag).map_or(0, |send| send.attempts);
        if reason != FailReason::QueueFull {
            self.remove(tag);
        }
        self.report(ClientEvent::SendFailed {
            send: tag,
            attempts,
            reason,
        });
    }

    /// Gives up every send.
    pub(crate) fn stop_sends(&mut self) {
        for tag in self.outbox.order.clone() {
            self.fail(tag, FailReason::Stopped);
        }
    }

    fn remove(&mut self, tag: SendTag) {
        self.outbox.sends.remove(&tag);
        self.outbox.order.retain(|other| *other != tag);
    }
}

/// Whether a message came as far as asked, by what the members say.
fn reached(level: AckLevel, stored: u16, durable: u16) -> bool {
    match level {
        AckLevel::Received | AckLevel::All => stored > 0,
        AckLevel::Durable => durable > 0,
        AckLevel::Quorum(members) => durable >= members.get(),
    }
}
