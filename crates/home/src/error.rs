use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{AccountFileError, ContactsFileError, PassphraseError, StateError};

/// What kind of trouble an error is, for exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Something else was to be asked for.
    Usage,
    /// Files, permissions, disks.
    Environment,
}

/// A home could not be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is no such directory.
    #[error("open home {}: there is no such directory", dir.display())]
    NoHome {
        /// The directory.
        dir: PathBuf,
    },
    /// There is no account in it.
    #[error("open home {}: there is no account in it", dir.display())]
    NoAccount {
        /// The directory.
        dir: PathBuf,
    },
    /// There is an account already, and it stays.
    #[error("create {}: there is an account already, and it is kept", path.display())]
    AccountExists {
        /// The account file.
        path: PathBuf,
    },
    /// Others may read or write it.
    #[error("open {}: others may use it (its mode is {mode:04o})", path.display())]
    NotPrivate {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Those it should have.
        wanted: u32,
    },
    /// It belongs to another user, who may do with it as they like.
    #[error("open {}: it belongs to another user (number {owner})", path.display())]
    NotOurs {
        /// The file or directory.
        path: PathBuf,
        /// Who it belongs to.
        owner: u32,
    },
    /// It is a directory where a file should be, or the other way round.
    #[error("open {}: it is not a {wanted}", path.display())]
    WrongKind {
        /// The path.
        path: PathBuf,
        /// What it should be.
        wanted: &'static str,
    },
    /// Another process uses this home.
    #[error("lock home {}: another leek process uses it{}", dir.display(), in_brackets(*pid))]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// Its number, when it told.
        pid: Option<u32>,
    },
    /// Reading or writing failed.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was being done, such as "read".
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A file is larger than anything this program writes there.
    #[error("read {}: it is longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most it may have.
        bytes_max: u64,
    },
    /// The account file cannot be read.
    #[error("read {}", path.display())]
    Account {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: AccountFileError,
    },
    /// A file holds no passphrase.
    #[error("read {}", path.display())]
    Passphrase {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: PassphraseError,
    },
    /// The list of contacts cannot be read.
    #[error("read {}", path.display())]
    Contacts {
        /// The file.
        path: PathBuf,
        /// Why, with the line.
        #[source]
        source: ContactsFileError,
    },
    /// The client's state cannot be read.
    #[error("read {}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: StateError,
    },
}

impl HomeError {
    /// For `map_err`: the operating system refused.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }

    /// What kind of trouble it is.
    pub const fn trouble(&self) -> Trouble {
        match self {
            Self::NoHome { .. }
            | Self::NoAccount { .. }
            | Self::AccountExists { .. }
            | Self::Passphrase { .. } => Trouble::Usage,
            Self::NotPrivate { .. }
            | Self::NotOurs { .. }
            | Self::WrongKind { .. }
            | Self::InUse { .. }
            | Self::Io { .. }
            | Self::TooLong { .. }
            | Self::Account { .. }
            | Self::Contacts { .. }
            | Self::State { .. } => Trouble::Environment,
        }
    }

    /// What to do about it, in one line.
    pub fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::NoHome { .. } | Self::NoAccount { .. } => {
                "`leek account new` makes an account; --home names another home".to_owned()
            }
            Self::AccountExists { .. } => {
                "--home names another home for another account".to_owned()
            }
            Self::NotPrivate { path, wanted, .. } => {
                format!("run `chmod {wanted:o} {}`", word(path))
            }
            Self::NotOurs { .. } => {
                "run leek as that user, or name another home with --home".to_owned()
            }
            Self::InUse { .. } => "wait until it ends, or stop it".to_owned(),
            Self::Account { source, .. } => match source {
                AccountFileError::Version { .. } => "use the newer leek that wrote it".to_owned(),
                _ => {
                    "bring back a copy of the file, or move it away and run `leek account restore` \
                      with the recovery phrase"
                        .to_owned()
                }
            },
            Self::Contacts { source, .. } => source.remedy().to_owned(),
            Self::State { path, source } => match source {
                StateError::Version { .. } => "use the newer leek that wrote it".to_owned(),
                _ => format!(
                    "run `mv {0} {0}.damaged`; messages of the last 14 days may be shown again",
                    word(path)
                ),
            },
            Self::Passphrase { .. } => "the file holds the passphrase on one line".to_owned(),
            Self::Io { .. } | Self::TooLong { .. } | Self::WrongKind { .. } => return None,
        };
        Some(text)
    }
}

fn in_brackets(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})"))
        .unwrap_or_default()
}

/// A path as one word of a POSIX shell command.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_can_be_pasted() {
        let error = |path: &str| HomeError::NotPrivate {
            path: path.into(),
            mode: 0o644,
            wanted: 0o600,
        };
        let plain = error("/home/a/.local/share/leek/account.leek");
        assert_eq!(
            plain.to_string(),
            "open /home/a/.local/share/leek/account.leek: others may use it (its mode is 0644)"
        );
        assert_eq!(
            plain.remedy().unwrap(),
            "run `chmod 600 /home/a/.local/share/leek/account.leek`"
        );
        let odd = error("my files/it's;x");
        assert_eq!(
            odd.remedy().unwrap(),
            r"run `chmod 600 'my files/it'\''s;x'`"
        );
    }

    #[test]
    fn who_is_in_the_way_is_told() {
        let error = |pid| HomeError::InUse {
            dir: "h".into(),
            pid,
        };
        assert_eq!(
            error(Some(7)).to_string(),
            "lock home h: another leek process uses it (process 7)"
        );
        assert_eq!(
            error(None).to_string(),
            "lock home h: another leek process uses it"
        );
    }
}
