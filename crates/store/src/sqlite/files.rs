//! The files of a store in its directory.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use leek_machine::Wall;

use super::OpenError;

/// The database.
const DATABASE: &str = "messages.db";
/// A database in the making; it holds no message yet.
const UNFINISHED: &str = "messages.db.new";
/// Held locked while a store is open.
const LOCK: &str = "messages.lock";
/// Bytes kept for when the disk is full.
const RESERVE: &str = "messages.reserve";

/// What SQLite may keep beside a database: its log, the log's index, and the journal of a database
/// without a log.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Names tried for a database set aside, when two were in the same millisecond.
const ASIDE_NAMES_MAX: u64 = 1_000;

/// Who may read what: its owner. The data is sealed, but who stores when is not.
pub(super) const FILE_MODE: u32 = 0o600;
const DIR_MODE: u32 = 0o700;

/// A locked file. Unlocked in so many words when dropped: a child that is being started has our
/// descriptors until it becomes another program, and closing ours alone would leave it the lock.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked when the last descriptor is closed.
        let _ = self.0.unlock();
    }
}

/// A store's directory.
#[derive(Clone, Debug)]
pub(super) struct Files {
    dir: PathBuf,
}

impl Files {
    /// Makes the directory, if it is missing, and locks it.
    pub(super) fn lock(dir: &Path) -> Result<(Self, Lock), OpenError> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(dir)
            .map_err(|error| OpenError::io(dir, error))?;
        let path = dir.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|error| OpenError::io(&path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok((
                Self {
                    dir: dir.to_owned(),
                },
                Lock(lock),
            )),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path }),
            Err(TryLockError::Error(error)) => Err(OpenError::io(path, error)),
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.dir.join(DATABASE)
    }

    pub(super) fn unfinished(&self) -> PathBuf {
        self.dir.join(UNFINISHED)
    }

    pub(super) fn reserve(&self) -> PathBuf {
        self.dir.join(RESERVE)
    }

    /// Whether there is a database that can be read and written.
    pub(super) fn has_database(&self) -> Result<bool, OpenError> {
        let path = self.database();
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(OpenError::io(path, error)),
        }
    }

    /// Starts a database: an empty file, with nothing of an earlier one beside it.
    pub(super) fn begin(&self) -> Result<PathBuf, OpenError> {
        let path = self.unfinished();
        for name in BESIDE
            .iter()
            .map(|beside| with(&path, beside))
            .chain([path.clone()])
        {
            match fs::remove_file(&name) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(OpenError::io(name, error));
                }
                _ => {}
            }
        }
        OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|error| OpenError::io(&path, error))?;
        Ok(path)
    }

    /// Makes the finished database the store's.
    pub(super) fn finish(&self) -> Result<(), OpenError> {
        let path = self.unfinished();
        let done = File::open(&path)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&path, self.database()))
            .and_then(|()| self.sync());
        done.map_err(|error| OpenError::io(path, error))
    }

    /// Moves the database away with all that lies beside it, under a name that says when. Returns
    /// the new name; `None` when there was nothing.
    ///
    /// The database goes first: what remains if we stop halfway is then not taken for whole.
    pub(super) fn set_aside(&self, now: Wall) -> Result<Option<PathBuf>, OpenError> {
        let path = self.database();
        let there: Vec<&str> = [""]
            .into_iter()
            .chain(BESIDE)
            .filter(|beside| with(&path, beside).symlink_metadata().is_ok())
            .collect();
        if there.is_empty() {
            return Ok(None);
        }
        let fail = |error| OpenError::io(&path, error);
        let aside = self.free_name(now).map_err(fail)?;
        for beside in there {
            fs::rename(with(&path, beside), with(&aside, beside)).map_err(fail)?;
        }
        self.sync().map_err(fail)?;
        Ok(Some(aside))
    }

    fn free_name(&self, now: Wall) -> io::Result<PathBuf> {
        (0..ASIDE_NAMES_MAX)
            .map(|more| {
                self.dir.join(format!(
                    "{DATABASE}.corrupt-{}",
                    now.ms().saturating_add(more)
                ))
            })
            .find(|name| {
                [""].into_iter()
                    .chain(BESIDE)
                    .all(|beside| with(name, beside).symlink_metadata().is_err())
            })
            .ok_or_else(|| io::Error::from(ErrorKind::AlreadyExists))
    }

    /// Makes the directory's entries durable.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }
}

/// A name and something behind it.
fn with(path: &Path, behind: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(behind);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A child between fork and exec has such a copy of the descriptor.
    #[test]
    fn a_copy_of_the_descriptor_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (_, lock) = Files::lock(dir.path()).unwrap();
        let copy = lock.0.try_clone().unwrap();
        assert!(matches!(
            Files::lock(dir.path()),
            Err(OpenError::Locked { .. })
        ));
        drop(lock);
        assert!(Files::lock(dir.path()).is_ok());
        drop(copy);
    }
}
