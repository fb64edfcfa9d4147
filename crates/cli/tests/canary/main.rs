//! A whole network at its loudest, and nothing in what it writes tells who is who.
//!
//! Known keys, accounts, texts and addresses go through a network whose every process logs at
//! `trace`; then logs, metrics and the talk of the programs are searched for them in every
//! spelling that bytes may take.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::disallowed_types,
    reason = "metrics are read, and junk is sent, over a socket"
)]

mod spelling;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use leek_identity::{Account, AccountSeed, NodeKeys, phrase};
use leek_localnet::{Config, LocalNet, NodeSeed, Swarms, Target};
use spelling::Canary;
use tempfile::TempDir;

const LEEK: &str = env!("CARGO_BIN_EXE_leek");
const TEXT: &str = "the canary sings in the leek bed";
const NODES: u8 = 12;

/// Bytes of which no two are alike, so that no spelling of them is something else by chance.
fn scattered<const N: usize>(first: u8) -> [u8; N] {
    let mut next = first;
    [(); N].map(|()| {
        next = next.wrapping_add(37);
        next
    })
}

/// A person whose seed we know.
struct Person {
    name: &'static str,
    seed: [u8; 16],
    account: Account,
}

impl Person {
    fn new(name: &'static str, byte: u8) -> Self {
        let seed = scattered(byte);
        let account = Account::from_seed(&AccountSeed::short(&seed));
        Self {
            name,
            seed,
            account,
        }
    }

    fn id(&self) -> String {
        self.account.id().to_hex()
    }

    fn restore(&self, dir: &Path) {
        let phrase = phrase::encode(&AccountSeed::short(&self.seed));
        let file = dir.join(format!("{}.phrase", self.name));
        fs::write(&file, phrase.dangerously_expose()).unwrap();
        leek(
            dir,
            &[
                "account",
                "restore",
                "--no-passphrase",
                "--home",
                self.name,
                "--phrase-file",
                file.to_str().unwrap(),
            ],
        );
    }

    fn canaries(&self) -> Vec<Canary> {
        let words = phrase::encode(&AccountSeed::short(&self.seed));
        let named = |what: &str| format!("{} of {}", what, self.name);
        vec![
            Canary::bytes(named("account id"), &self.account.id().to_bytes()[1..]),
            Canary::bytes(
                named("signing key"),
                self.account.signing().public().as_bytes(),
            ),
            Canary::bytes(named("seed"), &self.seed),
            Canary::text(named("phrase"), words.dangerously_expose()),
        ]
    }
}

/// Runs the program, loud; returns what it wrote to stderr.
fn leek(dir: &Path, args: &[&str]) -> String {
    let output = Command::new(LEEK)
        .args(args)
        .current_dir(dir)
        .env("HOME", dir)
        .env_remove("LEEK_LOG")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{args:?}: {stderr}");
    stderr
}

fn seed(node: u8) -> [u8; 32] {
    scattered(200 + node)
}

fn up(dir: &Path) -> LocalNet {
    let loud = || vec!["--log".to_owned(), "trace".to_owned()];
    LocalNet::up(&Config {
        nodes: NODES.into(),
        swarms: Swarms::Fixed(4),
        seeds: (0..NODES).map(|i| NodeSeed::new(seed(i))).collect(),
        node_args: loud(),
        directory_args: loud(),
        ..Config::new(LEEK, dir.join("net"))
    })
    .unwrap()
}

fn get(ops: SocketAddrV4, path: &str) -> String {
    let mut stream = TcpStream::connect(ops).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

/// Everything processes logged, and every metric, as (where, text).
fn written(net: &LocalNet) -> Vec<(String, String)> {
    let nodes = (0..u16::from(NODES)).map(Target::Node);
    let directories = (0..3).map(Target::Directory);
    let mut all: Vec<(String, String)> = nodes
        .chain(directories)
        .map(|who| (format!("log of {who}"), net.log(who).unwrap()))
        .collect();
    for number in 0..u16::from(NODES) {
        let Some(ops) = net.node(number).unwrap().ops else {
            continue;
        };
        for path in ["/metrics", "/healthz", "/readyz"] {
            all.push((format!("{path} of node {number}"), get(ops, path)));
        }
    }
    all
}

#[test]
fn a_loud_network_tells_nothing() {
    let dir = TempDir::new().unwrap();
    let [alice, bob] = [Person::new("alice", 11), Person::new("bob", 90)];
    let net = up(dir.path());
    let network = net.network_file();
    let network = network.to_str().unwrap();
    alice.restore(dir.path());
    bob.restore(dir.path());
    let loud = ["--network", network, "--log", "trace"];
    let send = ["send", &bob.id(), TEXT, "--home", "alice"];
    let receive = ["receive", "--home", "bob"];
    let mut all = vec![
        (
            "send".to_owned(),
            leek(dir.path(), &[&send[..], &loud].concat()),
        ),
        (
            "receive".to_owned(),
            leek(dir.path(), &[&receive[..], &loud].concat()),
        ),
    ];
    // What goes wrong must not say with whom: a stranger's junk, a killed peer, a restart.
    let address = net.node(1).unwrap().address;
    let mut junk = TcpStream::connect((address.ip, address.port)).unwrap();
    junk.write_all(TEXT.as_bytes()).unwrap();
    net.kill(Target::Node(3)).unwrap();
    let again = "and sings again";
    let send = ["send", &bob.id(), again, "--home", "alice"];
    all.push((
        "second send".to_owned(),
        leek(dir.path(), &[&send[..], &loud].concat()),
    ));
    net.start(Target::Node(3)).unwrap();
    net.wait_ready(Duration::from_secs(30)).unwrap();
    all.extend(written(&net));

    let mut canaries = [alice.canaries(), bob.canaries()].concat();
    canaries.push(Canary::text("text", TEXT));
    canaries.push(Canary::text("second text", again));
    canaries.push(Canary::address("client's address", Ipv4Addr::LOCALHOST));
    for number in 0..NODES {
        let keys = NodeKeys::from_seed(seed(number));
        let address = net.node(number.into()).unwrap().address;
        canaries.extend([
            Canary::bytes(format!("id of node {number}"), keys.id().as_bytes()),
            Canary::bytes(
                format!("onion key of node {number}"),
                keys.onion().public().as_bytes(),
            ),
            Canary::bytes(format!("seed of node {number}"), &seed(number)),
            Canary::address(format!("address of node {number}"), address.ip),
        ]);
    }
    assert!(
        all.iter().all(|(_, text)| !text.is_empty()),
        "everybody is loud"
    );
    let found: Vec<String> = all
        .iter()
        .flat_map(|(place, text)| {
            let found = canaries.iter().filter_map(|canary| canary.found_in(text));
            found.map(move |what| format!("{place}: {what}"))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));

    // The control: the program's own announcement of where a node listens, which is not a log,
    // holds its id and its address, and the search finds both.
    let told = fs::read_to_string(net.dir().join("logs/node-0.jsonl")).unwrap();
    for what in ["id of node 0", "address of node 0"] {
        let canary = canaries
            .iter()
            .find(|canary| canary.name() == what)
            .unwrap();
        assert!(canary.found_in(&told).is_some(), "{what} is not in {told}");
    }
    net.down().unwrap();
}
