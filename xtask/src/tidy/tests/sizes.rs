//! Lengths and the ratchet.

use super::{Fixture, Level, Tree, ratchet};

/// A function of `lines` lines, from `fn` to the closing brace.
pub(super) fn function(name: &str, lines: usize) -> String {
    format!("fn {name}() {{\n{}}}\n", "    work();\n".repeat(lines - 2))
}

pub(super) const LIBRARY: &str = "crates/low/src/part.rs";

#[test]
fn long_functions_are_found_and_tests_may_be_long() {
    let mut files = Fixture::new();
    files.put(LIBRARY, &function("at_the_limit", 70));
    assert_eq!(files.findings(), []);

    files.put(LIBRARY, &(function("short", 3) + &function("long", 71)));
    let finding = files.finds("function-length", LIBRARY, 4);
    assert_eq!(finding.what, "long has 71 lines, 70 at most");

    files.put(
        LIBRARY,
        &format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function("long", 71)),
    );
    files.put("crates/low/tests/it/main.rs", &function("long", 71));
    assert_eq!(files.findings(), []);

    // A module of tests in a file of its own, and below it.
    files.put(LIBRARY, "#[cfg(test)]\nmod fixture;\n");
    files.put("crates/low/src/part/fixture.rs", &function("long", 71));
    files.put("crates/low/src/part/fixture/deep.rs", &function("long", 71));
    assert_eq!(files.findings(), []);
    files.put(LIBRARY, "mod fixture;\n");
    assert_eq!(files.findings().len(), 2);
}

#[test]
fn the_ratchet_lets_nothing_grow_and_nothing_join() {
    let entry = |lines| format!("[functions]\n\"{LIBRARY}:long\" = {lines}\n");
    let mut files = Fixture::new();
    files.put(LIBRARY, &function("long", 90));
    files.put(ratchet::FILE, &entry(90));
    assert_eq!(files.findings(), []);

    files.put(LIBRARY, &function("long", 91));
    let finding = files.finds("function-length", LIBRARY, 1);
    assert_eq!(finding.what, "long grew from 90 to 91 lines");

    files.put(LIBRARY, &(function("long", 90) + &function("other", 71)));
    files.finds("function-length", LIBRARY, 91);

    for lines in [71, 70] {
        files.put(LIBRARY, &function("long", lines));
        let finding = files.finds("ratchet", ratchet::FILE, 1);
        assert_eq!(finding.remedy, "run `cargo xtask tidy --lower`");
    }
    files.put(ratchet::FILE, "[functions]\nx = \"many\"\n");
    files.finds("ratchet", ratchet::FILE, 1);
}

#[test]
fn lowering_never_raises() {
    let mut files = Fixture::new();
    let three = function("grows", 80) + &function("shrinks", 80) + &function("mended", 80);
    files.put(LIBRARY, &three);
    // Without a file, what is there gets in.
    let lower = |files: &Fixture| ratchet::lowered(&Tree::of(files.0.clone())).unwrap();
    let first = lower(&files);
    assert!(
        first.contains(&format!("\"{LIBRARY}:grows\" = 80")),
        "{first}"
    );
    files.put(ratchet::FILE, &first);
    assert_eq!(files.findings(), []);

    let now = function("grows", 85) + &function("shrinks", 75) + &function("mended", 70);
    files.put(LIBRARY, &(now + &function("newcomer", 71)));
    let second = lower(&files);
    assert!(
        second.contains(&format!("\"{LIBRARY}:grows\" = 80")),
        "{second}"
    );
    assert!(
        second.contains(&format!("\"{LIBRARY}:shrinks\" = 75")),
        "{second}"
    );
    assert!(
        !second.contains("mended") && !second.contains("newcomer"),
        "{second}"
    );
    files.put(ratchet::FILE, &second);
    let rules: Vec<_> = files.findings().iter().map(|f| f.what.clone()).collect();
    assert_eq!(
        rules,
        [
            "grows grew from 80 to 85 lines",
            "newcomer has 71 lines, 70 at most"
        ]
    );
}

#[test]
fn long_files_are_found_and_generated_ones_may_be_long() {
    let mut files = Fixture::new();
    files.put(LIBRARY, &"\n".repeat(801));
    files.finds("file-length", LIBRARY, 1);

    files.put(LIBRARY, &"\n".repeat(501));
    let findings = files.findings();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].level, Level::Warning);

    let generated = format!(
        "// Written by `cargo xtask codegen` from x.\n{}",
        "\n".repeat(900)
    );
    files.put(LIBRARY, &generated);
    assert_eq!(files.findings(), []);

    files.put(LIBRARY, "fn broken( {}\n");
    files.finds("source", LIBRARY, 1);
}
