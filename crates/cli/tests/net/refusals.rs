//! What a node does not start with: each has a message, a remedy and an exit code, and leaves the
//! data directory as it was.

use std::{
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use rustix::process::geteuid;

use crate::service::{Ended, Service, World, ended, files};

/// The URL of a directory that nobody runs: what is refused here is refused before anybody is
/// asked.
const NOBODY: &str =
    "leek://ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c@127.251.0.1:9";

fn node(world: &World, more: &[&str]) -> Ended {
    let args = world.node_args("n", 2, NOBODY, more);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    world.leek(&args)
}

fn assert_refused(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    assert!(ended.stderr.contains("\nhelp: ") || ended.stderr.contains("tip: ") || code == 2);
    for part in parts {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A data directory that a node has used.
fn used(world: &World) -> std::path::PathBuf {
    let args = world.node_args("n", 2, NOBODY, &[]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = Service::start(world.command(&args)).stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    world.path("n")
}

#[test]
fn a_first_start_makes_what_it_needs_and_ends_in_good_order() {
    let world = World::new(1);
    let data = used(&world);
    let mode = |name: &str| fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        fs::metadata(&data).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(mode("node.key"), 0o600);
    assert_eq!(mode("messages.db"), 0o600);
    let key = fs::read(data.join("node.key")).unwrap();
    // The same node again.
    used(&world);
    assert_eq!(fs::read(data.join("node.key")).unwrap(), key);
}

#[test]
fn a_taken_port() {
    let world = World::new(2);
    let taken = TcpListener::bind("127.251.2.9:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = world.leek(&[
        "node",
        "run",
        "--data-dir",
        "n",
        "--listen",
        &address,
        "--directory",
        NOBODY,
        "--min-free",
        "1MiB",
    ]);
    assert_refused(
        &ended,
        4,
        &["listen on 127.251.2.9:", "in use", "--listen another port"],
    );
    let ended = node(&world, &["--ops", &taken.local_addr().unwrap().to_string()]);
    assert_refused(
        &ended,
        4,
        &["serve metrics on 127.251.2.9:", "--ops another port"],
    );
    // TEST-NET-1: no machine has it.
    let ended = world.leek(&[
        "node",
        "run",
        "--data-dir",
        "n",
        "--listen",
        "192.0.2.1:22021",
        "--directory",
        NOBODY,
        "--min-free",
        "1MiB",
    ]);
    assert_refused(&ended, 4, &["an address of this machine"]);
}

#[test]
fn arguments_that_make_no_sense() {
    let world = World::new(3);
    let listen = world.address(2);
    let listen = listen.as_str();
    let base = ["node", "run", "--data-dir", "n", "--listen"];
    for (more, part) in [
        (&[listen][..], "--directory"),
        (&[listen, "--directory", "http://a"], "leek://"),
        (&[listen, "--network", "missing.toml"], "missing.toml"),
        (
            &["0.0.0.0:22021", "--directory", NOBODY],
            "others reach this machine at",
        ),
        (&["localhost:1", "--directory", NOBODY], "203.0.113.5:22021"),
        (
            &[listen, "--directory", NOBODY, "--ops", "192.0.2.1:9"],
            "this machine alone",
        ),
        (
            &[listen, "--directory", NOBODY, "--min-free", "1MB"],
            "64MiB",
        ),
        (
            &[listen, "--directory", NOBODY, "--directory", NOBODY],
            "twice",
        ),
    ] {
        let ended = world.leek(&[&base[..], more].concat());
        let code = if part == "missing.toml" { 4 } else { 2 };
        assert_eq!(ended.code, Some(code), "{more:?}: {ended:?}");
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
        assert!(!world.path("n").exists(), "{more:?}");
    }
    fs::write(
        world.path("network.toml"),
        "network = \"local\"\ndirectories = [\"x\"]\n",
    )
    .unwrap();
    let ended = world.leek(&[&base[..], &[listen, "--network", "network.toml"]].concat());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("network.toml: ") && ended.stderr.contains("line 2"),
        "{ended:?}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_used() {
    let world = World::new(4);
    let data = used(&world);
    let running = {
        let args = world.node_args("n", 2, NOBODY, &[]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Service::start(world.command(&args))
    };
    let ended = node(&world, &[]);
    assert_refused(&ended, 4, &["another process works in n", "--data-dir"]);
    drop(running);
    chmod(&data, 0o777);
    let ended = node(&world, &[]);
    assert_refused(
        &ended,
        4,
        &["others may write to n (mode 0777)", "chmod go-w n"],
    );
    chmod(&data, 0o700);
    fs::write(world.path("file"), "").unwrap();
    let args = world.node_args("file", 2, NOBODY, &[]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = world.leek(&args);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(
        ended.stderr.contains("file is not a directory"),
        "{ended:?}"
    );
}

#[test]
fn a_key_file_that_is_open_or_no_key() {
    let world = World::new(5);
    let data = used(&world);
    let key = data.join("node.key");
    let before = (fs::read(&key).unwrap(), files(&data));
    chmod(&key, 0o644);
    let ended = node(&world, &[]);
    assert_refused(
        &ended,
        4,
        &[
            "others may read the key",
            "mode 0644",
            "chmod 600 n/node.key",
        ],
    );
    assert_eq!((fs::read(&key).unwrap(), files(&data)), before);
    chmod(&key, 0o600);
    fs::write(&key, "not a key").unwrap();
    let ended = node(&world, &[]);
    assert_refused(
        &ended,
        4,
        &["n/node.key holds no key", "32 bytes", "backup"],
    );
    assert_eq!(fs::read(&key).unwrap(), b"not a key");
}

#[test]
fn a_database_that_may_not_be_read() {
    let world = World::new(6);
    let data = used(&world);
    let database = data.join("messages.db");
    let before = (fs::read(&database).unwrap(), files(&data));
    chmod(&database, 0o000);
    // Root reads everything as long as it may.
    let wrapper: &[&str] = if geteuid().is_root() {
        &["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    } else {
        &[]
    };
    let args = world.node_args("n", 2, NOBODY, &[]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = ended(world.wrapped(wrapper, &args));
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(
        ended.stderr.contains("n/messages.db: not permitted"),
        "{ended:?}"
    );
    chmod(&database, 0o600);
    assert_eq!((fs::read(&database).unwrap(), files(&data)), before);
    used(&world);
}

#[test]
fn a_disk_without_room() {
    let world = World::new(7);
    let ended = node(&world, &["--min-free", "9999999GiB"]);
    assert_refused(&ended, 4, &["bytes of free space", "--min-free"]);
}

#[test]
fn a_directory_whose_key_nobody_trusts() {
    let world = World::new(8);
    let listen = world.address(1);
    let ended = world.leek(&[
        "directory",
        "run",
        "--data-dir",
        "d",
        "--listen",
        &listen,
        "--directory",
        NOBODY,
        "--swarm-size",
        "1",
    ]);
    assert_refused(
        &ended,
        2,
        &["not among the network's directories", "leek directory init"],
    );
}

#[test]
fn a_wrong_clock() {
    let world = World::new(9);
    let (directory, url) = world.directory(1);
    for (offset, remedy) in [
        ("3600000", "--clock-offset-ms "),
        ("-3600000", "--clock-offset-ms "),
    ] {
        let args = world.node_args("n", 2, &url, &["--clock-offset-ms", offset]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ended = Service::start(world.command(&args)).end();
        assert_eq!(ended.code, Some(4), "{ended:?}");
        for part in ["clock is off by 3", "say 1 directories", remedy] {
            assert!(ended.stderr.contains(part), "{part}: {ended:?}");
        }
        assert_eq!(ended.stdout, "", "it was never ready");
    }
    // One that is off by less is none of this.
    let node = world.node("n", 2, &url, &["--clock-offset-ms", "15000"]);
    assert_eq!(node.stop().code, Some(0));
    assert_eq!(directory.stop().code, Some(0));
}
