use std::collections::BTreeMap;

use leek_identity::{NodeAddress, NodeId};
use leek_machine::Wall;
use leek_wire::{Refusal, Status};

use crate::{Descriptor, SignedDescriptor, limits::HELD_MAX, succession::Rules};

/// The newest descriptor of each node that announced itself: one address for one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book {
    descriptors: BTreeMap<NodeId, SignedDescriptor>,
    owners: BTreeMap<NodeAddress, NodeId>,
}

/// Why an announcement was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    Network,
    Address,
    AddressTaken,
    Clock,
    Older,
    Full,
}

impl Book {
    /// Takes a descriptor whose signature holds.
    pub(super) fn take(
        &mut self,
        rules: &Rules,
        signed: SignedDescriptor,
        now: Wall,
    ) -> Result<(), NotTaken> {
        let descriptor = signed.descriptor();
        let record = descriptor.record;
        if descriptor.network != rules.network {
            return Err(NotTaken::Network);
        }
        if !rules.addresses.allows(record.address) {
            return Err(NotTaken::Address);
        }
        if !rules.counts(descriptor, now) {
            return Err(NotTaken::Clock);
        }
        let held = self.descriptors.get(&record.id);
        if held == Some(&signed) {
            return Ok(());
        }
        if held.is_some_and(|held| held.descriptor().published >= descriptor.published) {
            return Err(NotTaken::Older);
        }
        let owner = self.owners.get(&record.address);
        if owner.is_some_and(|owner| *owner != record.id) {
            return Err(NotTaken::AddressTaken);
        }
        if held.is_none() && self.descriptors.len() == HELD_MAX {
            return Err(NotTaken::Full);
        }
        if let Some(held) = held {
            self.owners.remove(&held.descriptor().record.address);
        }
        self.owners.insert(record.address, record.id);
        self.descriptors.insert(record.id, signed);
        Ok(())
    }

    /// Forgets what is too old to count.
    pub(super) fn prune(&mut self, rules: &Rules, now: Wall) {
        let owners = &mut self.owners;
        self.descriptors.retain(|_, signed| {
            let lives = rules.lives(signed.descriptor().published, now);
            if !lives {
                owners.remove(&signed.descriptor().record.address);
            }
            lives
        });
    }

    /// The descriptors, ascending by id.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = &Descriptor> + Clone {
        self.descriptors.values().map(SignedDescriptor::descriptor)
    }

    pub(super) fn get(&self, id: &NodeId) -> Option<&SignedDescriptor> {
        self.descriptors.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.descriptors.len()
    }
}

impl NotTaken {
    pub(super) fn refusal(self) -> Refusal {
        let (status, reason) = match self {
            Self::Network => (Status::BAD_REQUEST, "descriptor of another network"),
            Self::Address => (Status::FORBIDDEN, "nodes may not have this address"),
            Self::AddressTaken => (Status::FORBIDDEN, "the address is another node's"),
            Self::Clock => (
                Status::NOT_ACCEPTABLE,
                "descriptor too old or from the future",
            ),
            Self::Older => (Status::NOT_ACCEPTABLE, "a newer descriptor is known"),
            Self::Full => (Status::UNAVAILABLE, "too many nodes"),
        };
        Refusal::new(status, reason)
    }
}
