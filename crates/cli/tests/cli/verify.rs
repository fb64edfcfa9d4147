//! `leek verify`: an honest run directory passes, any tampering is found.

use std::fs;

use serde_json::Value;

use crate::support::{Ended, World};

fn fails(world: &World, parts: &[&str]) -> Ended {
    let ended = world.leek(&["verify", "a"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stdout.lines().last().unwrap().starts_with("FAIL "),
        "{}",
        ended.stdout
    );
    for part in parts {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    ended
}

#[test]
fn an_honest_directory_passes() {
    let world = World::new();
    world.small_run("a", &[]);
    let ended = world.leek(&["verify", "a"]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(0), "PASS differences=0 run=a\n")
    );
    let ended = world.leek(&["verify", "--json", "a"]);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["verdict"], "PASS");
    assert_eq!(document["differences"], Value::Array(vec![]));
}

#[test]
fn a_changed_number_is_named() {
    let world = World::new();
    world.small_run("a", &[]);
    let path = world.path("a/summary.json");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replace("\"delivered\": 20,", "\"delivered\": 21,");
    assert_ne!(text, changed);
    fs::write(&path, changed).unwrap();
    fails(
        &world,
        &[
            "/delivery/delivered: summary.json says 21, found 20\n",
            "differences=1",
        ],
    );
    let document: Value =
        serde_json::from_str(&world.leek(&["verify", "--json", "a"]).stdout).unwrap();
    let expected = serde_json::json!([
        { "field": "/delivery/delivered", "stated": 21, "found": 20 }
    ]);
    assert_eq!(
        (&document["verdict"], &document["differences"]),
        (&"FAIL".into(), &expected)
    );
}

#[test]
fn a_changed_scenario_is_found() {
    let world = World::new();
    world.small_run("a", &[]);
    let path = world.path("a/effective.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("hops = 3", "hops = 2")).unwrap();
    fails(&world, &["/scenario_hash: "]);
    fs::write(&path, text.replace("seed = 1\n", "seed = 2\n")).unwrap();
    fails(&world, &["/seed: "]);
}

#[test]
fn changed_missing_and_damaged_tables_are_found() {
    let world = World::new();
    world.small_run("a", &[]);
    world.small_run("b", &["--seed", "2"]);
    let table = world.path("a/requests.parquet");
    let honest = fs::read(&table).unwrap();

    fs::copy(world.path("b/requests.parquet"), &table).unwrap();
    fails(&world, &["/requests/"]);
    let (half, _) = honest.split_at(honest.len() / 2);
    fs::write(&table, half).unwrap();
    fails(&world, &["requests.parquet"]);
    fs::remove_file(&table).unwrap();
    fails(&world, &["requests.parquet"]);
    fs::write(&table, honest).unwrap();
    assert_eq!(world.leek(&["verify", "a"]).code, Some(0));
    fs::remove_file(world.path("a/summary.json")).unwrap();
    fails(&world, &["summary.json"]);
}

#[test]
fn no_directory_is_a_wrong_argument() {
    let world = World::new();
    let ended = world.leek(&["verify", "nowhere"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(
        ended
            .stderr
            .starts_with("error: nowhere is not a directory\nhelp: ")
    );
}
