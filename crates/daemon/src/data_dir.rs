//! The directory a service keeps its things in.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
};

use leek_machine::Entropy;
use rustix::{
    fs::{FlockOperation, OFlags, flock, statvfs},
    io::Errno,
    process::geteuid,
};
use zeroize::Zeroizing;

/// The lock's file. It stays when the process ends; what counts is who holds it.
const LOCK: &str = "lock";
/// Bits of a mode that let others than the owner read or write.
const OTHERS: u32 = 0o077;
/// Bits of a mode that let others than the owner write.
const OTHERS_WRITE: u32 = 0o022;
/// Bytes of a key file: the seed of an Ed25519 key and nothing else.
const SEED_BYTES: usize = 32;

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

/// A service's directory, its own as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: Lock,
}

/// The seed of a service's keys. Zeroized on drop.
pub type KeySeed = Zeroizing<[u8; SEED_BYTES]>;

/// A service cannot use its directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// The operating system said no.
    #[error("{doing} {path}", path = path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// Something else than a directory has this name.
    #[error("{path} is not a directory", path = path.display())]
    NoDirectory {
        /// The path.
        path: PathBuf,
    },
    /// Others may write to the directory, so they could exchange the key in it.
    #[error("others may write to {path} (mode {mode:04o})", path = path.display())]
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Another process works in the directory.
    #[error("another process works in {path}", path = path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// Others may read or write the key.
    #[error("others may read the key in {path} (mode {mode:04o})", path = path.display())]
    KeyOpen {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The key belongs to another user, who could exchange it.
    #[error("the key in {path} belongs to another user (uid {uid})", path = path.display())]
    KeyOwner {
        /// The file.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// The file is no key.
    #[error("{path} holds no key: {what}", path = path.display())]
    KeyContent {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The disk has less room than a service must have.
    #[error(
        "{path} has {free} bytes of free space, less than the {min} it must have",
        path = path.display()
    )]
    LowSpace {
        /// The directory.
        path: PathBuf,
        /// Free bytes.
        free: u64,
        /// Bytes that must be free.
        min: u64,
    },
}

impl DataDirError {
    /// What to do about it, if that is known.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Writable { path, .. } => Some(format!("run `chmod go-w {}`", path.display())),
            Self::Locked { .. } => {
                Some("end it first, or give this one a --data-dir of its own".to_owned())
            }
            Self::KeyOpen { path, .. } => Some(format!(
                "run `chmod 600 {}`; if somebody else may have read it, start with an empty \
                 directory instead, which makes a new key",
                path.display()
            )),
            Self::KeyOwner { path, .. } => Some(format!(
                "run as that user, or take it over with `chown {} {}`",
                geteuid().as_raw(),
                path.display()
            )),
            Self::KeyContent { path, .. } => Some(format!(
                "restore {} from a backup; without it the process would be another one",
                path.display()
            )),
            Self::LowSpace { .. } => {
                Some("free some space, or lower the limit with --min-free".to_owned())
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("give the user who runs this its own --data-dir".to_owned())
            }
            Self::Io { .. } | Self::NoDirectory { .. } => None,
        }
    }

    /// What the operating system said, if it did.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

