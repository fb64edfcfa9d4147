//! `leek run`.

use std::{
    fs,
    path::Path,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use leek_lab::{
    Control, Ran,
    scenario::{Loaded, load},
};
use leek_report::{
    Cost, EFFECTIVE_FILE, Host, Manifest, MessageRow, MetricRow, Numbers, RequestRow, RunDir,
    Summary, TRACE_FILE, closing_lines, escaped, render_text,
};

use crate::{
    args::RunArgs,
    console,
    failure::Failure,
    files::Files,
    identity::scenario_hash,
    interrupt::Interrupt,
    limits,
    measure::{Stopwatch, UNMEASURED},
    progress::Meter,
};

/// Parent of the run directories that nobody named.
const RUNS: &str = "runs";

/// Runs a scenario, leaves a run directory, and says how it went.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::watch()?;
    let loaded = load_scenario(&args.scenario, &args.sets, args.seed)?;
    if !args.quiet {
        let purpose = escaped(&loaded.scenario.purpose);
        console::talk(&format!("{}: {purpose}\n", escaped(&loaded.name)));
    }
    // Before the run: whoever cannot write should learn it now, not in an hour.
    let place = Place::create(args.out.as_deref(), &loaded)?;
    let started_unix_s = unix_s();
    let (ran, cost) = match run_kernel(args, &loaded, &interrupt) {
        Ok(done) => done,
        Err(failure) => {
            place.remove_if_new();
            return Err(failure);
        }
    };
    let tables = (&ran.messages[..], &ran.requests[..], &ran.metrics[..]);
    let numbers = write_tables(&place.dir, &loaded, tables)?;
    let summary = Summary::new(ran.header, numbers, cost);
    write_summary(&place.dir, &loaded, &summary, started_unix_s)?;
    report((args.json, args.quiet), &summary, place.dir.path())?;
    Ok(ExitCode::from(summary.verdict.exit_code()))
}

pub(crate) fn load_scenario(
    name: &str,
    sets: &[String],
    seed: Option<u64>,
) -> Result<Loaded, Failure> {
    let mut loaded = load(&Files, name, sets, seed)?;
    if let Some(trace) = &mut loaded.scenario.workload.trace {
        // The run directory holds the trace, so that it can be moved and run again anywhere.
        trace.file = Some(TRACE_FILE.to_owned());
    }
    // What a run directory holds goes by the name it had, not by that of its file.
    let path = Path::new(name);
    if path.file_name().is_some_and(|name| name == EFFECTIVE_FILE)
        && let Some(dir) = path.parent()
        && let Ok(manifest) = RunDir::open(dir).read_manifest()
    {
        loaded.name = manifest.scenario;
    }
    Ok(loaded)
}

/// The run directory, and whether there was one before.
pub(crate) struct Place {
    pub(crate) dir: RunDir,
    is_new: bool,
}

impl Place {
    pub(crate) fn create(out: Option<&Path>, loaded: &Loaded) -> Result<Self, Failure> {
        let (dir, is_new) = match out {
            Some(out) => {
                let is_new = !out.exists();
                (RunDir::create(out)?, is_new)
            }
            None => {
                let seed = loaded.scenario.seed;
                (
                    RunDir::create_under(Path::new(RUNS), &loaded.name, seed)?,
                    true,
                )
            }
        };
        Ok(Self { dir, is_new })
    }

    /// After a run that never began: an empty directory would only puzzle.
    pub(crate) fn remove_if_new(&self) {
        if self.is_new {
            // Removes nothing but an empty directory; the error that led here matters more.
            let _ = fs::remove_dir(self.dir.path());
        }
    }
}

fn run_kernel(
    args: &RunArgs,
    loaded: &Loaded,
    interrupt: &Interrupt,
) -> Result<(Ran, Cost), Failure> {
    let threads = args.threads();
    let mut meter = Meter::start(args.quiet);
    let watch = Stopwatch::start();
    let ran = leek_lab::run(loaded, threads, &mut |progress| {
        meter.show(progress);
        if interrupt.is_asked() {
            Control::Stop
        } else {
            Control::Continue
        }
    });
    let threads = u32::try_from(threads.get()).unwrap_or(u32::MAX);
    let cost = watch.stop(threads)?;
    meter.clear();
    let ran = ran?;
    if let Some(lack) = UNMEASURED {
        meter.say(lack);
    }
    if interrupt.is_asked() {
        meter.say("interrupted: writing what there is; once more stops at once");
    }
    Ok((ran, cost))
}

/// Writes the scenario and the tables.
pub(crate) fn write_tables(
    dir: &RunDir,
    loaded: &Loaded,
    (messages, requests, metrics): (&[MessageRow], &[RequestRow], &[MetricRow]),
) -> Result<Numbers, Failure> {
    dir.write_scenario(&loaded.given, &loaded.effective())?;
    if let Some(trace) = &loaded.trace {
        dir.write_trace(&trace.text)?;
    }
    Ok(dir.write_tables(messages, requests, metrics)?)
}

/// Writes what is left; the summary last, because a directory that has one is complete.
pub(crate) fn write_summary(
    dir: &RunDir,
    loaded: &Loaded,
    summary: &Summary,
    started_unix_s: u64,
) -> Result<(), Failure> {
    let effective = loaded.effective();
    let trace = loaded.trace.as_ref().map(|trace| trace.text.as_str());
    dir.write_manifest(&Manifest {
        schema_versions: Manifest::current_schema_versions(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("LEEK_COMMIT").map(str::to_owned),
        rustc: env!("LEEK_RUSTC").to_owned(),
        scenario: summary.scenario.clone(),
        scenario_hash: scenario_hash(&effective, trace),
        seed: summary.seed,
        digest: summary.digest.clone(),
        shape: summary.shape.clone(),
        host: Host::current(),
        limits: limits::in_force(),
        threads: summary.threads,
        started_unix_s,
    })?;
    dir.write_summary(summary)?;
    Ok(())
}

/// Shows the result: as JSON, or as text unless quiet, and the last line.
pub(crate) fn report(
    (json, quiet): (bool, bool),
    summary: &Summary,
    dir: &Path,
) -> Result<(), Failure> {
    let closing = closing_lines(summary, dir);
    if json {
        // As in summary.json, byte for byte.
        console::data(&(serde_json::to_string_pretty(summary)? + "\n"))?;
        console::talk(&closing);
        return Ok(());
    }
    if !quiet {
        console::data(&(render_text(summary, console::stdout_has_colors()) + "\n"))?;
    }
    console::data(&closing)
}

/// Seconds since the Unix epoch; 0 for a clock that stands before it.
pub(crate) fn unix_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
