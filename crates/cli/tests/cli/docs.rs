//! The reference in `docs/src/reference` says what the program does.

mod fields;

use std::{env, fs, path::PathBuf};

use serde_json::Value;

use crate::support::World;

const BEGIN: &str = "<!-- fields: begin (made from the schema; LEEK_BLESS=1 writes it anew) -->\n";
const END: &str = "<!-- fields: end -->\n";

fn reference(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../docs/src/reference", name]
        .iter()
        .collect()
}

#[test]
fn every_field_of_a_scenario_is_in_the_reference() {
    let schema = World::new().leek(&["schema", "scenario"]).stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let made = fields::markdown(&schema);
    let path = reference("scenario.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(BEGIN).expect("the begin marker");
    let (written, tail) = rest.split_once(END).expect("the end marker");
    if env::var_os("LEEK_BLESS").is_some() {
        fs::write(&path, [head, BEGIN, &made, END, tail].concat()).unwrap();
        return;
    }
    assert!(
        written == made,
        "docs/src/reference/scenario.md is out of date; it should say\n{made}"
    );
}

#[test]
fn every_option_is_in_the_reference() {
    let world = World::new();
    let text = fs::read_to_string(reference("cli.md")).unwrap();
    for command in ["run", "list", "schema", "verify"] {
        let usage = format!("\n## `leek {command}");
        let section = text
            .split_once(&usage)
            .unwrap_or_else(|| panic!("no section for {command}"))
            .1;
        let section = section.split("\n## ").next().unwrap();
        let help = world.leek(&[command, "--help"]).stdout;
        // Option lines are indented by two or six blanks and begin with a dash.
        let options = help
            .lines()
            .map(str::trim_start)
            .filter(|line| line.starts_with('-'));
        for option in options.flat_map(|line| line.split([' ', ','])) {
            if option.starts_with("--") && option != "--help" {
                assert!(
                    section.contains(&format!("`{option}")),
                    "{command}: {option}"
                );
            }
        }
        let variables = help.split("[env: ").skip(1);
        for variable in variables.filter_map(|rest| rest.split('=').next()) {
            assert!(
                text.contains(&format!("`{variable}`")),
                "{command}: {variable}"
            );
        }
    }
}

#[test]
fn every_exit_code_is_in_the_reference() {
    use leek_report::{EXIT_ENVIRONMENT, EXIT_USAGE, Verdict};
    let text = fs::read_to_string(reference("cli.md")).unwrap();
    let verdicts = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Inconclusive,
        Verdict::Breached,
        Verdict::Interrupted,
    ];
    for verdict in verdicts {
        let row = format!("| {} | `{verdict}` |", verdict.exit_code());
        assert!(text.contains(&row), "{row}");
    }
    for code in [EXIT_USAGE, EXIT_ENVIRONMENT] {
        assert!(text.contains(&format!("| {code} | |")), "{code}");
    }
}
