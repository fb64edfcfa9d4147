//! A network's keys, addresses and files: made at its first start, found at later ones.

use std::ffi::{OsStr, OsString};

use leek_directory::{DirectoryAddress, NetworkFile, NetworkName, Trust};
use leek_driver::SystemEntropy;
use leek_identity::{NodeId, NodeKeys};
use rand_core::Rng as _;
use zeroize::Zeroizing;

use crate::{
    Config, NetError, NetState, ProcessState, Swarms, Target,
    address::{Claim, address_of},
    files::{self, Layout},
    slot::{Slot, SlotParts},
};

/// Every process takes a free port of loopback for health and metrics, and says which.
const OPS: &str = "127.0.0.1:0";

/// Everything a supervisor starts from.
pub(crate) struct Made {
    pub(crate) state: NetState,
    pub(crate) claim: Claim,
    pub(crate) slots: Vec<Slot>,
    pub(crate) trust: Trust,
}

/// Finds or makes the network of this directory, which the caller holds.
///
/// # Errors
/// [`NetError`]: another network is here, no addresses are free, a file cannot be written.
pub(crate) fn make(config: &Config, layout: &Layout) -> Result<Made, NetError> {
    let mut entropy = SystemEntropy::new().map_err(NetError::Supervisor)?;
    let (state, claim) = match NetState::load(layout) {
        Ok(state) => {
            let claim = take_again(config, layout, &state)?;
            (state, claim)
        }
        Err(NetError::NoNetwork { .. }) => {
            let claim = Claim::first_free(entropy.next_u64())?;
            let state = make_new(config, layout, &claim, &mut entropy)?;
            (state, claim)
        }
        Err(error) => return Err(error),
    };
    let trust = read_trust(layout)?;
    let slots = slots(config, layout, &state)?;
    Ok(Made {
        state,
        claim,
        slots,
        trust,
    })
}

fn take_again(config: &Config, layout: &Layout, state: &NetState) -> Result<Claim, NetError> {
    let different = state.differs_from(config).or_else(|| {
        let given = |(seed, process): (&crate::NodeSeed, &ProcessState)| {
            NodeKeys::from_seed(*seed.bytes()).id().to_hex() != process.id
        };
        let nodes = state.processes.iter().skip(usize::from(config.directories));
        let other = config.seeds.iter().zip(nodes).any(given);
        other.then(|| "its nodes have other keys".to_owned())
    });
    if let Some(what) = different {
        return Err(NetError::OtherNetwork {
            dir: layout.root().to_owned(),
            what,
        });
    }
    let block = state.block;
    Claim::of(block)?.ok_or(NetError::RangeTaken { block })
}

fn make_new(
    config: &Config,
    layout: &Layout,
    claim: &Claim,
    entropy: &mut SystemEntropy,
) -> Result<NetState, NetError> {
    let directories = (0..config.directories).map(Target::Directory);
    let targets = directories.chain((0..config.nodes).map(Target::Node));
    let mut processes = Vec::new();
    let mut signers = Vec::new();
    for target in targets {
        let mut seed = Zeroizing::new([0; 32]);
        match target {
            Target::Node(number) if !config.seeds.is_empty() => {
                seed.copy_from_slice(config.seeds[usize::from(number)].bytes());
            }
            _ => entropy.fill_bytes(&mut *seed),
        }
        let id = NodeKeys::from_seed(*seed).id();
        let data = layout.data(target);
        files::make_dir(&data)?;
        files::replace(&data.join(key_name(target)), &*seed)?;
        let address = address_of(claim.block(), config.base_port, config.directories, target);
        if matches!(target, Target::Directory(_)) {
            signers.push(DirectoryAddress { id, address });
        }
        processes.push(ProcessState {
            target,
            id: id.to_hex(),
            address: address.to_string(),
            ops: None,
            process: None,
        });
    }
    // The network's default name is that of local networks.
    let trust = Trust::majority(NetworkName::default(), signers);
    let network = NetworkFile::new(trust.map_err(|error| NetError::Config {
        what: error.to_string(),
    })?);
    files::replace(&layout.network(), network.to_toml().as_bytes())?;
    let state = NetState::new(config, claim.block(), processes)?;
    // Last: its presence says that everything else is there.
    state.save(layout)?;
    Ok(state)
}

const fn key_name(target: Target) -> &'static str {
    match target {
        Target::Directory(_) => "directory.key",
        Target::Node(_) => "node.key",
    }
}

