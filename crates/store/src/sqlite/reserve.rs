use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Bytes written at a time: more would only cost memory.
const CHUNK_BYTES: usize = 1 << 16;

/// Bytes of the disk that are ours without holding anything.
///
/// On a full disk even a delete needs room, in the log and for moving the log into the database.
/// Giving up the reserve makes that room; until it is held again the database may not grow.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    bytes: u64,
    held: bool,
}

impl Reserve {
    /// Holds `bytes` in the file `path`, if the disk has them.
    ///
    /// # Errors
    /// When the file cannot be written for another reason.
    pub(super) fn hold(path: PathBuf, bytes: u64) -> io::Result<Self> {
        let mut reserve = Self {
            path,
            bytes,
            held: false,
        };
        reserve.hold_again()?;
        Ok(reserve)
    }

    pub(super) const fn is_held(&self) -> bool {
        self.held
    }

    /// Bytes that are not held.
    pub(super) const fn missing(&self) -> u64 {
        if self.held { 0 } else { self.bytes }
    }

    /// Tries to hold the bytes, if they are not held. Returns whether they are.
    ///
    /// # Errors
    /// As for [`Reserve::hold`].
    pub(super) fn hold_again(&mut self) -> io::Result<bool> {
        if !self.held {
            self.held = match fill(&self.path, self.bytes) {
                Ok(()) => true,
                Err(error) if is_full(&error) => {
                    remove(&self.path)?;
                    false
                }
                Err(error) => return Err(error),
            };
        }
        Ok(self.held)
    }

    /// Gives the bytes back to the disk.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub(super) fn release(&mut self) -> io::Result<()> {
        self.held = false;
        remove(&self.path)
    }
}

/// Writes zeros: a file that is only set to a length has no room of its own.
fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| there.len() == bytes) {
        return Ok(());
    }
    if bytes == 0 {
        return remove(path);
    }
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(super::files::FILE_MODE)
        .open(path)?;
    let zeros = [0; CHUNK_BYTES];
    let mut left = bytes;
    while left > 0 {
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        file.write_all(&zeros[..len])?;
        left -= len as u64;
    }
    File::sync_all(&file)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}
