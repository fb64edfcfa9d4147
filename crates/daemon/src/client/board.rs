//! What the machines report, kept until the session's thread takes it.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use leek_directory::SnapshotRefused;
use leek_identity::{MessageHash, NodeId};
use leek_message::ContentBody;
use leek_wire::{
    ClientEvent, Delivered, DirectoryEvent, Event, FailReason, RequestKind, SendTag, Status,
};

/// Bytes of messages that may wait to be taken: eight of the largest answers to a poll. Beyond
/// them the session ends with an error, and nothing that was not taken counts as seen.
pub(super) const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a message costs beside its text: its fields, and its place in the queue.
const MESSAGE_BYTES: usize = 512;

/// How a send ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendEnd {
    /// At least one node has the message.
    Accepted {
        /// Its hash.
        hash: MessageHash,
        /// Attempts used, from 1.
        attempts: u8,
        /// Nodes that have it.
        stored: u16,
        /// Nodes that have it durably.
        durable: u16,
        /// Nodes of the swarm that answered or failed.
        members: u16,
        /// Nodes between this process and the one that took it.
        hops: u8,
    },
    /// It was given up.
    Failed {
        /// Attempts used.
        attempts: u8,
        /// Why.
        reason: FailReason,
    },
}

/// How far a session has come, for explaining why nothing happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether it has a membership: a snapshot with enough signatures that is valid now.
    pub membership: bool,
    /// Nodes that the membership lists.
    pub nodes: usize,
    /// Directories that did not answer the last time they were asked.
    pub silent: usize,
    /// Why a directory's snapshot was refused, the last time one was.
    pub refused: Option<&'static str>,
    /// How far off the clock is, in ms, if directories say so.
    pub clock_off_ms: Option<i64>,
    /// Polls that a node answered.
    pub polls_answered: u64,
    /// Requests that the node they were for answered.
    pub answered: u64,
    /// Requests that ended without its answer.
    pub unanswered: u64,
    /// Messages that could not be opened.
    pub unreadable: u64,
}

/// Everything reported and not yet taken.
#[derive(Default)]
pub(super) struct Board {
    messages: VecDeque<Delivered>,
    messages_bytes: usize,
    /// Messages ever reported, those that did not fit included.
    pub(super) reported: u64,
    /// Whether one did not fit.
    pub(super) overrun: bool,
    ended: BTreeMap<SendTag, SendEnd>,
    /// Hops of the store that was answered last.
    store_hops: u8,
    silent: BTreeSet<NodeId>,
    /// A snapshot to be written to disk.
    pub(super) snapshot: Option<Arc<[u8]>>,
    /// Whether the client has just become able to poll.
    pub(super) ready: bool,
    /// How wrong the clock is, while no membership is valid by it.
    pub(super) clock_to_correct: Option<i64>,
    pub(super) progress: Progress,
}

impl Board {
    /// The oldest message that nobody took.
    pub(super) fn next_message(&mut self) -> Option<Delivered> {
        let message = self.messages.pop_front()?;
        self.messages_bytes -= cost(&message);
        Some(message)
    }

    /// Messages that nobody took.
    pub(super) fn waiting(&self) -> usize {
        self.messages.len()
    }

    /// How a send ended, once.
    pub(super) fn end_of(&mut self, tag: SendTag) -> Option<SendEnd> {
        self.ended.remove(&tag)
    }

    /// Notes whether the snapshot that was kept is of use. If it is not, the directories are asked
    /// as if there were none.
    pub(super) fn note_cache(&mut self, started: Result<(), SnapshotRefused>) {
        self.progress.refused = started.err().map(|error| error.name());
    }

    /// Notes what a machine reports.
    pub(super) fn note(&mut self, event: Event) {
        match event {
            Event::Client(event) => self.note_client(event),
            Event::Directory(event) => self.note_directory(event),
            // Nothing a client's process runs reports these; facts are for the laboratory.
            Event::Saw(_) | Event::Node(_) => {}
        }
    }

