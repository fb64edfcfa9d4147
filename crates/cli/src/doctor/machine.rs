//! What this machine has: files, limits, addresses, room.

use core::net::Ipv4Addr;
use std::{io, net::SocketAddrV4, path::Path};

use leek_driver::Limits;
use leek_home::{AccountFile, Home, HomeError};
use leek_wire::limits::STORE_BYTES_MAX;
use rustix::{
    fs::{Access, access, statvfs},
    io::Errno,
    process::{Resource, getrlimit},
};

use super::Finding;
use crate::args::HomeArgs;

/// Descriptors a node has open beside its connections: database, log, listeners, threads.
const FILES_SPARE: u64 = 256;

/// Descriptors a client needs: connections to its guards and to the directories, and its files.
const FILES_CLIENT: u64 = 64;

/// Room without which a node does not start (`leek node run --min-free`).
const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// An address of the kind that local networks give their processes.
const LOOPBACK: Ipv4Addr = Ipv4Addr::new(127, 1, 2, 1);

/// The home, the account in it, and the contacts.
pub(super) fn home(args: &HomeArgs) -> Vec<Finding> {
    let dir = match args.dir() {
        Ok(dir) => dir,
        Err(error) => {
            let remedy = error.help().unwrap_or_default();
            return vec![Finding::fail("home", error.to_string(), remedy)];
        }
    };
    let home = match Home::open(&dir) {
        Ok(home) => home,
        Err(error @ HomeError::NoHome { .. }) => {
            let found = format!("{} is not there: no account yet", dir.display());
            return vec![Finding::warn("home", found, remedy(&error))];
        }
        Err(error) => return vec![refused("home", &error)],
    };
    let account = match home.account() {
        Ok(AccountFile::Sealed(_)) => Finding::ok("account", "encrypted with a passphrase"),
        Ok(AccountFile::Plain(_)) => Finding::warn(
            "account",
            "not encrypted: whoever can read its file has it",
            "`leek account restore` in a new home encrypts it; then remove this one",
        ),
        Err(error @ HomeError::NoAccount { .. }) => {
            Finding::warn("account", "there is none yet", remedy(&error))
        }
        Err(error) => refused("account", &error),
    };
    let contacts = match home.contacts() {
        Ok(contacts) => Finding::ok("contacts", format!("{} in the list", contacts.iter().len())),
        Err(error) => refused("contacts", &error),
    };
    let found = format!("{}, for its owner only", dir.display());
    vec![Finding::ok("home", found), account, contacts]
}

fn refused(check: &'static str, error: &HomeError) -> Finding {
    let mut found = error.to_string();
    let mut source = core::error::Error::source(error);
    while let Some(cause) = source {
        found = format!("{found}: {cause}");
        source = cause.source();
    }
    Finding::fail(check, found, remedy(error))
}

fn remedy(error: &HomeError) -> String {
    error.remedy().unwrap_or_default()
}

/// Whether as many connections can be open as a node allows.
pub(super) fn open_files() -> Finding {
    let limit = getrlimit(Resource::Nofile).current;
    let connections = u64::try_from(Limits::default().connections).unwrap_or(u64::MAX);
    judge_open_files(limit, connections.saturating_add(FILES_SPARE))
}

/// `limit` is `None` when there is none.
fn judge_open_files(limit: Option<u64>, node: u64) -> Finding {
    let found = limit.map_or_else(|| "no limit".to_owned(), |limit| format!("{limit} at most"));
    let limit = limit.unwrap_or(u64::MAX);
    let remedy = format!(
        "run `ulimit -n {node}` before, or set LimitNOFILE={node} in the service's unit file"
    );
    if limit < FILES_CLIENT {
        Finding::fail("open files", found, remedy)
    } else if limit < node {
        let found = format!("{found}; enough for a client, a busy node wants {node}");
        Finding::warn("open files", found, remedy)
    } else {
        Finding::ok("open files", found)
    }
}

/// Whether a local network can give each of its processes an address.
pub(super) fn loopback() -> Finding {
    let remedy = "only `leek net up` needs them; on Linux all of 127.0.0.0/8 is usable, elsewhere \
                  addresses are added to the loopback interface by hand";
    match bind(LOOPBACK) {
        Ok(()) => Finding::ok("loopback", "all of 127.0.0.0/8 can be listened on"),
        Err(error) => {
            let found = format!("{LOOPBACK} cannot be listened on: {error}");
            Finding::warn("loopback", found, remedy)
        }
    }
}

