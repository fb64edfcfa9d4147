//! What the program refuses: always with exit code 2 or 4, the place, and a remedy.

use crate::support::{Ended, World};

/// Runs and expects a refusal that changes nothing: no run directory, nothing on stdout.
fn refused(world: &World, args: &[&str]) -> Ended {
    let ended = world.leek(args);
    assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.stderr);
    assert_eq!(ended.stdout, "", "{args:?}");
    assert!(!world.path("runs/hundred-seed1").exists(), "{args:?}");
    ended
}

fn assert_has(ended: &Ended, parts: &[&str]) {
    // Long messages are wrapped.
    let text = ended.stderr.replace('│', " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{}", ended.stderr);
    }
}

#[test]
fn an_unknown_key_exactly() {
    let world = World::new();
    world.write(
        "mine.toml",
        "extends = \"hundred\"\n\n[network]\nnodez = 3\n",
    );
    let ended = refused(&world, &["run", "mine.toml"]);
    let expected =
        "  × unknown field `nodez`, expected one of `nodes`, `swarms`, `shared_slash24`, `latency`,
  │ `jitter`, `loss`, `duplication`
   ╭─[mine.toml:4:1]
 3 │ [network]
 4 │ nodez = 3
   · ──┬──
   ·   ╰── here
   ╰────
  help: did you mean `nodes`?

";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn more_hops_than_nodes_exactly() {
    let world = World::new();
    world.write(
        "mine.toml",
        "extends = \"hundred\"\nonion.hops = 5\nnetwork.nodes = 7\n",
    );
    let ended = refused(&world, &["run", "mine.toml"]);
    let expected =
        "  × 2 disjoint paths of 5 hops and a destination need 11 nodes, but the network has 7
   ╭─[mine.toml:2:14]
 1 │ extends = \"hundred\"
 2 │ onion.hops = 5
   ·              ┬
   ·              ╰── here
 3 │ network.nodes = 7
   ╰────
  help: lower `onion.hops` or `onion.guards`, or give at least 11 nodes

";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn a_missing_scenario_exactly() {
    let ended = refused(&World::new(), &["run"]);
    let expected = "error: the following required arguments were not provided:
  <SCENARIO>

  tip: `leek list` names the scenarios that ship

Usage: leek run <SCENARIO>

For more information, try '--help'.
";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn units_are_asked_for() {
    let world = World::new();
    world.write(
        "wrong.toml",
        "extends = \"hundred\"\n[clients]\npoll = \"5 parsecs\"\n",
    );
    let ended = refused(&world, &["run", "wrong.toml"]);
    assert_has(
        &ended,
        &[
            "[wrong.toml:3:8]",
            "`5 parsecs` is not a time with its unit",
            "\"250ms\"",
        ],
    );
    let ended = refused(&world, &["run", "hundred", "--set", "clients.poll=5"]);
    assert_has(
        &ended,
        &[
            "[--set clients.poll:1:14]",
            "integer `5`",
            "a time with its unit: \"250ms\"",
        ],
    );
}

#[test]
fn broken_toml_is_shown() {
    let world = World::new();
    world.write("broken.toml", "seed = 7\n[network\nnodes = 3\n");
    assert_has(
        &refused(&world, &["run", "broken.toml"]),
        &["[broken.toml:2:"],
    );
}

#[test]
fn traces_are_checked_line_by_line() {
    let world = World::new();
    world.write(
        "mine.toml",
        "extends = \"trace\"\n[workload.trace]\nfile = \"t.txt\"\nover = \"1h\"\n",
    );
    let ended = refused(&world, &["run", "mine.toml"]);
    assert_has(
        &ended,
        &[
            "[mine.toml:3:8]",
            "t.txt`: there is no such file",
            "leave the key out",
        ],
    );

    world.write("t.txt", "1 2 100\n1 2 three\n");
    let ended = refused(&world, &["run", "mine.toml", "--out", "a/b"]);
    assert_has(
        &ended,
        &[
            "t.txt:2:1]",
            "line 2 is not `SRC DST UNIX_SECONDS`",
            "three whole numbers",
        ],
    );
    // The directory was made before the trace was read, and is gone again.
    assert!(!world.path("a/b").exists());
}

