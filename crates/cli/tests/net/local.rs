//! `leek net`: a network of real processes, seen from other terminals.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::{
    owner::Owner,
    service::{Ended, LIMIT, World, pause},
};

const UP: [&str; 7] = ["net", "up", "--nodes", "5", "--swarm-size", "5", "--json"];

/// A supervisor in a terminal of its own. Killed when dropped, and with it its processes.
struct Up {
    child: Child,
    ready: Value,
}

impl Up {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        // Pretty JSON: its last line is a bare brace.
        while !text.ends_with("\n}\n") {
            if stdout.read_line(&mut text).unwrap() == 0 {
                let mut stderr = String::new();
                child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut stderr)
                    .unwrap();
                panic!("{text}{stderr}");
            }
        }
        Self {
            child,
            ready: serde_json::from_str(&text).unwrap(),
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        let mut stderr = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        (code, stderr)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status(world: &World) -> Value {
    let ended = world.leek(&["net", "status", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn process<'a>(status: &'a Value, name: &str) -> &'a Value {
    let all = status["processes"].as_array().unwrap();
    all.iter().find(|process| process["name"] == name).unwrap()
}

/// Waits until this process is so.
fn wait_process(world: &World, name: &str, is: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let status = status(world);
        if is(process(&status, name)) {
            return status;
        }
        assert!(start.elapsed() < LIMIT, "{name} is not so: {status:#}");
        pause();
    }
}

fn wait_life(world: &World, name: &str, life: &Value) -> Value {
    wait_process(world, name, |process| process["life"] == *life)
}

fn pids(status: &Value) -> Vec<i32> {
    let all = status["processes"].as_array().unwrap();
    let pid = |process: &Value| {
        process["pid"]
            .as_i64()
            .and_then(|pid| i32::try_from(pid).ok())
    };
    all.iter().filter_map(pid).collect()
}

fn are_gone(pids: &[i32]) -> bool {
    pids.iter()
        .all(|pid| test_kill_process(Pid::from_raw(*pid).unwrap()).is_err())
}

fn assert_done(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_network_is_brought_up_hurt_healed_and_brought_down() {
    let world = World::new(50);
    let up = Up::start(world.command(&UP));
    assert_eq!(up.ready["listed"], 5);
    let all = up.ready["processes"].as_array().unwrap();
    assert_eq!(all.len(), 8);
    for process in all {
        assert_eq!(process["life"], "ready", "{process}");
    }
    let before = status(&world);
    assert_eq!(before["up"], true);
    let swarms: Vec<_> = (0..5)
        .map(|number| process(&before, &format!("node-{number}"))["swarm"].clone())
        .collect();
    assert!(
        swarms
            .iter()
            .all(|swarm| *swarm == swarms[0] && swarm.is_string()),
        "{swarms:?}"
    );

    let first = process(&before, "node-0");
    let text = |key: &str| first[key].as_str().unwrap();
    let owner = Owner::new(text("id"), text("address"), 1);
    assert_eq!(owner.store(b"kept by five").unwrap().0, 200);

    // SIGKILL, a disk that rots meanwhile, and back at the same address with the same id.
    assert_done(&world.leek(&["net", "kill", "3"]));
    let database = world.path("leek-net/node-3/messages.db");
    let rotten = fs::read(&database)
        .unwrap()
        .into_iter()
        .map(|byte| byte ^ 1);
    fs::write(&database, rotten.collect::<Vec<_>>()).unwrap();
    let hurt = wait_life(
        &world,
        "node-3",
        &serde_json::json!({"killed": {"signal": 9}}),
    );
    assert_eq!(process(&hurt, "node-3")["pid"], Value::Null);
    let again = world.leek(&["net", "kill", "node-3"]);
    assert_eq!(again.code, Some(4), "{again:?}");
    assert!(again.stderr.contains("node-3 is not running"), "{again:?}");
    assert_done(&world.leek(&["net", "start", "3"]));
    let healed = wait_life(&world, "node-3", &"ready".into());
    for key in ["id", "address", "swarm"] {
        assert_eq!(
            process(&healed, "node-3")[key],
            process(&before, "node-3")[key]
        );
    }
    assert_ne!(
        process(&healed, "node-3")["pid"],
        process(&before, "node-3")["pid"]
    );
    // It pulled from the others what it had lost.
    wait_process(&world, "node-3", |node| {
        node["messages"] == 1 && node["bytes"] == 12
    });
    let log = fs::read_to_string(world.path("leek-net/logs/node-3.log")).unwrap();
    assert!(
        log.contains("the database was damaged and is set aside"),
        "{log}"
    );

    // SIGSTOP and SIGCONT, of a directory.
    assert_done(&world.leek(&["net", "pause", "directory-0"]));
    wait_life(&world, "directory-0", &"paused".into());
    assert_done(&world.leek(&["net", "resume", "directory-0"]));
    wait_life(&world, "directory-0", &"ready".into());

    let none = world.leek(&["net", "kill", "9"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(none.stderr.contains("there is no node-9"), "{none:?}");
    let second = world.leek(&UP);
    assert_eq!(second.code, Some(4), "{second:?}");
    assert!(second.stderr.contains("a network is up in"), "{second:?}");

    let pids = pids(&status(&world));
    assert_eq!(pids.len(), 8);
    let table = world.leek(&["net", "status"]).stdout;
    assert!(
        table.contains("5 of 5 nodes ready, 3 directories"),
        "{table}"
    );
    // Without a terminal nobody can confirm; nothing is touched.
    let unasked = world.leek(&["net", "down", "--wipe"]);
    assert_eq!(unasked.code, Some(2), "{unasked:?}");
    assert_eq!(status(&world)["up"], true);
    assert_done(&world.leek(&["net", "down"]));
    assert!(are_gone(&pids), "down waits for all to end");
    assert_eq!(up.end().0, Some(0));
    let down = world.leek(&["net", "status"]);
    assert!(down.stdout.contains("the network is down"), "{down:?}");

    // The same network comes up again, for somebody who leaves.
    let again = world.leek(&[&UP[..], &["--detach"]].concat());
    assert_done(&again);
    let ready: Value = serde_json::from_str(&again.stdout).unwrap();
    let addresses = |status: &Value| {
        let all = status["processes"].as_array().unwrap().clone();
        let named = |process: &Value| (process["id"].clone(), process["address"].clone());
        all.iter().map(named).collect::<Vec<_>>()
    };
    assert_eq!(addresses(&ready), addresses(&before));
    let other = world.leek(&["net", "up", "--nodes", "4", "--json"]);
    assert_eq!(other.code, Some(4), "{other:?}");
    assert_done(&world.leek(&["net", "down", "--wipe", "--yes"]));
    assert!(!world.path("leek-net").exists());
    let none = world.leek(&["net", "status"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(none.stderr.contains("there is no network in "), "{none:?}");
}

#[test]
fn nobody_outlives_a_supervisor() {
    let world = World::new(51);
    let small = [
        "net",
        "up",
        "--nodes",
        "1",
        "--swarm-size",
        "1",
        "--directories",
        "1",
        "--json",
    ];
    let up = Up::start(world.command(&small));
    let children = pids(&up.ready);
    assert_eq!(children.len(), 2);
    up.signal(Signal::KILL);
    assert_eq!(up.end().0, None);
    let start = Instant::now();
    while !are_gone(&children) {
        assert!(start.elapsed() < LIMIT, "they live on");
        pause();
    }
    let status = status(&world);
    assert_eq!(status["up"], false);
    assert_done(&world.leek(&["net", "down"]));
    // Ctrl-C is the usual end.
    let up = Up::start(world.command(&small));
    let children = pids(&up.ready);
    up.signal(Signal::INT);
    assert_eq!(up.end().0, Some(0));
    assert!(are_gone(&children));
}

#[test]
fn a_process_that_does_not_start_is_told_with_its_reason() {
    let world = World::new(52);
    let small = [
        "net",
        "up",
        "--nodes",
        "1",
        "--swarm-size",
        "1",
        "--directories",
        "1",
        "--json",
    ];
    Up::start(world.command(&small));
    fs::write(world.path("leek-net/node-0/node.key"), "no key").unwrap();
    let ended = world.leek(&small);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    for part in ["node-0 ended with exit code 4", "holds no key"] {
        assert!(ended.stderr.contains(part), "{part}: {ended:?}");
    }
    let different = world.leek(&["net", "up", "--nodes", "4", "--json"]);
    assert_eq!(different.code, Some(2), "{different:?}");
    assert!(different.stderr.contains("1 nodes, not 4"), "{different:?}");
    let odd = world.leek(&["net", "up", "--nodes", "5", "--dir", "odd"]);
    assert_eq!(odd.code, Some(2), "{odd:?}");
    assert!(odd.stderr.contains("do not divide"), "{odd:?}");
}
