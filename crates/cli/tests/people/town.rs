//! A network, and two people in it.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// What Alice types.
const PASSPHRASE: &str = "four stalks of leek";

/// Whatever the environment says of a person is not for the tests.
const VARIABLES: [&str; 8] = [
    "LEEK_HOME",
    "LEEK_NETWORK",
    "LEEK_PASSPHRASE_FILE",
    "LEEK_LOG",
    "LEEK_LOG_FORMAT",
    "XDG_DATA_HOME",
    "NO_COLOR",
    "TERM",
];

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Its output, when it ended well.
    pub(crate) fn fine(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }
}

/// Alice, whose account has a passphrase, and Bob, whose has none; each has the other as contact.
pub(crate) struct Town {
    dir: TempDir,
    pub(crate) alice: String,
    pub(crate) bob: String,
}

impl Town {
    pub(crate) fn new() -> Self {
        let mut town = Self {
            dir: tempfile::tempdir().unwrap(),
            alice: String::new(),
            bob: String::new(),
        };
        let secret = town.path("secret");
        fs::write(&secret, PASSPHRASE).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        town.leek(&["net", "up", "--nodes", "12", "--detach"])
            .fine();
        town.alice = town.new_account("alice", &["--passphrase-file", "secret"]);
        town.bob = town.new_account("bob", &["--no-passphrase"]);
        let (alice, bob) = (town.alice.clone(), town.bob.clone());
        town.leek(&["contacts", "add", "bob", &bob, "--home", "alice"])
            .fine();
        town.leek(&["contacts", "add", "alice", &alice, "--home", "bob"])
            .fine();
        town
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leek"));
        command.args(args).current_dir(self.dir.path());
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.env("HOME", self.dir.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn leek(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// A home with a new account; returns its id.
    pub(crate) fn new_account(&self, home: &str, protect: &[&str]) -> String {
        let args = [&["account", "new", "--json", "--home", home], protect].concat();
        let json: Value = serde_json::from_str(&self.leek(&args).fine()).unwrap();
        json["id"].as_str().unwrap().to_owned()
    }

    /// Alice sends to Bob.
    pub(crate) fn alice_sends(&self, text: &str, more: &[&str]) -> Ended {
        self.leek(&[&Self::alice_says(text)[..], more].concat())
    }

    pub(crate) fn alice_says(text: &str) -> [&str; 7] {
        [
            "send",
            "bob",
            text,
            "--home",
            "alice",
            "--passphrase-file",
            "secret",
        ]
    }

    /// Alice sends what comes on standard input.
    pub(crate) fn alice_pipes(&self, text: &str) -> Ended {
        let mut command = self.command(&Self::alice_says("-"));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        Ended::of(child.wait_with_output().unwrap())
    }

    /// What has come for Bob.
    pub(crate) fn bob_receives(&self, more: &[&str]) -> String {
        self.leek(&[&["receive", "--home", "bob"], more].concat())
            .fine()
    }

    /// The texts that have come for Bob, in their order.
    pub(crate) fn texts_for_bob(&self) -> Vec<String> {
        let lines = self.bob_receives(&["--json"]);
        let text = |line| {
            let json: Value = serde_json::from_str(line).unwrap();
            assert_eq!(json["from"], self.alice);
            assert_eq!(json["name"], "alice");
            json["text"].as_str().unwrap().to_owned()
        };
        lines.lines().map(text).collect()
    }

    /// Bob waits for messages.
    pub(crate) fn bob_follows(&self) -> Child {
        let mut command = self.command(&["receive", "--follow", "--home", "bob"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        // Also when a test failed; there is no network then when it did not come up.
        let _ = self.command(&["net", "down"]).output();
    }
}
