//! `cargo xtask vectors` as a person runs it.

#![allow(clippy::unwrap_used, reason = "test code outside test functions")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const FORMATS: &str = include_str!("../testdata/session_formats.json");

fn vectors(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_xtask");
    let mut command = Command::new(program);
    command.arg("vectors").args(arguments).output().unwrap()
}

fn write(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn good_files_are_added_up() {
    let path = write("vectors-good.json", FORMATS);
    let path = path.to_str().unwrap();
    let output = vectors(&["--json", path, path]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let start = r#"{"areas":{"account":{"passed":8,"failed":0,"unsupported":0},"#;
    assert!(stdout(&output).starts_with(start), "{}", stdout(&output));
    assert!(!stdout(&output).contains("failures"));
    let output = vectors(&[path]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).starts_with("area "), "{}", stdout(&output));
}

#[test]
fn one_wrong_digit_fails_and_names_the_case() {
    let digit = "cae66941d9efbd404e4d88758ea67670";
    assert_eq!(FORMATS.matches(digit).count(), 1);
    let path = write(
        "vectors-wrong.json",
        &FORMATS.replace(digit, "cae66941d9efbd404e4d88758ea67678"),
    );
    let path = path.to_str().unwrap();
    let line = "hash_blake2b: case `h-0`: outputs.hash: expected";
    let output = vectors(&[path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains(line), "{}", stdout(&output));
    let output = vectors(&["--json", path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains(r#""hash_blake2b":{"passed":3,"failed":1,"#));
    assert!(stderr(&output).contains(line), "{}", stderr(&output));
}

#[test]
fn unreadable_files_end_with_2_and_a_place() {
    let output = vectors(&["no-such-file.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no-such-file.json"));

    let cut = FORMATS.get(..1000).unwrap();
    let path = write("vectors-cut.json", cut);
    let output = vectors(&[path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("vectors-cut.json: line "),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("remedy: "), "{}", stderr(&output));

    let path = write(
        "vectors-list.json",
        r#"{"format":"vectors-1","cases":[{"area":"a"}]}"#,
    );
    let output = vectors(&[path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("cases[0].name"),
        "{}",
        stderr(&output)
    );
}
