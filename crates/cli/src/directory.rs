//! `leek directory`: a signer of the membership as a process.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use leek_daemon::directory::{self, DirectoryOptions};
use leek_directory::{DirectoryAddress, DirectoryUrl, SwarmRule};
use leek_identity::NodeAddress;

use crate::{
    args::LogArgs,
    console,
    failure::Failure,
    service::{ServiceArgs, parse_address, trust},
};

const RUN_EXAMPLES: &str = "\
Examples:
  leek directory init --data-dir d0 --listen 203.0.113.5:7001
  leek directory run --data-dir d0 --listen 203.0.113.5:7001 --peers network.toml --swarm-size 4
  leek directory run --data-dir d0 --listen 203.0.113.5:7001 --peers network.toml \\
      --deployed-swarms --expect-nodes 12

Every directory of a network runs with the same --peers and the same rule for swarms. Exit codes:
0 ended in good order, 2 usage, 4 environment (directory, key, port, clock), 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(crate) enum DirectoryCommand {
    /// Run a directory until it is told to stop.
    Run(Box<DirectoryRunArgs>),
    /// Print the URL of a directory; its key is made if it is not there.
    Init(DirectoryInitArgs),
}

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct DirectoryRunArgs {
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    peers: PeersArgs,
    #[command(flatten)]
    swarms: SwarmArgs,
    /// Nodes that must have announced themselves before the first membership is signed.
    #[arg(long, value_name = "N", default_value_t = 1)]
    expect_nodes: u32,
    // Last: its heading stands above everything behind it.
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct PeersArgs {
    /// The network's file, which names all directories, this one among them.
    #[arg(long, value_name = "FILE")]
    peers: Option<PathBuf>,
    /// A directory, leek://KEY@IP:PORT; once for each, this one among them.
    #[arg(long = "directory", value_name = "URL")]
    directories: Vec<DirectoryUrl>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SwarmArgs {
    /// Put nodes into swarms of this size.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    swarm_size: Option<u16>,
    /// Put nodes into swarms as the deployed network does.
    #[arg(long)]
    deployed_swarms: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DirectoryInitArgs {
    /// Where its key is to be; made, readable by its owner only, if not there.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The address that others will reach it at.
    #[arg(long, value_name = "IP:PORT", value_parser = parse_address)]
    listen: NodeAddress,
    /// Print a JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs what the command line asks for.
pub(crate) fn directory(command: &DirectoryCommand) -> Result<(), Failure> {
    match command {
        DirectoryCommand::Run(args) => run(args),
        DirectoryCommand::Init(args) => init(args),
    }
}

fn run(args: &DirectoryRunArgs) -> Result<(), Failure> {
    let trust = trust(args.peers.peers.as_deref(), &args.peers.directories)?;
    args.service.prepare(&args.log)?;
    let options = DirectoryOptions {
        data_dir: args.service.data_dir.clone(),
        listen: args.service.listen,
        ops: args.service.ops,
        trust,
        swarms: match args.swarms.swarm_size {
            Some(size) => SwarmRule::Fixed { size: size.into() },
            None => SwarmRule::Deployed,
        },
        expect_nodes: args.expect_nodes,
        clock_offset_ms: args.service.clock_offset_ms,
    };
    directory::run(&options, &mut |notice| args.service.say(notice))?;
    Ok(())
}

fn init(args: &DirectoryInitArgs) -> Result<(), Failure> {
    let id = directory::init(&args.data_dir)?;
    let url = DirectoryUrl(DirectoryAddress {
        id,
        address: args.listen,
    });
    if args.json {
        let line = serde_json::json!({ "url": url.to_string() });
        console::data(&format!("{line}\n"))
    } else {
        console::data(&format!("{url}\n"))
    }
}
