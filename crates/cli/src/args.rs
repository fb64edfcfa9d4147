//! The command line.

mod logs;
mod people;

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode, thread::available_parallelism};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};

use leek_report::EXIT_USAGE;
pub(crate) use logs::LogArgs;
pub(crate) use people::{
    AccountArgs, AccountCommand, ContactsArgs, ContactsCommand, DoctorArgs, HomeArgs, NewArgs,
    PassphraseArgs, PersonArgs, ProtectArgs, ReceiveArgs, RestoreArgs, SendArgs, ShowArgs,
    parse_ack,
};

/// Most threads a run may ask for: more than any machine this ran on has processors.
const THREADS_MAX: usize = 1_024;
/// Most threads a run takes when nobody says how many: windows are short, so more threads wait
/// for each other longer than they work.
const THREADS_DEFAULT_MAX: usize = 4;

const EXAMPLES: &str = "\
Examples:
  leek list                                     what there is to run
  leek run first-light                          run a scenario that ships
  leek run first-light --seed 7 --out runs/a    another seed, a directory of your choice
  leek run hundred --set network.loss=0.01      change one thing
  leek run my-scenario.toml --json > out.json   a file of your own; the summary as JSON
  leek run runs/hundred-seed1/effective.toml    run again what a run directory holds
  leek verify runs/hundred-seed1                do the tables bear out the summary?
  leek schema > leek.schema.json                completion of scenario files in an editor

Results go to stdout, talk to stderr. Exit codes: 0 pass, 1 a check failed, 2 usage or scenario,
3 inconclusive, 4 environment (disk, permissions), 99 a threshold was breached, 130 interrupted.";

const RUN_EXAMPLES: &str = "\
Examples:
  leek run first-light
  leek run first-light --seed 7 --threads 2 --out runs/a
  leek run hundred --set duration=20s --set workload.poisson.over=10s
  leek run hundred --set onion.hops=2 --set 'network.latency.constant=\"40ms\"'
  leek run trace --set workload.trace.file=my-trace.txt
  leek run my-scenario.toml --json --quiet > summary.json

The last line is PASS, FAIL, INCONCLUSIVE, BREACHED or INTERRUPTED with the seed, the digest and the
run directory: on stdout, or on stderr with --json. Ctrl-C stops the run and keeps what there is; a
second Ctrl-C stops at once. Exit codes: 0 pass, 1 a check failed, 2 usage or scenario,
3 inconclusive, 4 environment (disk, permissions), 99 a threshold was breached, 130 interrupted.";

/// A laboratory for onion-routed, swarm-stored private messaging.
#[derive(Debug, Parser)]
#[command(name = "leek", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario in virtual time and judge it.
    Run(RunArgs),
    /// Name the scenarios that ship.
    List(ListArgs),
    /// Print the JSON Schema of a file that Leek reads or writes.
    Schema(SchemaArgs),
    /// Recompute the summary of a run from its tables and compare.
    ///
    /// Every number in summary.json but wall_s, cpu_s and rss_bytes is counted again from the
    /// tables, and manifest.json is held against summary.json and effective.toml. Exit code 0 when
    /// all agree, 1 when something differs, is damaged or is missing.
    Verify(VerifyArgs),
    /// Make, restore or show an account.
    Account(AccountArgs),
    /// Names for the accounts of others.
    Contacts(ContactsArgs),
    /// Send a message.
    Send(SendArgs),
    /// Show the messages that have come.
    Receive(ReceiveArgs),
    /// Say what is missing on this machine, and how to get it.
    Doctor(DoctorArgs),
    /// Run a storage node.
    #[command(subcommand)]
    Node(crate::node::NodeCommand),
    /// Run a directory, one of those who sign who is in a network.
    #[command(subcommand)]
    Directory(crate::directory::DirectoryCommand),
    /// A network of real processes on this machine.
    #[command(subcommand)]
    Net(crate::net::NetCommand),
    /// Measure, attack or kill a network of real processes on this machine.
    #[command(subcommand)]
    Bench(crate::bench::BenchCommand),
}

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct RunArgs {
    /// A scenario that ships (see `leek list`) or the path of a .toml file.
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: String,
    /// Root seed of every random stream; the scenario's own without it.
    #[arg(long, env = "LEEK_SEED", value_name = "N")]
    // TOML, and with it effective.toml, has no greater integer.
    #[arg(value_parser = clap::value_parser!(u64).range(..=i64::MAX.unsigned_abs()))]
    pub(crate) seed: Option<u64>,
    /// Change one field, such as clients.count=20; may be given more than once.
    ///
    /// The value is TOML, or a string if it is not. Paths are relative to the working directory.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Worker threads; they never change the result [default: one per processor, at most 4].
    #[arg(long, env = "LEEK_THREADS", value_name = "N", value_parser = parse_threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Directory of the run, empty or not there yet [default: a new one under runs/].
    #[arg(long, env = "LEEK_OUT", value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the summary as JSON on stdout; the last line goes to stderr.
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress and no summary text; the last line only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which file.
    #[arg(value_enum, default_value_t = SchemaOf::Scenario)]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A scenario file.
    Scenario,
    /// summary.json of a run directory.
    Summary,
    /// manifest.json of a run directory.
    Manifest,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Directory of a run.
    #[arg(value_name = "RUN_DIR")]
    pub(crate) run_dir: PathBuf,
    /// Print a JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

impl RunArgs {
    /// Worker threads of the run.
    pub(crate) fn threads(&self) -> NonZeroUsize {
        let most = NonZeroUsize::MIN.saturating_add(THREADS_DEFAULT_MAX - 1);
        // A system that does not tell its processors gets one thread: nothing but time depends
        // on it.
        let one_each = || {
            available_parallelism()
                .unwrap_or(NonZeroUsize::MIN)
                .min(most)
        };
        self.threads.unwrap_or_else(one_each)
    }
}

fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .ok()
        .filter(|threads: &NonZeroUsize| threads.get() <= THREADS_MAX)
        .ok_or_else(|| format!("give between 1 and {THREADS_MAX}"))
}

/// Reads the command line. Help, the version and usage errors are printed here.
///
/// # Errors
/// The exit code, when there is nothing left to do.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|mut error| {
        if error.kind() == ErrorKind::MissingRequiredArgument && lacks_scenario(&error) {
            let tip = StyledStr::from("`leek list` names the scenarios that ship");
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        }
        // To stderr for errors, to stdout for help; a closed pipe is nobody to talk to.
        let _ = error.print();
        match error.exit_code() {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(EXIT_USAGE),
        }
    })
}

fn lacks_scenario(error: &clap::Error) -> bool {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(names)) => names.iter().any(|name| name == "<SCENARIO>"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn threads_have_a_bound() {
        assert_eq!(parse_threads("2").unwrap().get(), 2);
        for text in ["0", "1025", "-1", "two", ""] {
            assert_eq!(
                parse_threads(text).unwrap_err(),
                "give between 1 and 1024",
                "{text}"
            );
        }
    }
}
