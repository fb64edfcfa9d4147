use std::{
    fs,
    net::SocketAddrV4,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use leek_driver::Runtime;
use leek_identity::{NodeAddress, NodeId};

use crate::{
    Action, Config, Life, NetError, Status, Target,
    control::Server,
    files::{Held, Layout},
    make::{self, Made},
    status,
    supervisor::{Order, Shared, Supervisor},
    watcher::Watcher,
};

/// How often a waiting caller looks at the status when nothing changes.
const LOOK: Duration = Duration::from_millis(500);

/// A network of real processes on this machine, and their supervisor. Dropping it ends them.
///
/// Other terminals see it through its directory: `leek net status`, `leek net kill 3`.
#[derive(Debug)]
pub struct LocalNet {
    layout: Layout,
    shared: Arc<Shared>,
    orders: Sender<Order>,
    /// Dropped to end the watcher.
    watch: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    _runtime: Runtime,
}

/// What a test or a load needs to know of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its public id.
    pub id: NodeId,
    /// Where it listens; the same over all its starts.
    pub address: NodeAddress,
    /// Its process, while it lives.
    pub pid: Option<u32>,
    /// Its keys and messages.
    pub data_dir: PathBuf,
    /// Its health and metrics port, once it has said so.
    pub ops: Option<SocketAddrV4>,
}

impl LocalNet {
    /// Starts a network and waits until every process is ready and a snapshot lists every node.
    ///
    /// # Errors
    /// [`NetError`]; whatever was started is ended then.
    pub fn up(config: &Config) -> Result<Self, NetError> {
        Self::up_watched(config, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`LocalNet::up`]; `watch` sees the status whenever it changes and may give up.
    ///
    /// # Errors
    /// [`NetError`]; [`NetError::Interrupted`] when `watch` gave up.
    pub fn up_watched(
        config: &Config,
        watch: &mut dyn FnMut(&Status) -> ControlFlow<()>,
    ) -> Result<Self, NetError> {
        let net = Self::launch(config)?;
        net.wait_ready_watched(config.ready_within, watch)?;
        Ok(net)
    }

    /// Starts every process and returns.
    fn launch(config: &Config) -> Result<Self, NetError> {
        config.check()?;
        let layout = Layout::of(&config.dir)?;
        let held = Held::take(&layout)?;
        let Made {
            state,
            claim,
            slots,
            trust,
        } = make::make(config, &layout)?;
        let runtime = Runtime::new(1).map_err(NetError::Supervisor)?;
        let shared = Arc::new(Shared::default());
        shared.board().slots = slots;
        let server = Server::bind(&layout)?;
        let (orders, taken) = mpsc::channel();
        let (watch, stop) = mpsc::channel();
        let (started, starting) = mpsc::channel();
        let supervisor = Supervisor {
            layout: layout.clone(),
            state,
            shared: Arc::clone(&shared),
            orders: taken,
            claim,
            held,
        };
        let mut net = Self {
            layout,
            shared: Arc::clone(&shared),
            orders,
            watch: Some(watch),
            threads: Vec::new(),
            _runtime: runtime.clone(),
        };
        net.spawn("leek-net", move || supervisor.run(&started))?;
        starting.recv().unwrap_or_else(|_| {
            Err(NetError::Control {
                what: "its thread ended".to_owned(),
            })
        })?;
        let watcher = Watcher::new(&runtime, trust, Arc::clone(&shared));
        net.spawn("leek-net-watch", move || watcher.run(&stop))?;
        let orders = net.orders.clone();
        net.spawn("leek-net-ask", move || server.run(&shared, &orders))?;
        Ok(net)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), NetError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        self.threads.push(thread.map_err(NetError::Supervisor)?);
        Ok(())
    }

    /// Waits until every process is ready and a snapshot lists every node.
    ///
    /// # Errors
    /// [`NetError::Ended`] when a process ended, [`NetError::NotReady`] when time is up.
    pub fn wait_ready(&self, within: Duration) -> Result<(), NetError> {
        self.wait_ready_watched(within, &mut |_| ControlFlow::Continue(()))
    }

