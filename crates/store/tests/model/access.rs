//! Directories and disks that do not let a store work.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use leek_store::{DurableStore as _, OpenError, SqliteStore};
use rusqlite::Connection;

use crate::on_disk::{NOW, config, open, scratch};

fn refused(dir: &Path) -> OpenError {
    let error = SqliteStore::open(dir, config(1_000), NOW).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&dir.display().to_string()), "{text}");
    error
}

#[test]
fn a_directory_is_made_for_its_owner_alone() {
    let parent = scratch();
    let dir = parent.path().join("a/b");
    let _open = open(&dir, 1_000);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn one_store_has_a_directory_at_a_time() {
    let dir = scratch();
    let first = open(dir.path(), 1_000);
    assert!(matches!(refused(dir.path()), OpenError::Locked { .. }));
    drop(first);
    drop(open(dir.path(), 1_000));
    // A program that knows nothing of our lock.
    let other = Connection::open(dir.path().join("messages.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(refused(dir.path()), OpenError::Locked { .. }));
    drop(other);
    let ours = open(dir.path(), 1_000);
    let other = Connection::open(dir.path().join("messages.db")).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    let read = other.query_row("SELECT count(*) FROM messages", [], |_| Ok(()));
    let busy = Some(rusqlite::ErrorCode::DatabaseBusy);
    assert_eq!(read.unwrap_err().sqlite_error_code(), busy);
    assert_eq!(ours.store.pending(), 0);
}

#[test]
fn what_may_not_be_written_is_said() {
    // Not even root makes files there.
    let error = SqliteStore::open(Path::new("/sys/kernel"), config(1_000), NOW).unwrap_err();
    assert!(matches!(error, OpenError::Permission { .. }), "{error:?}");
    let dir = scratch();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(refused(&file), OpenError::Medium { .. }));
    // Neither a database nor something to set aside.
    fs::create_dir(dir.path().join("messages.db")).unwrap();
    assert!(matches!(refused(dir.path()), OpenError::Medium { .. }));
    assert!(dir.path().join("messages.db").is_dir());
}
