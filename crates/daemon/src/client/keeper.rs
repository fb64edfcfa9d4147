//! Which state of a client may be kept.
//!
//! A client counts a message as seen when it reports it. Were that kept before the message was
//! written out, a crash in between would lose the message for good. So a state is kept only when
//! everything reported up to then has been written out; until then it waits, and what it waits for
//! does not grow, however many messages come.

use leek_client::ClientState;

/// A state that waits, and how many messages were reported before it was taken.
struct Waiting {
    state: ClientState,
    reported: u64,
}

/// Decides what is kept and when.
pub(super) struct Keeper {
    /// As it is on disk.
    kept: ClientState,
    waiting: Option<Waiting>,
    written_out: u64,
}

impl Keeper {
    /// Begins with the state on disk.
    pub(super) const fn new(kept: ClientState) -> Self {
        Self {
            kept,
            waiting: None,
            written_out: 0,
        }
    }

    /// One more message was written out.
    pub(super) const fn wrote_out(&mut self) {
        self.written_out += 1;
    }

    /// Messages written out so far.
    pub(super) const fn written_out(&self) -> u64 {
        self.written_out
    }

    /// Whether a state should be taken, because none waits.
    pub(super) const fn wants_one(&self) -> bool {
        self.waiting.is_none()
    }

    /// Takes a state of the client, by which at most `reported` messages had been reported.
    pub(super) fn take(&mut self, state: ClientState, reported: u64) {
        self.waiting = Some(Waiting { state, reported });
    }

    /// The state to be kept now, if one may be and it is news.
    pub(super) fn due(&mut self) -> Option<ClientState> {
        let may = |waiting: &mut Waiting| waiting.reported <= self.written_out;
        let waiting = self.waiting.take_if(may)?;
        (waiting.state != self.kept).then_some(waiting.state)
    }

    /// The state to be kept at the end, by which `reported` messages had been reported: all of it
    /// when they were all written out, else only its guards, beside what is on disk.
    pub(super) fn last(&mut self, state: ClientState, reported: u64) -> Option<ClientState> {
        let last = if reported <= self.written_out {
            state
        } else {
            ClientState {
                guards: state.guards,
                ..self.kept.clone()
            }
        };
        (last != self.kept).then_some(last)
    }

    /// `state` is on disk.
    pub(super) fn kept(&mut self, state: ClientState) {
        self.kept = state;
    }
}

#[cfg(test)]
mod tests {
    use leek_client::SeenMessage;
    use leek_identity::{MessageHash, NodeId};
    use leek_machine::Wall;

    use super::*;

    /// The state of a client with this guard that has reported so many messages.
    fn state(guard: u8, seen: u8) -> ClientState {
        let message = |i| SeenMessage {
            hash: MessageHash::from_bytes([i; 32]),
            expiry: Wall::from_ms(1),
        };
        ClientState {
            guards: vec![NodeId::from_bytes([guard; 32])],
            cursors: Vec::new(),
            seen: (0..seen).map(message).collect(),
        }
    }

    #[test]
    fn a_state_waits_for_what_it_counts_as_seen() {
        let mut keeper = Keeper::new(ClientState::default());
        assert!(keeper.wants_one());
        keeper.take(state(1, 2), 2);
        assert!(!keeper.wants_one());
        assert_eq!(keeper.due(), None);
        keeper.wrote_out();
        assert_eq!(keeper.due(), None);
        keeper.wrote_out();
        let due = keeper.due().unwrap();
        assert_eq!(due, state(1, 2));
        keeper.kept(due);
        assert!(keeper.wants_one());
        // The same once more is no news.
        keeper.take(state(1, 2), 2);
        assert_eq!(keeper.due(), None);
        assert!(keeper.wants_one());
    }

    #[test]
    fn messages_that_keep_coming_do_not_put_it_off() {
        let mut keeper = Keeper::new(ClientState::default());
        for reported in 1_u8..=100 {
            if keeper.wants_one() {
                keeper.take(state(1, reported), u64::from(reported));
            }
            if reported > 5 {
                keeper.wrote_out();
            }
            if let Some(due) = keeper.due() {
                assert!(due.seen.len() as u64 <= keeper.written_out());
                keeper.kept(due);
            }
        }
        assert!(keeper.kept.seen.len() > 80, "{}", keeper.kept.seen.len());
    }

    #[test]
    fn the_end_keeps_guards_and_forgets_what_nobody_read() {
        let mut keeper = Keeper::new(state(1, 3));
        assert_eq!(keeper.last(state(2, 5), 2), Some(state(2, 3)));
        assert_eq!(keeper.last(state(1, 5), 2), None);
        keeper.wrote_out();
        keeper.wrote_out();
        assert_eq!(keeper.last(state(2, 5), 2), Some(state(2, 5)));
    }
}
