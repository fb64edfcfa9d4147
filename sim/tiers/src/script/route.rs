//! From a question to a packet.

use std::sync::Arc;

use leek_crypto::Suite;
use leek_identity::{NodeId, NodeRecord};
use leek_machine::{Entropy, below, bug};
use leek_onion::{FormatId, Hop, ReplyKey, format};
use leek_swarm::Snapshot;
use leek_wire::OnionRequest;

use super::{
    case::{Crafted, Through},
    scene::Scene,
};

/// Hops of a path in front of the node that is asked (network spec 3.7).
const HOPS: usize = 3;

/// Where packets are built: the network, the suite, and entropy for keys and paths.
pub struct Route<'a> {
    /// The suite.
    pub suite: &'a Arc<dyn Suite>,
    /// Entropy of the host.
    pub entropy: &'a mut dyn Entropy,
    /// The membership.
    pub snapshot: &'a Snapshot,
}

impl Route<'_> {
    /// So many different nodes, in random order, none of them `not`.
    ///
    /// # Panics
    /// When the network is too small: a mistake of whoever runs the script.
    pub fn draw(&mut self, count: usize, not: &[NodeId]) -> Vec<NodeRecord> {
        let nodes = self.snapshot.nodes().iter();
        let mut pool: Vec<NodeRecord> = nodes
            .filter(|node| !not.contains(&node.id))
            .copied()
            .collect();
        if pool.len() < count {
            bug!(
                "{count} nodes of a network that has {} to choose",
                pool.len()
            );
        }
        (0..count)
            .map(|_| {
                let drawn = below(self.entropy, pool.len() as u64);
                pool.swap_remove(usize::try_from(drawn).unwrap_or(0))
            })
            .collect()
    }

    /// Wraps `payload` for `destination` over `path`.
    pub fn wrap(&mut self, path: &[Hop], destination: &Hop, payload: &[u8]) -> Crafted {
        self.wrap_as(FormatId::SessionV4, path, destination, payload)
    }

    /// The same in any format.
    pub fn wrap_as(
        &mut self,
        id: FormatId,
        path: &[Hop],
        destination: &Hop,
        payload: &[u8],
    ) -> Crafted {
        let built = format(id).build(&**self.suite, self.entropy, path, destination, payload);
        match built {
            Ok((packet, key)) => Crafted {
                first: path.first().map_or(destination.id, |hop| hop.id),
                onion: OnionRequest { format: id, packet },
                key: Some(key),
            },
            Err(error) => bug!("a request of a case fits into a packet: {error}"),
        }
    }

    /// Wraps `payload` for a node of the network on the way asked for.
    pub(crate) fn lead_to(
        &mut self,
        node: &NodeRecord,
        through: Through,
        payload: &[u8],
    ) -> Crafted {
        match through {
            Through::Direct => self.wrap_as(FormatId::Direct, &[], &node.into(), payload),
            Through::Onion => {
                let path: Vec<Hop> = self.draw(HOPS, &[node.id]).iter().map(Hop::from).collect();
                self.wrap(&path, &node.into(), payload)
            }
        }
    }
}

/// What opens the reply to a question.
pub(crate) enum ReplyTo {
    Onion(FormatId, Option<ReplyKey>),
    /// No onion: the response is the reply.
    Call,
}

/// The node that `at` means.
pub(crate) fn node_at(scene: &Scene, at: super::case::At) -> NodeRecord {
    use super::case::At;
    let pick = |nodes: Vec<NodeRecord>, position: usize| {
        let index = position.checked_rem(nodes.len());
        index.and_then(|index| nodes.get(index).copied())
    };
    let node = match at {
        At::Member(account, position) => pick(scene.members(&account), position),
        At::Outsider(account, position) => pick(scene.outsiders(&account), position),
        At::Node(id) => scene.snapshot().node(&id).copied(),
    };
    match node {
        Some(node) => node,
        None => bug!("the network has no node {at:?}"),
    }
}
