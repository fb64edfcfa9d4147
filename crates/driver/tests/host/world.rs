//! Hosts of toys, and who calls them.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use leek_crypto::pure;
use leek_driver::{
    Caller, CallerConfig, Clock, Host, HostConfig, Identity, Limits, Memory, Network, Runtime,
    StartError, SystemEntropy, host,
};
use leek_identity::{NodeAddress, NodeId, NodeKeys};
use leek_machine::Wall;
use leek_wire::{Outcome, Refusal, Response, Status};

use crate::toy::{Disk, Do, Toy};

pub(crate) const START: Wall = Wall::from_ms(1_800_000_000_000);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A runtime, a network, a clock.
pub(crate) struct World {
    pub(crate) rt: Runtime,
    pub(crate) network: Arc<dyn Network>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) own_thread: bool,
}

/// A host and how to reach it.
pub(crate) struct Node {
    pub(crate) host: Host<Toy>,
    pub(crate) id: NodeId,
    pub(crate) at: NodeAddress,
}

impl World {
    /// In memory, with a paused clock.
    pub(crate) fn paused() -> Self {
        let rt = Runtime::paused().unwrap();
        let clock = Clock::fixed(&rt, START);
        Self {
            rt,
            network: Arc::new(Memory::default()),
            clock,
            limits: Limits::default(),
            own_thread: false,
        }
    }

    /// On real threads and the real clock.
    pub(crate) fn real(network: Arc<dyn Network>) -> Self {
        let rt = Runtime::new(2).unwrap();
        let clock = Clock::system(&rt, 0);
        Self {
            rt,
            network,
            clock,
            limits: Limits::default(),
            own_thread: true,
        }
    }

    pub(crate) fn config(&self, n: u8) -> HostConfig {
        let keys = Arc::new(NodeKeys::from_seed([n; 32]));
        let ip = Ipv4Addr::new(127, 33, n, 1);
        HostConfig {
            role: "toy",
            network: Arc::clone(&self.network),
            listen: Some(NodeAddress { ip, port: 0 }),
            source: Some(ip),
            identity: Some(Arc::new(Identity::new(keys, &pure()))),
            clock: self.clock.clone(),
            limits: self.limits,
            group_commit: Duration::from_millis(5),
            own_thread: self.own_thread,
        }
    }

    pub(crate) fn start(&self, config: HostConfig, disk: Disk) -> Result<Host<Toy>, StartError> {
        let entropy = Box::new(SystemEntropy::new().unwrap());
        let events = Box::new(|_, _| {});
        host(
            &self.rt,
            config,
            Toy::default(),
            Arc::default(),
            disk,
            entropy,
            events,
        )
    }

    /// Node `n`, with a disk.
    pub(crate) fn node_with(&self, n: u8, disk: Disk) -> Node {
        self.node_of(n, self.config(n), disk)
    }

    /// Node `n`, set up otherwise.
    pub(crate) fn node_of(&self, n: u8, config: HostConfig, disk: Disk) -> Node {
        let host = self.start(config, disk).unwrap();
        Node {
            at: host.address().unwrap(),
            id: NodeKeys::from_seed([n; 32]).id(),
            host,
        }
    }

    pub(crate) fn node(&self, n: u8) -> Node {
        self.node_with(n, Disk::default())
    }

    pub(crate) fn caller(&self) -> Caller {
        let config = CallerConfig {
            network: Arc::clone(&self.network),
            identity: None,
            source: Some(Ipv4Addr::new(127, 33, 0, 9)),
            clock: self.clock.clone(),
            limits: self.limits,
        };
        Caller::new(&self.rt, config)
    }
}

/// An answer of so many bytes.
pub(crate) fn done(bytes: usize) -> Outcome<Response> {
    Outcome::Done(Response::Cosigned(vec![7; bytes]))
}

/// A refusal in the driver's own words.
pub(crate) fn refused(status: Status, reason: &str) -> Outcome<Response> {
    Outcome::Refused(Refusal::new(status, reason))
}

impl Node {
    pub(crate) fn ask(&self, caller: &Caller, what: Do) -> Outcome<Response> {
        caller.call_wait(self.id, self.at, what.request(), SECOND)
    }

    pub(crate) async fn asked(
        &self,
        caller: &Caller,
        what: Do,
        within: Duration,
    ) -> Outcome<Response> {
        caller.ask(self.id, self.at, what.request(), within).await
    }
}
