use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use leek_machine::Wall;
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    OpenError, SqliteStore, StoreConfig, Synchronous, Used,
    check::{Totals, Verdict, check, identify},
    config::PAGE_BYTES,
    error::is_damage,
    files::Files,
    reserve::Reserve,
    schema,
};

/// Statements kept ready: more than there are.
const STATEMENTS_MAX: usize = 48;

/// An opened store.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: SqliteStore,
    /// Where a damaged database went, whole; the store is then a new one.
    pub set_aside: Option<PathBuf>,
    /// What was wrong with the database set aside.
    pub damage: Option<String>,
    /// Whether the store has no message: it is new, or all were deleted.
    pub was_empty: bool,
}

/// What lies in the directory.
enum Found {
    Whole(Connection, Totals),
    Damaged(String),
    Nothing,
}

impl SqliteStore {
    /// Opens the store in a directory, making both if they are missing. The store has the directory
    /// for itself until it is dropped.
    ///
    /// The whole database is checked first: SQLite's structures, every message's sum, and whether
    /// the totals agree. A damaged one is set aside as `messages.db.corrupt-<ms>` (`now`, or the
    /// next free ms) with its log, never served and never deleted, and a new one is made.
    ///
    /// # Errors
    /// When there is no access, another process has it open, the disk is full, a newer program
    /// wrote it, or the medium fails; the database is then as it was.
    pub fn open(dir: &Path, config: StoreConfig, now: Wall) -> Result<Opened, OpenError> {
        let (files, lock) = Files::lock(dir)?;
        let (mut set_aside, mut damage) = (None, None);
        let (mut db, totals) = match find(&files, &config)? {
            Found::Whole(db, totals) => (db, totals),
            // A log without its database is of no use to a new one, and must not meet it.
            Found::Nothing => {
                set_aside = files.set_aside(now)?;
                damage = set_aside
                    .as_ref()
                    .map(|_| "a log without its database".to_owned());
                create(&files, &config)?
            }
            Found::Damaged(what) => {
                set_aside = files.set_aside(now)?;
                damage = Some(what);
                create(&files, &config)?
            }
        };
        let path = files.database();
        // From here on, closing moves the log into the database.
        keep_log_on_close(&db, false).map_err(|error| OpenError::sql(&path, error))?;
        let wal_pages = count_log(&mut db).map_err(|error| OpenError::sql(&path, error))?;
        let reserve = Reserve::hold(files.reserve(), config.reserve_bytes)
            .map_err(|error| OpenError::io(files.reserve(), error))?;
        let file_pages = page_count(&db).map_err(|error| OpenError::sql(&path, error))?;
        let store = Self {
            db,
            wal_pages,
            reserve,
            file_pages,
            refused: 0,
            pages_max: config.pages_max(),
            capacity_bytes: config.capacity_bytes,
            used: Used {
                messages: totals.messages,
                bytes: totals.bytes,
            },
            last_seq: totals.last_seq,
            newest: Default::default(),
            pending: VecDeque::new(),
            applied: 0,
            blocked: false,
            last_write: None,
            planned: BTreeMap::new(),
            ended: Default::default(),
            _lock: lock,
        };
        let was_empty = totals.messages == 0;
        Ok(Opened {
            store,
            set_aside,
            damage,
            was_empty,
        })
    }
}

fn find(files: &Files, config: &StoreConfig) -> Result<Found, OpenError> {
    if !files.has_database()? {
        return Ok(Found::Nothing);
    }
    let path = files.database();
    let found = connect(&path).and_then(|db| {
        // What is not ours is not touched.
        let verdict = match identify(&db)? {
            None => {
                configure(&db, config)?;
                check(&db)?
            }
            Some(verdict) => verdict,
        };
        Ok((verdict, db))
    });
    match found {
        Ok((Verdict::Whole(totals), db)) => Ok(Found::Whole(db, totals)),
        Ok((Verdict::Damaged(what), _)) => Ok(Found::Damaged(what)),
        Ok((Verdict::Newer(found), _)) => Err(OpenError::Newer {
            path,
            found,
            known: schema::FORMAT,
        }),
        Err(error) if is_damage(&error) => Ok(Found::Damaged(error.to_string())),
        Err(error) => Err(OpenError::sql(path, error)),
    }
}

/// Makes a database beside its place and moves it there when it is whole: what is found in that
/// place later is never a half-made one.
fn create(files: &Files, config: &StoreConfig) -> Result<(Connection, Totals), OpenError> {
    let unfinished = files.begin()?;
    make(&unfinished).map_err(|error| OpenError::sql(unfinished, error))?;
    files.finish()?;
    match find(files, config)? {
        Found::Whole(db, totals) => Ok((db, totals)),
        Found::Damaged(what) => Err(OpenError::medium(files.database(), what)),
        Found::Nothing => Err(OpenError::medium(
            files.database(),
            "it vanished".to_owned(),
        )),
    }
}

fn make(path: &Path) -> rusqlite::Result<()> {
    let db = connect(path)?;
    db.pragma_update(None, "page_size", PAGE_BYTES)?;
    let transaction = db.unchecked_transaction()?;
    schema::create(&transaction)?;
    transaction.commit()?;
    log_mode(&db)?;
    keep_log_on_close(&db, false)?;
    db.close().map_err(|(_, error)| error)
}

/// Opens a file that exists, alone, and without touching it before it is checked.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::ZERO)?;
    keep_log_on_close(&db, true)?;
    // With this the log's index is in our memory, not in a file that others could map.
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(db)
}

fn configure(db: &Connection, config: &StoreConfig) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Without this, binding a value makes SQLite plan some statements anew: 14 us a read, measured.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    log_mode(db)?;
    let synchronous = match config.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    db.pragma_update(None, "synchronous", synchronous)?;
    // Negative: KiB, not pages.
    let cache_kib = i64::try_from(config.cache_bytes / 1024).unwrap_or(i64::MAX);
    db.pragma_update(None, "cache_size", -cache_kib)?;
    // Nothing is written before a commit: a read or a rollback can then not fail for lack of room.
    db.pragma_update(None, "cache_spill", false)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    limit_pages(db, config.pages_max())
}

/// Limits the database to so many pages, or to those it has.
pub(super) fn limit_pages(db: &Connection, pages: u32) -> rusqlite::Result<()> {
    db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
}

/// A log (WAL) beside the database: a commit writes and syncs one file, in one piece.
fn log_mode(db: &Connection) -> rusqlite::Result<()> {
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode == "wal" {
        Ok(())
    } else {
        let cause = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        let what = format!("the journal is in mode {mode}, not wal");
        Err(rusqlite::Error::SqliteFailure(cause, Some(what)))
    }
}

/// Whether closing leaves the log beside the database instead of moving it in.
pub(super) fn keep_log_on_close(db: &Connection, keep: bool) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)?;
    Ok(())
}

/// The pages in the log after each commit. It replaces SQLite's own moves of the log into the
/// database, whose failures nobody would see.
fn count_log(db: &mut Connection) -> rusqlite::Result<Arc<AtomicU32>> {
    let pages = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&pages);
    db.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
        counter.store(pages.cast_unsigned(), Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(pages)
}

pub(super) fn page_count(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "page_count", |row| row.get(0))
}
