//! Ends and new starts: in good order, at once, by force, and with a database that was damaged.

use std::fs;

use rustix::process::Signal;

use crate::{
    owner::Owner,
    service::{World, files},
};

#[test]
fn what_was_stored_durably_survives_kill_and_stop() {
    let world = World::new(20);
    let (_directory, url) = world.directory(1);
    let node = world.node("n", 2, &url, &[]);
    let owner = Owner::at(&node, 1);
    assert_eq!(owner.store(b"one").unwrap().0, 200);
    node.kill();
    let node = world.node("n", 2, &url, &[]);
    let owner = Owner::at(&node, 1);
    assert_eq!(owner.retrieve(), [b"one"]);
    assert_eq!(owner.store(b"two").unwrap().0, 200);
    let ended = node.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout, r#"{"event":"stopped"}"#);
    let node = world.node("n", 2, &url, &[]);
    assert_eq!(Owner::at(&node, 1).retrieve(), [&b"one"[..], b"two"]);
    // What a scraper sees: counts, and nothing that tells who.
    let (status, metrics) = node.get("/metrics");
    assert_eq!(status, 200);
    for line in [
        "leek_store_messages{role=\"node\"} 2",
        "leek_store_bytes{role=\"node\"} 6",
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line}: {metrics}"
        );
    }
    let ip = node.address.split(':').next().unwrap();
    for identifier in [&node.id[..16], ip] {
        assert!(!metrics.contains(identifier), "{identifier}: {metrics}");
    }
}

#[test]
fn a_node_starts_from_its_cache_when_no_directory_answers() {
    let world = World::new(21);
    let (directory, url) = world.directory(1);
    let node = world.node("n", 2, &url, &[]);
    let listen = node.address.clone();
    assert_eq!(node.stop().code, Some(0));
    assert!(files(&world.path("n")).contains(&"snapshot.cache".to_owned()));
    directory.kill();
    let mut node = crate::service::Service::start(world.command(&[
        "node",
        "run",
        "--json",
        "--data-dir",
        "n",
        "--listen",
        &listen,
        "--directory",
        &url,
        "--min-free",
        "1MiB",
    ]));
    node.wait_ready();
}

#[test]
fn a_damaged_database_is_set_aside_and_said_so() {
    let world = World::new(22);
    let (_directory, url) = world.directory(1);
    let node = world.node("n", 2, &url, &[]);
    assert_eq!(Owner::at(&node, 1).store(b"one").unwrap().0, 200);
    assert_eq!(node.stop().code, Some(0));
    let database = world.path("n").join("messages.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
    fs::write(&database, &bytes).unwrap();
    let node = world.node("n", 2, &url, &[]);
    assert!(Owner::at(&node, 1).retrieve().is_empty());
    let ended = node.stop();
    assert!(
        ended.stderr.contains("the database was damaged"),
        "{ended:?}"
    );
    let aside: Vec<_> = files(&world.path("n"))
        .into_iter()
        .filter(|name| name.starts_with("messages.db.corrupt-"))
        .collect();
    let [aside] = &aside[..] else {
        panic!("{aside:?}")
    };
    assert_eq!(fs::read(world.path("n").join(aside)).unwrap(), bytes);
    assert!(ended.stderr.contains(aside), "{ended:?}");
}

#[test]
fn a_second_signal_ends_a_node_at_once() {
    let world = World::new(23);
    let (_directory, url) = world.directory(1);
    let node = world.node("n", 2, &url, &[]);
    // Both wait until it goes on, so that it sees them together.
    node.send(Signal::STOP);
    node.send(Signal::INT);
    node.send(Signal::TERM);
    node.send(Signal::CONT);
    let ended = node.end();
    assert_eq!(ended.code, Some(130), "{ended:?}");
}

#[test]
fn a_directory_does_not_forget_what_it_signed() {
    let world = World::new(24);
    let (directory, url) = world.directory(1);
    let node = world.node("n", 2, &url, &[]);
    directory.kill();
    let state = world.path("d1").join("signed.state");
    let signed = fs::read(&state).unwrap();
    assert!(!signed.is_empty());
    fs::write(&state, &signed[..signed.len() - 1]).unwrap();
    let ended = world.leek(&[
        "directory",
        "run",
        "--data-dir",
        "d1",
        "--listen",
        &world.address(1),
        "--directory",
        &url,
        "--swarm-size",
        "1",
    ]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(
        ended.stderr.contains("signed.state") && ended.stderr.contains("help: "),
        "{ended:?}"
    );
    assert_eq!(fs::read(&state).unwrap().len(), signed.len() - 1);
    fs::write(&state, &signed).unwrap();
    // It serves what it signed before any node has come back to it.
    let (mut directory, _) = world.directory(1);
    directory.wait_ready();
    assert_eq!(node.stop().code, Some(0));
}
