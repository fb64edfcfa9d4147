use core::{fmt, mem::take, time::Duration};
use std::{sync::Arc, time::Instant};

use leek_client::{ClientState, Command};
use leek_crypto::Approved;
use leek_driver::{Runtime, Stop, SystemEntropy, TellError};
use leek_home::{HomeLock, StateKey, Unlocked};
use leek_identity::AccountId;
use leek_message::{ContentBody, DataMessage};
use leek_wire::{Delivered, SendTag};

use super::{
    Progress, Receiving, SendEnd, SessionConfig, SessionError,
    board::{Board, SharedBoard},
    hosts::{Hosts, Parts, entropy, system},
    keeper::Keeper,
};

/// Threads for input and output: one would do, two keep a handshake from delaying an answer.
const THREADS: usize = 2;

/// How long the session sleeps at most before it looks at signals and at hosts that ended, which
/// wake nobody.
const WAIT_SLICE: Duration = Duration::from_millis(100);

/// Messages that may be written out before the state is kept while more are waiting. What is not
/// kept is shown again after a crash; keeping costs two syncs of a disk.
const KEEP_EVERY: u64 = 16;

/// A message on its way came to an end that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How it ended.
    pub end: SendEnd,
    /// How long it took, from the call on.
    pub took: Duration,
}

/// Times the clock may be corrected: once at the start, and again when it jumps. More would mean that
/// directories disagree.
const CORRECTIONS_MAX: u8 = 3;

/// A person's client: one account, one network, until [`ClientSession::close`].
///
/// One thread uses it, and blocks in it. What the network sends meanwhile waits.
pub struct ClientSession {
    home: HomeLock,
    unlocked: Unlocked,
    key: StateKey,
    suite: Approved,
    config: SessionConfig,
    entropy: SystemEntropy,
    board: Arc<SharedBoard>,
    keeper: Keeper,
    kept_at: u64,
    next_tag: u64,
    /// What was asked and has not ended, to be asked again when the machines start anew.
    under_way: Option<Command>,
    corrections: u8,
    stop: Stop,
    hosts: Hosts,
    // Last: hosts end before what carries them.
    runtime: Runtime,
}

impl ClientSession {
    /// Starts the machines from what `home` holds. Returns at once; the network is looked for
    /// meanwhile. From here on the first SIGINT or SIGTERM ends waits with
    /// [`SessionError::Interrupted`], and the second ends the process.
    ///
    /// # Errors
    /// [`SessionError`] when files cannot be read or threads not started.
    pub fn open(
        home: HomeLock,
        unlocked: Unlocked,
        suite: &Approved,
        config: SessionConfig,
    ) -> Result<Self, SessionError> {
        let key = unlocked.state_key();
        let state = home.client_state(&key, suite)?;
        let runtime = Runtime::new(THREADS).map_err(system("start threads"))?;
        let stop = runtime.on_signal().map_err(system("watch for signals"))?;
        let board = Arc::new(SharedBoard::default());
        let parts = Parts {
            runtime: &runtime,
            config: &config,
            suite,
            board: &board,
            cached: home.home().snapshot()?,
        };
        let hosts = Hosts::start(
            parts,
            config.clock_offset_ms,
            unlocked.account(),
            state.clone(),
        )?;
        Ok(Self {
            home,
            unlocked,
            key,
            suite: suite.clone(),
            config,
            entropy: entropy()?,
            board,
            keeper: Keeper::new(state),
            kept_at: 0,
            next_tag: 0,
            under_way: None,
            corrections: 0,
            stop,
            hosts,
            runtime,
        })
    }

