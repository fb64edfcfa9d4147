//! A network's directory: who works in it, and what is where.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::{NetError, NetState, Target};

const LOCK: &str = "lock";
const LOGS: &str = "logs";
pub(crate) const STATE: &str = "net.json";
pub(crate) const NETWORK: &str = "network.toml";
pub(crate) const SOCKET: &str = "control.sock";

/// Where a network's things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout(PathBuf);

impl Layout {
    /// # Errors
    /// [`NetError::Io`] when there is no working directory to count from.
    pub(crate) fn of(dir: &Path) -> Result<Self, NetError> {
        std::path::absolute(dir)
            .map(Self)
            .map_err(NetError::io("find", dir))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.join(STATE)
    }

    pub(crate) fn network(&self) -> PathBuf {
        self.0.join(NETWORK)
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.0.join(LOGS)
    }

    pub(crate) fn data(&self, target: Target) -> PathBuf {
        self.0.join(target.to_string())
    }

    /// What the process writes to stderr: its log, over all its starts.
    pub(crate) fn log(&self, target: Target) -> PathBuf {
        self.logs().join(format!("{target}.log"))
    }

    /// What the process writes to stdout since its last start: lines of JSON.
    pub(crate) fn lines(&self, target: Target) -> PathBuf {
        self.logs().join(format!("{target}.jsonl"))
    }
}

/// A locked file. Unlocked in so many words when dropped: a child that is being started has our
/// descriptors until it becomes another program, and closing ours alone would leave it the lock.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked when the last descriptor is closed.
        let _ = self.0.unlock();
    }
}

/// A network's directory, ours alone as long as this value lives.
#[derive(Debug)]
pub(crate) struct Held {
    _lock: Lock,
}

impl Held {
    /// Makes the directory if it is not there, readable by its owner only, and locks it.
    ///
    /// # Errors
    /// [`NetError::Up`] when a supervisor works in it, [`NetError::Io`].
    pub(crate) fn take(layout: &Layout) -> Result<Self, NetError> {
        make_dir(layout.root())?;
        make_dir(&layout.logs())?;
        let path = layout.root().join(LOCK);
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(NetError::io("open", &path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _lock: Lock(lock) }),
            Err(Errno::WOULDBLOCK) => Err(NetError::Up {
                dir: layout.root().to_owned(),
            }),
            Err(error) => Err(NetError::io("lock", &path)(error.into())),
        }
    }
}

/// The log of a supervisor without a terminal, in a network's directory: its path, and the file,
/// empty.
///
/// # Errors
/// [`NetError::Io`].
pub fn supervisor_log(dir: &Path) -> Result<(PathBuf, File), NetError> {
    let layout = Layout::of(dir)?;
    make_dir(&layout.logs())?;
    let path = layout.logs().join("supervisor.log");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(NetError::io("open", &path))?;
    Ok((path, file))
}

pub(crate) fn make_dir(path: &Path) -> Result<(), NetError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(NetError::io("make directory", path))
}

/// Writes a file that is there as a whole or not at all, readable by its owner only.
///
/// # Errors
/// [`NetError::Io`].
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), NetError> {
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(NetError::io("write", path))
}

/// What [`wipe`] left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wiped {
    /// The directory is gone.
    All,
    /// Everything of the network is gone; the directory holds other files and stays.
    OthersStay,
}

/// Removes a network that is not up: keys, messages, logs. Files that it did not make stay.
///
/// # Errors
/// [`NetError::NoNetwork`], [`NetError::Up`], [`NetError::Io`].
pub fn wipe(dir: &Path) -> Result<Wiped, NetError> {
    let layout = Layout::of(dir)?;
    let state = NetState::load(&layout)?;
    let held = Held::take(&layout)?;
    for process in &state.processes {
        remove(fs::remove_dir_all, &layout.data(process.target))?;
    }
    remove(fs::remove_dir_all, &layout.logs())?;
    for name in [NETWORK, SOCKET, STATE, LOCK] {
        remove(fs::remove_file, &layout.root().join(name))?;
    }
    drop(held);
    match fs::remove_dir(layout.root()) {
        Ok(()) => Ok(Wiped::All),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(Wiped::OthersStay),
        Err(error) => Err(NetError::io("remove", layout.root())(error)),
    }
}

fn remove(how: fn(PathBuf) -> io::Result<()>, path: &Path) -> Result<(), NetError> {
    match how(path.to_owned()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(NetError::io("remove", path)),
    }
}
