//! Where nodes listen.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use leek_identity::{NodeAddress, NodeId};
use leek_swarm::Snapshot;

/// Nodes known beside the membership: directories, and nodes that a person names. The oldest of
/// more is forgotten.
const KNOWN_MAX: usize = 256;

/// Addresses of nodes: those of the newest membership, and those told one by one. A handle.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<RwLock<Pages>>);

#[derive(Default)]
struct Pages {
    membership: Option<Arc<Snapshot>>,
    /// With the order in which they were told.
    known: BTreeMap<NodeId, (u64, NodeAddress)>,
    told: u64,
}

impl Book {
    /// Takes a membership in place of the one before.
    pub(crate) fn membership(&self, snapshot: Arc<Snapshot>) {
        self.write(|pages| pages.membership = Some(snapshot));
    }

    /// Takes one node's address. It wins over the membership's.
    pub(crate) fn know(&self, node: NodeId, address: NodeAddress) {
        self.write(|pages| {
            pages.told += 1;
            pages.known.insert(node, (pages.told, address));
            if pages.known.len() > KNOWN_MAX {
                let oldest = pages.known.iter().min_by_key(|(_, (told, _))| *told);
                if let Some(oldest) = oldest.map(|(node, _)| *node) {
                    pages.known.remove(&oldest);
                }
            }
        });
    }

    /// Where a node listens, if anybody told.
    pub(crate) fn address(&self, node: &NodeId) -> Option<NodeAddress> {
        let pages = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = pages.known.get(node).map(|(_, address)| *address);
        known.or_else(|| Some(pages.membership.as_ref()?.node(node)?.address))
    }

    fn write(&self, change: impl FnOnce(&mut Pages)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(n: u16) -> NodeId {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        NodeId::from_bytes(bytes)
    }

    fn at(port: u16) -> NodeAddress {
        NodeAddress {
            ip: [127, 0, 0, 1].into(),
            port,
        }
    }

    #[test]
    fn the_oldest_of_too_many_is_forgotten() {
        let book = Book::default();
        for n in 0..=u16::try_from(KNOWN_MAX).unwrap() {
            book.know(node(n), at(n));
        }
        assert_eq!(book.address(&node(0)), None);
        assert_eq!(book.address(&node(1)), Some(at(1)));
        book.know(node(1), at(9));
        assert_eq!(book.address(&node(1)), Some(at(9)));
        assert_eq!(book.address(&node(2)), Some(at(2)));
    }
}
