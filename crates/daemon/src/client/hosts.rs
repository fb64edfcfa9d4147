//! The two machines of a client's process: the client, and the follower that tells it who is there.

use core::time::Duration;
use std::{io, sync::Arc};

use leek_client::{Client, ClientState};
use leek_crypto::Approved;
use leek_directory::{Follower, FollowerConfig, FollowerPrep};
use leek_driver::{Clock, Host, HostConfig, NoStorage, Runtime, SystemEntropy, host};
use leek_identity::Account;
use leek_wire::{DirectoryEvent, Event};

use super::{SessionConfig, SessionError, board::SharedBoard};

/// Time for connections to close in good order at the end: nobody is waiting for an answer then.
const GRACE: Duration = Duration::from_millis(200);

/// What machines are started from, beside the account and its state.
pub(super) struct Parts<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) config: &'a SessionConfig,
    pub(super) suite: &'a Approved,
    /// Where they report.
    pub(super) board: &'a Arc<SharedBoard>,
    /// The snapshot that was kept.
    pub(super) cached: Option<Vec<u8>>,
}

/// Both machines, running.
pub(super) struct Hosts {
    pub(super) client: Arc<Host<Client>>,
    follower: Host<Follower>,
}

impl Hosts {
    /// Starts them with a clock that is `clock_offset_ms` beside the system's.
    pub(super) fn start(
        parts: Parts<'_>,
        clock_offset_ms: i64,
        account: Arc<Account>,
        state: ClientState,
    ) -> Result<Self, SessionError> {
        let clock = Clock::system(parts.runtime, clock_offset_ms);
        let client = Arc::new(start_client(&parts, &clock, account, state)?);
        let follower = start_follower(parts, &clock, Arc::clone(&client))?;
        Ok(Self { client, follower })
    }

    /// Stops them, without a word about what was under way. Returns the client's state, or `None`
    /// when it had stopped by itself.
    pub(super) fn end(&self) -> Option<ClientState> {
        self.follower.shutdown(GRACE);
        self.client.shutdown(GRACE).map(|client| client.state())
    }

    /// # Errors
    /// [`SessionError::Ended`] when one of them stopped by itself.
    pub(super) fn check_alive(&self) -> Result<(), SessionError> {
        let ended = self.client.ended().or_else(|| self.follower.ended());
        ended.map_or(Ok(()), |fatal| Err(fatal.into()))
    }
}

fn start_client(
    parts: &Parts<'_>,
    clock: &Clock,
    account: Arc<Account>,
    state: ClientState,
) -> Result<Host<Client>, SessionError> {
    let config = Arc::new(parts.config.client());
    let machine = Client::with_state(config, account, parts.suite.suite(), state)?;
    let board = Arc::clone(parts.board);
    let started = host(
        parts.runtime,
        host_config("client", parts.config, clock),
        machine,
        Arc::new(()),
        NoStorage,
        Box::new(entropy()?),
        Box::new(move |_, event| board.note(event)),
    );
    Ok(started?)
}

fn start_follower(
    parts: Parts<'_>,
    clock: &Clock,
    client: Arc<Host<Client>>,
) -> Result<Host<Follower>, SessionError> {
    let trust = &parts.config.trust;
    let prep = Arc::new(FollowerPrep::new(parts.suite.suite(), trust.clone()));
    let mut machine = Follower::new(FollowerConfig::default(), Arc::clone(&prep), None);
    if let Some(cached) = parts.cached {
        let started = machine.start_from(&cached, clock.now().wall);
        parts.board.lock().note_cache(started);
    }
    let board = Arc::clone(parts.board);
    let follower = host(
        parts.runtime,
        host_config("follower", parts.config, clock),
        machine,
        prep,
        NoStorage,
        Box::new(entropy()?),
        Box::new(move |_, event| {
            if let Event::Directory(DirectoryEvent::Accepted { snapshot, .. }) = &event {
                client.membership(Arc::clone(snapshot));
            }
            board.note(event);
        }),
    )?;
    for directory in trust.signers() {
        follower.know(directory.id, directory.address);
    }
    Ok(follower)
}

pub(super) fn entropy() -> Result<SystemEntropy, SessionError> {
    SystemEntropy::new().map_err(system("take randomness from the operating system"))
}

pub(super) fn system(doing: &'static str) -> impl FnOnce(io::Error) -> SessionError {
    move |source| SessionError::System { doing, source }
}

fn host_config(role: &'static str, config: &SessionConfig, clock: &Clock) -> HostConfig {
    HostConfig {
        role,
        network: Arc::clone(&config.network),
        listen: None,
        source: None,
        // A client shows no certificate: nodes know it by its address only.
        identity: None,
        clock: clock.clone(),
        limits: config.limits,
        // It writes nothing.
        group_commit: Duration::ZERO,
        own_thread: false,
    }
}
