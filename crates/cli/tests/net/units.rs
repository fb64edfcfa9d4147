//! The unit files for systemd start what the program understands.

use std::{fs, path::PathBuf};

use crate::service::World;

fn unit(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../docs/systemd", name]
        .iter()
        .collect();
    fs::read_to_string(path).unwrap()
}

#[test]
fn every_option_of_a_unit_is_understood() {
    let world = World::new(40);
    for (name, command) in [
        ("leek-node.service", ["node", "run"]),
        ("leek-directory.service", ["directory", "run"]),
    ] {
        let text = unit(name).replace("\\\n", " ");
        let start = text
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="))
            .unwrap();
        let start = start
            .replace("${STATE_DIRECTORY}", "state")
            .replace("${LEEK_LISTEN}", "203.0.113.5:22021");
        let mut words = start.split_ascii_whitespace();
        assert_eq!(words.next(), Some("/usr/local/bin/leek"));
        let args: Vec<&str> = words.chain(["--help"]).collect();
        assert_eq!(args[..2], command, "{name}");
        let help = world.leek(&args);
        assert_eq!(help.code, Some(0), "{name}: {help:?}");
        // Parsed for real: the network's file is missing, and nothing was made.
        let ended = world.leek(&args[..args.len() - 1]);
        assert_eq!(ended.code, Some(4), "{name}: {ended:?}");
        assert!(
            ended.stderr.contains("read /etc/leek/network.toml"),
            "{name}: {ended:?}"
        );
        assert!(!world.path("state").exists());
    }
}
