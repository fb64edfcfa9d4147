//! Starting the program in a directory of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// What makes `hundred` a matter of a second.
pub(crate) const SMALL: [&str; 6] = [
    "--set",
    "duration=20s",
    "--set",
    "workload.poisson.messages=20",
    "--set",
    "workload.poisson.over=10s",
];

/// A working directory that goes away with it.
pub(crate) struct World {
    dir: TempDir,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The program with these arguments, in this directory, in an environment that does not
    /// depend on who runs the tests.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leek"));
        command.args(args).current_dir(self.dir.path());
        for name in [
            "LEEK_SEED",
            "LEEK_OUT",
            "LEEK_THREADS",
            "LEEK_HOME",
            "LEEK_NETWORK",
            "LEEK_PASSPHRASE_FILE",
            "LEEK_LOG",
            "LEEK_LOG_FORMAT",
            "XDG_DATA_HOME",
            "NO_COLOR",
            "NO_GRAPHICS",
            "TERM",
        ] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C.UTF-8");
        command.env("HOME", self.dir.path());
        command
    }

    pub(crate) fn leek(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// A small run of `hundred` into `out`, which passes.
    pub(crate) fn small_run(&self, out: &str, more: &[&str]) -> Ended {
        let args = [&["run", "hundred", "--out", out], &SMALL[..], more].concat();
        let ended = self.leek(&args);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The value of `key=…` on a last line.
pub(crate) fn field<'a>(last_line: &'a str, key: &str) -> &'a str {
    let value = last_line
        .split(' ')
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("no {key} in {last_line:?}"))
}

pub(crate) fn last_line(text: &str) -> &str {
    assert!(text.ends_with('\n'), "{text:?}");
    text.lines().next_back().unwrap()
}

pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
