use std::collections::BTreeMap;

use leek_identity::{MessageHash, Namespace, NodeId, NodeRecord, message_hash, signed_text};
use leek_machine::{Cx, Tick, Wall, below};
use leek_message::{OpenError, Opened, open};
use leek_wire::{
    ClientEvent, Delivered, OwnerProof, Status, StorageBody, StorageReply, StorageRequest,
    StoredMessage,
};

use crate::{
    ask::Answer,
    limits::{CURSORS_MAX, FOLLOW_UPS_MAX},
    machine::Client,
    request::Purpose,
    state::Cursor,
};

/// Namespaces of an account and their part of the answer's bytes (network spec 3.8).
const NAMESPACES: [(Namespace, i64); 5] = [
    (Namespace::DEFAULT, -2),
    (Namespace::USER_PROFILE, -8),
    (Namespace::CONTACTS, -8),
    (Namespace::CONVERSATIONS, -8),
    (Namespace::USER_GROUPS, -8),
];

/// The state of polling.
#[derive(Clone, Debug, Default)]
pub(crate) struct Poll {
    /// When the next poll is due; `None` before the client is ready.
    pub(crate) next: Option<Tick>,
    /// The last message seen at each node in each namespace: the order is the node's own.
    cursors: BTreeMap<(NodeId, Namespace), MessageHash>,
    /// Polls made without pause since the last regular one.
    follow_ups: u8,
}

impl Poll {
    /// The places reached, by node and namespace; at most [`CURSORS_MAX`].
    pub(crate) fn cursors(&self) -> Vec<Cursor> {
        let place = |(&(node, namespace), &last): (&(NodeId, Namespace), &MessageHash)| Cursor {
            node,
            namespace,
            last,
        };
        self.cursors.iter().take(CURSORS_MAX).map(place).collect()
    }

    /// Goes on from these places.
    pub(crate) fn from_cursors(cursors: Vec<Cursor>) -> Self {
        let place = |cursor: Cursor| ((cursor.node, cursor.namespace), cursor.last);
        Self {
            cursors: cursors.into_iter().map(place).collect(),
            ..Self::default()
        }
    }
}

impl Client {
    /// Polls if it is time.
    pub(crate) fn advance_poll(&mut self, cx: &mut Cx<'_, ()>) {
        if self.stopped || !self.ready() {
            return;
        }
        let Some(next) = self.poll.next else {
            // The first poll comes at a random phase, so that clients do not poll in step.
            let phase_ms = below(cx.entropy, self.config.poll_ms.max(1));
            self.poll.next = Some(cx.now.tick.after_ms(phase_ms));
            return;
        };
        if next > cx.now.tick {
            return;
        }
        self.poll.next = Some(cx.now.tick.after_ms(self.config.poll_ms));
        self.poll.follow_ups = 0;
        let members = self.swarms.members(&self.account.id());
        // What was reached at nodes that left the swarm is of no use any more.
        self.poll
            .cursors
            .retain(|(node, _), _| members.iter().any(|m| m.id == *node));
        let chosen = choose(cx, members, self.config.poll_members);
        let signed = self.sign_retrieves(self.clock.wall(cx.now));
        for member in chosen {
            self.ask(cx, &member, &signed);
        }
    }

    /// The same proofs serve every member: they name the namespace and the time, not the node.
    fn sign_retrieves(&self, wall: Wall) -> Vec<(Namespace, i64, Wall, OwnerProof)> {
        let signing = self.account.signing();
        let sign = |(namespace, part): (Namespace, i64)| {
            let text = signed_text::retrieve(namespace, wall.ms());
            let proof = OwnerProof {
                ed25519: Some(*signing.public()),
                signature: signing.sign(&*self.suite, text.as_bytes()),
            };
            (namespace, part, wall, proof)
        };
        NAMESPACES.into_iter().map(sign).collect()
    }

