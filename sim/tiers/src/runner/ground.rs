//! A network of real transports on which scripts and clients run, whoever its nodes are.

use core::{net::Ipv4Addr, time::Duration};
use std::sync::{Arc, Mutex, PoisonError};

use leek_client::{Client, Command};
use leek_crypto::Approved;
use leek_driver::{Clock, Host, HostConfig, Limits, Network, NoStorage, Runtime, sleep};
use leek_lab::{
    Cast, Ending, Judged, Witness, judge,
    scenario::{CryptoMode, Loaded},
};
use leek_machine::{Seed, Tick, bug};
use leek_message::{ContentBody, DataMessage};
use leek_swarm::Snapshot;
use leek_wire::{Event, SendTag};

use super::RunError;
use crate::script::{Script, Transcript};

/// How often a run looks whether it is over, or should stop.
const LOOK: Duration = Duration::from_millis(20);
/// Time a script may take on the clock of its runtime; as in the simulation.
const SCRIPT_TIME: Duration = Duration::from_secs(1_800);
/// How long writes of nodes wait for others: the driver's value for nodes.
pub(super) const GROUP_COMMIT: Duration = Duration::from_millis(5);

/// A network whose nodes are up: where clients connect, and whom they find there.
pub struct Ground {
    pub(super) rt: Runtime,
    pub(super) network: Arc<dyn Network>,
    pub(super) clock: Clock,
    pub(super) suite: Approved,
    pub(super) snapshot: Arc<Snapshot>,
    /// The address that client number `n` calls from.
    pub(super) source: fn(u32) -> Ipv4Addr,
}

/// The suite of a scenario, if a real network takes it.
///
/// # Errors
/// [`RunError::Scenario`] pointing at the mode.
pub(super) fn approved(loaded: &Loaded) -> Result<Approved, RunError> {
    match loaded.scenario.crypto.mode {
        CryptoMode::Real => Ok(leek_crypto::fast()),
        CryptoMode::RealPure => Ok(leek_crypto::pure()),
        CryptoMode::Sized => Err(loaded
            .error_at(
                &["crypto", "mode"],
                "sized cryptography on a network with real transports".to_owned(),
            )
            .help("it protects nothing; use `real` or `real-pure`, or `leek run`")
            .into()),
    }
}

impl Ground {
    /// The membership that every client is told.
    pub const fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    pub(super) fn host_config(&self, role: &'static str) -> HostConfig {
        HostConfig {
            role,
            network: Arc::clone(&self.network),
            listen: None,
            source: None,
            identity: None,
            clock: self.clock.clone(),
            limits: Limits::default(),
            group_commit: GROUP_COMMIT,
            own_thread: false,
        }
    }

    /// Runs a script to its end.
    ///
    /// # Errors
    /// [`RunError`] when its host does not start or ends. A script that takes more than half an
    /// hour is no error: its transcript is not finished.
    ///
    /// # Panics
    /// Inside a future of the runtime.
    pub fn recite(&self, script: Script) -> Result<Transcript, RunError> {
        let config = HostConfig {
            source: Some((self.source)(0)),
            ..self.host_config("script")
        };
        let entropy = Seed::from_u64(0).child("entropy-script", 0).stream();
        let host = leek_driver::host(
            &self.rt,
            config,
            script,
            Arc::new(()),
            NoStorage,
            Box::new(entropy),
            Box::new(|_, _| {}),
        )?;
        host.membership(Arc::clone(&self.snapshot));
        let start = self.clock.now().tick;
        let limit_ns = SCRIPT_TIME.as_nanos();
        self.rt.block_on(async {
            loop {
                sleep(LOOK).await;
                match host.with(|script| script.is_done()) {
                    None => return Err(RunError::Ended(host.ended())),
                    Some(true) => return Ok(()),
                    Some(false) => {}
                }
                if u128::from(self.clock.now().tick.since_ns(start)) > limit_ns {
                    return Ok(());
                }
            }
        })?;
        host.with(|script| script.transcript().clone())
            .ok_or_else(|| RunError::Ended(host.ended()))
    }

