use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use leek_client::Answer;
use leek_identity::{MessageHash, NodeId};
use leek_wire::{AckLevel, MemberChange, StorageBody, StorageReply};
use serde::Serialize;

use super::CrashConfig;
use crate::table;

/// Who claimed what about one message.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    /// Members that said it is on their disk.
    durable: BTreeSet<NodeId>,
    /// Members that said they received it, and no more.
    received: BTreeSet<NodeId>,
}

/// What was acknowledged, and what was found.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    acked: BTreeMap<MessageHash, Stored>,
    unknown: u64,
    refused: u64,
    pub(super) killed_under_way: u64,
    pub(super) rounds: Vec<Round>,
    lost: BTreeSet<MessageHash>,
    broken: BTreeSet<(MessageHash, NodeId)>,
    forgotten: BTreeSet<(MessageHash, NodeId)>,
}

/// One kill and what it did. Counts of messages are over all rounds so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Round {
    /// From 1.
    pub number: u32,
    /// Messages acknowledged in this round.
    pub acknowledged: u64,
    /// Milliseconds from the restart of the victim until the whole network was ready.
    pub recovery_ms: u64,
    /// Acknowledged messages that no node holds.
    pub lost: u64,
    /// Claims of durability by a node that no longer holds the message.
    pub broken: u64,
    /// Claims of receipt by a node that does not hold the message; allowed, and counted.
    pub forgotten: u64,
}

/// The result of all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CrashReport {
    /// The acknowledgement asked for.
    pub ack: String,
    /// Nodes of the swarm.
    pub nodes: u16,
    /// Messages sent.
    pub sent: u64,
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// Messages without an answer: they may be stored or not, and are not counted as either.
    pub unknown: u64,
    /// Messages refused.
    pub refused: u64,
    /// Claims of durability, over all messages and members.
    pub durable_claims: u64,
    /// Acknowledged messages that no node held after some round.
    pub lost: u64,
    /// Claims of durability that did not hold.
    pub broken: u64,
    /// Claims of receipt that did not hold: what the level `received` risks.
    pub forgotten: u64,
    /// Stores that were under way at a node when it was killed: zero shows nothing.
    pub killed_under_way: u64,
    /// Round by round.
    pub rounds: Vec<Round>,
}

impl Ledger {
    pub(super) fn acknowledged(&self) -> u64 {
        self.acked.len() as u64
    }

