//! The reference in `docs/src/reference` says what the program does, and pages that repeat numbers
//! repeat them right.

mod fields;
mod limits;
mod options;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use options::{Command, commands};
use serde_json::Value;

use crate::support::World;

const BEGIN: &str = "<!-- fields: begin (made from the schema; LEEK_BLESS=1 writes it anew) -->\n";
const END: &str = "<!-- fields: end -->\n";

/// Behind the options of a command; in front stands `<!-- options: leek … -->`. What is between is
/// made from `--help`, and `LEEK_BLESS=1` writes it anew.
const OPTIONS_END: &str = "<!-- /options -->\n";

/// What comes after the last command.
const AFTER_COMMANDS: &str = "## Exit codes\n";

/// Around the limits of the transport.
const LIMITS_BEGIN: &str =
    "<!-- limits: begin (made from crates/driver/src/limits.rs; LEEK_BLESS=1 writes it anew) -->\n";
const LIMITS_END: &str = "<!-- limits: end -->\n";

fn repository(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../..", path].iter().collect()
}

fn reference(name: &str) -> PathBuf {
    repository("docs/src/reference").join(name)
}

/// Holds what stands between two markers of a page against what is `made`, or writes that there.
fn check_made(path: &Path, begin: &str, end: &str, made: &str) {
    let text = fs::read_to_string(path).unwrap();
    let (head, rest) = text.split_once(begin).expect("the begin marker");
    let (written, tail) = rest.split_once(end).expect("the end marker");
    if env::var_os("LEEK_BLESS").is_some() {
        fs::write(path, [head, begin, made, end, tail].concat()).unwrap();
        return;
    }
    let name = path.display();
    assert!(
        written == made,
        "{name} is out of date; it should say\n{made}"
    );
}

#[test]
fn every_field_of_a_scenario_is_in_the_reference() {
    let schema = World::new().leek(&["schema", "scenario"]).stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let made = fields::markdown(&schema);
    check_made(&reference("scenario.md"), BEGIN, END, &made);
}

#[test]
fn every_limit_of_the_transport_is_explained() {
    let source = fs::read_to_string(repository("crates/driver/src/limits.rs")).unwrap();
    let page = repository("docs/src/explanation/real-network.md");
    check_made(&page, LIMITS_BEGIN, LIMITS_END, &limits::markdown(&source));
}

#[test]
fn every_command_is_in_the_reference_with_its_options() {
    let world = World::new();
    let path = reference("cli.md");
    let mut text = fs::read_to_string(&path).unwrap();
    let blessing = env::var_os("LEEK_BLESS").is_some();
    let commands = commands(&world);
    for command in &commands {
        let (name, made) = (&command.name, command.markdown());
        let begin = format!("<!-- options: leek {name} -->\n");
        if blessing && !text.contains(&begin) {
            let section = format!(
                "## `leek {name}`\n\n{}.\n\n{begin}{OPTIONS_END}\n",
                command.about
            );
            text = text.replacen(AFTER_COMMANDS, &(section + AFTER_COMMANDS), 1);
        }
        let (head, rest) = text
            .split_once(&begin)
            .unwrap_or_else(|| panic!("no section for `leek {name}`"));
        assert!(head.contains(&format!("\n## `leek {name}`\n")), "{name}");
        let (written, tail) = rest.split_once(OPTIONS_END).expect("the end marker");
        if blessing {
            text = [head, &begin, &made, OPTIONS_END, tail].concat();
        } else {
            assert!(
                written == made,
                "docs/src/reference/cli.md is out of date; of `leek {name}` it should say\n{made}"
            );
        }
    }
    assert_eq!(text.matches(OPTIONS_END).count(), commands.len());
    if blessing {
        fs::write(&path, &text).unwrap();
    }
    let (_, environment) = text.split_once("\n## Environment\n").expect("a section");
    for variable in commands.iter().flat_map(Command::variables) {
        assert!(
            environment.contains(&format!("| `{variable}` |")),
            "{variable}"
        );
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
