//! Other processes: this test binary, started again with [`ROLE`] set; it runs only [`child`].

use std::{
    env,
    fmt::Display,
    io::Write as _,
    path::Path,
    process::{Command, ExitStatus},
};

use crate::{access, full, kill};

/// What the process is to do.
const ROLE: &str = "LEEK_STORE_TEST_ROLE";
/// Where.
const DIR: &str = "LEEK_STORE_TEST_DIR";

/// What stands before each line that a process says.
const MARK: &str = "> ";

/// What a process said before it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) lines: Vec<String>,
    /// Why it panicked, if it did.
    pub(crate) errors: String,
}

impl Said {
    pub(crate) fn last(&self) -> &str {
        self.lines.last().map_or("", String::as_str)
    }
}

/// Starts this binary in a shell that has first done `before`; `shell` starts the shell.
pub(crate) fn run_in(shell: &[&str], role: &str, dir: &Path, before: &str) -> Said {
    let script = format!("ulimit -c 0; {before} exec \"$0\" --exact process::child --nocapture");
    let output = Command::new(shell[0])
        .args(&shell[1..])
        .args(["-c", &script])
        .arg(env::current_exe().unwrap())
        .env(ROLE, role)
        .env(DIR, dir)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = said.lines().filter_map(|line| line.strip_prefix(MARK));
    Said {
        status: output.status,
        lines: lines.map(str::to_owned).collect(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn run(role: &str, dir: &Path, before: &str) -> Said {
    run_in(&["sh"], role, dir, before)
}

/// Says a line to who started this process, in one write: whole or not at all.
pub(crate) fn say(what: impl Display) {
    let line = format!("\n{MARK}{what}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// The process. Does nothing when the tests run it as one of them.
#[test]
fn child() {
    let (Some(role), Some(dir)) = (env::var_os(ROLE), env::var_os(DIR)) else {
        return;
    };
    let dir = Path::new(&dir);
    match role.to_str().unwrap().split_once(' ') {
        Some(("steps", n)) => kill::steps(dir, n.parse().unwrap()),
        Some(("write", _)) => kill::write(dir),
        Some(("refused", _)) => access::say_refused(dir),
        Some(("full", "ours")) => full::full_disk(dir),
        Some(("full", "theirs")) => full::disk_of_others(dir),
        _ => panic!("no role {role:?}"),
    }
}
