//! `cargo xtask ci`: every check a change must pass, in one go.
//!
//! All stages run even when one fails, so that one run tells everything. There is no way to skip
//! a stage: what it needs and does not find is a failure.

mod real;

use std::{
    env,
    ffi::OsString,
    fmt, fs, io,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use clap::ValueEnum;

use crate::{
    terminal, tidy,
    vectors::{Report, VectorFile},
};

/// Vectors beside the repository, which hold more cases than those copied into it.
const VECTORS: &str = "../shared/vectors/session_formats.json";

/// The scenario that every change runs.
const SCENARIO: &str = "hundred";

/// Numbers of threads that must give the same digest.
const THREADS: [&str; 2] = ["1", "2"];

/// One stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// The source is formatted
    Format,
    /// Layers, dependencies, sizes, READMEs, licences, generated code
    Tidy,
    /// No warning of the compiler or of clippy
    Clippy,
    /// All tests, fuzz corpora included
    Test,
    /// The vectors of `../shared`
    Vectors,
    /// A scenario passes, with one digest on 1 and 2 threads, and its numbers hold
    Hundred,
    /// A network of real processes keeps its promises under crashes, abuse and load
    Real,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "format",
            Self::Tidy => "tidy",
            Self::Clippy => "clippy",
            Self::Test => "test",
            Self::Vectors => "vectors",
            Self::Hundred => "hundred",
            Self::Real => "real",
        })
    }
}

impl Stage {
    fn run(self, root: &Path) -> Result<(), String> {
        match self {
            Self::Format => cargo(root, "fmt --all -- --check"),
            Self::Tidy => match tidy::run(root, false)? {
                true => Ok(()),
                false => Err("see the findings above".to_owned()),
            },
            Self::Clippy => cargo(
                root,
                "clippy --workspace --all-targets --locked -- -D warnings",
            ),
            Self::Test => cargo(root, "test --workspace --locked"),
            Self::Vectors => run_vectors(&root.join(VECTORS)),
            Self::Hundred => run_hundred(root),
            Self::Real => real::run(root),
        }
    }
}

/// Runs all stages, or `only` these, and tells how each ended and how long it took.
///
/// # Errors
/// Never; it has the form of the other tasks.
pub(crate) fn run(root: &Path, only: &[Stage]) -> Result<bool, String> {
    let all = Stage::value_variants();
    let chosen = if only.is_empty() { all } else { only };
    let mut told = Vec::new();
    let mut failed = 0;
    for stage in chosen {
        terminal::say(&format!("== {stage}"));
        let start = Instant::now();
        let ended = match stage.run(root) {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                failed += 1;
                format!("FAILED: {error}")
            }
        };
        let line = format!("== {stage}: {} {ended}", seconds(start.elapsed()));
        terminal::say(&line);
        told.push(line);
    }
    terminal::say("");
    terminal::say(&told.join("\n"));
    if chosen.len() < all.len() {
        let some = format!(
            "{} of {} stages; run all for a verdict",
            chosen.len(),
            all.len()
        );
        terminal::say(&format!("ci: {some}"));
    } else {
        let verdict = if failed == 0 { "PASS" } else { "FAIL" };
        terminal::say(&format!(
            "ci: {verdict}, {failed} of {} stages failed",
            all.len()
        ));
    }
    Ok(failed == 0)
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn command(root: &Path, program: OsString, arguments: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments.split(' '))
        .current_dir(root)
        .stdin(Stdio::null());
    // Settings of the person who runs it must not change what a scenario does.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("LEEK_") {
            command.env_remove(name);
        }
    }
    command
}

fn cargo_program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs cargo with its output going where ours goes.
fn cargo(root: &Path, arguments: &str) -> Result<(), String> {
    terminal::say(&format!("$ cargo {arguments}"));
    let status = command(root, cargo_program(), arguments)
        .status()
        .map_err(|e| format!("start cargo: {e}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo {arguments}: {status}"))
    }
}

fn run_vectors(path: &Path) -> Result<(), String> {
    let report = vectors_report(path)?;
    terminal::say(&report.to_text());
    let total = report.total();
    if total.failed > 0 {
        return Err(format!("{} cases failed", total.failed));
    }
    if total.passed == 0 {
        return Err("no case was run".to_owned());
    }
    Ok(())
}

fn vectors_report(path: &Path) -> Result<Report, String> {
    let bytes = fs::read(path).map_err(|e| {
        let path = path.display();
        format!("read {path}: {e}; put the shared folder beside the repository")
    })?;
    let file = VectorFile::parse(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut report = Report::default();
    report.add(&file);
    Ok(report)
}

/// Runs the scenario on each number of threads; the digests must be equal, and the numbers of each
/// run directory follow from its tables.
fn run_hundred(root: &Path) -> Result<(), String> {
    cargo(root, "build --locked --package leek-cli")?;
    let mut digests = Vec::new();
    for threads in THREADS {
        // Relative to the root, where the commands run.
        let out = format!("target/ci/{SCENARIO}-{threads}");
        clear(&root.join(&out))?;
        let line = run_scenario(root, threads, &out)?;
        terminal::say(&line);
        digests.push(digest(&line)?);
        cargo(root, &format!("run --locked --quiet -- verify {out}"))?;
    }
    match digests.windows(2).find(|pair| pair[0] != pair[1]) {
        None => Ok(()),
        Some(pair) => Err(format!(
            "the digest depends on the number of threads: {} and {}",
            pair[0], pair[1]
        )),
    }
}

fn clear(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(format!("remove {}: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// The last line of a run, which says how it ended.
fn run_scenario(root: &Path, threads: &str, out: &str) -> Result<String, String> {
    let scenario = format!("run {SCENARIO} --quiet --threads {threads} --out {out}");
    let arguments = format!("run --locked --quiet -- {scenario}");
    terminal::say(&format!("$ cargo {arguments}"));
    let output = command(root, cargo_program(), &arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("start cargo: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        terminal::say(&said);
        return Err(format!("leek {scenario}: {}", output.status));
    }
    last_line(&said)
}

fn last_line(said: &str) -> Result<String, String> {
    let line = said.trim_end().lines().next_back().unwrap_or_default();
    if line.starts_with("PASS ") {
        Ok(line.to_owned())
    } else {
        Err(format!("the last line of leek run is no PASS: `{line}`"))
    }
}

/// The `digest=` of a run's last line: 16 hexadecimal digits.
fn digest(line: &str) -> Result<String, String> {
    let found = line
        .split(' ')
        .find_map(|word| word.strip_prefix("digest="));
    match found {
        Some(digits) if digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(digits.to_owned())
        }
        _ => Err(format!("there is no digest of 16 digits in `{line}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_must_pass_and_carry_a_digest() {
        let line = "PASS seed=1 digest=0123456789abcdef run=target/ci/x";
        let said = format!("table\nreproduce: digest=ffffffffffffffff\n{line}\n");
        assert_eq!(last_line(&said).unwrap(), line);
        assert_eq!(digest(line).unwrap(), "0123456789abcdef");
        for bad in ["", "FAIL seed=1 digest=0123456789abcdef run=x", "PASSED"] {
            assert!(last_line(bad).is_err(), "{bad}");
        }
        for bad in [
            "PASS seed=1",
            "PASS digest=0123",
            "PASS digest=0123456789abcdeg",
        ] {
            assert!(digest(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn missing_vectors_fail_the_stage() {
        let error = run_vectors(Path::new("no/such/file.json")).unwrap_err();
        assert!(error.contains("no/such/file.json"), "{error}");
        assert!(error.contains("beside the repository"), "{error}");
    }
}
