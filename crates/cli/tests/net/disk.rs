//! A disk that fills up, and one that fails.

use std::{fs, io, path::Path, process::Command};

use crate::{
    owner::Owner,
    service::{Service, World},
};

/// The largest message.
const DATA: usize = 76_800;
/// More stores than any disk here has room for.
const STORES_MAX: usize = 400;

/// Without a mount there is no small disk to fill, and a test that was not made has failed.
fn must_mount() {
    let mut unshare = Command::new("unshare");
    let mounted = unshare
        .args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .output();
    assert!(
        mounted.is_ok_and(|output| output.status.success()),
        "these tests need `unshare -rm mount`: run them as root, or where users may have namespaces"
    );
}

/// A node whose data are on a disk of so many MiB.
fn node_on_disk(world: &World, url: &str, mib: u32, more: &[&str]) -> Command {
    let disk = world.path("disk");
    fs::create_dir_all(&disk).unwrap();
    let disk = disk.to_str().unwrap();
    let script = format!(
        "mount -t tmpfs -o size={mib}m,mode=0700 tmpfs '{disk}' && cd . && exec \"$0\" \"$@\""
    );
    let args = world.node_args("disk/n", 2, url, more);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    world.wrapped(&["unshare", "-rm", "sh", "-c", &script], &args)
}

fn message(number: usize) -> Vec<u8> {
    let mut data = vec![0; DATA];
    data[..8].copy_from_slice(&number.to_le_bytes());
    data
}

/// Stores until the node refuses; returns how many it took, and the refusal.
fn fill(owner: &Owner) -> (usize, u16) {
    for number in 0..STORES_MAX {
        match owner.store(&message(number)) {
            Some(status) if status.0 == 200 => {}
            Some(status) => return (number, status.0),
            None => panic!("the answer to store {number} is lost"),
        }
    }
    panic!("{STORES_MAX} stores fit");
}

#[test]
fn a_disk_without_room_at_the_start_is_refused() {
    must_mount();
    let world = World::new(30);
    let url = world.directory_url(1);
    let output = node_on_disk(&world, &url, 2, &["--min-free", "64MiB"])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(
        stderr.contains("bytes of free space") && stderr.contains("--min-free"),
        "{stderr}"
    );
}

/// Fault 10: stores are refused with a status, reads and deletes work, nothing is lost.
#[test]
fn a_disk_that_fills_up_refuses_new_messages_only() {
    must_mount();
    let world = World::new(31);
    let (_directory, url) = world.directory(1);
    let more = ["--min-free", "4MiB", "--group-commit", "0ms"];
    let mut node = Service::start(node_on_disk(&world, &url, 40, &more));
    node.wait_ready();
    let owner = Owner::at(&node, 1);
    let other = Owner::at(&node, 2);
    assert_eq!(other.store(b"before").unwrap().0, 200);
    // Somebody else takes the rest of the disk, all but a few MiB.
    let root = format!("/proc/{}/root{}", node.pid(), world.path("disk").display());
    fs::write(Path::new(&root).join("others"), vec![0; 21 << 20]).unwrap();
    let (taken, status) = fill(&owner);
    assert!(taken > 10, "{taken}");
    assert!((500..600).contains(&status), "{status}");
    node.wait_readyz("the disk is nearly full");
    assert_eq!(node.get("/healthz").0, 200);
    // Reading and deleting go on.
    assert_eq!(other.retrieve(), [b"before"]);
    assert!(!owner.retrieve().is_empty());
    // The disk is full to the last byte.
    let rest = fs::write(Path::new(&root).join("rest"), vec![0; 64 << 20]);
    assert_eq!(rest.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_ne!(other.store(&message(0)).unwrap().0, 200);
    assert_eq!(other.retrieve(), [b"before"]);
    assert_eq!(owner.delete_all().0, 200);
    assert!(owner.retrieve().is_empty());
    // Room again: messages again, without a new start.
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::remove_file(path).unwrap();
        }
    }
    node.wait_readyz("ready");
    assert_eq!(other.store(b"after").unwrap().0, 200);
    assert_eq!(other.retrieve(), [&b"before"[..], b"after"]);
    let ended = node.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stderr.contains("the disk is nearly full"),
        "{ended:?}"
    );
}

/// Fault 11: after a write that fails for another reason than room nothing is acknowledged.
#[test]
fn a_disk_that_fails_ends_the_node() {
    let world = World::new(32);
    let (_directory, url) = world.directory(1);
    let args = world.node_args("n", 2, &url, &["--group-commit", "0ms"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // No file may have more than 10 MiB (in blocks of 512 bytes): a write beyond it fails with
    // EFBIG, which is no lack of room.
    let script = "trap '' XFSZ; ulimit -f 20480; exec \"$0\" \"$@\"";
    let mut node = Service::start(world.wrapped(&["sh", "-c", script], &args));
    node.wait_ready();
    let owner = Owner::at(&node, 1);
    let mut taken = 0;
    while taken < STORES_MAX {
        match owner.store(&message(taken)) {
            Some(status) if status.0 == 200 => taken += 1,
            // The node is gone, or says in its last breath that it failed.
            _ => break,
        }
    }
    assert!(taken > 10 && taken < STORES_MAX, "{taken}");
    let ended = node.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    for part in ["its storage failed", "help: see to the disk"] {
        assert!(ended.stderr.contains(part), "{part}: {ended:?}");
    }
    // With the disk mended everything that was acknowledged is there.
    let node = world.node("n", 2, &url, &[]);
    let found = Owner::at(&node, 1).count();
    assert!(found >= taken, "{found} of {taken}");
}
