//! The thread that starts the processes of a network, and ends them.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::{
    Action, NetError, NetState, Target,
    address::Claim,
    files::{Held, Layout},
    process::ProcessId,
    slot::Slot,
    watcher::Observed,
};

/// How often the thread looks after its children when nobody asks anything.
const TURN: Duration = Duration::from_millis(100);
/// Time a process has to end in good order; then it is killed. A node drains for at most 10 s.
const STOP_GRACE: Duration = Duration::from_secs(15);

/// What a supervisor is asked to do.
pub(crate) enum Order {
    Act {
        target: Target,
        action: Action,
        done: Sender<Result<(), NetError>>,
    },
    Down {
        done: Sender<()>,
    },
}

/// What threads of one network share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    board: Mutex<Board>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(crate) struct Board {
    pub(crate) slots: Vec<Slot>,
    pub(crate) observed: Observed,
    /// All processes are ended and the directory is free.
    pub(crate) over: bool,
    /// What went wrong in the background; the first stays.
    pub(crate) failed: Option<NetError>,
}

impl Shared {
    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        // Every change of the board is one statement, so it is whole even after a panic.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Waits until something changes, at most this long.
    pub(crate) fn wait(&self, limit: Duration) {
        let board = self.board();
        drop(self.changed.wait_timeout(board, limit));
    }
}

/// The state of the supervising thread.
pub(crate) struct Supervisor {
    pub(crate) layout: Layout,
    pub(crate) state: NetState,
    pub(crate) shared: Arc<Shared>,
    pub(crate) orders: Receiver<Order>,
    pub(crate) claim: Claim,
    pub(crate) held: Held,
}

impl Supervisor {
    /// Starts all processes, tells `ready` how that went, and serves orders until it is told to
    /// end or nobody can ask any more. Processes are children of this thread, and die with it.
    pub(crate) fn run(mut self, ready: &Sender<Result<(), NetError>>) {
        let started = self.start_all();
        let serves = started.is_ok();
        let _ = ready.send(started);
        let done = if serves { self.serve() } else { None };
        self.end();
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    /// Serves orders until it is told to end, by whom it returns, or nobody can ask any more.
    fn serve(&mut self) -> Option<Sender<()>> {
        loop {
            match self.orders.recv_timeout(TURN) {
                Ok(Order::Act {
                    target,
                    action,
                    done,
                }) => {
                    let result = self.act(target, action);
                    let _ = done.send(result);
                }
                Ok(Order::Down { done }) => return Some(done),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
            self.turn();
        }
    }

    fn start_all(&mut self) -> Result<(), NetError> {
        self.state.supervisor =
            Some(ProcessId::of(std::process::id()).map_err(NetError::io("look up", "/proc"))?);
        for slot in &mut self.shared.board().slots {
            slot.start()?;
        }
        self.save()
    }

    fn save(&mut self) -> Result<(), NetError> {
        let board = self.shared.board();
        for (process, slot) in self.state.processes.iter_mut().zip(&board.slots) {
            process.process = slot.process();
            process.ops = slot.ops().map(|ops| ops.to_string());
        }
        drop(board);
        self.state.save(&self.layout)
    }

    /// Looks after the children.
    fn turn(&mut self) {
        let mut changed = false;
        let mut failed = None;
        for slot in &mut self.shared.board().slots {
            match slot.look() {
                Ok(new) => changed |= new,
                Err(error) => failed = Some(error),
            }
        }
        if changed {
            if let Err(error) = self.save() {
                failed = Some(error);
            }
            self.shared.notify();
        }
        if let Some(error) = failed {
            self.shared.board().failed.get_or_insert(error);
        }
    }

    fn act(&mut self, target: Target, action: Action) -> Result<(), NetError> {
        let at = self
            .state
            .processes
            .iter()
            .position(|process| process.target == target)
            .ok_or(NetError::NoSuch { target })?;
        if action == Action::Start {
            self.with_slot(at, Slot::start)?;
            self.shared.board().observed.forget(at);
            return self.save();
        }
        let process = self
            .with_slot(at, |slot| slot.process())
            .ok_or(NetError::NotRunning { target })?;
        let send = |signal| {
            let sent = process.signal(signal);
            sent.map_err(|source| NetError::Signal { target, source })
        };
        match action {
            Action::Pause => send(Signal::STOP).map(drop)?,
            Action::Resume => send(Signal::CONT).map(drop)?,
            Action::Kill => {
                send(Signal::KILL)?;
                self.with_slot(at, Slot::reap)?;
            }
            Action::Stop => {
                // A paused process takes no other signal.
                send(Signal::TERM)?;
                send(Signal::CONT)?;
                let watch = process.wait_end(STOP_GRACE);
                if !watch.map_err(|source| NetError::Signal { target, source })? {
                    send(Signal::KILL)?;
                }
                self.with_slot(at, Slot::reap)?;
            }
            Action::Start => {}
        }
        self.shared.notify();
        self.save()
    }

    fn with_slot<R>(&self, at: usize, work: impl FnOnce(&mut Slot) -> R) -> R {
        match self.shared.board().slots.get_mut(at) {
            Some(slot) => work(slot),
            None => leek_machine::bug!("process {at} of the state has no slot"),
        }
    }

    /// Ends all processes in good order, then those that do not end, and frees the directory.
    fn end(mut self) {
        let processes: Vec<_> = {
            let board = self.shared.board();
            board.slots.iter().filter_map(Slot::process).collect()
        };
        // A process that cannot be signalled or watched is one that is gone, or will be when this
        // thread ends.
        for process in &processes {
            let _ = process.signal(Signal::TERM);
            let _ = process.signal(Signal::CONT);
        }
        let end = Instant::now() + STOP_GRACE;
        for process in &processes {
            let left = end.saturating_duration_since(Instant::now());
            if !process.wait_end(left).unwrap_or(false) {
                let _ = process.signal(Signal::KILL);
            }
        }
        for at in 0..self.state.processes.len() {
            if let Err(error) = self.with_slot(at, Slot::reap) {
                self.shared.board().failed.get_or_insert(error);
            }
        }
        self.state.supervisor = None;
        if let Err(error) = self.save() {
            self.shared.board().failed.get_or_insert(error);
        }
        drop((self.claim, self.held));
        self.shared.board().over = true;
        self.shared.notify();
    }
}
