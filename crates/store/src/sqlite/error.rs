use std::{error::Error, io, path::PathBuf, sync::Arc};

use rusqlite::ErrorCode;

/// A store could not be opened. Each says where and what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store of this one, has it open.
    #[error("lock {path}: it is in use; stop the other process or choose another directory")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// This user may not read and write it.
    #[error("open {path}: not permitted; let this user read and write it")]
    Permission {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Arc<dyn Error + Send + Sync>,
    },
    /// The disk is full.
    #[error("write {path}: the disk is full; make room or choose another directory")]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Arc<dyn Error + Send + Sync>,
    },
    /// A later version of this program wrote it.
    #[error(
        "open {path}: it has format {found}, this program knows up to {known}; \
         use the newer program or choose another directory"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The format it has.
        found: i64,
        /// The newest format we know.
        known: i64,
    },
    /// The disk or the file system failed.
    #[error("open {path}: the medium failed; check the disk, then start again")]
    Medium {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Arc<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    pub(super) fn io(path: impl Into<PathBuf>, error: io::Error) -> Self {
        let (path, kind) = (path.into(), error.kind());
        let cause = Arc::new(error);
        match kind {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Permission { path, cause }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, cause }
            }
            io::ErrorKind::WouldBlock => Self::Locked { path },
            _ => Self::Medium { path, cause },
        }
    }

    pub(super) fn medium(path: impl Into<PathBuf>, what: String) -> Self {
        let cause = Arc::new(io::Error::other(what));
        Self::Medium {
            path: path.into(),
            cause,
        }
    }

    pub(super) fn sql(path: impl Into<PathBuf>, error: rusqlite::Error) -> Self {
        let (path, code) = (path.into(), error.sqlite_error_code());
        let cause = Arc::new(error);
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(
                ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                // The database itself could be opened, so it is a file beside it.
                | ErrorCode::CannotOpen
                | ErrorCode::AuthorizationForStatementDenied,
            ) => Self::Permission { path, cause },
            Some(ErrorCode::DiskFull) => Self::DiskFull { path, cause },
            _ => Self::Medium { path, cause },
        }
    }
}

/// A statement went wrong.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// There is no room; nothing else is wrong.
    #[error("there is no room")]
    Full,
    /// The medium failed, or what it holds is not what we wrote.
    #[error("{0}")]
    Medium(String),
}

impl Trouble {
    /// A row is not as it was written.
    pub(super) fn damaged(what: &str) -> Self {
        Self::Medium(format!("{what} is damaged"))
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            // Its text names codes and columns, never values.
            _ => Self::Medium(error.to_string()),
        }
    }
}

/// Whether this error says that the file's content is wrong, rather than access to it.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as Sql;
    match error {
        Sql::SqliteFailure(error, _) => matches!(
            error.code,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown
        ),
        Sql::FromSqlConversionFailure(..)
        | Sql::IntegralValueOutOfRange(..)
        | Sql::InvalidColumnType(..)
        | Sql::QueryReturnedNoRows
        | Sql::Utf8Error(..) => true,
        _ => false,
    }
}
