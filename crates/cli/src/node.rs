//! `leek node run`: a storage node as a process.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use leek_daemon::node::{self, NodeOptions, Synchronous};

use crate::{
    args::LogArgs,
    failure::Failure,
    service::{NetworkArgs, ServiceArgs, parse_bytes, parse_duration, trust},
};

const RUN_EXAMPLES: &str = "\
Examples:
  leek node run --data-dir node --listen 203.0.113.5:22021 --network network.toml
  leek node run --data-dir node --listen 203.0.113.5:22021 --network network.toml --ops 127.0.0.1:9100

The key in DIR/node.key is the node: without it, it is another one. The first line on stdout tells
the address, the id and the port of health and metrics; a second one comes when the node is ready.
SIGTERM and SIGINT end it in good order, a second one at once (130). Exit codes: 0 ended in good
order, 2 usage, 4 environment (directory, key, database, port, clock, disk), 130 interrupted.";

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Run a storage node until it is told to stop.
    Run(Box<NodeRunArgs>),
}

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct NodeRunArgs {
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    network: NetworkArgs,
    /// Bytes of messages after which new ones are refused.
    #[arg(long, value_name = "BYTES", default_value = "3584MiB", value_parser = parse_bytes)]
    store_bytes_max: u64,
    /// Bytes of messages of one account after which new ones for it are refused.
    #[arg(long, value_name = "BYTES", default_value = "64MiB", value_parser = parse_bytes)]
    account_bytes_max: u64,
    /// Bytes of requests and answers that the clients of one /24 network may move each second,
    /// after a burst of four seconds' worth (16 MiB at least). Nodes are exempt.
    #[arg(long, value_name = "BYTES", default_value = "4MiB", value_parser = parse_bytes)]
    client_bytes_per_second: u64,
    /// Free space that the disk must have: below it a node does not start, and one that runs takes
    /// new messages only in place of old ones.
    #[arg(long, value_name = "BYTES", default_value = "64MiB", value_parser = parse_bytes)]
    min_free: u64,
    /// What a stored message waits for: `full` for the medium (survives a power cut), `normal` for
    /// the operating system (survives the process).
    #[arg(long, value_enum, default_value_t = SyncArg::Full)]
    sync: SyncArg,
    /// How long a message waits for others that are written with it.
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = parse_duration)]
    group_commit: Duration,
    // Last: its heading stands above everything behind it.
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SyncArg {
    Full,
    Normal,
}

/// Runs what the command line asks for.
pub(crate) fn node(command: &NodeCommand) -> Result<(), Failure> {
    let NodeCommand::Run(args) = command;
    let network = &args.network;
    let trust = trust(network.network.as_deref(), &network.directories)?;
    args.service.prepare(&args.log)?;
    let options = NodeOptions {
        data_dir: args.service.data_dir.clone(),
        listen: args.service.listen,
        ops: args.service.ops,
        trust,
        store_bytes_max: args.store_bytes_max,
        account_bytes_max: args.account_bytes_max,
        client_bytes_per_s: args.client_bytes_per_second,
        min_free: args.min_free,
        sync: match args.sync {
            SyncArg::Full => Synchronous::Full,
            SyncArg::Normal => Synchronous::Normal,
        },
        group_commit: args.group_commit,
        clock_offset_ms: args.service.clock_offset_ms,
    };
    node::run(&options, &mut |notice| args.service.say(notice))?;
    Ok(())
}