    fn wait_ready_watched(
        &self,
        within: Duration,
        watch: &mut dyn FnMut(&Status) -> ControlFlow<()>,
    ) -> Result<(), NetError> {
        let end = Instant::now() + within;
        loop {
            let status = self.status();
            if watch(&status).is_break() {
                return Err(NetError::Interrupted);
            }
            if status.is_ready() {
                return Ok(());
            }
            self.check_alive(&status)?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let what = not_ready(&status);
                return Err(NetError::NotReady {
                    after: within,
                    what,
                });
            }
            self.wait_change(left.min(LOOK));
        }
    }

    fn check_alive(&self, status: &Status) -> Result<(), NetError> {
        if let Some(error) = self.shared.board().failed.take() {
            return Err(error);
        }
        let ended = status.processes.iter().find(|p| p.life.is_over());
        let Some(process) = ended else { return Ok(()) };
        let target = process.target();
        let board = self.shared.board();
        let slot = board.slots.iter().find(|slot| slot.target == target);
        Err(NetError::Ended {
            target,
            how: process.life.to_string(),
            log: slot.map(|slot| slot.log_tail()).unwrap_or_default(),
        })
    }

    /// How all processes are.
    pub fn status(&self) -> Status {
        status::of(&self.shared)
    }

    /// Waits until something changes, at most this long.
    pub fn wait_change(&self, limit: Duration) {
        self.shared.wait(limit);
    }

    /// Whether the network was ended, by [`LocalNet::down`] or from another terminal.
    pub fn is_over(&self) -> bool {
        self.shared.board().over
    }

    /// Does something to one process and waits until it is done.
    ///
    /// # Errors
    /// [`NetError::NoSuch`], [`NetError::NotRunning`], [`NetError::Running`],
    /// [`NetError::Signal`], [`NetError::Spawn`].
    pub fn act(&self, who: impl Into<Target>, action: Action) -> Result<(), NetError> {
        let target = who.into();
        order(&self.orders, |done| Order::Act {
            target,
            action,
            done,
        })?
    }

    /// Kills a process (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// As [`LocalNet::act`].
    pub fn kill(&self, who: impl Into<Target>) -> Result<(), NetError> {
        self.act(who, Action::Kill)
    }

    /// Ends a process in good order (SIGTERM) and waits until it is gone.
    ///
    /// # Errors
    /// As [`LocalNet::act`].
    pub fn stop(&self, who: impl Into<Target>) -> Result<(), NetError> {
        self.act(who, Action::Stop)
    }

    /// Starts a process again, where it was; [`LocalNet::wait_ready`] waits for it.
    ///
    /// # Errors
    /// As [`LocalNet::act`].
    pub fn start(&self, who: impl Into<Target>) -> Result<(), NetError> {
        self.act(who, Action::Start)
    }

    /// Stops a process (SIGSTOP) without ending it.
    ///
    /// # Errors
    /// As [`LocalNet::act`].
    pub fn pause(&self, who: impl Into<Target>) -> Result<(), NetError> {
        self.act(who, Action::Pause)
    }

    /// Lets a paused process go on.
    ///
    /// # Errors
    /// As [`LocalNet::act`].
    pub fn resume(&self, who: impl Into<Target>) -> Result<(), NetError> {
        self.act(who, Action::Resume)
    }

    /// The file that clients take with `--network`.
    pub fn network_file(&self) -> PathBuf {
        self.layout.network()
    }

    /// The network's directory.
    pub fn dir(&self) -> &Path {
        self.layout.root()
    }

    /// What there is to know of node `number`, counted from 0; `None` when there are fewer.
    pub fn node(&self, number: u16) -> Option<NodeInfo> {
        let board = self.shared.board();
        let target = Target::Node(number);
        let slot = board.slots.iter().find(|slot| slot.target == target)?;
        Some(NodeInfo {
            id: slot.id,
            address: slot.address,
            pid: slot.process().map(|process| process.pid),
            data_dir: self.layout.data(target),
            ops: slot.ops(),
        })
    }

    /// The log of a process, over all its starts, as far as it is UTF-8.
    ///
    /// # Errors
    /// [`NetError::Io`].
    pub fn log(&self, who: impl Into<Target>) -> Result<String, NetError> {
        let path = self.layout.log(who.into());
        fs::read(&path)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(NetError::io("read", path))
    }

    /// Ends every process in good order and waits for them.
    ///
    /// # Errors
    /// The first thing that went wrong in the background since the network came up.
    pub fn down(mut self) -> Result<(), NetError> {
        self.end();
        self.shared.board().failed.take().map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        // An error says that the supervisor has ended already.
        let _ = order(&self.orders, |done| Order::Down { done });
        drop(self.watch.take());
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Drop for LocalNet {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.end();
        }
    }
}

/// Gives an order and waits until it is carried out.
pub(crate) fn order<T>(
    orders: &Sender<Order>,
    make: impl FnOnce(Sender<T>) -> Order,
) -> Result<T, NetError> {
    let ended = |_| NetError::Control {
        what: "it has ended".to_owned(),
    };
    let (done, answer) = mpsc::channel();
    orders.send(make(done)).map_err(|_| ended(()))?;
    answer.recv().map_err(|_| ended(()))
}

/// Who is not ready and why, for an error.
fn not_ready(status: &Status) -> String {
    let why = status
        .processes
        .iter()
        .filter(|process| process.life != Life::Ready)
        .map(|process| format!("{} is {}", process.name, process.life));
    let mut why: Vec<_> = why.collect();
    let unlisted = status.nodes().filter(|node| node.swarm.is_none()).count();
    if unlisted > 0 {
        why.push(format!("{unlisted} nodes are in no snapshot"));
    }
    why.join(", ")
}
