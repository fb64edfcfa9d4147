//! Tier B: the driver over streams inside the process, on a clock that stands still while there
//! is work.

use core::net::Ipv4Addr;
use std::sync::Arc;

use leek_driver::{Clock, Durable, Host, HostConfig, Identity, Memory, Runtime};
use leek_lab::{Cast, Judged, scenario::Loaded};
use leek_machine::Wall;
use leek_storage_node::{NodeConfig, NodePrep, StorageNode};
use leek_store::MemoryStore;
use leek_wire::limits::STORE_BYTES_MAX;

use super::{Ground, RunError, ground::approved};
use crate::script::{Script, Transcript};

/// The wall clock at the start, in ms: the kernel's, November 2023. Certificates are made by the
/// same clock.
const START: Wall = Wall::from_ms(1_700_000_000_000);

/// The nodes of a scenario as hosts of this process, over TLS, HTTP/2 and gRPC on in-memory
/// streams.
#[derive(Debug)]
pub struct Wire {
    /// Ends before the nodes do.
    ground: Ground,
    nodes: Vec<Host<StorageNode>>,
    cast: Cast,
}

/// Client addresses, apart from those of all nodes: one in each /24.
const fn source(client: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x6440_0001 + (client << 8))
}

impl Wire {
    /// Starts the nodes of `loaded`, each with this configuration and an empty store.
    ///
    /// # Errors
    /// [`RunError`] when the scenario cannot be drawn, asks for sized cryptography, or a host does
    /// not start.
    pub fn up(loaded: &Loaded, config: NodeConfig) -> Result<Self, RunError> {
        let cast = Cast::draw(loaded)?;
        let setups = cast.nodes(&loaded.scenario);
        let snapshot = cast.snapshot(&loaded.scenario, &setups);
        let rt = Runtime::paused().map_err(RunError::Runtime)?;
        let ground = Ground {
            clock: Clock::fixed(&rt, START),
            network: Arc::new(Memory::new()),
            suite: approved(loaded)?,
            rt,
            snapshot,
            source,
        };
        // Keys do not clone; an identity and a node each have theirs.
        let again = cast.nodes(&loaded.scenario);
        let nodes = (0u32..)
            .zip(setups.into_iter().zip(again))
            .map(|(number, (node, identity))| {
                let prep = Arc::new(NodePrep::new(ground.suite.suite(), node.keys));
                let identity = Identity::new(Arc::new(identity.keys), &ground.suite);
                let host_config = HostConfig {
                    listen: Some(node.record.address),
                    source: Some(node.record.address.ip),
                    identity: Some(Arc::new(identity)),
                    ..ground.host_config("node")
                };
                let host = leek_driver::host(
                    &ground.rt,
                    host_config,
                    StorageNode::new(config, Arc::clone(&prep)),
                    prep,
                    Durable(MemoryStore::new(STORE_BYTES_MAX)),
                    Box::new(cast.node_entropy(number)),
                    Box::new(|_, _| {}),
                )?;
                host.membership(Arc::clone(&ground.snapshot));
                Ok(host)
            })
            .collect::<Result<Vec<_>, RunError>>()?;
        Ok(Self {
            ground,
            nodes,
            cast,
        })
    }

    /// Runs a script.
    ///
    /// # Errors
    /// As [`Ground::recite`]; also when a node ended.
    pub fn recite(&self, script: Script) -> Result<Transcript, RunError> {
        let transcript = self.ground.recite(script)?;
        self.alive()?;
        Ok(transcript)
    }

    /// Runs the plan of the scenario whose nodes these are, to its end.
    ///
    /// # Errors
    /// As [`Ground::play`]; also when a node ended.
    pub fn play(&self, loaded: &Loaded) -> Result<Judged, RunError> {
        let judged = self.ground.play(loaded, &self.cast, &|| false)?;
        self.alive()?;
        Ok(judged)
    }

    fn alive(&self) -> Result<(), RunError> {
        match self.nodes.iter().find_map(Host::ended) {
            Some(fatal) => Err(RunError::Ended(Some(fatal))),
            None => Ok(()),
        }
    }
}