    fn ask(
        &mut self,
        cx: &mut Cx<'_, ()>,
        member: &NodeRecord,
        signed: &[(Namespace, i64, Wall, OwnerProof)],
    ) {
        let retrieve = |(namespace, part, wall, proof): &(Namespace, i64, Wall, OwnerProof)| {
            StorageRequest::Retrieve {
                account: self.account.id(),
                namespace: *namespace,
                last_hash: self.poll.cursors.get(&(member.id, *namespace)).copied(),
                max_count: None,
                max_size: Some(*part),
                timestamp: *wall,
                proof: Some(*proof),
            }
        };
        let batch = StorageRequest::Batch(signed.iter().map(retrieve).collect());
        // A poll that cannot leave is made up for by the next one.
        let _ = self.request(cx, member, Purpose::Poll, &batch);
    }

    /// A poll ended.
    pub(crate) fn poll_ended(&mut self, cx: &mut Cx<'_, ()>, node: NodeId, answer: Answer) {
        let Answer::Reply(reply) = answer else { return };
        let StorageBody::Batch(replies) = reply.body else {
            return;
        };
        let mut more = false;
        for ((namespace, _), reply) in NAMESPACES.into_iter().zip(replies) {
            more |= self.retrieved(cx, node, namespace, reply);
        }
        if more && self.poll.follow_ups < FOLLOW_UPS_MAX && !self.stopped {
            self.poll.follow_ups += 1;
            let member = self
                .swarms
                .members(&self.account.id())
                .into_iter()
                .find(|m| m.id == node);
            if let Some(member) = member {
                let signed = self.sign_retrieves(self.clock.wall(cx.now));
                self.ask(cx, &member, &signed);
            }
        }
    }

    /// Takes one namespace's answer; returns whether the node has more.
    fn retrieved(
        &mut self,
        cx: &mut Cx<'_, ()>,
        node: NodeId,
        namespace: Namespace,
        reply: StorageReply,
    ) -> bool {
        match (reply.status, reply.body) {
            (Status::OK, StorageBody::Messages { messages, more }) => {
                // A node that says "more" without giving any would keep us asking.
                let more = more && !messages.is_empty();
                for message in messages {
                    self.poll.cursors.insert((node, namespace), message.hash);
                    self.take(cx, namespace, message);
                }
                more
            }
            (Status::WRONG_SWARM, StorageBody::Swarm { nodes, .. }) => {
                let account = self.account.id();
                if self.swarms.redirect(&account, &nodes) {
                    self.report(ClientEvent::SwarmReplaced { account });
                }
                false
            }
            (Status::NOT_ACCEPTABLE, _) => {
                self.ask_clock(cx);
                false
            }
            _ => false,
        }
    }

    fn take(&mut self, cx: &mut Cx<'_, ()>, namespace: Namespace, message: StoredMessage) {
        // Configuration of other devices is not read here; see the crate's README.
        if namespace != Namespace::DEFAULT {
            return;
        }
        let hash = message.hash;
        if message_hash(&self.account.id(), namespace, &message.data) != hash {
            return self.report(ClientEvent::Undecryptable { hash });
        }
        let wall = self.clock.wall(cx.now);
        if !self.seen.first_time(hash, message.expiry, wall) {
            return;
        }
        let opened: Result<Opened, OpenError> = open(&*self.suite, &self.account, &message.data);
        match opened {
            Ok(opened) => self.report(ClientEvent::Delivered(Delivered {
                hash,
                sender: opened.sender,
                content: opened.content,
                timestamp: message.timestamp,
            })),
            Err(_) => self.report(ClientEvent::Undecryptable { hash }),
        }
    }
}

/// `count` different members, uniformly (all of them when there are no more).
fn choose(cx: &mut Cx<'_, ()>, mut members: Vec<NodeRecord>, count: usize) -> Vec<NodeRecord> {
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count && !members.is_empty() {
        let bound = u64::try_from(members.len()).unwrap_or(u64::MAX);
        let Ok(index) = usize::try_from(below(cx.entropy, bound)) else {
            break;
        };
        chosen.push(members.swap_remove(index));
    }
    chosen
}
