use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use leek_client::ClientState;
use leek_crypto::Approved;
use leek_machine::Entropy;
use leek_wire::limits::SNAPSHOT_BYTES_MAX;

use crate::{
    AccountFile, Contacts, HomeError, StateKey,
    account::ACCOUNT_FILE_BYTES_MAX,
    contacts::CONTACTS_FILE_BYTES_MAX,
    file::{self, DIR_MODE, Existing, FILE_MODE},
    state::STATE_FILE_BYTES_MAX,
};

const ACCOUNT: &str = "account.leek";
const CONTACTS: &str = "contacts.toml";
const STATE: &str = "state.leek";
const SNAPSHOT: &str = "snapshot.leek";
const LOCK: &str = "lock";

/// Digits of the largest process number, and a line end.
const LOCK_BYTES_MAX: u64 = 11;

/// Where a home is when nobody says so: `$XDG_DATA_HOME/leek`, or `~/.local/share/leek` (XDG Base
/// Directory Specification 0.8, which has relative values ignored). `None` when neither variable
/// helps.
pub fn default_dir(xdg_data_home: Option<&OsStr>, home: Option<&OsStr>) -> Option<PathBuf> {
    let data = absolute(xdg_data_home).map(Path::to_owned);
    let data = data.or_else(|| absolute(home).map(|home| home.join(".local/share")));
    data.map(|data| data.join("leek"))
}

fn absolute(value: Option<&OsStr>) -> Option<&Path> {
    value.map(Path::new).filter(|path| path.is_absolute())
}

/// One person's directory, which nobody else may use. Reading needs no lock: files are replaced
/// whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    dir: PathBuf,
}

impl Home {
    /// A home that is there.
    ///
    /// # Errors
    /// [`HomeError`] when there is none, or others may use it.
    pub fn open(dir: &Path) -> Result<Self, HomeError> {
        let metadata = match fs::metadata(dir) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let dir = dir.to_owned();
                return Err(HomeError::NoHome { dir });
            }
            Err(error) => return Err(HomeError::io("open home", dir)(error)),
        };
        if !metadata.is_dir() {
            return Err(HomeError::WrongKind {
                path: dir.to_owned(),
                wanted: "directory",
            });
        }
        file::check_private(dir, &metadata, DIR_MODE)?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// A home that is there, or is made now, with the directories above it.
    ///
    /// # Errors
    /// [`HomeError`] when it cannot be made, or others may use it.
    pub fn create(dir: &Path) -> Result<Self, HomeError> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(dir)
            .map_err(HomeError::io("create home", dir))?;
        Self::open(dir)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the account file is, or would be.
    pub fn account_path(&self) -> PathBuf {
        self.dir.join(ACCOUNT)
    }

    /// The account.
    ///
    /// # Errors
    /// [`HomeError`] when there is none, others may read it, or it is damaged.
    pub fn account(&self) -> Result<AccountFile, HomeError> {
        let path = self.account_path();
        let bytes = file::read(&path, ACCOUNT_FILE_BYTES_MAX)?;
        let bytes = bytes.ok_or_else(|| HomeError::NoAccount {
            dir: self.dir.clone(),
        })?;
        AccountFile::parse(&bytes).map_err(|source| HomeError::Account { path, source })
    }

    /// The contacts; none when there is no list.
    ///
    /// # Errors
    /// [`HomeError`] when others may read the list, or it cannot be understood.
    pub fn contacts(&self) -> Result<Contacts, HomeError> {
        let path = self.dir.join(CONTACTS);
        let Some(bytes) = file::read(&path, CONTACTS_FILE_BYTES_MAX)? else {
            return Ok(Contacts::default());
        };
        Contacts::parse(&bytes).map_err(|source| HomeError::Contacts { path, source })
    }

    /// The newest snapshot of the network that was kept, as its signers made it. Whoever uses it
    /// checks its signatures and its time.
    ///
    /// # Errors
    /// [`HomeError`] when it cannot be read.
    pub fn snapshot(&self) -> Result<Option<Vec<u8>>, HomeError> {
        let bytes = file::read(&self.dir.join(SNAPSHOT), SNAPSHOT_BYTES_MAX as u64)?;
        Ok(bytes.map(|mut bytes| core::mem::take(&mut *bytes)))
    }

    /// Takes the home for this process alone. The operating system gives it back when the process
    /// ends, however it ends.
    ///
    /// # Errors
    /// [`HomeError::InUse`] when another process has it.
    pub fn lock(self) -> Result<HomeLock, HomeError> {
        let path = self.dir.join(LOCK);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(HomeError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only to name it; whoever has the lock may not have written yet.
                let _ = (&file).take(LOCK_BYTES_MAX).read_to_string(&mut text);
                return Err(HomeError::InUse {
                    pid: text.trim_end().parse().ok(),
                    dir: self.dir,
                });
            }
            Err(TryLockError::Error(error)) => return Err(HomeError::io("lock", &path)(error)),
        }
        file.set_len(0)
            .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()))
            .map_err(HomeError::io("write", &path))?;
        Ok(HomeLock {
            home: self,
            _lock: Lock(file),
        })
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