    fn note_client(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::SendAccepted {
                send,
                hash,
                attempts,
                stored,
                durable,
                members,
            } => {
                let end = SendEnd::Accepted {
                    hash,
                    attempts,
                    stored,
                    durable,
                    members,
                    hops: self.store_hops,
                };
                self.ended.insert(send, end);
            }
            ClientEvent::SendFailed {
                send,
                attempts,
                reason,
            } => {
                self.ended
                    .insert(send, SendEnd::Failed { attempts, reason });
            }
            ClientEvent::Delivered(message) => self.deliver(message),
            ClientEvent::Undecryptable { .. } => self.progress.unreadable += 1,
            ClientEvent::RequestDone(done) => {
                match done.status {
                    Some(_) => self.progress.answered += 1,
                    None => self.progress.unanswered += 1,
                }
                match done.kind {
                    RequestKind::Store => self.store_hops = done.hops.saturating_sub(1),
                    RequestKind::Retrieve if done.status == Some(Status::OK) => {
                        self.progress.polls_answered += 1;
                    }
                    RequestKind::Retrieve | RequestKind::Info | RequestKind::GetSwarm => {}
                }
            }
            ClientEvent::ClockCorrected { .. } => self.ready = true,
            ClientEvent::PathBuilt { .. }
            | ClientEvent::GuardDropped { .. }
            | ClientEvent::Strike(_)
            | ClientEvent::SwarmReplaced { .. } => {}
        }
    }

    fn deliver(&mut self, message: Delivered) {
        self.reported += 1;
        let cost = cost(&message);
        // After one that did not fit none is taken: they would be out of order.
        if self.overrun || self.messages_bytes + cost > WAITING_BYTES_MAX {
            self.overrun = true;
            return;
        }
        self.messages_bytes += cost;
        self.messages.push_back(message);
    }

    fn note_directory(&mut self, event: DirectoryEvent) {
        match event {
            DirectoryEvent::Accepted {
                signed, snapshot, ..
            } => {
                self.progress.membership = true;
                self.progress.nodes = snapshot.nodes().len();
                self.progress.refused = None;
                self.silent.clear();
                self.snapshot = Some(signed);
            }
            DirectoryEvent::Refused { from, why } => {
                self.silent.remove(&from);
                self.progress.refused = Some(why);
            }
            DirectoryEvent::Silent { from } => {
                self.silent.insert(from);
            }
            DirectoryEvent::ClockOff { offset_ms, .. } => {
                self.progress.clock_off_ms = Some(offset_ms);
                self.clock_to_correct = Some(offset_ms).filter(|_| !self.progress.membership);
            }
            DirectoryEvent::Published { .. }
            | DirectoryEvent::Announced { .. }
            | DirectoryEvent::Keep { .. } => {}
        }
        self.progress.silent = self.silent.len();
    }
}

fn cost(message: &Delivered) -> usize {
    let text = match &message.content.body {
        ContentBody::Data(data) => data.body.as_ref().map_or(0, String::len),
        ContentBody::Typing(_)
        | ContentBody::Receipt(_)
        | ContentBody::Unsend(_)
        | ContentBody::Unsupported(_) => 0,
    };
    MESSAGE_BYTES + text
}

/// A board that machines write on and one thread waits for.
#[derive(Default)]
pub(super) struct SharedBoard {
    board: Mutex<Board>,
    changed: Condvar,
}

