//! How other terminals reach the supervisor: a socket in the network's directory, one question and
//! one answer per connection, each a line of JSON.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::{
        fd::AsRawFd as _,
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::Signal,
};
use serde::{Deserialize, Serialize};

use crate::{
    Action, Life, NetError, NetState, ProcessStatus, Role, Status, Target,
    files::{Layout, SOCKET},
    net, status,
    supervisor::{Order, Shared},
};

/// Most bytes of a question or an answer: the status of 209 processes has about 80 KiB.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// How long the end of a network waits for the thread that listens for callers, at most.
const CALLER_WAIT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};
/// Time a caller has to send its question.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for an answer: ending a network takes at most 15 s, and one may wait behind another.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);
/// Time for processes without a supervisor to end; then they are killed.
const ORPHAN_GRACE: Duration = Duration::from_secs(15);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Question {
    Status,
    Act { target: Target, action: Action },
    Down,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answer {
    Done,
    Status(Status),
    Failed(Failed),
}

/// Why an order was not carried out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failed {
    NoSuch(Target),
    NotRunning(Target),
    Running(Target),
    Other(String),
}

impl From<&NetError> for Failed {
    fn from(error: &NetError) -> Self {
        match error {
            NetError::NoSuch { target } => Self::NoSuch(*target),
            NetError::NotRunning { target } => Self::NotRunning(*target),
            NetError::Running { target } => Self::Running(*target),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<Failed> for NetError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NoSuch(target) => Self::NoSuch { target },
            Failed::NotRunning(target) => Self::NotRunning { target },
            Failed::Running(target) => Self::Running { target },
            Failed::Other(what) => Self::Control { what },
        }
    }
}

/// The supervisor's end.
#[derive(Debug)]
pub(crate) struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Server {
    /// Listens in the network's directory, which the caller holds.
    ///
    /// # Errors
    /// [`NetError::Io`].
    pub(crate) fn bind(layout: &Layout) -> Result<Self, NetError> {
        let path = layout.root().join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(NetError::io("remove", path)(error));
            }
            _ => {}
        }
        let listener = in_dir(layout, |short| UnixListener::bind(short))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(NetError::io("listen on", &path))?;
        Ok(Self { listener, path })
    }

    /// The next caller, if one comes soon. Nobody could be woken from a longer wait: whoever removes
    /// the directory takes the socket's name away.
    fn accept(&self) -> io::Result<Option<UnixStream>> {
        let mut fds = [PollFd::new(&self.listener, PollFlags::IN)];
        poll(&mut fds, Some(&CALLER_WAIT))?;
        match self.listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                Ok(Some(stream))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Answers one question after the other until the network is down.
    pub(crate) fn run(self, shared: &Arc<Shared>, orders: &mpsc::Sender<Order>) {
        while !shared.board().over {
            // One caller's trouble is its own.
            let _ = self.accept().and_then(|stream| match stream {
                Some(stream) => serve(&stream, shared, orders),
                None => Ok(()),
            });
        }
        let _ = fs::remove_file(&self.path);
    }
}

fn serve(
    stream: &UnixStream,
    shared: &Arc<Shared>,
    orders: &mpsc::Sender<Order>,
) -> io::Result<()> {
    stream.set_read_timeout(Some(QUESTION_TIMEOUT))?;
    stream.set_write_timeout(Some(QUESTION_TIMEOUT))?;
    let answer = match read_line::<Question>(stream) {
        Ok(Question::Status) => Answer::Status(status::of(shared)),
        Ok(Question::Act { target, action }) => answer_of(net::order(orders, |done| Order::Act {
            target,
            action,
            done,
        })),
        Ok(Question::Down) => answer_of(net::order(orders, |done| Order::Down { done }).map(Ok)),
        Err(error) => Answer::Failed(Failed::Other(error.to_string())),
    };
    write_line(stream, &answer)
}

fn answer_of(result: Result<Result<(), NetError>, NetError>) -> Answer {
    match result.and_then(core::convert::identity) {
        Ok(()) => Answer::Done,
        Err(error) => Answer::Failed(Failed::from(&error)),
    }
}

/// Another process's hold on a network.
#[derive(Debug)]
pub struct Control {
    layout: Layout,
}

impl Control {
    /// The network in this directory, up or not.
    ///
    /// # Errors
    /// [`NetError::NoNetwork`], [`NetError::Damaged`], [`NetError::Io`].
    pub fn open(dir: &Path) -> Result<Self, NetError> {
        let layout = Layout::of(dir)?;
        NetState::load(&layout)?;
        Ok(Self { layout })
    }

    /// What `net.json` holds now.
    ///
    /// # Errors
    /// As [`Control::open`].
    pub fn state(&self) -> Result<NetState, NetError> {
        NetState::load(&self.layout)
    }

