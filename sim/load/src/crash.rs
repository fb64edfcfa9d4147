//! Stores messages while nodes are killed, and looks for every acknowledged one afterwards.

mod ledger;

use std::{
    collections::BTreeMap,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use leek_client::{Answer, Asked};
use leek_identity::{MessageHash, NodeId, NodeRecord};
use leek_localnet::Target;
use leek_machine::{Seed, Stream};
use leek_wire::{AckLevel, Status, StorageBody};

use self::ledger::Ledger;
pub use self::ledger::{CrashReport, Round};
use crate::{
    LoadError,
    mailbox::Mailbox,
    rig::{Place, Rig, now, unmetered},
};

/// Stores under way at once.
const IN_FLIGHT: u64 = 16;
/// Bytes of a message.
const MESSAGE_BYTES: usize = 1_024;
/// Messages to a mailbox at most, so that one answer holds them all.
const MAILBOX_MESSAGES: u64 = 100;
/// How long a store may take: longer than a member's silence makes it.
const TIMEOUT: Duration = Duration::from_secs(8);
/// How long a node may take to come back.
const BACK: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Clone, Debug)]
pub struct CrashConfig {
    /// Where.
    pub place: Place,
    /// Nodes, all in one swarm.
    pub nodes: u16,
    /// Times a node is killed.
    pub rounds: u32,
    /// Messages over all rounds.
    pub messages: u64,
    /// The acknowledgement asked for.
    pub ack: AckLevel,
    /// Seed of the moments and the victims.
    pub seed: u64,
}

/// Does it. `say` is told of every round.
///
/// # Errors
/// [`LoadError`] when the network cannot be started, restarted or asked.
pub fn crash(config: &CrashConfig, say: &mut dyn FnMut(&Round)) -> Result<CrashReport, LoadError> {
    let mut run = Run {
        rig: Rig::up(&config.place, "crash", config.nodes, unmetered())?,
        config,
        draws: Seed::from_u64(config.seed).child("crash", 0).stream(),
        mailboxes: Vec::new(),
        ledger: Ledger::default(),
        next: 0,
    };
    let each = config.messages / u64::from(config.rounds.max(1));
    for number in 1..=config.rounds {
        let last = number == config.rounds;
        let count = if last {
            config.messages - run.next
        } else {
            each
        };
        let round = run.round(number, count)?;
        say(&round);
        run.ledger.rounds.push(round);
    }
    Ok(run.ledger.report(config))
}

struct Run<'a> {
    rig: Rig,
    config: &'a CrashConfig,
    draws: Stream,
    mailboxes: Vec<Mailbox>,
    ledger: Ledger,
    next: u64,
}

/// How one store ended.
type Ended = (NodeId, Answer);

