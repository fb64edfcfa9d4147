use std::{fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    Config, NetError, Swarms, Target,
    files::{Layout, replace},
    process::{ProcessId, boot_id},
};

/// The version of `net.json` that this program writes.
const VERSION: u32 = 1;
/// Most bytes of a `net.json`: 209 processes of about 400 bytes, twelve times over.
const STATE_BYTES_MAX: u64 = 1 << 20;

/// What `net.json` holds: enough to find, show and end a network without its supervisor, and to
/// bring the same network up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetState {
    /// The version of this file.
    pub version: u32,
    /// The second octet of all addresses.
    pub block: u8,
    /// The port of the first process.
    pub base_port: u16,
    /// Nodes of a swarm; none: the deployed network's rule.
    pub swarm_size: Option<u16>,
    /// Which start of the machine the process numbers belong to.
    pub boot: String,
    /// Who supervises the network, while it is up.
    pub supervisor: Option<ProcessId>,
    /// All processes: directories, then nodes.
    pub processes: Vec<ProcessState>,
}

/// One process of a [`NetState`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessState {
    /// Which.
    pub target: Target,
    /// Its public id: 64 hexadecimal digits.
    pub id: String,
    /// Where it listens.
    pub address: String,
    /// Its health and metrics port, while it is known.
    pub ops: Option<String>,
    /// The process, while it lives.
    pub process: Option<ProcessId>,
}

impl NetState {
    /// A network that was never up.
    ///
    /// # Errors
    /// [`NetError::Io`] when `/proc` cannot be read.
    pub(crate) fn new(
        config: &Config,
        block: u8,
        processes: Vec<ProcessState>,
    ) -> Result<Self, NetError> {
        Ok(Self {
            version: VERSION,
            block,
            base_port: config.base_port,
            swarm_size: match config.swarms {
                Swarms::Fixed(size) => Some(size),
                Swarms::Deployed => None,
            },
            boot: this_boot()?,
            supervisor: None,
            processes,
        })
    }

    /// Reads `net.json`. Process numbers of an earlier start of the machine are left out.
    ///
    /// # Errors
    /// [`NetError::NoNetwork`], [`NetError::Damaged`], [`NetError::Io`].
    pub(crate) fn load(layout: &Layout) -> Result<Self, NetError> {
        let path = layout.state();
        let bytes = match fs::metadata(&path).and_then(|meta| {
            if meta.len() > STATE_BYTES_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            fs::read(&path)
        }) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(NetError::NoNetwork {
                    dir: layout.root().to_owned(),
                });
            }
            Err(error) => return Err(NetError::io("read", path)(error)),
        };
        let damaged = |what: String| NetError::Damaged {
            path: path.clone(),
            what,
        };
        let mut state: Self =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if state.version != VERSION {
            return Err(damaged(format!(
                "it has version {}, and this program knows {VERSION}",
                state.version
            )));
        }
        if state.boot != this_boot()? {
            state.boot = this_boot()?;
            state.supervisor = None;
            for process in &mut state.processes {
                process.process = None;
                process.ops = None;
            }
        }
        Ok(state)
    }

    /// # Errors
    /// [`NetError::Io`].
    pub(crate) fn save(&self, layout: &Layout) -> Result<(), NetError> {
        let mut text = match serde_json::to_string_pretty(self) {
            Ok(text) => text,
            Err(error) => leek_machine::bug!("plain data has no JSON: {error}"),
        };
        text.push('\n');
        replace(&layout.state(), text.as_bytes())
    }

    /// What differs between this network and the one asked for.
    pub(crate) fn differs_from(&self, config: &Config) -> Option<String> {
        let size = match config.swarms {
            Swarms::Fixed(size) => Some(size),
            Swarms::Deployed => None,
        };
        let count = |directories: bool| {
            let is = |process: &&ProcessState| {
                matches!(process.target, Target::Directory(_)) == directories
            };
            self.processes.iter().filter(is).count()
        };
        let in_words = |size: Option<u16>| {
            size.map_or_else(|| "deployed".to_owned(), |size| format!("of {size} nodes"))
        };
        if count(false) != usize::from(config.nodes) {
            Some(format!("{} nodes, not {}", count(false), config.nodes))
        } else if count(true) != usize::from(config.directories) {
            let asked = config.directories;
            Some(format!("{} directories, not {asked}", count(true)))
        } else if self.swarm_size != size {
            let (is, asked) = (in_words(self.swarm_size), in_words(size));
            Some(format!("its swarms are {is}, not {asked}"))
        } else if self.base_port != config.base_port {
            Some(format!(
                "base port {}, not {}",
                self.base_port, config.base_port
            ))
        } else {
            None
        }
    }
}

fn this_boot() -> Result<String, NetError> {
    boot_id().map_err(NetError::io("read", PathBuf::from("/proc")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, Layout, NetState) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::of(dir.path()).unwrap();
        let process = ProcessState {
            target: Target::Node(0),
            id: "ab".repeat(32),
            address: "127.9.0.1:7004".to_owned(),
            ops: Some("127.0.0.1:40000".to_owned()),
            process: Some(ProcessId { pid: 1, started: 2 }),
        };
        let config = Config::new("leek", dir.path());
        let state = NetState::new(&config, 9, vec![process]).unwrap();
        (dir, layout, state)
    }

    #[test]
    fn a_state_is_read_as_it_was_written() {
        let (_dir, layout, state) = state();
        state.save(&layout).unwrap();
        assert_eq!(NetState::load(&layout).unwrap(), state);
    }

    #[test]
    fn process_numbers_do_not_outlive_the_machine() {
        let (_dir, layout, mut state) = state();
        state.boot = "another".to_owned();
        state.save(&layout).unwrap();
        let loaded = NetState::load(&layout).unwrap();
        assert_eq!(loaded.processes[0].process, None);
        assert_eq!(loaded.processes[0].id, state.processes[0].id);
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let (dir, layout, mut state) = state();
        let none = NetState::load(&layout).unwrap_err();
        assert!(matches!(none, NetError::NoNetwork { .. }), "{none}");
        fs::write(dir.path().join("net.json"), "{\"version\": 1}").unwrap();
        let damaged = NetState::load(&layout).unwrap_err();
        assert!(matches!(damaged, NetError::Damaged { .. }), "{damaged}");
        state.version = 2;
        state.save(&layout).unwrap();
        let newer = NetState::load(&layout).unwrap_err();
        assert!(newer.to_string().contains("version 2"), "{newer}");
    }

    #[test]
    fn another_network_is_told_from_this_one() {
        let (_dir, _layout, state) = state();
        let mut config = Config::new("leek", "dir");
        let told = |config: &Config| state.differs_from(config);
        assert_eq!(told(&config).unwrap(), "1 nodes, not 4");
        config.nodes = 1;
        assert_eq!(told(&config).unwrap(), "0 directories, not 3");
    }
}
