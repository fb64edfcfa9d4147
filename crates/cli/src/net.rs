//! `leek net`: a network of real processes on this machine.

mod live;
mod up;

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use leek_localnet::{Action, BASE_PORT_DEFAULT, Control, Target, Wiped, table, wipe};

use crate::{console, failure::Failure, service::hint};

const EXAMPLES: &str = "\
Examples:
  leek net up --nodes 12            in one terminal: runs until Ctrl-C
  leek net status                   in another one: how are they?
  leek net kill 3                   SIGKILL for node-3; `start 3` brings it back
  leek net pause directory-0        SIGSTOP; `resume directory-0` lets it go on
  leek net up --nodes 12 --detach   without a terminal of its own
  leek net down                     ends all; --wipe removes keys, messages and logs as well
  leek net run calm                 runs a scenario on a network of its own, and judges it

Clients and nodes join with --network leek-net/network.toml. Exit codes: 0 done, 2 usage,
4 environment (a process did not start, a port is taken), 130 interrupted while starting.";

#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum NetCommand {
    /// Start a network and supervise it until Ctrl-C or `leek net down`.
    ///
    /// What was in the directory before comes up again with its keys, addresses and messages.
    Up(NetUpArgs),
    /// End all processes of a network.
    Down(NetDownArgs),
    /// Show all processes of a network.
    Status(NetStatusArgs),
    /// Kill a process at once, as a power cut would (SIGKILL).
    Kill(NetActArgs),
    /// Start a process that has ended.
    Start(NetActArgs),
    /// Stop a process without ending it (SIGSTOP).
    Pause(NetActArgs),
    /// Let a paused process go on (SIGCONT).
    Resume(NetActArgs),
    /// Run a scenario on real processes and judge it.
    ///
    /// A network of its own comes up for it and goes down afterwards.
    Run(Box<crate::net_run::NetRunArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct DirArgs {
    /// The network's directory.
    #[arg(long, value_name = "DIR", default_value = "leek-net")]
    dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct NetUpArgs {
    /// Storage nodes.
    #[arg(long, value_name = "N")]
    nodes: u16,
    /// Directories; a majority of them signs the membership.
    #[arg(long, value_name = "N", default_value_t = 3)]
    directories: u16,
    #[command(flatten)]
    dir: DirArgs,
    /// Nodes of a swarm.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        conflicts_with = "deployed_swarms"
    )]
    swarm_size: u16,
    /// Put nodes into swarms as the deployed network does.
    #[arg(long)]
    deployed_swarms: bool,
    /// The port of the first process; the others count up from it.
    #[arg(long, value_name = "PORT", default_value_t = BASE_PORT_DEFAULT)]
    base_port: u16,
    /// Leave the network running without a terminal, once it is ready.
    #[arg(long)]
    detach: bool,
    /// Print the status as JSON, once it is ready.
    #[arg(long)]
    json: bool,
    /// This process is the supervisor of a detached network.
    #[arg(long, hide = true)]
    supervise: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NetDownArgs {
    #[command(flatten)]
    dir: DirArgs,
    /// Remove keys, messages and logs as well.
    #[arg(long)]
    wipe: bool,
    /// Do not ask before removing anything.
    #[arg(long, requires = "wipe")]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NetStatusArgs {
    #[command(flatten)]
    dir: DirArgs,
    /// Print a JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NetActArgs {
    /// A node's number, or a name as `leek net status` shows it.
    #[arg(value_name = "PROCESS")]
    target: Target,
    #[command(flatten)]
    dir: DirArgs,
}

/// Runs what the command line asks for.
pub(crate) fn net(command: &NetCommand) -> Result<ExitCode, Failure> {
    match command {
        NetCommand::Run(args) => return crate::net_run::net_run(args),
        NetCommand::Up(args) => up::up(args),
        NetCommand::Down(args) => down(args),
        NetCommand::Status(args) => status(args),
        NetCommand::Kill(args) => act(args, Action::Kill),
        NetCommand::Start(args) => act(args, Action::Start),
        NetCommand::Pause(args) => act(args, Action::Pause),
        NetCommand::Resume(args) => act(args, Action::Resume),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn act(args: &NetActArgs, action: Action) -> Result<(), Failure> {
    Control::open(&args.dir.dir)?.act(args.target, action)?;
    let done = match action {
        Action::Kill => "is killed",
        Action::Stop => "has ended",
        Action::Pause => "is paused",
        Action::Resume => "goes on",
        Action::Start => "is started",
    };
    hint(&format!("{} {done}", args.target));
    Ok(())
}

fn status(args: &NetStatusArgs) -> Result<(), Failure> {
    let status = Control::open(&args.dir.dir)?.status()?;
    if args.json {
        console::data(&format!("{}\n", serde_json::to_string_pretty(&status)?))
    } else {
        console::data(&table(&status))
    }
}

fn down(args: &NetDownArgs) -> Result<(), Failure> {
    let dir = &args.dir.dir;
    if args.wipe && !args.yes && !confirmed(dir)? {
        return Err(Failure::NotConfirmed);
    }
    Control::open(dir)?.down()?;
    hint("the network is down");
    if args.wipe {
        match wipe(dir)? {
            Wiped::All => hint(&format!("{} is gone", dir.display())),
            Wiped::OthersStay => hint(&format!(
                "{} has other files than the network's, and stays",
                dir.display()
            )),
        }
    }
    Ok(())
}

/// Asks whoever sits at the terminal. Without one nobody can have meant it.
fn confirmed(dir: &Path) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    console::talk(&format!(
        "remove all keys, messages and logs of the network in {}? [y/N] ",
        dir.display()
    ));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|source| Failure::Read {
            path: "the terminal".into(),
            source,
        })?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