impl DataDir {
    /// Opens a directory, makes it (mode 0700) if it is not there, and locks it.
    ///
    /// # Errors
    /// [`DataDirError`] when it cannot be used, others may write to it, or another process works
    /// in it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => DataDirError::NoDirectory {
                    path: path.to_owned(),
                },
                _ => DataDirError::io("make directory", path)(error),
            })?;
        let meta = fs::metadata(path).map_err(DataDirError::io("look at", path))?;
        let mode = meta.permissions().mode() & 0o7777;
        if mode & OTHERS_WRITE != 0 {
            return Err(DataDirError::Writable {
                path: path.to_owned(),
                mode,
            });
        }
        let name = path.join(LOCK);
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&name)
            .map_err(DataDirError::io("open", &name))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: Lock(lock),
            }),
            Err(Errno::WOULDBLOCK) => Err(DataDirError::Locked {
                path: path.to_owned(),
            }),
            Err(error) => Err(DataDirError::io("lock", &name)(error.into())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of free space for this user.
    ///
    /// # Errors
    /// [`DataDirError::Io`].
    pub fn free_bytes(&self) -> Result<u64, DataDirError> {
        let found = statvfs(&self.path).map_err(|error| {
            DataDirError::io("look at the free space of", &self.path)(error.into())
        })?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Refuses a disk with less free space than `min` bytes.
    ///
    /// # Errors
    /// [`DataDirError::LowSpace`], [`DataDirError::Io`].
    pub fn require_free(&self, min: u64) -> Result<(), DataDirError> {
        let free = self.free_bytes()?;
        if free < min {
            return Err(DataDirError::LowSpace {
                path: self.path.clone(),
                free,
                min,
            });
        }
        Ok(())
    }

    /// The key in the file `name`; a new one, written there first, when there is no such file.
    ///
    /// # Errors
    /// [`DataDirError`] when the file is open to others, not ours, or no key.
    pub fn key(&self, name: &str, entropy: &mut dyn Entropy) -> Result<KeySeed, DataDirError> {
        let path = self.path.join(name);
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path);
        match opened {
            Ok(file) => read_key(&path, &file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut seed = KeySeed::new([0; SEED_BYTES]);
                rand_core::Rng::fill_bytes(entropy, &mut *seed);
                self.replace(name, &*seed)?;
                Ok(seed)
            }
            Err(error) => Err(DataDirError::io("open", &path)(error)),
        }
    }

    /// The file `name`; `None` when there is none.
    ///
    /// # Errors
    /// [`DataDirError::Io`] when it cannot be read or has more than `max` bytes.
    pub fn read(&self, name: &str, max: usize) -> Result<Option<Vec<u8>>, DataDirError> {
        let path = self.path.join(name);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(DataDirError::io("open", &path))?,
        };
        let mut bytes = Vec::new();
        file.take(max as u64 + 1)
            .read_to_end(&mut bytes)
            .and_then(|_| match bytes.len() {
                len if len > max => Err(io::ErrorKind::FileTooLarge.into()),
                _ => Ok(()),
            })
            .map_err(DataDirError::io("read", &path))?;
        Ok(Some(bytes))
    }

    /// Puts `bytes` into the file `name` (mode 0600), durably and as a whole or not at all.
    ///
    /// # Errors
    /// [`DataDirError::Io`]; the file is as it was before.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), DataDirError> {
        let path = self.path.join(name);
        let new = self.path.join(format!("{name}.new"));
        let write = || {
            // What a crash left here may have any mode.
            match fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            // The name is durable only with its directory.
            File::open(&self.path)?.sync_all()
        };
        write().map_err(DataDirError::io("write", &path))
    }
}

fn read_key(path: &Path, mut file: &File) -> Result<KeySeed, DataDirError> {
    let meta = file.metadata().map_err(DataDirError::io("look at", path))?;
    check_owner(path, &meta)?;
    let wrong = |what| DataDirError::KeyContent {
        path: path.to_owned(),
        what,
    };
    if !meta.is_file() {
        return Err(wrong("it is no regular file"));
    }
    if meta.len() != SEED_BYTES as u64 {
        return Err(wrong("it does not have 32 bytes"));
    }
    let mut seed = KeySeed::new([0; SEED_BYTES]);
    file.read_exact(&mut *seed)
        .map_err(DataDirError::io("read", path))?;
    // What a file system leaves of a file that was not written before a power cut.
    if *seed == [0; SEED_BYTES] {
        return Err(wrong("all its bytes are zero"));
    }
    Ok(seed)
}

