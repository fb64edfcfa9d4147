//! Services of the program, each in a directory and at an address of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// More than anything here takes on a machine that does ten other things.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// Time between two looks at something that nobody reports.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// A directory for the files of one test, and addresses that no other test has.
pub(crate) struct World {
    dir: TempDir,
    third: u8,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    /// `number` tells the tests apart: with port 0 it does not matter who else listens.
    pub(crate) fn new(number: u8) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            third: number,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// An address for a process, with a port that the system chooses.
    pub(crate) fn address(&self, number: u8) -> String {
        format!("127.251.{}.{number}:0", self.third)
    }

    /// The program, in the world's directory and an environment of its own.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.wrapped(&[], args)
    }

    /// The program under another one: `unshare`, `setpriv`, `sh`.
    pub(crate) fn wrapped(&self, wrapper: &[&str], args: &[&str]) -> Command {
        let mut words = wrapper
            .iter()
            .chain([&env!("CARGO_BIN_EXE_leek")])
            .chain(args);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).current_dir(self.dir.path());
        command.env_clear().env("LC_ALL", "C.UTF-8");
        for kept in ["PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn leek(&self, args: &[&str]) -> Ended {
        ended(self.command(args))
    }

    /// What `leek directory init` prints, for the directory number `number`.
    pub(crate) fn directory_url(&self, number: u8) -> String {
        let data = format!("d{number}");
        let listen = format!("127.251.{}.{number}:1", self.third);
        let init = self.leek(&[
            "directory",
            "init",
            "--data-dir",
            &data,
            "--listen",
            &listen,
        ]);
        assert_eq!(init.code, Some(0), "{init:?}");
        init.stdout.trim_end().to_owned()
    }

    /// A directory of a network of one, and the URL that others find it at.
    pub(crate) fn directory(&self, number: u8) -> (Service, String) {
        let url = self.directory_url(number);
        let (data, listen) = (format!("d{number}"), self.address(number));
        let service = Service::start(self.command(&[
            "directory",
            "run",
            "--json",
            "--data-dir",
            &data,
            "--listen",
            &listen,
            "--directory",
            &url,
            "--swarm-size",
            "1",
        ]));
        let (key, _) = url.split_once('@').unwrap();
        let url = format!("{key}@{}", service.address);
        (service, url)
    }

    /// The arguments of a node with its data in `data`.
    pub(crate) fn node_args(
        &self,
        data: &str,
        number: u8,
        url: &str,
        more: &[&str],
    ) -> Vec<String> {
        let listen = self.address(number);
        let mut args = vec![
            "node",
            "run",
            "--json",
            "--data-dir",
            data,
            "--listen",
            &listen,
            "--directory",
            url,
        ];
        if !more.contains(&"--min-free") {
            args.extend(["--min-free", "1MiB"]);
        }
        args.extend(more);
        args.into_iter().map(str::to_owned).collect()
    }

    /// A node of that network, listed and ready.
    pub(crate) fn node(&self, data: &str, number: u8, url: &str, more: &[&str]) -> Service {
        let args = self.node_args(data, number, url, more);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut node = Service::start(self.command(&args));
        node.wait_ready();
        node
    }
}

pub(crate) fn ended(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A process that said that it listens. Killed when dropped.
pub(crate) struct Service {
    child: Child,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    pub(crate) id: String,
    pub(crate) address: String,
    pub(crate) ops: SocketAddrV4,
}

impl Service {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut errors = child.stderr.take().unwrap();
        let (tell, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let mut service = Self {
            child,
            lines,
            stderr: Some(stderr),
            id: String::new(),
            address: String::new(),
            ops: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0),
        };
        let started = service.expect("started");
        let text = |key: &str| started[key].as_str().unwrap().to_owned();
        service.id = text("id");
        service.address = text("address");
        service.ops = text("ops").parse().unwrap();
        assert_eq!(started["pid"], service.pid());
        service
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line it prints, which must be this event.
    pub(crate) fn expect(&mut self, event: &str) -> Value {
        match self.lines.recv_timeout(LIMIT) {
            Ok(line) => {
                let line: Value = serde_json::from_str(&line).unwrap();
                assert_eq!(line["event"], event, "{line}");
                line
            }
            Err(error) => {
                let _ = self.child.kill();
                let stderr = self.stderr.take().unwrap().join().unwrap();
                panic!("no {event}: {error}; it wrote {stderr}");
            }
        }
    }

    pub(crate) fn wait_ready(&mut self) {
        let ready = self.expect("ready");
        assert!(ready["nodes"].as_u64().unwrap() > 0, "{ready}");
        assert_eq!(self.readyz(), (200, "ready".to_owned()));
    }

    pub(crate) fn send(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end: exit code, and what it printed and logged since it was ready.
    pub(crate) fn end(mut self) -> Ended {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > LIMIT {
                let _ = self.child.kill();
                let stderr = self.stderr.take().unwrap().join().unwrap();
                panic!("it does not end; it wrote {stderr}");
            }
            self.pause();
        };
        let stderr = self.stderr.take().unwrap().join().unwrap();
        let lines: Vec<String> = self.lines.iter().collect();
        Ended {
            code: status.code(),
            stdout: lines.join("\n"),
            stderr,
        }
    }

    /// Ends it in good order.
    pub(crate) fn stop(self) -> Ended {
        self.send(Signal::TERM);
        self.end()
    }

    /// Kills it and waits.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits a moment.
    fn pause(&self) {
        pause();
    }

    /// The status and the body of one of its pages.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        get(self.ops, path)
    }

    pub(crate) fn readyz(&self) -> (u16, String) {
        let (status, body) = self.get("/readyz");
        (status, body.trim_end().to_owned())
    }

    /// Waits until `/readyz` says this.
    pub(crate) fn wait_readyz(&self, expected: &str) {
        let start = Instant::now();
        loop {
            let (status, body) = self.readyz();
            let is = match expected {
                "ready" => body == expected,
                why => body.contains(why),
            };
            if is {
                assert_eq!(status == 200, expected == "ready", "{status} {body}");
                return;
            }
            assert!(start.elapsed() < LIMIT, "{status} {body}, not {expected}");
            self.pause();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits a moment for something that nobody reports.
pub(crate) fn pause() {
    // A channel that nobody uses: its time runs out.
    let (_keep, never) = mpsc::channel::<()>();
    assert_eq!(never.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout));
}

fn get(ops: SocketAddrV4, path: &str) -> (u16, String) {
    use std::io::Write as _;
    let mut stream = TcpStream::connect(ops).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {ops}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// The names of the files in a directory, sorted.
pub(crate) fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
