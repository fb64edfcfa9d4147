//! What came back, put into words that are the same in every tier.

use leek_crypto::{EdPublic, Signature};
use leek_identity::{MessageHash, message_hash};
use leek_machine::Wall;
use leek_wire::{
    AckLevel, Member, MemberChange, Refusal, Response, StorageBody, StorageReply, StorageRequest,
    StoredMessage,
};

use super::{scene::Scene, signed};

/// Most that a node's clock may differ from ours in a test, in ms: the tolerance of signatures.
const CLOCK_TOLERANCE_MS: u64 = leek_wire::limits::SIGNATURE_TOLERANCE_MS;
/// Characters of a hash that a transcript shows.
const HASH_SHOWN: usize = 10;

/// How a question ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The node answered, and the reply opened.
    Reply(StorageReply),
    /// Somebody on the way refused, in the clear.
    Refused(Refusal),
    /// A call that is no onion was answered.
    Answered(Response),
    /// Something came back that does not open, or is no reply.
    Garbled(&'static str),
    /// Nothing came back.
    Lost,
}

/// A reply in words, and what is wrong with it whatever the question was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inspected {
    pub(crate) text: String,
    pub(crate) faults: Vec<String>,
}

/// Puts `heard` into words without names of nodes, clocks and signatures: those are checked, and
/// replaced by what the check says.
pub(crate) fn inspect(scene: &Scene, asked: Option<&StorageRequest>, heard: &Heard) -> Inspected {
    let mut inspector = Inspector {
        scene,
        faults: Vec::new(),
    };
    let text = match heard {
        Heard::Reply(reply) => inspector.reply(asked, reply),
        Heard::Refused(refusal) => format!(
            "refused on the way: {} {}",
            refusal.status.0, refusal.reason
        ),
        Heard::Answered(response) => format!("answered: {}", kind(response)),
        Heard::Garbled(why) => format!("garbled: {why}"),
        Heard::Lost => "lost".to_owned(),
    };
    Inspected {
        text,
        faults: inspector.faults,
    }
}

const fn kind(response: &Response) -> &'static str {
    match response {
        Response::Onion(_) => "onion",
        Response::Forward(_) => "forward",
        Response::Pull(_) => "pull",
        Response::Announced { .. } => "announced",
        Response::Snapshot { .. } => "snapshot",
        Response::Cosigned(_) => "cosigned",
    }
}

struct Inspector<'a> {
    scene: &'a Scene,
    faults: Vec<String>,
}