fn check_owner(path: &Path, meta: &Metadata) -> Result<(), DataDirError> {
    let path = || path.to_owned();
    let mode = meta.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(DataDirError::KeyOpen { path: path(), mode });
    }
    let uid = meta.uid();
    if uid != geteuid().as_raw() {
        return Err(DataDirError::KeyOwner { path: path(), uid });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use leek_machine::Seed;

    use super::*;

    fn dir() -> (tempfile::TempDir, DataDir) {
        let outer = tempfile::tempdir().unwrap();
        let data = DataDir::open(&outer.path().join("data")).unwrap();
        (outer, data)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn key(data: &DataDir) -> Result<KeySeed, DataDirError> {
        data.key("node.key", &mut Seed::from_u64(1).stream())
    }

    #[test]
    fn a_directory_is_made_private_and_used_once() {
        let (outer, data) = dir();
        assert_eq!(mode(data.path()), 0o700);
        let again = DataDir::open(data.path()).unwrap_err();
        assert!(matches!(again, DataDirError::Locked { .. }), "{again}");
        drop(data);
        DataDir::open(&outer.path().join("data")).unwrap();
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_refused() {
        let (_outer, data) = dir();
        let path = data.path().to_owned();
        drop(data);
        chmod(&path, 0o770);
        let error = DataDir::open(&path).unwrap_err();
        assert!(error.to_string().contains("(mode 0770)"), "{error}");
        assert!(error.help().unwrap().starts_with("run `chmod go-w "));
        chmod(&path, 0o755);
        DataDir::open(&path).unwrap();
        let file = path.join("file");
        fs::write(&file, "").unwrap();
        let error = DataDir::open(&file).unwrap_err();
        assert!(matches!(error, DataDirError::NoDirectory { .. }), "{error}");
    }

    #[test]
    fn a_key_is_made_once_and_kept() {
        let (_outer, data) = dir();
        let first = key(&data).unwrap();
        let path = data.path().join("node.key");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read(&path).unwrap(), *first);
        let again = data.key("node.key", &mut Seed::from_u64(2).stream());
        assert_eq!(*again.unwrap(), *first);
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_remedy() {
        let (_outer, data) = dir();
        key(&data).unwrap();
        let path = data.path().join("node.key");
        for open in [0o640, 0o604, 0o660, 0o601] {
            chmod(&path, open);
            let error = key(&data).unwrap_err();
            assert!(matches!(error, DataDirError::KeyOpen { .. }), "{error}");
            let help = error.help().unwrap();
            assert!(
                help.contains(&format!("chmod 600 {}", path.display())),
                "{help}"
            );
        }
        chmod(&path, 0o400);
        key(&data).unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_alone() {
        let (_outer, data) = dir();
        let path = data.path().join("node.key");
        for (content, what) in [
            (&[7; 31][..], "32 bytes"),
            (&[7; 33], "32 bytes"),
            (&[], "32 bytes"),
            (&[0; 32], "zero"),
        ] {
            fs::write(&path, content).unwrap();
            chmod(&path, 0o600);
            let error = key(&data).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert_eq!(fs::read(&path).unwrap(), content);
            fs::remove_file(&path).unwrap();
        }
        symlink("/etc/passwd", &path).unwrap();
        assert!(matches!(key(&data), Err(DataDirError::Io { .. })));
    }

    #[test]
    fn files_are_replaced_as_a_whole() {
        let (_outer, data) = dir();
        assert_eq!(data.read("a", 3).unwrap(), None);
        data.replace("a", b"abc").unwrap();
        assert_eq!(data.read("a", 3).unwrap().unwrap(), b"abc");
        assert!(data.read("a", 2).is_err());
        // A file that a crash left half written.
        fs::write(data.path().join("a.new"), "half").unwrap();
        data.replace("a", b"de").unwrap();
        assert_eq!(data.read("a", 3).unwrap().unwrap(), b"de");
        assert!(!data.path().join("a.new").exists());
    }

    #[test]
    fn free_space_has_a_least() {
        let (_outer, data) = dir();
        data.require_free(1).unwrap();
        let error = data.require_free(u64::MAX).unwrap_err();
        assert!(matches!(error, DataDirError::LowSpace { .. }), "{error}");
        assert!(error.help().unwrap().contains("--min-free"));
    }
}
