use std::collections::BTreeMap;

use leek_crypto::Signature;
use leek_identity::NodeId;
use leek_machine::Tick;
use leek_swarm::Epoch;

use crate::{ListingDigest, Verified, cosign::Proposal};

/// A proposal of our own under way.
///
/// The proposer signs last, when the others' signatures and its own are enough: until then it has
/// promised nothing, and an epoch that nobody answers for is not used up.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// Tells it from earlier ones of the same epoch.
    pub(super) number: u64,
    pub(super) proposal: Proposal,
    pub(super) digest: ListingDigest,
    /// What goes to the others.
    pub(super) request: Vec<u8>,
    /// When to give up.
    pub(super) until: Tick,
    others: BTreeMap<NodeId, Word>,
    /// Enough signatures, and our own promise being kept under this generation.
    pub(super) done: Option<(u64, Verified)>,
}

/// What another directory says to our proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Not asked, or to be asked again.
    Ask,
    /// A call is out.
    Asked,
    Signed(Signature),
    Never,
}

impl Attempt {
    pub(super) fn new(
        number: u64,
        proposal: Proposal,
        request: Vec<u8>,
        others: impl Iterator<Item = NodeId>,
        until: Tick,
    ) -> Self {
        Self {
            number,
            digest: ListingDigest::of(proposal.bytes()),
            proposal,
            request,
            until,
            others: others.map(|id| (id, Word::Ask)).collect(),
            done: None,
        }
    }

    pub(super) const fn epoch(&self) -> Epoch {
        self.proposal.listing().epoch
    }

    /// Those to ask now; they count as asked from here on.
    pub(super) fn ask(&mut self) -> Vec<NodeId> {
        let mut ask = Vec::new();
        for (id, word) in &mut self.others {
            if *word == Word::Ask {
                *word = Word::Asked;
                ask.push(*id);
            }
        }
        ask
    }

    /// Another directory's word, unless it gave its last one before.
    pub(super) fn hear(&mut self, from: NodeId, word: Word) {
        if let Some(slot) = self.others.get_mut(&from)
            && matches!(slot, Word::Ask | Word::Asked)
        {
            *slot = word;
        }
    }

    /// The others' signatures.
    pub(super) fn signatures(&self) -> BTreeMap<NodeId, Signature> {
        let signed = self.others.iter().filter_map(|(id, word)| match word {
            Word::Signed(signature) => Some((*id, *signature)),
            Word::Ask | Word::Asked | Word::Never => None,
        });
        signed.collect()
    }

    /// How many of the others signed or may still do so.
    pub(super) fn hopes(&self) -> usize {
        let words = self.others.values();
        words.filter(|word| **word != Word::Never).count()
    }
}
