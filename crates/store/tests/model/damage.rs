//! Databases that are not whole: set aside as they are, never served, never deleted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use leek_machine::Wall;
use leek_store::{DurableStore as _, OpenError, Opened, SqliteStore};
use leek_wire::ReadView as _;
use rusqlite::Connection;

use crate::{
    on_disk::{NOW, config, copy_files, open, scratch},
    world::{Answers, Random, history, history_answers},
};

const DATABASE: &str = "messages.db";
const LOG: &str = "messages.db-wal";
/// Capacity for the whole history.
const ROOMY: u64 = 1 << 20;

/// Runs the history in `dir`. Closed, all is in the database; killed, all is in the log.
fn filled(dir: &Path, close: bool) -> Answers {
    let running = scratch();
    let mut store = open(running.path(), ROOMY).store;
    for (write, batch) in history() {
        store.hand_out(write, batch);
    }
    assert!(
        store
            .commit(usize::MAX)
            .iter()
            .all(|(_, result)| result.is_ok())
    );
    let shown = history_answers(&store);
    if close {
        drop(store);
        assert!(!running.path().join(LOG).exists(), "closing moves the log");
    }
    copy_files(running.path(), dir);
    shown
}

/// Opens a damaged store: it is new, and what was there lies aside, byte for byte.
fn expect_set_aside(dir: &Path) -> Opened {
    let names = ["", "-wal", "-shm", "-journal"];
    let with = |name: &str| dir.join(format!("{DATABASE}{name}"));
    // SQLite makes an empty log when it opens a database that had one.
    let before = names.map(|name| fs::read(with(name)).unwrap_or_default());
    let opened = open(dir, ROOMY);
    let aside = opened.set_aside.clone().expect("it was taken for whole");
    let aside_with = |name| PathBuf::from(format!("{}{name}", aside.display()));
    let after = names.map(|name| fs::read(aside_with(name)).unwrap_or_default());
    assert!(before == after, "{:?} is not what was there", opened.damage);
    assert!(opened.damage.is_some() && opened.was_empty);
    assert_eq!(opened.store.used_bytes(), 0);
    opened
}

/// A new store works, and does not find what is aside again.
fn expect_working(opened: Opened, dir: &Path) {
    let mut store = opened.store;
    let (write, batch) = history().swap_remove(0);
    store.hand_out(write, batch);
    assert_eq!(store.commit_next(), Some((write, Ok(()))));
    let shown = history_answers(&store);
    drop(store);
    let again = open(dir, ROOMY);
    assert_eq!((again.set_aside, again.damage), (None, None));
    assert_eq!(history_answers(&again.store), shown);
}

#[test]
fn what_is_not_a_database_is_set_aside() {
    for content in [&b""[..], b"x", b"SQLite format 3\0", &[7; 100_000]] {
        let dir = scratch();
        fs::write(dir.path().join(DATABASE), content).unwrap();
        let opened = expect_set_aside(dir.path());
        let name = opened.set_aside.as_ref().unwrap().file_name().unwrap();
        assert_eq!(name, "messages.db.corrupt-1700000000000");
        expect_working(opened, dir.path());
    }
}

#[test]
fn another_programs_database_is_set_aside() {
    let ours = |dir: &Path, sql: &str| {
        filled(dir, true);
        Connection::open(dir.join(DATABASE))
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    };
    for sql in [
        "PRAGMA application_id = 5",
        "PRAGMA user_version = 0",
        "CREATE TABLE more(id INTEGER)",
        "CREATE TRIGGER t AFTER INSERT ON messages BEGIN DELETE FROM accounts; END",
        "DROP INDEX messages_by_expiry",
    ] {
        let dir = scratch();
        ours(dir.path(), sql);
        expect_set_aside(dir.path());
    }
    let dir = scratch();
    let other = Connection::open(dir.path().join(DATABASE)).unwrap();
    other
        .execute_batch("CREATE TABLE mail(id INTEGER)")
        .unwrap();
    drop(other);
    expect_set_aside(dir.path());
}

/// SQLite finds nothing wrong with these.
#[test]
fn tables_that_disagree_are_set_aside() {
    for sql in [
        "UPDATE accounts SET bytes = bytes + 1",
        "UPDATE accounts SET messages = messages + 1",
        "UPDATE accounts SET bytes = 0 WHERE account = (SELECT max(account) FROM accounts)",
        "INSERT INTO accounts VALUES (zeroblob(33), 0, 1)",
        "DELETE FROM accounts",
        "INSERT INTO mailboxes(account, namespace) SELECT account, 77 FROM accounts LIMIT 1",
        "DELETE FROM mailboxes WHERE id = (SELECT min(id) FROM mailboxes)",
        "UPDATE mailboxes SET namespace = namespace + 5",
        "UPDATE messages SET expiry = expiry + 1 WHERE id = (SELECT min(id) FROM messages)",
        "UPDATE messages SET timestamp = 3 WHERE id = (SELECT max(id) FROM messages)",
        "UPDATE messages SET id = id + 1000 WHERE id = (SELECT max(id) FROM messages)",
        "UPDATE messages SET data = zeroblob(length(data)) WHERE length(data) > 0",
        "UPDATE messages SET data = zeroblob(length(data) + 1)",
        "UPDATE messages SET seq = seq + 1",
        "UPDATE messages SET hash = randomblob(32)",
        "DELETE FROM messages WHERE id = (SELECT min(id) FROM messages)",
    ] {
        let dir = scratch();
        filled(dir.path(), true);
        let changed = Connection::open(dir.path().join(DATABASE))
            .unwrap()
            .execute(sql, []);
        assert!(changed.unwrap() > 0, "{sql}");
        expect_set_aside(dir.path());
    }
}

