//! Lengths of files and functions.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Finding, Tree, functions,
    ratchet::{self, Ratchet},
};

/// Lines of a file from which on it is worth a thought.
const FILE_LINES_WARN: usize = 500;

/// Lines that no file may exceed.
pub(crate) const FILE_LINES_MAX: usize = 800;

/// Lines that no function may exceed.
pub(crate) const FUNCTION_LINES_MAX: usize = 70;

/// How generated files begin.
const GENERATED: &str = "// Written by `cargo xtask codegen`";

/// Something measured: where, and how many lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// What was measured: files by path, functions by `path:name`.
#[derive(Default)]
pub(crate) struct Sizes {
    pub(crate) files: BTreeMap<String, Measure>,
    pub(crate) functions: BTreeMap<String, Measure>,
}

pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    let sizes = measure(tree, findings);
    let ratchet = match Ratchet::read(tree) {
        Ok(ratchet) => ratchet.unwrap_or_default(),
        Err(finding) => {
            findings.push(finding);
            return;
        }
    };
    for (path, measure) in &sizes.files {
        if measure.lines > FILE_LINES_WARN && measure.lines <= FILE_LINES_MAX {
            let finding = Finding::error(
                "file-length",
                path,
                1,
                format!("{} lines; {FILE_LINES_WARN} are a good end", measure.lines),
                "split it where its parts know least of each other",
            );
            findings.push(finding.into_warning());
        }
    }
    ratchet::compare(
        "file-length",
        FILE_LINES_MAX,
        &sizes.files,
        &ratchet.files,
        findings,
    );
    ratchet::compare(
        "function-length",
        FUNCTION_LINES_MAX,
        &sizes.functions,
        &ratchet.functions,
        findings,
    );
}

/// Measures every hand-written source file; functions of test code are left out.
pub(crate) fn measure(tree: &Tree, findings: &mut Vec<Finding>) -> Sizes {
    let mut sizes = Sizes::default();
    let mut test_files = BTreeSet::new();
    let mut functions = Vec::new();
    for (path, text) in tree.files() {
        if !path.ends_with(".rs") || text.starts_with(GENERATED) {
            continue;
        }
        let lines = text.lines().count();
        sizes.files.insert(
            path.to_owned(),
            Measure {
                file: path.to_owned(),
                line: 1,
                lines,
            },
        );
        match functions::read(text) {
            Ok(contents) => {
                for module in contents.test_modules {
                    test_files.insert(module_stem(path, &module));
                }
                functions.push((path, contents.functions));
            }
            Err((line, message)) => findings.push(Finding::error(
                "source",
                path,
                line,
                format!("no Rust: {message}"),
                "mend the file",
            )),
        }
    }
    for (path, functions) in functions {
        if is_test_file(path, &test_files) {
            continue;
        }
        for function in functions {
            let measure = Measure {
                file: path.to_owned(),
                line: function.line,
                lines: function.lines,
            };
            // Functions of one name (two impls of a type) share an entry: the longest counts.
            let entry = sizes
                .functions
                .entry(format!("{path}:{}", function.name))
                .or_insert_with(|| measure.clone());
            if measure.lines > entry.lines {
                *entry = measure;
            }
        }
    }
    sizes
}

/// The path, without `.rs`, of a module's file: beside `lib.rs`, `main.rs` and `mod.rs`, and in the
/// folder of any other file's name.
fn module_stem(file: &str, module: &[String]) -> String {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let base = match name {
        "lib" | "main" | "mod" => folder,
        _ => stem,
    };
    format!("{base}/{}", module.join("/"))
}

/// Integration tests, benchmarks, and modules that exist in tests alone, with all below them.
fn is_test_file(path: &str, test_stems: &BTreeSet<String>) -> bool {
    if path
        .split('/')
        .any(|part| part == "tests" || part == "benches")
    {
        return true;
    }
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    test_stems.iter().any(|test| {
        stem.strip_prefix(test.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