/// A home that this process has for itself: only through it anything is written.
#[derive(Debug)]
pub struct HomeLock {
    home: Home,
    _lock: Lock,
}

impl HomeLock {
    /// The home.
    pub const fn home(&self) -> &Home {
        &self.home
    }

    /// Writes the account, if there is none yet.
    ///
    /// # Errors
    /// [`HomeError::AccountExists`] when there is one, which stays.
    pub fn create_account(&self, account: &AccountFile) -> Result<(), HomeError> {
        self.check_no_account()?;
        let path = self.home.account_path();
        match file::write(&path, &account.to_bytes(), Existing::Keep) {
            Err(HomeError::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
                Err(HomeError::AccountExists { path })
            }
            done => done,
        }
    }

    /// Finds out at once whether an account could be made, before a person is asked for anything.
    ///
    /// # Errors
    /// [`HomeError::AccountExists`] when there is one.
    pub fn check_no_account(&self) -> Result<(), HomeError> {
        let path = self.home.account_path();
        match fs::symlink_metadata(&path) {
            Ok(_) => Err(HomeError::AccountExists { path }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(HomeError::io("open", &path)(error)),
        }
    }

    /// Writes the contacts.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn save_contacts(&self, contacts: &Contacts) -> Result<(), HomeError> {
        let path = self.home.dir.join(CONTACTS);
        file::write(&path, contacts.to_toml().as_bytes(), Existing::Replace)
    }

    /// The client's state; a new client's when there is none.
    ///
    /// # Errors
    /// [`HomeError::State`] when it is damaged or another account's.
    pub fn client_state(&self, key: &StateKey, suite: &Approved) -> Result<ClientState, HomeError> {
        let path = self.home.dir.join(STATE);
        let Some(bytes) = file::read(&path, STATE_FILE_BYTES_MAX as u64)? else {
            return Ok(ClientState::default());
        };
        key.open(&bytes, suite)
            .map_err(|source| HomeError::State { path, source })
    }

    /// Writes the client's state.
    ///
    /// # Errors
    /// [`HomeError::Io`]; the state before is kept then.
    pub fn save_client_state(
        &self,
        state: &ClientState,
        key: &StateKey,
        suite: &Approved,
        entropy: &mut dyn Entropy,
    ) -> Result<(), HomeError> {
        let bytes = key.seal(state, suite, entropy);
        file::write(&self.home.dir.join(STATE), &bytes, Existing::Replace)
    }

    /// Keeps a snapshot of the network.
    ///
    /// # Errors
    /// [`HomeError::Io`]; the one before is kept then.
    pub fn save_snapshot(&self, signed: &[u8]) -> Result<(), HomeError> {
        file::write(&self.home.dir.join(SNAPSHOT), signed, Existing::Replace)
    }
}