#[test]
fn a_short_database_is_set_aside() {
    let files = scratch();
    filled(files.path(), true);
    let whole = fs::read(files.path().join(DATABASE)).unwrap();
    let lengths = (0..whole.len())
        .step_by(8_192)
        .flat_map(|len| [len, len + 100]);
    for len in lengths.filter(|len| *len < whole.len()) {
        let dir = scratch();
        fs::write(dir.path().join(DATABASE), &whole[..len]).unwrap();
        expect_set_aside(dir.path());
    }
}

/// One bit anywhere. What SQLite does not use may change; all else is found, at the latest when it
/// is opened.
#[test]
fn a_changed_bit_is_found_or_does_not_matter() {
    let files = scratch();
    let shown = filled(files.path(), true);
    let whole = fs::read(files.path().join(DATABASE)).unwrap();
    let mut random = Random(11);
    let (mut found, mut unused) = (0, 0);
    for _ in 0..200 {
        let at = usize::try_from(random.below(whole.len() as u64)).unwrap();
        let mut changed = whole.clone();
        changed[at] ^= 1 << random.below(8);
        let dir = scratch();
        fs::write(dir.path().join(DATABASE), &changed).unwrap();
        match SqliteStore::open(dir.path(), config(ROOMY), NOW) {
            Ok(Opened {
                set_aside: None,
                store,
                ..
            }) => {
                assert_eq!(history_answers(&store), shown, "byte {at}");
                unused += 1;
            }
            Ok(Opened {
                set_aside: Some(aside),
                ..
            }) => {
                assert!(fs::read(aside).unwrap() == changed, "byte {at}");
                found += 1;
            }
            Err(OpenError::Newer { .. }) => assert!((60..64).contains(&at), "byte {at}"),
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    assert!(found > 50 && unused > 10, "{found} {unused}");
}

/// A database and its log go together, and so back: nothing is lost for who repairs them.
#[test]
fn the_log_goes_with_its_database() {
    let dir = scratch();
    let shown = filled(dir.path(), false);
    let database = fs::read(dir.path().join(DATABASE)).unwrap();
    // The log holds this page too, so only the table of contents behind it can be bad.
    fs::write(dir.path().join(DATABASE), b"bad").unwrap();
    let mut log = fs::read(dir.path().join(LOG)).unwrap();
    log[40] ^= 1;
    fs::write(dir.path().join(LOG), &log).unwrap();
    let opened = expect_set_aside(dir.path());
    let aside = opened.set_aside.as_ref().unwrap().display().to_string();
    let repaired = scratch();
    log[40] ^= 1;
    fs::write(repaired.path().join(DATABASE), database).unwrap();
    fs::write(repaired.path().join(LOG), log).unwrap();
    assert_eq!(history_answers(&open(repaired.path(), ROOMY).store), shown);
    assert!(PathBuf::from(format!("{aside}-wal")).exists());
    expect_working(opened, dir.path());
}

/// It would be played into the new database.
#[test]
fn a_log_without_its_database_is_set_aside() {
    let dir = scratch();
    filled(dir.path(), false);
    fs::remove_file(dir.path().join(DATABASE)).unwrap();
    let opened = expect_set_aside(dir.path());
    expect_working(opened, dir.path());
}

#[test]
fn names_of_what_is_set_aside_do_not_collide() {
    let dir = scratch();
    for n in 0..3_u8 {
        fs::write(dir.path().join(DATABASE), [n; 50]).unwrap();
        expect_set_aside(dir.path());
    }
    for n in 0..3_u8 {
        let name = format!("{DATABASE}.corrupt-{}", NOW.after_ms(n.into()).ms());
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), [n; 50]);
    }
}

#[test]
fn a_database_in_the_making_is_made_anew() {
    let dir = scratch();
    for name in [
        "messages.db.new",
        "messages.db.new-journal",
        "messages.db.new-wal",
    ] {
        fs::write(dir.path().join(name), b"half").unwrap();
    }
    let opened = open(dir.path(), ROOMY);
    assert!(opened.set_aside.is_none() && opened.was_empty);
    expect_working(opened, dir.path());
    assert!(!dir.path().join("messages.db.new").exists());
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let dir = scratch();
    filled(dir.path(), true);
    let path = dir.path().join(DATABASE);
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 2)
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = SqliteStore::open(dir.path(), config(ROOMY), Wall::from_ms(1)).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "{error}"
    );
    assert!(fs::read(&path).unwrap() == before);
}