impl Run<'_> {
    /// Stores `count` messages, kills a node somewhere among them, starts it again and looks.
    fn round(&mut self, number: u32, count: u64) -> Result<Round, LoadError> {
        let victim = self.draws.below(u64::from(self.config.nodes));
        let victim = u16::try_from(victim).unwrap_or(0);
        let dead = self.rig.node(victim)?.id;
        // After so many answers of this round, and then at a random moment of a few commits,
        // while stores go on.
        let after = self.draws.below(count.max(1));
        let moment = Duration::from_micros(self.draws.below(20_000));
        let before = self.ledger.acknowledged();
        self.ledger.killed_under_way += self.stores(count, after, moment, victim, dead)?;
        let began = Instant::now();
        self.rig.net.start(Target::Node(victim))?;
        self.rig.net.wait_ready(BACK)?;
        let recovery = began.elapsed();
        self.rig.refresh()?;
        let held = self.look()?;
        Ok(self.ledger.round(number, before, recovery, &held))
    }

    /// Keeps stores under way until `count` were answered or given up, and kills the victim
    /// meanwhile. Returns how many were under way at the victim when it was killed.
    fn stores(
        &mut self,
        count: u64,
        after: u64,
        moment: Duration,
        victim: u16,
        dead: NodeId,
    ) -> Result<u64, LoadError> {
        let (done, ended) = mpsc::channel::<Ended>();
        let (mut sent, mut answered, mut at_victim, mut caught) = (0, 0, 0, 0);
        let mut kill_at: Option<Instant> = None;
        let mut killed = false;
        while answered < count {
            while sent - answered < IN_FLIGHT && sent < count {
                let to = self.store(killed.then_some(dead), &done)?;
                at_victim += u64::from(to == dead);
                sent += 1;
            }
            if answered >= after && kill_at.is_none() {
                kill_at = Some(Instant::now() + moment);
            }
            if !killed && kill_at.is_some_and(|at| at <= Instant::now()) {
                caught = at_victim;
                self.rig.net.kill(Target::Node(victim))?;
                killed = true;
            }
            let until_kill = match kill_at {
                Some(at) if !killed => at.saturating_duration_since(Instant::now()),
                _ => TIMEOUT * 2,
            };
            match ended.recv_timeout(until_kill) {
                Ok((node, answer)) => {
                    answered += 1;
                    at_victim -= u64::from(node == dead);
                    self.ledger.answer(&answer);
                }
                Err(mpsc::RecvTimeoutError::Timeout) if !killed => {}
                // Every call ends by its own deadline.
                Err(_) => return Err(LoadError::NotReady("a call never ended".to_owned())),
            }
        }
        if !killed {
            self.rig.net.kill(Target::Node(victim))?;
        }
        Ok(caught)
    }

    /// Sends one message to a random node that is not dead; returns which.
    fn store(
        &mut self,
        dead: Option<NodeId>,
        done: &mpsc::Sender<Ended>,
    ) -> Result<NodeId, LoadError> {
        let number = self.next;
        self.next += 1;
        let box_number = number / MAILBOX_MESSAGES;
        if box_number >= self.mailboxes.len() as u64 {
            let seed = Seed::from_u64(self.config.seed);
            self.mailboxes.push(Mailbox::new(&seed, box_number));
        }
        let Some(mailbox) = self.mailboxes.last() else {
            leek_machine::bug!("a mailbox was just made");
        };
        let alive: Vec<NodeRecord> = self
            .rig
            .snapshot
            .nodes()
            .iter()
            .filter(|node| Some(node.id) != dead)
            .copied()
            .collect();
        let drawn = usize::try_from(self.draws.below(alive.len() as u64)).unwrap_or(0);
        let node = alive[drawn];
        let mut data = vec![0xc5; MESSAGE_BYTES];
        data[..8].copy_from_slice(&number.to_le_bytes());
        let request = mailbox.store(data, now(), self.config.ack);
        let Asked { to, body, opener } = self.rig.pack(&[], &node, &request)?;
        let (suite, done) = (Arc::clone(&self.rig.suite), done.clone());
        self.rig
            .caller
            .call(to, node.address, body, TIMEOUT, move |outcome| {
                let _ = done.send((node.id, opener.open(&*suite, outcome)));
            });
        Ok(node.id)
    }

    /// What each node holds, all mailboxes together.
    fn look(&self) -> Result<BTreeMap<NodeId, Vec<MessageHash>>, LoadError> {
        let mut held = BTreeMap::new();
        for node in self.rig.snapshot.nodes() {
            let hashes: &mut Vec<MessageHash> = held.entry(node.id).or_default();
            for mailbox in &self.mailboxes {
                let request = mailbox.retrieve(&*self.rig.suite, now());
                match self.rig.ask(node, &request)? {
                    Answer::Reply(reply) if reply.status == Status::OK => match reply.body {
                        StorageBody::Messages {
                            messages,
                            more: false,
                        } => hashes.extend(messages.iter().map(|message| message.hash)),
                        _ => return Err(unreadable("more than one answer holds")),
                    },
                    other => return Err(unreadable(&format!("{other:?}"))),
                }
            }
        }
        Ok(held)
    }
}

fn unreadable(why: &str) -> LoadError {
    LoadError::NotReady(format!("a mailbox cannot be read back: {why}"))
}
