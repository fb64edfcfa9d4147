//! A home as a program uses it: made, locked, written, read again, refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use leek_client::ClientState;
use leek_crypto::{fast, password::PasswordCost};
use leek_home::{
    AccountFile, AccountFileError, Contacts, Home, HomeError, HomeLock, Passphrase, StateError,
    Trouble, UnlockError, default_dir,
};
use leek_identity::{AccountSeed, NodeId};
use leek_machine::Seed;
use tempfile::TempDir;
use zeroize::Zeroizing;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn fresh() -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("above/home");
    (outer, dir)
}

fn locked(dir: &Path) -> HomeLock {
    Home::create(dir).unwrap().lock().unwrap()
}

fn plain(byte: u8) -> AccountFile {
    AccountFile::plain(AccountSeed::short(&[byte; 16]))
}

#[test]
fn a_new_home_is_private() {
    let (_outer, dir) = fresh();
    let lock = locked(&dir);
    lock.create_account(&plain(1)).unwrap();
    lock.save_contacts(&Contacts::default()).unwrap();
    lock.save_snapshot(b"signed").unwrap();
    assert_eq!(mode(&dir), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(
        names,
        ["account.leek", "contacts.toml", "lock", "snapshot.leek"]
    );
}

#[test]
fn an_account_is_never_overwritten() {
    let (_outer, dir) = fresh();
    let lock = locked(&dir);
    lock.check_no_account().unwrap();
    lock.create_account(&plain(1)).unwrap();
    for refused in [lock.check_no_account(), lock.create_account(&plain(2))] {
        let error = refused.unwrap_err();
        assert!(matches!(error, HomeError::AccountExists { .. }), "{error}");
        assert_eq!(error.trouble(), Trouble::Usage);
    }
    assert_eq!(lock.home().account().unwrap().id(), plain(1).id());
}

#[test]
fn a_wrong_passphrase_changes_nothing() {
    let (_outer, dir) = fresh();
    let passphrase = |text: &str| Passphrase::new(Zeroizing::new(text.to_owned())).unwrap();
    let lock = locked(&dir);
    let file = AccountFile::seal(
        &AccountSeed::short(&[1; 16]),
        &passphrase("right"),
        PasswordCost::new(8, 1, 1).unwrap(),
        &fast(),
        &mut Seed::from_u64(1).stream(),
    );
    lock.create_account(&file.unwrap()).unwrap();
    let before = fs::read(lock.home().account_path()).unwrap();
    let AccountFile::Sealed(sealed) = lock.home().account().unwrap() else {
        panic!("made with a passphrase")
    };
    let error = sealed.unlock(&passphrase("wrong"), &fast()).unwrap_err();
    assert_eq!(error, UnlockError::WrongPassphrase);
    assert_eq!(fs::read(lock.home().account_path()).unwrap(), before);
    let unlocked = sealed.unlock(&passphrase("right"), &fast()).unwrap();
    assert_eq!(unlocked.account().id(), plain(1).id());
}

#[test]
fn two_processes_do_not_share_a_home() {
    let (_outer, dir) = fresh();
    let lock = locked(&dir);
    let error = Home::open(&dir).unwrap().lock().unwrap_err();
    let pid = std::process::id();
    assert!(
        matches!(&error, HomeError::InUse { pid: Some(told), .. } if *told == pid),
        "{error}"
    );
    // Reading is free, and a lock goes with its owner.
    assert!(Home::open(&dir).unwrap().contacts().unwrap().is_empty());
    drop(lock);
    assert!(Home::open(&dir).unwrap().lock().is_ok());
}

#[test]
fn what_others_may_use_is_refused_with_the_command_that_mends_it() {
    let (_outer, dir) = fresh();
    let lock = locked(&dir);
    lock.create_account(&plain(1)).unwrap();
    let path = lock.home().account_path();
    chmod(&path, 0o644);
    let error = lock.home().account().unwrap_err();
    let expected = format!(
        "open {}: others may use it (its mode is 0644)",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(
        error.remedy().unwrap(),
        format!("run `chmod 600 {}`", path.display())
    );
    assert_eq!(error.trouble(), Trouble::Environment);
    chmod(&path, 0o600);
    assert!(lock.home().account().is_ok());

    chmod(&dir, 0o755);
    for error in [
        Home::open(&dir).unwrap_err(),
        Home::create(&dir).unwrap_err(),
    ] {
        assert_eq!(
            error.remedy().unwrap(),
            format!("run `chmod 700 {}`", dir.display())
        );
    }
}

#[test]
fn what_is_not_there_is_said() {
    let (_outer, dir) = fresh();
    let error = Home::open(&dir).unwrap_err();
    assert!(matches!(error, HomeError::NoHome { .. }), "{error}");
    let home = Home::create(&dir).unwrap();
    let error = home.account().unwrap_err();
    assert!(matches!(error, HomeError::NoAccount { .. }), "{error}");
    assert!(error.remedy().unwrap().contains("leek account new"));
    assert_eq!(home.snapshot().unwrap(), None);

    let file = dir.join("file");
    fs::write(&file, "").unwrap();
    let error = Home::open(&file).unwrap_err();
    assert!(matches!(
        error,
        HomeError::WrongKind {
            wanted: "directory",
            ..
        }
    ));
    assert!(matches!(
        Home::create(&file.join("x")).unwrap_err(),
        HomeError::Io { .. }
    ));
}

#[test]
fn a_damaged_account_is_not_a_wrong_passphrase() {
    let (_outer, dir) = fresh();
    let lock = locked(&dir);
    lock.create_account(&plain(1)).unwrap();
    let path = lock.home().account_path();
    let mut bytes = fs::read(&path).unwrap();
    bytes[60] ^= 4;
    fs::write(&path, bytes).unwrap();
    let error = lock.home().account().unwrap_err();
    let HomeError::Account { source, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*source, AccountFileError::Damaged);
    assert!(error.remedy().unwrap().contains("leek account restore"));
}

#[test]
fn the_state_is_kept_for_its_account_only() {
    let (_outer, dir) = fresh();
    let lock = locked(&dir);
    let suite = fast();
    let key = |byte| {
        let AccountFile::Plain(plain) = plain(byte) else {
            unreachable!()
        };
        plain.unlock().state_key()
    };
    let new = lock.client_state(&key(1), &suite).unwrap();
    assert_eq!(new, ClientState::default());
    let state = ClientState {
        guards: vec![NodeId::from_bytes([7; 32])],
        ..ClientState::default()
    };
    let mut entropy = Seed::from_u64(1).stream();
    for _ in 0..2 {
        lock.save_client_state(&state, &key(1), &suite, &mut entropy)
            .unwrap();
    }
    assert_eq!(lock.client_state(&key(1), &suite).unwrap(), state);

    let error = lock.client_state(&key(2), &suite).unwrap_err();
    let HomeError::State { source, path } = &error else {
        panic!("{error}")
    };
    assert_eq!(*source, StateError::Damaged);
    assert!(
        error
            .remedy()
            .unwrap()
            .starts_with(&format!("run `mv {}", path.display()))
    );
}

#[test]
fn the_newest_snapshot_is_kept_as_it_came() {
    let (_outer, dir) = fresh();
    let lock = locked(&dir);
    for signed in [b"first".to_vec(), vec![0xff; 100_000]] {
        lock.save_snapshot(&signed).unwrap();
        assert_eq!(lock.home().snapshot().unwrap(), Some(signed));
    }
}

#[test]
fn the_default_is_that_of_the_xdg_specification() {
    let dir = |xdg: &str, home: &str| {
        let value = |text| Some(OsStr::new(text)).filter(|text| *text != "unset");
        default_dir(value(xdg), value(home))
    };
    assert_eq!(dir("/data", "/home/a"), Some("/data/leek".into()));
    for ignored in ["unset", "", "relative"] {
        let expected = Some("/home/a/.local/share/leek".into());
        assert_eq!(dir(ignored, "/home/a"), expected, "{ignored}");
    }
    assert_eq!(dir("unset", "unset"), None);
    assert_eq!(dir("unset", ""), None);
}
