//! One process of a network as its supervisor has it.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    net::SocketAddrV4,
    os::unix::{
        fs::OpenOptionsExt as _,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use leek_identity::{NodeAddress, NodeId};
use serde::Deserialize;

use crate::{Life, NetError, Target, process::ProcessId};

/// Most bytes of the line in which a process says where it listens; it has about 300.
const LINE_BYTES_MAX: u64 = 16 * 1024;
/// Bytes of a log's end that an error shows.
const TAIL_BYTES: u64 = 2_000;

/// A process that can be started again and again.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) target: Target,
    pub(crate) id: NodeId,
    pub(crate) address: NodeAddress,
    program: PathBuf,
    args: Vec<OsString>,
    /// What it writes to stdout since its last start.
    lines: PathBuf,
    /// What it writes to stderr.
    log: PathBuf,
    running: Option<Running>,
    ended: Option<ExitStatus>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    process: ProcessId,
    ops: Option<SocketAddrV4>,
}

/// The first line that a process prints.
#[derive(Deserialize)]
struct Started {
    event: String,
    id: String,
    ops: Option<SocketAddrV4>,
}

/// What a slot needs to be made.
pub(crate) struct SlotParts {
    pub(crate) target: Target,
    pub(crate) id: NodeId,
    pub(crate) address: NodeAddress,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) lines: PathBuf,
    pub(crate) log: PathBuf,
}

impl Slot {
    pub(crate) fn new(parts: SlotParts) -> Self {
        Self {
            target: parts.target,
            id: parts.id,
            address: parts.address,
            program: parts.program,
            args: parts.args,
            lines: parts.lines,
            log: parts.log,
            running: None,
            ended: None,
        }
    }

    /// Starts the process as a child of this thread: it dies when the thread ends.
    ///
    /// # Errors
    /// [`NetError::Running`], [`NetError::Io`], [`NetError::Spawn`].
    pub(crate) fn start(&mut self) -> Result<(), NetError> {
        if self.running.is_some() {
            let target = self.target;
            return Err(NetError::Running { target });
        }
        let lines = open(&self.lines, |options| options.write(true).truncate(true))?;
        let log = open(&self.log, |options| options.append(true))?;
        let child = Command::new(&self.program)
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(lines)
            .stderr(log)
            // Ctrl-C on the terminal is for the supervisor alone.
            .process_group(0)
            .spawn()
            .map_err(|source| NetError::Spawn {
                program: self.program.clone(),
                source,
            })?;
        let process = ProcessId::of(child.id()).map_err(NetError::io("look up", "/proc"))?;
        self.ended = None;
        self.running = Some(Running {
            child,
            process,
            ops: None,
        });
        Ok(())
    }

    /// The process, while it lives.
    pub(crate) fn process(&self) -> Option<ProcessId> {
        self.running.as_ref().map(|running| running.process)
    }

    /// Its health and metrics port, once it has said so.
    pub(crate) fn ops(&self) -> Option<SocketAddrV4> {
        self.running.as_ref().and_then(|running| running.ops)
    }

    /// Notes that it ended, and where it listens. Says whether anything is new.
    ///
    /// # Errors
    /// [`NetError::Io`]; [`NetError::Damaged`] when it says that it is somebody else.
    pub(crate) fn look(&mut self) -> Result<bool, NetError> {
        let Some(running) = &mut self.running else {
            return Ok(false);
        };
        if let Some(status) = running.child.try_wait().map_err(child_error)? {
            self.running = None;
            self.ended = Some(status);
            return Ok(true);
        }
        if running.ops.is_some() {
            return Ok(false);
        }
        running.ops = read_started(&self.lines, &self.id)?;
        Ok(running.ops.is_some())
    }

    /// Waits for a process that a signal is about to end.
    ///
    /// # Errors
    /// [`NetError::Io`].
    pub(crate) fn reap(&mut self) -> Result<(), NetError> {
        if let Some(mut running) = self.running.take() {
            self.ended = Some(running.child.wait().map_err(child_error)?);
        }
        Ok(())
    }

    /// How it is, as far as the operating system knows; `None` when it runs and has said where it
    /// listens.
    pub(crate) fn life(&self) -> Option<Life> {
        match (&self.running, self.ended) {
            (Some(running), _) if running.process.is_stopped().unwrap_or(false) => {
                Some(Life::Paused)
            }
            (Some(running), _) if running.ops.is_none() => Some(Life::Starting),
            (Some(_), _) => None,
            (None, None) => Some(Life::Down),
            (None, Some(status)) => Some(match (status.code(), status.signal()) {
                (Some(code), _) => Life::Exited { code },
                (None, Some(signal)) => Life::Killed { signal },
                (None, None) => leek_machine::bug!("a process ended without a way to"),
            }),
        }
    }

