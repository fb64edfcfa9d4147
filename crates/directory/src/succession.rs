//! What the next listing says, as a pure function of the one before and the nodes' descriptors.
//!
//! A directory that is asked to sign computes it again: a proposer is free in which descriptors it
//! shows and in nothing else.

use std::collections::BTreeMap;

use leek_identity::{NodeAddress, NodeId, NodeRecord};
use leek_machine::Wall;
use leek_swarm::{Epoch, SwarmId};

use crate::{
    Absent, AddressRule, Descriptor, Listed, Listing, ListingDigest, NetworkName, SwarmRule,
    limits::{ABSENT_MAX, CLOCK_TOLERANCE_MS, LISTED_MAX},
    placement::place,
};

/// What all directories of a network must be told alike, or they sign nothing for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) network: NetworkName,
    pub(crate) swarms: SwarmRule,
    pub(crate) addresses: AddressRule,
    pub(crate) validity_ms: u64,
    pub(crate) life_ms: u64,
    pub(crate) memory_ms: u64,
}

/// The listing that the next one follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base<'a> {
    pub(crate) listing: &'a Listing,
    pub(crate) digest: ListingDigest,
}

/// Who is listed next, before anybody has a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roster {
    nodes: BTreeMap<NodeId, (NodeRecord, Wall)>,
    /// Nodes whose entry comes from a descriptor and not from the base, ascending.
    pub(crate) shown: Vec<NodeId>,
    /// Nodes of the base that are not listed any more, ascending.
    pub(crate) dropped: Vec<NodeId>,
}

impl Rules {
    /// Whether a descriptor counts at `at`: for this network, of an address that nodes may have,
    /// and neither too old nor from too far in the future.
    pub(crate) fn counts(&self, descriptor: &Descriptor, at: Wall) -> bool {
        descriptor.network == self.network
            && self.addresses.allows(descriptor.record.address)
            && descriptor.published <= at.after_ms(CLOCK_TOLERANCE_MS)
            && self.lives(descriptor.published, at)
    }

    /// Whether a descriptor of then is not too old.
    pub(crate) fn lives(&self, published: Wall, at: Wall) -> bool {
        published.after_ms(self.life_ms) > at
    }

    /// Who is listed at `at`, by the base and by `descriptors` (ascending by id).
    ///
    /// A descriptor replaces an entry that is older than it. An address belongs to the node that is
    /// listed with it; who announces it besides is not listed, or stays with its old address. So an
    /// address given up is free one listing later.
    pub(crate) fn roster<'d>(
        &self,
        base: Option<Base<'_>>,
        descriptors: impl Iterator<Item = &'d Descriptor> + Clone,
        at: Wall,
    ) -> Roster {
        let listed: &[Listed] = base.map_or(&[], |base| &base.listing.nodes);
        let fresh: BTreeMap<NodeId, &Descriptor> = descriptors
            .filter(|descriptor| self.counts(descriptor, at))
            .map(|descriptor| (descriptor.record.id, descriptor))
            .collect();
        let mut roster = Roster::default();
        let mut taken: BTreeMap<NodeAddress, NodeId> = BTreeMap::new();
        for node in listed {
            let id = node.record.id;
            if self.lives(node.published, at) {
                roster.nodes.insert(id, (node.record, node.published));
            } else if !fresh.contains_key(&id) {
                continue;
            }
            taken.insert(node.record.address, id);
        }
        // Newcomers come last, so that they take no place away.
        let known = |id: &NodeId| base.and_then(|base| base.listing.node(id));
        let (before, new): (Vec<_>, Vec<_>) =
            fresh.into_iter().partition(|(id, _)| known(id).is_some());
        for (id, descriptor) in before.into_iter().chain(new) {
            let address = descriptor.record.address;
            let known = known(&id);
            let newer = known.is_none_or(|node| node.published < descriptor.published);
            let free = taken.get(&address).is_none_or(|owner| *owner == id);
            let room = known.is_some() || roster.nodes.len() < LISTED_MAX;
            if newer && free && room {
                roster
                    .nodes
                    .insert(id, (descriptor.record, descriptor.published));
                roster.shown.push(id);
                taken.insert(address, id);
            }
        }
        roster.shown.sort_unstable();
        let gone = listed.iter().map(|node| node.record.id);
        roster.dropped = gone.filter(|id| !roster.nodes.contains_key(id)).collect();
        roster
    }

    /// The listing of this epoch that follows the base with this roster.
    pub(crate) fn listing(
        &self,
        base: Option<Base<'_>>,
        roster: &Roster,
        epoch: Epoch,
        at: Wall,
    ) -> Listing {
        let listed: &[Listed] = base.map_or(&[], |base| &base.listing.nodes);
        let away: &[Absent] = base.map_or(&[], |base| &base.listing.absent);
        let kept = away
            .iter()
            .filter(|node| node.since.after_ms(self.memory_ms) > at);
        let mut places: BTreeMap<NodeId, SwarmId> =
            kept.clone().map(|node| (node.id, node.swarm)).collect();
        places.extend(listed.iter().map(|node| (node.record.id, node.swarm)));
        let mut absent: Vec<Absent> = kept
            .filter(|node| !roster.nodes.contains_key(&node.id))
            .copied()
            .collect();
        absent.extend(roster.dropped.iter().filter_map(|id| {
            let (id, swarm, since) = (*id, *places.get(id)?, at);
            Some(Absent { id, swarm, since })
        }));
        // Who is away longest is forgotten first.
        absent.sort_unstable_by_key(|node| (core::cmp::Reverse(node.since), node.id));
        absent.truncate(ABSENT_MAX);
        absent.sort_unstable_by_key(|node| node.id);

        let records: Vec<NodeRecord> = roster.nodes.values().map(|(record, _)| *record).collect();
        let previous = base.map(|base| base.digest);
        let placed = place(self.swarms, &records, &places, previous, epoch);
        let nodes = roster.nodes.iter().map(|(id, (record, published))| {
            let Some(swarm) = placed.get(id) else {
                leek_machine::bug!("placing left out a node")
            };
            Listed {
                record: *record,
                swarm: *swarm,
                published: *published,
            }
        });
        Listing {
            network: self.network.clone(),
            epoch,
            valid_from: at,
            valid_until: at.after_ms(self.validity_ms),
            previous,
            nodes: nodes.collect(),
            absent,
        }
    }
}

impl Roster {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it lists other nodes than the base, or some at other addresses or with other keys.
    pub(crate) fn differs(&self, base: &Listing) -> bool {
        let records = self.nodes.values().map(|(record, _)| record);
        !records.eq(base.nodes.iter().map(|node| &node.record))
    }
}

#[cfg(test)]
mod tests;
