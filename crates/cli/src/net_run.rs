//! `leek net run`: a scenario on real processes.

use std::{env, path::PathBuf, process::ExitCode};

use clap::Args;
use leek_lab::scenario::Loaded;
use leek_localnet::BASE_PORT_DEFAULT;
use leek_report::{Cost, Header, MetricRow, Summary, escaped, metric};
use leek_tiers::runner::{NotApplied, ProcessConfig, Processes};
use tempfile::TempDir;

use crate::{
    console,
    failure::Failure,
    interrupt::Interrupt,
    measure::Stopwatch,
    run::{Place, load_scenario, report, unix_s, write_summary, write_tables},
};

const EXAMPLES: &str = "\
Examples:
  leek net run calm
  leek net run calm --set workload.poisson.messages=100 --out runs/real
  leek net run my-scenario.toml --json > summary.json

The nodes are processes, each with an address of its own under 127.0.0.0/8; the clients run in this
process. Times are real: the run lasts as long as the scenario. What a real network decides itself is
not applied, and the summary says so: network.latency, network.jitter, network.shared_slash24 and
hosts. Refused are crypto.mode = \"sized\", network.loss and network.duplication.

The last line is PASS, FAIL, INCONCLUSIVE or INTERRUPTED with the seed and the run directory. There
is no digest: no two runs in real time are equal. Exit codes: 0 pass, 1 a check failed, 2 usage or
scenario, 3 inconclusive, 4 environment (ports, processes, disk), 130 interrupted.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NetRunArgs {
    /// A scenario that ships (see `leek list`) or the path of a .toml file.
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    /// Root seed of the plan and of all keys; the scenario's own without it.
    #[arg(long, env = "LEEK_SEED", value_name = "N")]
    // TOML, and with it effective.toml, has no greater integer.
    #[arg(value_parser = clap::value_parser!(u64).range(..=i64::MAX.unsigned_abs()))]
    seed: Option<u64>,
    /// Change one field, such as clients.count=8; may be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Directory of the run, empty or not there yet [default: a new one under runs/].
    #[arg(long, env = "LEEK_OUT", value_name = "DIR")]
    out: Option<PathBuf>,
    /// The port of the first process; the others count up from it.
    #[arg(long, value_name = "PORT", default_value_t = BASE_PORT_DEFAULT)]
    base_port: u16,
    /// Print the summary as JSON on stdout; the last line goes to stderr.
    #[arg(long)]
    json: bool,
    /// No summary text; the last line only.
    #[arg(long, short)]
    quiet: bool,
}

/// Runs a scenario on a network of its own, leaves a run directory, and says how it went.
pub(crate) fn net_run(args: &NetRunArgs) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::watch()?;
    let loaded = load_scenario(&args.scenario, &args.sets, args.seed)?;
    let place = Place::create(args.out.as_deref(), &loaded)?;
    let started_unix_s = unix_s();
    let done = match run_processes(args, &loaded, &interrupt) {
        Ok(done) => done,
        Err(failure) => {
            place.remove_if_new();
            return Err(failure);
        }
    };
    let tables = (
        &done.judged.messages[..],
        &done.judged.requests[..],
        &done.metrics[..],
    );
    let numbers = write_tables(&place.dir, &loaded, tables)?;
    let mut reasons = done.judged.reasons;
    reasons.push(NotApplied.to_string());
    let header = Header {
        scenario: loaded.name.clone(),
        verdict: done.judged.verdict,
        reasons,
        seed: loaded.scenario.seed,
        digest: 0,
        shape: 0,
        crypto: done.crypto,
        checks: done.judged.checks,
    };
    let summary = Summary::new(header, numbers, done.cost).without_digest();
    write_summary(&place.dir, &loaded, &summary, started_unix_s)?;
    report((args.json, args.quiet), &summary, place.dir.path())?;
    Ok(ExitCode::from(summary.verdict.exit_code()))
}

struct Done {
    judged: leek_lab::Judged,
    metrics: Vec<MetricRow>,
    cost: Cost,
    crypto: String,
}

fn run_processes(
    args: &NetRunArgs,
    loaded: &Loaded,
    interrupt: &Interrupt,
) -> Result<Done, Failure> {
    let say = |line: &str| {
        if !args.quiet {
            console::talk(&format!("{line}\n"));
        }
    };
    say(&format!(
        "{}: {}",
        escaped(&loaded.name),
        escaped(&loaded.scenario.purpose)
    ));
    let dir = TempDir::new().map_err(Failure::Temporary)?;
    let program = env::current_exe().map_err(Failure::Program)?;
    let mut config = ProcessConfig::new(program, dir.path().join("net"));
    config.base_port = args.base_port;
    let stop = || interrupt.is_asked();
    let net = Processes::up(loaded, &config, &stop)?;
    say(&format!(
        "{} nodes are up; {} of real time",
        loaded.scenario.network.nodes, loaded.scenario.duration
    ));
    let watch = Stopwatch::start();
    let judged = net.play(loaded, &stop)?;
    let cost = watch.stop(1)?;
    let crypto = net.crypto().to_owned();
    net.down()?;
    let links = judged.requests.iter();
    let bytes = links.map(|row| row.bytes_up + row.bytes_down).sum();
    let mut metrics = vec![
        MetricRow::whole(metric::EVENTS, judged.events),
        MetricRow::whole(metric::BYTES, bytes),
        MetricRow::whole(metric::VIRTUAL_NS, judged.ended_ns),
    ];
    metrics.extend(judged.metrics.iter().cloned());
    Ok(Done {
        judged,
        metrics,
        cost,
        crypto,
    })
}