impl Inspector<'_> {
    fn fault(&mut self, what: impl Into<String>) -> &'static str {
        self.faults.push(what.into());
        "WRONG"
    }

    fn reply(&mut self, asked: Option<&StorageRequest>, reply: &StorageReply) -> String {
        let off = reply.clock.diff_ms(self.scene.now()).unsigned_abs();
        if off > CLOCK_TOLERANCE_MS {
            self.fault(format!("a clock that is off by {off} ms"));
        }
        let body = match &reply.body {
            StorageBody::Changed { hash, members } => {
                if let Some(asked) = asked
                    && *hash != stored_name(asked)
                {
                    self.fault("a name that is not the message's");
                }
                let hash = hash.as_ref().map_or_else(String::new, short);
                format!("changed {hash} {}", self.members(asked, members))
            }
            StorageBody::Messages { messages, more } => {
                let shown: Vec<String> = messages
                    .iter()
                    .map(|message| self.message(asked, message))
                    .collect();
                let more = if *more { ", more" } else { "" };
                format!("{} messages [{}]{more}", messages.len(), shown.join(", "))
            }
            StorageBody::Expiries(expiries) => format!("expiries {}", self.times(expiries)),
            StorageBody::Swarm { swarm, nodes } => {
                let account = asked.and_then(StorageRequest::account).copied();
                let account = account.unwrap_or(self.scene.owner().id());
                let right = self.scene.members(&account) == *nodes
                    && self.scene.swarm(&account) == Some(*swarm);
                let right = if right {
                    "as the membership has it"
                } else {
                    self.fault("a swarm that is not the account's")
                };
                format!("swarm of {}, {right}", nodes.len())
            }
            StorageBody::Info { version } => format!("version {version:?}"),
            StorageBody::Batch(replies) => {
                let none: &[StorageRequest] = &[];
                let steps = match asked {
                    Some(StorageRequest::Batch(steps) | StorageRequest::Sequence(steps)) => steps,
                    _ => none,
                };
                let shown: Vec<String> = replies
                    .iter()
                    .enumerate()
                    .map(|(i, reply)| self.reply(steps.get(i), reply))
                    .collect();
                format!("batch of {} [{}]", replies.len(), shown.join("; "))
            }
            StorageBody::Error(text) => text.clone(),
        };
        format!("{} {body}", reply.status.0)
    }

    fn message(&mut self, asked: Option<&StorageRequest>, message: &StoredMessage) -> String {
        if let Some(StorageRequest::Retrieve {
            account, namespace, ..
        }) = asked
            && message_hash(account, *namespace, &message.data) != message.hash
        {
            self.fault("bytes that do not have the message's hash");
        }
        format!(
            "{} of {} B from {} until {}",
            short(&message.hash),
            message.data.len(),
            self.scene.time_name(message.timestamp),
            self.scene.time_name(message.expiry)
        )
    }

    /// Every member of the swarm once, each with a valid signature. Equal results are shown once,
    /// with their number, in the order of their text: which node said what is no part of it.
    fn members(&mut self, asked: Option<&StorageRequest>, members: &[Member]) -> String {
        if let Some(account) = asked.and_then(StorageRequest::account) {
            let swarm = self.scene.members(account);
            let named = members.iter().map(|member| member.node);
            // Until a quorum answers, a store may name some of them only.
            let known = members
                .iter()
                .all(|member| swarm.iter().any(|node| node.id == member.node));
            let ascending = named.clone().is_sorted_by(|a, b| a < b);
            let whole = members.len() == swarm.len() || !waits_for_all(asked);
            if !(known && ascending && whole) {
                self.fault("members that are not the swarm's, each once");
            }
        }
        let mut shown: Vec<String> = members
            .iter()
            .map(|member| self.member(asked, member))
            .collect();
        if let Some(StorageRequest::Store { ack, .. }) = asked
            && !waits_for_all(asked)
        {
            return self.acknowledged(*ack, members);
        }
        shown.sort();
        let mut counted: Vec<(usize, String)> = Vec::new();
        for text in shown {
            match counted.last_mut() {
                Some((count, last)) if *last == text => *count += 1,
                _ => counted.push((1, text)),
            }
        }
        let counted: Vec<String> = counted
            .into_iter()
            .map(|(count, text)| format!("{count} x {text}"))
            .collect();
        format!("[{}]", counted.join(", "))
    }

    /// How many members had ended when an early answer left is chance: what counts is that as many
    /// had as were asked for.
    fn acknowledged(&mut self, ack: AckLevel, members: &[Member]) -> String {
        let durable = |member: &&Member| {
            matches!(
                member.result,
                Ok(MemberChange::Stored { durable: true, .. })
            )
        };
        let target = self.scene.target();
        let asked = members.iter().find(|member| Some(member.node) == target);
        let reached = match ack {
            AckLevel::Received => asked.is_some_and(|member| member.result.is_ok()),
            AckLevel::Durable => asked.as_ref().is_some_and(durable),
            AckLevel::Quorum(most) => {
                let wanted = usize::from(most.get()).min(members.len());
                members.iter().filter(durable).count() >= wanted
            }
            AckLevel::All => true,
        };
        if reached {
            format!("as far as {ack:?}")
        } else {
            self.fault("an answer before the message came as far as asked")
                .to_owned()
        }
    }

    fn member(&mut self, asked: Option<&StorageRequest>, member: &Member) -> String {
        let change = match &member.result {
            Ok(change) => change,
            Err(failure) => return format!("failed: {failure:?}"),
        };
        let signature = match change {
            MemberChange::Stored { signature, .. }
            | MemberChange::Deleted { signature, .. }
            | MemberChange::Expired { signature, .. } => signature,
        };
        let text = asked.and_then(|asked| signed::text(asked, change));
        let valid = text.is_some_and(|text| self.holds(member.node.key(), &text, signature));
        if !valid {
            self.fault("a member's signature that does not hold");
        }
        match change {
            MemberChange::Stored {
                expiry,
                already,
                durable,
                ..
            } => {
                if let Some(wanted) = asked.and_then(wanted_expiry)
                    && (*expiry < wanted || (*expiry > wanted && !already))
                {
                    self.fault("an expiry that the store did not ask for");
                }
                let already = if *already { ", already there" } else { "" };
                let durable = if *durable { "durable" } else { "received" };
                format!("{durable} until {}{already}", self.scene.time_name(*expiry))
            }
            MemberChange::Deleted { deleted, .. } => {
                let shown: Vec<String> = deleted
                    .iter()
                    .map(|(namespace, hash)| format!("{namespace}:{}", short(hash)))
                    .collect();
                format!("deleted [{}]", shown.join(" "))
            }
            MemberChange::Expired {
                updated, unchanged, ..
            } => format!(
                "updated {} unchanged {}",
                self.times(updated),
                self.times(unchanged)
            ),
        }
    }

    fn times(&self, all: &[(MessageHash, Wall)]) -> String {
        let shown: Vec<String> = all
            .iter()
            .map(|(hash, time)| format!("{} until {}", short(hash), self.scene.time_name(*time)))
            .collect();
        format!("[{}]", shown.join(" "))
    }

    fn holds(&self, key: &EdPublic, text: &str, signature: &Signature) -> bool {
        let suite = self.scene.suite();
        suite.verify(key, text.as_bytes(), signature).is_ok()
    }
}

/// Whether the answer to a write comes after all members ended.
const fn waits_for_all(asked: Option<&StorageRequest>) -> bool {
    !matches!(
        asked,
        Some(StorageRequest::Store { ack, .. }) if !matches!(ack, AckLevel::All)
    )
}

/// The name of the message that a store keeps.
fn stored_name(asked: &StorageRequest) -> Option<MessageHash> {
    match asked {
        StorageRequest::Store {
            account,
            namespace,
            data,
            ..
        } => Some(message_hash(account, *namespace, data)),
        _ => None,
    }
}

/// When the message that a store keeps expires, if it is new.
fn wanted_expiry(asked: &StorageRequest) -> Option<Wall> {
    match asked {
        StorageRequest::Store {
            timestamp, ttl_ms, ..
        } => Some(timestamp.after_ms(*ttl_ms)),
        _ => None,
    }
}

/// The beginning of a hash's text.
pub(crate) fn short(hash: &MessageHash) -> String {
    hash.to_string().chars().take(HASH_SHOWN).collect()
}