    /// Runs the plan of a scenario: its clients do what it says at their times, for as long as it
    /// lasts, and what they saw is judged. `stop` may end it early.
    ///
    /// # Errors
    /// [`RunError`] when a host does not start or ends.
    ///
    /// # Panics
    /// Inside a future of the runtime.
    pub fn play(
        &self,
        loaded: &Loaded,
        cast: &Cast,
        stop: &dyn Fn() -> bool,
    ) -> Result<Judged, RunError> {
        let start = self.clock.now().tick;
        let players = (0..cast.plan().clients)
            .map(|client| self.player(loaded, cast, client, start))
            .collect::<Result<Vec<_>, _>>()?;
        for player in &players {
            player.host.membership(Arc::clone(&self.snapshot));
        }
        let end_ns = loaded.scenario.duration.ns();
        let stopped = self
            .rt
            .block_on(self.follow(cast, &players, (start, end_ns), stop))?;
        let ending = if stopped {
            Ending::Stopped {
                at_ns: self.clock.now().tick.since_ns(start),
            }
        } else {
            Ending::Whole { end_ns }
        };
        let witnesses = players.into_iter().map(Player::into_witness).collect();
        Ok(judge(cast, loaded.scenario.expect, witnesses, ending))
    }

    /// Tells each client its part at its time; `true` when stopped before the end.
    async fn follow(
        &self,
        cast: &Cast,
        players: &[Player],
        (start, end_ns): (Tick, u64),
        stop: &dyn Fn() -> bool,
    ) -> Result<bool, RunError> {
        for (id, send) in (0u64..).zip(&cast.plan().sends) {
            if self.until(start, send.at.ns(), stop).await {
                return Ok(true);
            }
            let (Some(player), Some(to), Some(text)) = (
                players.get(send.from as usize),
                cast.accounts().get(send.to as usize),
                cast.plan().text(id),
            ) else {
                bug!("send {id} of a plan without its people");
            };
            let command = Command::Send {
                tag: SendTag(id),
                to: *to,
                body: ContentBody::from(DataMessage::text(text)),
            };
            player.host.tell(command.into())?;
        }
        let stopped = self.until(start, end_ns, stop).await;
        let ended = players.iter().find_map(|player| player.host.ended());
        match ended {
            Some(fatal) => Err(RunError::Ended(Some(fatal))),
            None => Ok(stopped),
        }
    }

    /// Waits until so long after `start`; `true` when stopped before.
    async fn until(&self, start: Tick, ns: u64, stop: &dyn Fn() -> bool) -> bool {
        loop {
            if stop() {
                return true;
            }
            let passed = self.clock.now().tick.since_ns(start);
            if passed >= ns {
                return false;
            }
            sleep(LOOK.min(Duration::from_nanos(ns - passed))).await;
        }
    }

    fn player(
        &self,
        loaded: &Loaded,
        cast: &Cast,
        client: u32,
        start: Tick,
    ) -> Result<Player, RunError> {
        let config = Cast::client_config(&loaded.scenario);
        let account = Arc::new(cast.account(client));
        let machine = match Client::new(config, account, self.suite.suite()) {
            Ok(machine) => machine,
            Err(error) => bug!("a checked scenario has a valid path policy: {error}"),
        };
        let witness = Arc::new(Mutex::new(Witness::new(client)));
        let told = Arc::clone(&witness);
        let host_config = HostConfig {
            source: Some((self.source)(client)),
            ..self.host_config("client")
        };
        let host = leek_driver::host(
            &self.rt,
            host_config,
            machine,
            Arc::new(()),
            NoStorage,
            Box::new(cast.client_entropy(client)),
            Box::new(move |now, event: Event| {
                let at = Tick::from_ns(now.tick.since_ns(start));
                lock(&told).take(at, event);
            }),
        )?;
        Ok(Player { host, witness })
    }
}

impl core::fmt::Debug for Ground {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ground")
            .field("network", &self.network)
            .field("snapshot", &self.snapshot)
            .finish_non_exhaustive()
    }
}

/// A client of a plan, and what it sees.
struct Player {
    host: Host<Client>,
    witness: Arc<Mutex<Witness>>,
}

impl Player {
    /// Stops the client, then takes what it saw.
    fn into_witness(self) -> Witness {
        let _ = self.host.shutdown(Duration::ZERO);
        core::mem::take(&mut *lock(&self.witness))
    }
}

/// A witness that panicked while it was told something has seen less, which the judge notices.
fn lock(witness: &Mutex<Witness>) -> std::sync::MutexGuard<'_, Witness> {
    witness.lock().unwrap_or_else(PoisonError::into_inner)
}
