//! What a scenario draws from its seed before anything runs.

use std::sync::Arc;

use leek_client::ClientConfig;
use leek_identity::{Account, AccountId, AccountSeed, NodeKeys, NodeRecord};
use leek_machine::{Seed, Stream, bug};
use leek_swarm::Snapshot;

use crate::{
    build::client_config,
    network::{build_nodes, build_snapshot, node_seeds},
    scenario::{Loaded, Scenario, ScenarioError},
    workload::Plan,
};

/// One node before it runs.
#[derive(Debug)]
pub struct NodeSetup {
    /// Its secrets.
    pub keys: NodeKeys,
    /// What others know of it.
    pub record: NodeRecord,
}

/// The people and nodes of a scenario and what they mean to do, drawn from its seed: the same for
/// every interpreter that runs it.
#[derive(Clone, Debug)]
pub struct Cast {
    plan: Arc<Plan>,
    accounts: Arc<Vec<AccountId>>,
    seed: Seed,
}

impl Cast {
    /// Draws everything.
    ///
    /// # Errors
    /// [`ScenarioError`] when the trace of the scenario cannot be read.
    pub fn draw(loaded: &Loaded) -> Result<Self, ScenarioError> {
        let seed = Seed::from_u64(loaded.scenario.seed);
        let plan = Arc::new(Plan::build(loaded, &seed)?);
        let accounts = (0..plan.clients).map(|i| account(&seed, i).id()).collect();
        Ok(Self {
            plan,
            accounts: Arc::new(accounts),
            seed,
        })
    }

    /// Who sends what to whom, and when.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The accounts' names, by client number.
    pub fn accounts(&self) -> &Arc<Vec<AccountId>> {
        &self.accounts
    }

    /// The secrets of client number `client`.
    pub fn account(&self, client: u32) -> Account {
        account(&self.seed, client)
    }

    /// Entropy for the machine of client number `client` where no simulated host brings its own.
    pub fn client_entropy(&self, client: u32) -> Stream {
        self.seed.child("entropy-client", client.into()).stream()
    }

    /// Entropy for the machine of node number `node` where no simulated host brings its own.
    pub fn node_entropy(&self, node: u32) -> Stream {
        self.seed.child("entropy-node", node.into()).stream()
    }

    /// How every client of `scenario` behaves.
    pub fn client_config(scenario: &Scenario) -> Arc<ClientConfig> {
        Arc::new(client_config(scenario))
    }

    /// The nodes of `scenario`, sorted by id; a node's number is its position.
    pub fn nodes(&self, scenario: &Scenario) -> Vec<NodeSetup> {
        build_nodes(&scenario.network, &self.seed)
    }

    /// The seeds of the nodes' keys, in the order in which they are drawn.
    pub fn node_seeds(&self, scenario: &Scenario) -> impl Iterator<Item = [u8; 32]> {
        node_seeds(scenario.network.nodes, &self.seed)
    }

    /// The first membership of these nodes.
    pub fn snapshot(&self, scenario: &Scenario, nodes: &[NodeSetup]) -> Arc<Snapshot> {
        build_snapshot(&scenario.network, nodes, &self.seed)
    }

    pub(crate) const fn seed(&self) -> &Seed {
        &self.seed
    }
}

fn account(seed: &Seed, client: u32) -> Account {
    let seed = seed.child("account", client.into());
    let Some(short) = seed.bytes().first_chunk::<16>() else {
        bug!("a seed has 32 bytes");
    };
    Account::from_seed(&AccountSeed::short(short))
}
