//! `leek bench`: figures of real processes on this machine.

use std::{env, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Subcommand};
use leek_load::{
    abuse::{AbuseConfig, Attack, abuse},
    bench::{BenchConfig, bench},
    crash::{CrashConfig, Round, crash},
};
use leek_report::Verdict;
use leek_wire::AckLevel;
use serde::Serialize;

use crate::{args::parse_ack, console, failure::Failure};

/// Longest time of one figure, in seconds.
const SECONDS_MAX: u64 = 3_600;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Throughput, latency and memory of nodes, beside their targets.
    ///
    /// Open loop: latencies run from a request's intended time. Exit code 0 when every target is
    /// reached, 1 when one is missed.
    Net(NetArgs),
    /// Attacks on a node while honest clients go on.
    ///
    /// Exit code 0 when honest clients and the node's memory stay within bounds, 1 when not.
    Abuse(AbuseArgs),
    /// Stores messages, kills nodes, and looks for every acknowledged message.
    ///
    /// Exit code 0 when every claim of durability held, 1 when one was broken, 3 when the run
    /// could not have shown it.
    Crash(CrashArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// A directory for the network's files, kept afterwards [default: a temporary one].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Seed of times and data; keys of the network are fresh in every run.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NetArgs {
    /// Measured time of each figure, in seconds.
    #[arg(long, default_value_t = 10, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    seconds: u64,
    /// Idle TLS connections to hold.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct AbuseArgs {
    /// Measured time of the calm and of each attack, in seconds.
    #[arg(long, default_value_t = 10, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    seconds: u64,
    /// One attack; may be given more than once [default: all].
    #[arg(long = "attack", value_name = "NAME", value_parser = parse_attack)]
    attacks: Vec<Attack>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct CrashArgs {
    /// Times a node is killed.
    #[arg(long, default_value_t = 20, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Messages over all rounds.
    #[arg(long, default_value_t = 5_000, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    messages: u64,
    /// Nodes, all in one swarm.
    #[arg(long, default_value_t = 4, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(2..=16))]
    nodes: u16,
    /// The acknowledgement asked for: received, durable, quorum=N or all.
    #[arg(long, default_value = "durable", value_name = "LEVEL", value_parser = parse_ack)]
    ack: AckLevel,
    #[command(flatten)]
    common: Common,
}

/// Runs one of the three.
pub(crate) fn run(command: &BenchCommand) -> Result<ExitCode, Failure> {
    match command {
        BenchCommand::Net(args) => net(args),
        BenchCommand::Abuse(args) => abuses(args),
        BenchCommand::Crash(args) => crashes(args),
    }
}

fn net(args: &NetArgs) -> Result<ExitCode, Failure> {
    let place = Place::new(&args.common)?;
    let config = BenchConfig {
        place: place.place(),
        each: Duration::from_secs(args.seconds),
        connections: args.connections,
        seed: args.common.seed,
    };
    let report = bench(&config, &mut say)?;
    show(&args.common, &report, &report.render())?;
    Ok(code(report.all_met()))
}

fn abuses(args: &AbuseArgs) -> Result<ExitCode, Failure> {
    let place = Place::new(&args.common)?;
    let config = AbuseConfig {
        place: place.place(),
        each: Duration::from_secs(args.seconds),
        attacks: if args.attacks.is_empty() {
            Attack::ALL.to_vec()
        } else {
            args.attacks.clone()
        },
        seed: args.common.seed,
    };
    let report = abuse(&config, &mut say)?;
    show(&args.common, &report, &report.render())?;
    Ok(code(report.passed()))
}

fn crashes(args: &CrashArgs) -> Result<ExitCode, Failure> {
    let place = Place::new(&args.common)?;
    let config = CrashConfig {
        place: place.place(),
        nodes: args.nodes,
        rounds: args.rounds,
        messages: args.messages,
        ack: args.ack,
        seed: args.common.seed,
    };
    let rounds = config.rounds;
    let report = crash(&config, &mut |round: &Round| {
        say(&format!("round {} of {rounds}", round.number));
    })?;
    show(&args.common, &report, &report.render())?;
    let verdict = match (report.kept(), report.conclusive()) {
        (false, _) => Verdict::Fail,
        (true, false) => Verdict::Inconclusive,
        (true, true) => Verdict::Pass,
    };
    Ok(ExitCode::from(verdict.exit_code()))
}

fn code(good: bool) -> ExitCode {
    let verdict = if good { Verdict::Pass } else { Verdict::Fail };
    ExitCode::from(verdict.exit_code())
}

fn say(what: &str) {
    console::talk(&format!("bench: {what}\n"));
}

fn show(common: &Common, report: &impl Serialize, text: &str) -> Result<(), Failure> {
    if common.json {
        return console::data(&(serde_json::to_string_pretty(report)? + "\n"));
    }
    console::data(text)
}

/// Where the network lives: named by the caller and kept, or temporary and removed.
struct Place {
    leek: PathBuf,
    dir: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Place {
    fn new(common: &Common) -> Result<Self, Failure> {
        let leek = env::current_exe().map_err(Failure::Program)?;
        let (dir, temporary) = match &common.dir {
            Some(dir) => (dir.clone(), None),
            None => {
                let made = tempfile::Builder::new()
                    .prefix("leek-bench-")
                    .tempdir()
                    .map_err(Failure::Temporary)?;
                (made.path().to_owned(), Some(made))
            }
        };
        Ok(Self {
            leek,
            dir,
            _temporary: temporary,
        })
    }

    fn place(&self) -> leek_load::Place {
        leek_load::Place {
            leek: self.leek.clone(),
            dir: self.dir.clone(),
        }
    }
}

fn parse_attack(text: &str) -> Result<Attack, String> {
    Attack::by_name(text).ok_or_else(|| {
        let names: Vec<&str> = Attack::ALL.iter().map(|attack| attack.name()).collect();
        format!("one of {}", names.join(", "))
    })
}