    /// How all processes are. Without a supervisor: which of them live nevertheless.
    ///
    /// # Errors
    /// [`NetError`] when the supervisor does not answer or `net.json` cannot be read.
    pub fn status(&self) -> Result<Status, NetError> {
        match self.ask(&Question::Status) {
            Ok(Answer::Status(status)) => Ok(status),
            Ok(other) => Err(unexpected(&other)),
            Err(NetError::NotUp { .. }) => Ok(without_supervisor(&self.state()?)),
            Err(error) => Err(error),
        }
    }

    /// Does something to one process.
    ///
    /// # Errors
    /// [`NetError::NotUp`], and whatever the supervisor says.
    pub fn act(&self, target: Target, action: Action) -> Result<(), NetError> {
        self.done(&Question::Act { target, action })
    }

    /// Ends the network and waits until every process has ended; also one whose supervisor died.
    ///
    /// # Errors
    /// [`NetError`] when a process cannot be ended.
    pub fn down(&self) -> Result<(), NetError> {
        match self.done(&Question::Down) {
            Err(NetError::NotUp { .. }) => self.end_orphans(),
            done => done,
        }
    }

    fn done(&self, question: &Question) -> Result<(), NetError> {
        match self.ask(question)? {
            Answer::Done => Ok(()),
            Answer::Failed(failed) => Err(failed.into()),
            other => Err(unexpected(&other)),
        }
    }

    fn ask(&self, question: &Question) -> Result<Answer, NetError> {
        let stream = match in_dir(&self.layout, |short| UnixStream::connect(short)) {
            Ok(stream) => stream,
            // No socket, or one whose listener is gone.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                return Err(NetError::NotUp {
                    dir: self.layout.root().to_owned(),
                });
            }
            Err(error) => return Err(NetError::io("reach", self.layout.root())(error)),
        };
        let talk = || {
            stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
            stream.set_write_timeout(Some(QUESTION_TIMEOUT))?;
            write_line(&stream, question)?;
            read_line(&stream)
        };
        talk().map_err(|error| NetError::Control {
            what: error.to_string(),
        })
    }

    /// Ends what a dead supervisor left. Its children die with it, so this finds something only
    /// where the operating system did not see to that.
    fn end_orphans(&self) -> Result<(), NetError> {
        let mut state = self.state()?;
        let failed = |target| move |source| NetError::Signal { target, source };
        for signal in [Signal::TERM, Signal::CONT] {
            for process in &state.processes {
                if let Some(id) = process.process {
                    id.signal(signal).map_err(failed(process.target))?;
                }
            }
        }
        let end = Instant::now() + ORPHAN_GRACE;
        for process in &mut state.processes {
            if let Some(id) = process.process.take() {
                let left = end.saturating_duration_since(Instant::now());
                let failed = failed(process.target);
                let signalled = id.wait_end(left).and_then(|ended| {
                    if !ended {
                        id.signal(Signal::KILL)?;
                    }
                    Ok(())
                });
                signalled.map_err(failed)?;
            }
            process.ops = None;
        }
        state.supervisor = None;
        state.save(&self.layout)
    }
}

fn unexpected(answer: &Answer) -> NetError {
    let what = match answer {
        Answer::Failed(Failed::Other(what)) => what.clone(),
        _ => "it answered another question".to_owned(),
    };
    NetError::Control { what }
}

fn without_supervisor(state: &NetState) -> Status {
    let processes = state.processes.iter().map(|process| {
        let alive = process.process.filter(|id| id.is_alive().unwrap_or(false));
        let (role, number) = match process.target {
            Target::Directory(number) => (Role::Directory, number),
            Target::Node(number) => (Role::Node, number),
        };
        ProcessStatus {
            name: process.target.to_string(),
            role,
            number,
            id: process.id.clone(),
            address: process.address.clone(),
            ops: None,
            pid: alive.map(|id| id.pid),
            life: match alive {
                Some(_) => Life::NotReady {
                    why: "it has no supervisor".to_owned(),
                },
                None => Life::Down,
            },
            swarm: None,
            messages: None,
            bytes: None,
            requests: None,
        }
    });
    Status {
        up: false,
        epoch: None,
        listed: 0,
        processes: processes.collect(),
    }
}

/// Runs `work` with a name of the socket that is short enough for a socket address (108 bytes),
/// however long the directory's is.
fn in_dir<R>(layout: &Layout, work: impl FnOnce(&Path) -> io::Result<R>) -> io::Result<R> {
    let dir = File::open(layout.root())?;
    let short = format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd());
    work(Path::new(&short))
}

fn write_line(mut stream: &UnixStream, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn read_line<T: for<'de> Deserialize<'de>>(stream: &UnixStream) -> io::Result<T> {
    let mut line = Vec::new();
    BufReader::new(stream.take(LINE_BYTES_MAX)).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&line)?)
}