    /// The end of its log, for an error.
    pub(crate) fn log_tail(&self) -> String {
        tail(&self.log).unwrap_or_default()
    }
}

fn child_error(source: io::Error) -> NetError {
    NetError::io("wait for a child", "/proc")(source)
}

fn open(
    path: &Path,
    how: impl FnOnce(&mut OpenOptions) -> &mut OpenOptions,
) -> Result<File, NetError> {
    how(OpenOptions::new().create(true).mode(0o600))
        .open(path)
        .map_err(NetError::io("open", path))
}

/// Where the process says it serves health and metrics; `None` as long as its first line is not
/// whole.
fn read_started(path: &Path, id: &NodeId) -> Result<Option<SocketAddrV4>, NetError> {
    let file = File::open(path).map_err(NetError::io("open", path))?;
    let mut line = String::new();
    BufReader::new(file.take(LINE_BYTES_MAX))
        .read_line(&mut line)
        .map_err(NetError::io("read", path))?;
    if !line.ends_with('\n') {
        return Ok(None);
    }
    let damaged = |what: String| NetError::Damaged {
        path: path.to_owned(),
        what,
    };
    let started: Started =
        serde_json::from_str(&line).map_err(|error| damaged(error.to_string()))?;
    if started.event != "started" || started.id != id.to_hex() {
        return Err(damaged(
            "the process is not the one that its key file makes it".to_owned(),
        ));
    }
    started
        .ops
        .map(Some)
        .ok_or_else(|| damaged("the process has no health port".to_owned()))
}

fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn slot(dir: &Path, script: &str) -> Slot {
        Slot::new(SlotParts {
            target: Target::Node(0),
            id: NodeId::from_bytes([7; 32]),
            address: NodeAddress {
                ip: [127, 0, 0, 1].into(),
                port: 1,
            },
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            lines: dir.join("out"),
            log: dir.join("log"),
        })
    }

    fn settled(slot: &mut Slot) -> Life {
        loop {
            slot.look().unwrap();
            match slot.life() {
                Some(Life::Starting) => std::thread::yield_now(),
                Some(life) => return life,
                None => return Life::Ready,
            }
        }
    }

    #[test]
    fn a_process_is_started_heard_and_reaped() {
        let dir = tempfile::tempdir().unwrap();
        let id = NodeId::from_bytes([7; 32]).to_hex();
        let line = format!(r#"{{"event":"started","id":"{id}","ops":"127.0.0.1:9"}}"#);
        let mut slot = slot(dir.path(), &format!("echo '{line}'; exec sleep 60"));
        assert_eq!(slot.life(), Some(Life::Down));
        slot.start().unwrap();
        assert!(matches!(slot.start(), Err(NetError::Running { .. })));
        assert_eq!(settled(&mut slot), Life::Ready);
        assert_eq!(slot.ops().unwrap().port(), 9);
        let process = slot.process().unwrap();
        assert!(process.signal(rustix::process::Signal::TERM).unwrap());
        slot.reap().unwrap();
        assert_eq!(slot.life(), Some(Life::Killed { signal: 15 }));
        assert_eq!((slot.process(), slot.ops()), (None, None));
    }

    #[test]
    fn an_end_is_told_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let mut failing = slot(dir.path(), "echo no disk >&2; exit 4");
        failing.start().unwrap();
        assert_eq!(settled(&mut failing), Life::Exited { code: 4 });
        assert_eq!(failing.log_tail(), "no disk\n");
        let mut dying = slot(dir.path(), "kill -9 $$");
        dying.start().unwrap();
        assert_eq!(settled(&mut dying), Life::Killed { signal: 9 });
        assert_eq!(dying.process(), None);
    }

    #[test]
    fn a_first_line_is_taken_whole_and_only_from_the_right_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let id = NodeId::from_bytes([7; 32]);
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            read_started(&path, &id)
        };
        let line = |id: &NodeId| {
            let id = id.to_hex();
            format!("{{\"event\":\"started\",\"id\":\"{id}\",\"ops\":\"127.0.0.1:9\"}}\n")
        };
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read(line(&id).trim_end()).unwrap(), None, "half a line");
        assert_eq!(read(&line(&id)).unwrap().unwrap().port(), 9);
        let other = read(&line(&NodeId::from_bytes([8; 32]))).unwrap_err();
        assert!(other.to_string().contains("not the one"), "{other}");
        assert!(matches!(read("hello\n"), Err(NetError::Damaged { .. })));
    }
}