    pub(super) fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Reply(reply) if reply.status.is_success() => self.took(reply),
            Answer::Reply(_) | Answer::Refused(_) => self.refused += 1,
            Answer::Garbled | Answer::Lost => self.unknown += 1,
        }
    }

    fn took(&mut self, reply: &StorageReply) {
        let StorageBody::Changed {
            hash: Some(hash),
            members,
        } = &reply.body
        else {
            self.refused += 1;
            return;
        };
        let stored = self.acked.entry(*hash).or_default();
        for member in members {
            match &member.result {
                Ok(MemberChange::Stored { durable: true, .. }) => {
                    stored.durable.insert(member.node);
                }
                Ok(MemberChange::Stored { durable: false, .. }) => {
                    stored.received.insert(member.node);
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    pub(super) fn round(
        &mut self,
        number: u32,
        before: u64,
        recovery: Duration,
        held: &BTreeMap<NodeId, Vec<MessageHash>>,
    ) -> Round {
        let held: BTreeMap<NodeId, BTreeSet<MessageHash>> = held
            .iter()
            .map(|(node, hashes)| (*node, hashes.iter().copied().collect()))
            .collect();
        let has = |node: &NodeId, hash: &MessageHash| {
            held.get(node).is_some_and(|hashes| hashes.contains(hash))
        };
        for (hash, stored) in &self.acked {
            if !held.values().any(|hashes| hashes.contains(hash)) {
                self.lost.insert(*hash);
            }
            let gone = |nodes: &BTreeSet<NodeId>| -> Vec<(MessageHash, NodeId)> {
                nodes
                    .iter()
                    .filter(|node| !has(node, hash))
                    .map(|node| (*hash, *node))
                    .collect()
            };
            self.broken.extend(gone(&stored.durable));
            self.forgotten.extend(gone(&stored.received));
        }
        Round {
            number,
            acknowledged: self.acknowledged() - before,
            recovery_ms: u64::try_from(recovery.as_millis()).unwrap_or(u64::MAX),
            lost: self.lost.len() as u64,
            broken: self.broken.len() as u64,
            forgotten: self.forgotten.len() as u64,
        }
    }

    pub(super) fn report(self, config: &CrashConfig) -> CrashReport {
        let durable = self.acked.values().map(|s| s.durable.len() as u64).sum();
        CrashReport {
            ack: match config.ack {
                AckLevel::Received => "received".to_owned(),
                AckLevel::Durable => "durable".to_owned(),
                AckLevel::Quorum(q) => format!("quorum={q}"),
                AckLevel::All => "all".to_owned(),
            },
            nodes: config.nodes,
            sent: config.messages,
            acknowledged: self.acknowledged(),
            unknown: self.unknown,
            refused: self.refused,
            durable_claims: durable,
            lost: self.lost.len() as u64,
            broken: self.broken.len() as u64,
            forgotten: self.forgotten.len() as u64,
            killed_under_way: self.killed_under_way,
            rounds: self.rounds,
        }
    }
}

impl CrashReport {
    /// Whether every claim of durability held, and nothing acknowledged as durable was lost. At
    /// the level `received` nothing was promised.
    pub const fn kept(&self) -> bool {
        self.broken == 0
    }

    /// Whether the run could have shown a broken promise at all.
    pub const fn conclusive(&self) -> bool {
        self.acknowledged > 0 && self.killed_under_way > 0
    }

    /// The table for people.
    pub fn render(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .rounds
            .iter()
            .map(|round| {
                vec![
                    round.number.to_string(),
                    round.acknowledged.to_string(),
                    round.recovery_ms.to_string(),
                    round.lost.to_string(),
                    round.broken.to_string(),
                    round.forgotten.to_string(),
                ]
            })
            .collect();
        let head = [
            "round",
            "acknowledged",
            "recovery ms",
            "lost",
            "broken claims",
            "forgotten",
        ];
        let mut text = table::render(&head, &rows);
        text.push_str(&format!(
            "acknowledgement {}: {} sent, {} acknowledged ({} claims of durability), {} refused, \
             {} without an answer; {} under way at a node that was killed\n\
             after restarts: {} acknowledged messages held by no node, {} claims of durability \
             broken, {} received and forgotten\n",
            self.ack,
            self.sent,
            self.acknowledged,
            self.durable_claims,
            self.refused,
            self.unknown,
            self.killed_under_way,
            self.lost,
            self.broken,
            self.forgotten,
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use leek_crypto::Signature;
    use leek_machine::Wall;
    use leek_wire::{Member, Status};

    use super::*;

    fn node(n: u8) -> NodeId {
        NodeId::from_bytes([n; 32])
    }

    fn hash(n: u8) -> MessageHash {
        MessageHash::from_bytes([n; 32])
    }

    fn ack(message: u8, by: u8, durable: bool) -> Answer {
        let change = MemberChange::Stored {
            signature: Signature::from_bytes([0; 64]),
            expiry: Wall::from_ms(1),
            already: false,
            durable,
        };
        Answer::Reply(StorageReply {
            status: Status::OK,
            clock: Wall::from_ms(1),
            body: StorageBody::Changed {
                hash: Some(hash(message)),
                members: vec![Member {
                    node: node(by),
                    result: Ok(change),
                }],
            },
        })
    }

    /// A message that vanished is seen, and stays seen.
    #[test]
    fn a_broken_claim_is_counted() {
        let mut ledger = Ledger::default();
        ledger.answer(&ack(1, 1, true));
        ledger.answer(&ack(2, 1, true));
        ledger.answer(&ack(3, 2, false));
        ledger.answer(&Answer::Lost);
        let none = BTreeMap::from([(node(1), vec![hash(1)]), (node(2), vec![hash(2)])]);
        let round = ledger.round(1, 0, Duration::ZERO, &none);
        assert_eq!((round.lost, round.broken, round.forgotten), (1, 1, 1));
        let all = BTreeMap::from([(node(1), vec![hash(1), hash(2)]), (node(2), vec![hash(3)])]);
        let round = ledger.round(2, 3, Duration::ZERO, &all);
        assert_eq!((round.lost, round.broken, round.forgotten), (1, 1, 1));
        assert_eq!(ledger.unknown, 1);
    }

    #[test]
    fn kept_claims_are_not_counted() {
        let mut ledger = Ledger::default();
        ledger.answer(&ack(1, 1, true));
        let held = BTreeMap::from([(node(1), vec![hash(1)])]);
        let round = ledger.round(1, 0, Duration::ZERO, &held);
        assert_eq!((round.lost, round.broken, round.forgotten), (0, 0, 0));
    }
}