#[test]
fn overrides_need_a_key_and_a_value() {
    let world = World::new();
    let ended = refused(&world, &["run", "hundred", "--set", "clients.count"]);
    assert_has(
        &ended,
        &[
            "`--set clients.count` has no `=`",
            "write --set clients.count=20",
        ],
    );
    let ended = refused(&world, &["run", "hundred", "--set", "clients..count=20"]);
    assert_has(&ended, &["--set clients..count:1:9"]);
}

#[test]
fn names_are_suggested() {
    let world = World::new();
    let ended = refused(&world, &["run", "first-ligth"]);
    assert_has(
        &ended,
        &[
            "[command line:1:1]",
            "did you mean `first-light`?",
            "must end in .toml",
        ],
    );
    let ended = refused(&world, &["run", "no.toml"]);
    assert_has(
        &ended,
        &["no.toml`: there is no such file", "`leek list` names"],
    );
    let ended = refused(&world, &["rum", "hundred"]);
    assert_has(&ended, &["a similar subcommand exists: 'run'"]);
    assert_has(
        &refused(&world, &["schema", "sumary"]),
        &["a similar value exists: 'summary'"],
    );
}

#[test]
fn a_circle_of_extends_ends() {
    let world = World::new();
    world.write("a.toml", "extends = \"b.toml\"\n");
    world.write("b.toml", "extends = \"a.toml\"\n");
    let ended = refused(&world, &["run", "a.toml"]);
    assert_has(
        &ended,
        &["extend one another", ".toml:1:11]", "is there a circle?"],
    );
}

#[test]
fn numbers_out_of_range() {
    let world = World::new();
    for (option, value) in [
        ("--seed", "-1"),
        ("--seed", "9223372036854775808"),
        ("--threads", "0"),
        ("--threads", "x"),
    ] {
        let argument = format!("{option}={value}");
        let ended = refused(&world, &["run", "hundred", &argument]);
        assert_has(
            &ended,
            &[&format!("invalid value '{value}' for '{option} <N>'")],
        );
    }
    let ended = Ended::of(
        world
            .command(&["run", "hundred"])
            .env("LEEK_SEED", "x")
            .output()
            .unwrap(),
    );
    assert_eq!(ended.code, Some(2));
    assert_has(&ended, &["invalid value 'x' for '--seed <N>'"]);
}

#[test]
fn a_directory_with_something_in_it_is_kept() {
    let world = World::new();
    let file = world.write("full/notes.txt", "mine");
    let ended = refused(&world, &["run", "hundred", "--out", "full"]);
    assert_has(
        &ended,
        &["error: create run directory full: it is not empty; name another directory"],
    );
    assert_eq!(std::fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn a_directory_that_cannot_be_made() {
    let world = World::new();
    world.write("file", "");

    // Before the run, which would take days.
    let ended = world.leek(&[
        "run",
        "hundred",
        "--set",
        "duration=1000h",
        "--out",
        "file/run",
    ]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(4), ""));
    assert_has(
        &ended,
        &[
            "error: create run directory file/run: ",
            "help: name a directory you may write to",
        ],
    );

    world.write("runs", "");
    let ended = world.leek(&["run", "hundred", "--set", "duration=1000h"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(4), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up() {
    let world = World::new();
    let program = env!("CARGO_BIN_EXE_leek");
    let small = crate::support::SMALL.join(" ");
    // No file may grow (SIGXFSZ ignored, so writing fails): what a full disk looks like.
    let script = format!("trap '' XFSZ; ulimit -f 0; exec {program} run hundred --quiet {small}");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(world.path(""));
    let ended = Ended::of(command.output().unwrap());
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(4), ""),
        "{}",
        ended.stderr
    );
    assert_has(&ended, &["error: write runs/hundred-seed1/scenario.toml: "]);
    assert!(!world.path("runs/hundred-seed1/summary.json").exists());
}

#[test]
fn a_strangers_scenario_cannot_write_to_the_terminal() {
    let world = World::new();
    world.write(
        "evil.toml",
        "extends = \"hundred\"\n\"\\u001b[2J\" = 1 # \u{202e}\n",
    );
    let ended = refused(&world, &["run", "evil.toml"]);
    assert!(
        !ended
            .stderr
            .chars()
            .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}')
    );
    assert_has(&ended, &["[evil.toml:2:1]"]);
}