fn read_trust(layout: &Layout) -> Result<Trust, NetError> {
    let path = layout.network();
    let text = std::fs::read_to_string(&path).map_err(NetError::io("read", &path))?;
    match NetworkFile::parse(&text) {
        Ok(network) => Ok(network.trust().clone()),
        Err(error) => Err(NetError::Damaged {
            path,
            what: error.to_string(),
        }),
    }
}

fn slots(config: &Config, layout: &Layout, state: &NetState) -> Result<Vec<Slot>, NetError> {
    let mut slots = Vec::new();
    for process in &state.processes {
        let target = process.target;
        let id = NodeId::parse_hex(&process.id).map_err(|error| NetError::Damaged {
            path: layout.state(),
            what: error.to_string(),
        })?;
        let address = address_of(state.block, config.base_port, config.directories, target);
        slots.push(Slot::new(SlotParts {
            target,
            id,
            address,
            program: config.program.clone(),
            args: args(config, layout, target, &address.to_string()),
            lines: layout.lines(target),
            log: layout.log(target),
        }));
    }
    Ok(slots)
}

fn args(config: &Config, layout: &Layout, target: Target, address: &str) -> Vec<OsString> {
    let (verb, network) = match target {
        Target::Directory(_) => ("directory", "--peers"),
        Target::Node(_) => ("node", "--network"),
    };
    let mut args: Vec<OsString> = Vec::new();
    let mut add = |words: &[&dyn AsRef<OsStr>]| {
        args.extend(words.iter().map(|word| word.as_ref().to_owned()));
    };
    add(&[
        &verb,
        &"run",
        &"--json",
        &"--ops",
        &OPS,
        &"--listen",
        &address,
    ]);
    add(&[&"--data-dir", &layout.data(target)]);
    add(&[&network, &layout.network()]);
    add(&[&"--die-with-parent", &std::process::id().to_string()]);
    match target {
        Target::Directory(_) => {
            add(&[&"--expect-nodes", &config.nodes.to_string()]);
            match config.swarms {
                Swarms::Fixed(size) => add(&[&"--swarm-size", &size.to_string()]),
                Swarms::Deployed => add(&[&"--deployed-swarms"]),
            }
            args.extend(config.directory_args.iter().map(OsString::from));
        }
        Target::Node(_) => args.extend(config.node_args.iter().map(OsString::from)),
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeSeed;

    fn made(config: &Config) -> Made {
        let layout = Layout::of(&config.dir).unwrap();
        files::make_dir(&layout.logs()).unwrap();
        make(config, &layout).unwrap()
    }

    #[test]
    fn a_network_comes_back_with_its_keys_and_addresses() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new("leek", dir.path());
        let seeds = || (1..=4).map(|seed| NodeSeed::new([seed; 32])).collect();
        config.seeds = seeds();
        let first = made(&config);
        assert_eq!(first.slots.len(), 7);
        let id = NodeKeys::from_seed([2; 32]).id();
        assert_eq!(first.slots[4].id, id);
        let layout = Layout::of(dir.path()).unwrap();
        let key = layout.data(Target::Node(1)).join("node.key");
        assert_eq!(std::fs::read(&key).unwrap(), [2; 32]);
        let state = first.state.clone();
        // The range is taken while the network lives.
        let taken = make(&config, &layout).err().unwrap();
        assert!(matches!(taken, NetError::RangeTaken { .. }), "{taken}");
        drop(first);
        assert_eq!(made(&config).state, state);
        config.seeds.clear();
        assert_eq!(made(&config).state, state);
        config.seeds = seeds();
        config.seeds.swap(0, 1);
        let other = make(&config, &layout).err().unwrap();
        assert!(other.to_string().contains("other keys"), "{other}");
    }

    #[test]
    fn processes_get_their_arguments() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new("leek", dir.path());
        config.swarms = Swarms::Deployed;
        config.node_args = vec!["--sync".to_owned(), "normal".to_owned()];
        let layout = Layout::of(dir.path()).unwrap();
        let of = |target| {
            let args = args(&config, &layout, target, "127.9.0.1:7004");
            let args: Vec<_> = args.iter().map(|arg| arg.to_str().unwrap()).collect();
            args.join(" ")
        };
        let node = of(Target::Node(3));
        assert!(node.starts_with("node run --json --ops 127.0.0.1:0 --listen 127.9.0.1:7004 "));
        assert!(
            node.contains("/node-3 --network ") && node.ends_with(" --sync normal"),
            "{node}"
        );
        let directory = of(Target::Directory(0));
        assert!(
            directory.ends_with("--expect-nodes 4 --deployed-swarms"),
            "{directory}"
        );
        assert!(directory.contains("/directory-0 --peers "), "{directory}");
    }
}