impl SharedBoard {
    pub(super) fn lock(&self) -> MutexGuard<'_, Board> {
        // Every method leaves it whole, and a panic of another thread is reported elsewhere.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, event: Event) {
        self.lock().note(event);
        self.changed.notify_all();
    }

    /// Waits for a change, at most so long, unless `look` finds something at once.
    pub(super) fn look_or_wait<T>(
        &self,
        most: Duration,
        look: impl FnOnce(&mut Board) -> Option<T>,
    ) -> Option<T> {
        let mut board = self.lock();
        let found = look(&mut board);
        if found.is_none() && !most.is_zero() {
            drop(self.changed.wait_timeout(board, most));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use leek_identity::{AccountId, Prefix};
    use leek_machine::{Tick, Wall};
    use leek_message::{Content, DataMessage};
    use leek_wire::RequestDone;

    use super::*;

    fn message(i: u8, text: &str) -> Event {
        Event::Client(ClientEvent::Delivered(Delivered {
            hash: MessageHash::from_bytes([i; 32]),
            sender: AccountId::new(Prefix::User, [1; 32]),
            content: Content::new(Wall::from_ms(1), DataMessage::text(text).into()),
            timestamp: Wall::from_ms(2),
        }))
    }

    #[test]
    fn messages_are_taken_once_and_in_order() {
        let mut board = Board::default();
        for i in 0..3 {
            board.note(message(i, "x"));
        }
        assert_eq!((board.reported, board.waiting()), (3, 3));
        for i in 0..3 {
            let next = board.next_message().unwrap();
            assert_eq!(next.hash, MessageHash::from_bytes([i; 32]));
        }
        assert_eq!(board.next_message(), None);
        assert_eq!(board.messages_bytes, 0);
    }

    #[test]
    fn memory_for_messages_is_bounded() {
        let mut board = Board::default();
        let long = "x".repeat(1024 * 1024 - MESSAGE_BYTES);
        for i in 0..70 {
            board.note(message(i, &long));
        }
        assert!(board.overrun);
        assert_eq!((board.reported, board.waiting()), (70, 64));
        // What has been taken makes no room: the order would be lost.
        board.next_message().unwrap();
        board.note(message(70, "small"));
        assert_eq!((board.reported, board.waiting()), (71, 63));
    }

    #[test]
    fn a_send_ends_with_the_hops_of_its_store() {
        let mut board = Board::default();
        board.note(Event::Client(ClientEvent::RequestDone(RequestDone {
            kind: RequestKind::Store,
            started: Tick::ZERO,
            ended: Tick::ZERO,
            hops: 4,
            bytes_up: 1,
            bytes_down: 1,
            status: Some(Status::OK),
        })));
        let hash = MessageHash::from_bytes([1; 32]);
        board.note(Event::Client(ClientEvent::SendAccepted {
            send: SendTag(7),
            hash,
            attempts: 1,
            stored: 3,
            durable: 2,
            members: 4,
        }));
        let end = SendEnd::Accepted {
            hash,
            attempts: 1,
            stored: 3,
            durable: 2,
            members: 4,
            hops: 3,
        };
        assert_eq!(board.end_of(SendTag(7)), Some(end));
        assert_eq!(board.end_of(SendTag(7)), None);
    }

    #[test]
    fn silence_is_counted_per_directory_until_one_speaks() {
        let mut board = Board::default();
        let directory = |event| Event::Directory(event);
        let from = |i| NodeId::from_bytes([i; 32]);
        for i in [1, 2, 1] {
            board.note(directory(DirectoryEvent::Silent { from: from(i) }));
        }
        assert_eq!(board.progress.silent, 2);
        let why = "expired snapshot";
        board.note(directory(DirectoryEvent::Refused { from: from(1), why }));
        assert_eq!(board.progress.silent, 1);
        assert_eq!(board.progress.refused, Some(why));
        board.note(directory(DirectoryEvent::ClockOff {
            offset_ms: -3_600_000,
            answers: 2,
        }));
        assert_eq!(board.progress.clock_off_ms, Some(-3_600_000));
        assert_eq!(board.clock_to_correct, Some(-3_600_000));
    }

    #[test]
    fn waiting_ends_with_a_change() {
        let shared = Arc::new(SharedBoard::default());
        let writer = Arc::clone(&shared);
        let thread = std::thread::spawn(move || writer.note(message(1, "x")));
        let mut found = None;
        while found.is_none() {
            found = shared.look_or_wait(Duration::from_secs(60), Board::next_message);
        }
        thread.join().unwrap();
        let nothing = shared.look_or_wait(Duration::from_millis(1), Board::next_message);
        assert_eq!(nothing, None);
    }
}