#[expect(
    clippy::disallowed_types,
    reason = "whether the system lets us listen is what is being looked at; nothing is accepted"
)]
fn bind(ip: Ipv4Addr) -> io::Result<()> {
    std::net::TcpListener::bind(SocketAddrV4::new(ip, 0)).map(drop)
}

/// Whether a node would have room in `dir`, which need not be there yet.
pub(super) fn data_dir(dir: &Path) -> Finding {
    let absolute = match std::path::absolute(dir) {
        Ok(absolute) => absolute,
        Err(error) => return Finding::fail("data", format!("{}: {error}", dir.display()), ""),
    };
    // The closest directory that is there decides what can be made below it.
    for there in absolute.ancestors() {
        match statvfs(there) {
            Ok(disk) => {
                let free = disk.f_bavail.saturating_mul(disk.f_frsize);
                let may = access(there, Access::WRITE_OK | Access::EXEC_OK);
                return judge_data_dir(there, free, may);
            }
            Err(Errno::NOENT) => {}
            Err(errno) => {
                let found = format!("{}: {}", there.display(), io::Error::from(errno));
                return Finding::fail("data", found, "name another directory with --data-dir");
            }
        }
    }
    Finding::fail("data", format!("{} is nowhere", dir.display()), "")
}

fn judge_data_dir(there: &Path, free: u64, may_write: Result<(), Errno>) -> Finding {
    let path = there.display();
    if let Err(errno) = may_write {
        let found = format!("{path} cannot be written: {}", io::Error::from(errno));
        return Finding::fail(
            "data",
            found,
            "name a directory of your own with --data-dir",
        );
    }
    let found = format!("{} MiB free under {path}", free >> 20);
    if free < FREE_BYTES_MIN {
        let remedy = format!(
            "a node needs {} MiB to start; make room",
            FREE_BYTES_MIN >> 20
        );
        Finding::fail("data", found, remedy)
    } else if free < STORE_BYTES_MAX {
        let remedy = format!(
            "a node stores up to {} MiB; make room, or give it less with --store-bytes-max",
            STORE_BYTES_MAX >> 20
        );
        Finding::warn("data", found, remedy)
    } else {
        Finding::ok("data", found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn open_files_are_judged_by_what_needs_them() {
        let health = |limit| judge_open_files(limit, 8_448).health;
        assert_eq!(health(Some(63)), Health::Fail);
        assert_eq!(health(Some(64)), Health::Warn);
        assert_eq!(health(Some(8_447)), Health::Warn);
        assert_eq!(health(Some(8_448)), Health::Ok);
        assert_eq!(health(None), Health::Ok);
        let finding = judge_open_files(Some(1_024), 8_448);
        assert!(
            finding.remedy.contains("ulimit -n 8448"),
            "{}",
            finding.remedy
        );
    }

    #[test]
    fn room_is_judged_by_what_a_node_stores() {
        let judge = |free, may| judge_data_dir(Path::new("/d"), free, may).health;
        assert_eq!(judge(STORE_BYTES_MAX, Ok(())), Health::Ok);
        assert_eq!(judge(STORE_BYTES_MAX - 1, Ok(())), Health::Warn);
        assert_eq!(judge(FREE_BYTES_MIN, Ok(())), Health::Warn);
        assert_eq!(judge(FREE_BYTES_MIN - 1, Ok(())), Health::Fail);
        assert_eq!(judge(STORE_BYTES_MAX, Err(Errno::ACCESS)), Health::Fail);
    }

    #[test]
    fn a_directory_that_is_not_there_yet_is_judged_by_its_parent() {
        let dir = tempfile::tempdir().unwrap();
        let there = data_dir(dir.path());
        let not_yet = data_dir(&dir.path().join("a/b/c"));
        let path = dir.path().display().to_string();
        assert!(there.found.ends_with(&path), "{there:?}");
        assert!(not_yet.found.ends_with(&path), "{not_yet:?}");
        std::fs::write(dir.path().join("file"), "").unwrap();
        let below_a_file = data_dir(&dir.path().join("file/x"));
        assert_eq!(below_a_file.health, Health::Fail, "{below_a_file:?}");
    }
}
