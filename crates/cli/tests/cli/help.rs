//! What the program says about itself.

use serde_json::Value;

use crate::support::World;

#[test]
fn help_shows_commands_and_examples() {
    let ended = World::new().leek(&["--help"]);
    assert_eq!(ended.code, Some(0));
    for part in [
        "run",
        "list",
        "schema",
        "verify",
        "Examples:",
        "leek run first-light",
        "130",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    let run = World::new().leek(&["run", "--help"]);
    for part in [
        "--seed",
        "--set",
        "--threads",
        "--out",
        "--json",
        "--quiet",
        "LEEK_SEED",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 100),
        "{}",
        run.stdout
    );
}

#[test]
fn every_example_in_the_help_is_understood() {
    let world = World::new();
    for command in [&["--help"][..], &["run", "--help"]] {
        let help = world.leek(command).stdout;
        let examples = help.lines().filter_map(|line| line.strip_prefix("  leek "));
        let mut count = 0;
        for example in examples {
            // Words up to the comment or the redirection; parsed only, by asking for help.
            let words = example
                .split("  ")
                .next()
                .unwrap()
                .split(" > ")
                .next()
                .unwrap();
            let words = words.replace('\'', "");
            let args: Vec<&str> = words.split(' ').chain(["--help"]).collect();
            let ended = world.leek(&args);
            assert_eq!(ended.code, Some(0), "{example}: {}", ended.stderr);
            count += 1;
        }
        assert!(count >= 6, "{help}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let ended = World::new().leek(&["--version"]);
    assert_eq!(
        ended.stdout,
        concat!("leek ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn list_names_what_run_takes() {
    let world = World::new();
    let text = world.leek(&["list"]).stdout;
    let json: Value = serde_json::from_str(&world.leek(&["list", "--json"]).stdout).unwrap();
    let all = json.as_array().unwrap();
    assert_eq!(all.len(), text.lines().count());
    for scenario in all {
        let name = scenario["name"].as_str().unwrap();
        let purpose = scenario["purpose"].as_str().unwrap();
        assert!(!purpose.is_empty(), "{name}");
        assert!(
            text.lines()
                .any(|line| line.starts_with(name) && line.ends_with(purpose))
        );
        // It loads: the refusal is about the directory, which comes after the scenario.
        world.write("full/file", "");
        let ended = world.leek(&["run", name, "--out", "full"]);
        assert_eq!(ended.code, Some(2), "{name}");
        assert!(
            ended.stderr.contains("it is not empty"),
            "{name}: {}",
            ended.stderr
        );
    }
}

#[test]
fn schemas_are_json_schemas() {
    let world = World::new();
    for (args, property) in [
        (&["schema"][..], "/properties/network"),
        (&["schema", "scenario"], "/properties/extends"),
        (&["schema", "summary"], "/properties/digest"),
        (&["schema", "manifest"], "/properties/scenario_hash"),
    ] {
        let ended = world.leek(args);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let schema: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert!(schema.pointer(property).is_some(), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_nobody_takes() {
    use std::{fs::File, process::Stdio};

    use crate::support::Ended;

    let world = World::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ended = Ended::of(world.command(&["list"]).stdout(full).output().unwrap());
    assert_eq!(ended.code, Some(4));
    assert!(
        ended
            .stderr
            .starts_with("error: write to standard output: "),
        "{}",
        ended.stderr
    );

    // A reader that has seen enough is no error.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = world.command(&["schema"]);
    let ended = Ended::of(
        command
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap(),
    );
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
}
