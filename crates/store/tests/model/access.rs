//! Directories and disks that do not let a store work.

use std::{
    fs::{self, OpenOptions, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
};

use leek_store::{DurableStore as _, OpenError, SqliteStore};
use rusqlite::Connection;

use crate::{
    on_disk::{NOW, config, open, scratch},
    process::{run_in, say},
};

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

/// Each file in turn: the database, its log, the lock.
#[test]
fn what_may_not_be_read_is_said() {
    // Root may read everything, but not as a user of a space of its own.
    let own_space = Command::new("unshare").args(["--user", "true"]).status();
    let shell: &[&str] = match own_space {
        Ok(status) if status.success() => &["unshare", "--user", "sh"],
        _ => &["sh"],
    };
    let dir = scratch();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
    drop(open(dir.path(), 1_000));
    for name in ["messages.db", "messages.db-wal", "messages.lock"] {
        let path = dir.path().join(name);
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.unwrap()
            .set_permissions(Permissions::from_mode(0o000))
            .unwrap();
        let said = run_in(shell, "refused here", dir.path(), "");
        assert_ne!(
            said.last(),
            "opened",
            "{name}: this user may read what nobody may; root needs `setpriv` to give that up"
        );
        let expected = format!("permission {}", dir.path().display());
        assert_eq!(said.last(), expected, "{name}: {}", said.errors);
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    }
}

/// Says how opening a store ends.
pub(crate) fn say_refused(dir: &Path) {
    match SqliteStore::open(dir, config(1_000), NOW) {
        Ok(_) => say("opened"),
        Err(OpenError::Permission { path, .. }) => {
            say(format_args!(
                "permission {}",
                path.parent().unwrap().display()
            ));
        }
        Err(error) => say(format_args!("{error:?}")),
    }
}