    /// Sends a text and waits until it is known how that ended, or for `timeout`. `None` means that
    /// nobody knows: the message may be stored.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn send_and_wait(
        &mut self,
        to: AccountId,
        text: &str,
        timeout: Duration,
    ) -> Result<Option<Sent>, SessionError> {
        let tag = SendTag(self.next_tag);
        self.next_tag += 1;
        let body: ContentBody = DataMessage::text(text).into();
        let began = Instant::now();
        let command = Command::Send { tag, to, body };
        self.under_way = Some(command.clone());
        self.tell(command)?;
        let end = self.wait(timeout, |board| board.end_of(tag))?;
        self.under_way = None;
        let took = began.elapsed();
        Ok(end.map(|end| Sent { end, took }))
    }

    /// The next message that nobody took, waiting for `timeout` at most. Each has to be followed by
    /// [`ClientSession::wrote_out`] once it is where it belongs.
    ///
    /// # Errors
    /// [`SessionError`]; messages that came before the trouble are handed out first, except when
    /// somebody asked to stop.
    pub fn next_message(&mut self, timeout: Duration) -> Result<Option<Delivered>, SessionError> {
        let message = self.wait(timeout, |board| match board.next_message() {
            Some(message) => Some(Ok(message)),
            None => board.overrun.then_some(Err(SessionError::Overrun)),
        })?;
        message.transpose()
    }

    /// The message taken last has been written out, and need not be shown again.
    ///
    /// # Errors
    /// [`SessionError::Home`] when that could not be kept.
    pub fn wrote_out(&mut self) -> Result<(), SessionError> {
        self.keeper.wrote_out();
        let waiting = self.board.lock().waiting();
        if waiting > 0 && self.keeper.written_out() - self.kept_at < KEEP_EVERY {
            return Ok(());
        }
        self.keep()
    }

    /// Whether everything that waited for the account has come.
    pub fn caught_up(&self) -> CaughtUp {
        if self.board.lock().progress.polls_answered == 0 {
            return CaughtUp::NoAnswer;
        }
        // Not under the lock of the board: the machine may be about to write on it.
        let open = self.hosts.client.with(|client| client.polls_open());
        // What those polls brought was reported before they counted as ended.
        match (open, self.board.lock().waiting()) {
            (Some(0), 0) => CaughtUp::Yes,
            (Some(0), _) => CaughtUp::MessageWaits,
            _ => CaughtUp::StillAsking,
        }
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        self.board.lock().progress.clone()
    }

    /// What ends its waits when tripped.
    pub const fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Ends the session and keeps what must not be forgotten. Messages that were not written out
    /// count as never received.
    ///
    /// # Errors
    /// [`SessionError::Home`] when it could not be kept.
    pub fn close(mut self) -> Result<(), SessionError> {
        let state = self.hosts.end();
        self.keep_snapshot()?;
        let reported = self.board.lock().reported;
        let last = state.and_then(|state| self.keeper.last(state, reported));
        match last {
            Some(state) => self.save(state),
            None => Ok(()),
        }
    }

    fn tell(&self, command: Command) -> Result<(), SessionError> {
        match self.hosts.client.tell(command.into()) {
            Ok(()) => Ok(()),
            // One thread sends one thing at a time, so its queue is never full of commands.
            Err(TellError::Full | TellError::Ended) => self.hosts.check_alive(),
        }
    }

    /// Looks at the board until `look` finds something, for `timeout` at most; meanwhile does what
    /// comes up.
    fn wait<T>(
        &mut self,
        timeout: Duration,
        mut look: impl FnMut(&mut Board) -> Option<T>,
    ) -> Result<Option<T>, SessionError> {
        let began = Instant::now();
        loop {
            if let Some(signal) = self.stop.reason() {
                return Err(SessionError::Interrupted(signal));
            }
            self.attend()?;
            let left = timeout.saturating_sub(began.elapsed());
            let found = self.board.look_or_wait(left.min(WAIT_SLICE), &mut look);
            if found.is_some() || left.is_zero() {
                return Ok(found);
            }
            self.hosts.check_alive()?;
        }
    }

    /// What has come up: a new snapshot to keep, a client that can poll, a clock that is wrong.
    fn attend(&mut self) -> Result<(), SessionError> {
        self.keep_snapshot()?;
        let (ready, off_ms) = {
            let mut board = self.board.lock();
            (take(&mut board.ready), board.clock_to_correct.take())
        };
        if ready && self.config.receiving == Receiving::Yes {
            // Else its first poll would come at a random time within its period.
            self.tell(Command::PollNow)?;
        }
        match off_ms {
            Some(off_ms) if self.corrections < CORRECTIONS_MAX => self.correct_clock(off_ms),
            _ => Ok(()),
        }
    }

    /// Starts the machines anew with another clock: with a wrong one no snapshot is valid. (Small
    /// differences are the client machine's own business.)
    fn correct_clock(&mut self, off_ms: i64) -> Result<(), SessionError> {
        tracing::warn!(
            off_ms,
            "this machine's clock is wrong; going by the directories'"
        );
        self.corrections += 1;
        self.config.clock_offset_ms = self.config.clock_offset_ms.saturating_add(off_ms);
        let Some(state) = self.hosts.end() else {
            return self.hosts.check_alive();
        };
        let parts = Parts {
            runtime: &self.runtime,
            config: &self.config,
            suite: &self.suite,
            board: &self.board,
            cached: self.home.home().snapshot()?,
        };
        let offset_ms = self.config.clock_offset_ms;
        self.hosts = Hosts::start(parts, offset_ms, self.unlocked.account(), state)?;
        match self.under_way.clone() {
            Some(command) => self.tell(command),
            None => Ok(()),
        }
    }

    fn keep_snapshot(&self) -> Result<(), SessionError> {
        let snapshot = self.board.lock().snapshot.take();
        match snapshot {
            Some(signed) => Ok(self.home.save_snapshot(&signed)?),
            None => Ok(()),
        }
    }

    fn keep(&mut self) -> Result<(), SessionError> {
        if self.keeper.wants_one()
            && let Some(state) = self.hosts.client.with(|client| client.state())
        {
            // Read after the state: what was reported in between only makes it wait longer.
            let reported = self.board.lock().reported;
            self.keeper.take(state, reported);
        }
        match self.keeper.due() {
            Some(state) => self.save(state),
            None => Ok(()),
        }
    }

    fn save(&mut self, state: ClientState) -> Result<(), SessionError> {
        self.home
            .save_client_state(&state, &self.key, &self.suite, &mut self.entropy)?;
        self.keeper.kept(state);
        self.kept_at = self.keeper.written_out();
        Ok(())
    }
}

/// Whether everything that waited for an account has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaughtUp {
    /// Yes: a node answered, none is being asked, and no message waits.
    Yes,
    /// A message waits to be taken.
    MessageWaits,
    /// A node answered, and others are still being asked.
    StillAsking,
    /// No node has answered yet.
    NoAnswer,
}

impl fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession").finish_non_exhaustive()
    }
}
