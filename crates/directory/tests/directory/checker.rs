//! What must hold of a whole network of directories, whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use leek_crypto::Signature;
use leek_directory::{Listing, ListingDigest, SNAPSHOT_DOMAIN, SwarmRule, Trust};
use leek_identity::{NodeId, NodeRecord};
use leek_machine::Wall;
use leek_proto::directory::v1 as proto;
use leek_swarm::Epoch;
use prost::Message as _;

use crate::support::suite;

/// A promise was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A directory signed two snapshots of one epoch.
    SignedTwice(NodeId, Epoch),
    /// A directory signed an epoch older than one that it signed before.
    SignedOlder(NodeId, Epoch),
    /// Two snapshots of one epoch have enough signatures.
    TwoSnapshots(Epoch),
    /// A snapshot lists a node that never said so, or otherwise than it said.
    FalseNode(Epoch),
    /// A node changed its swarm, or did not find it again.
    Moved(Epoch, NodeId),
    /// A snapshot does not begin after the one that it follows.
    TimeGoesBack(Epoch),
    /// A follower went back, or took what it must not take.
    WentBack(Epoch, Epoch),
    Invalid(Epoch),
    /// A signature left before the promise behind it was durable.
    SpokeFirst(NodeId, Epoch),
}

/// Sees every signature that leaves a directory.
pub(crate) struct Checker {
    trust: Trust,
    rule: SwarmRule,
    /// Directories whose signatures nobody vouches for.
    dishonest: Vec<NodeId>,
    /// Signatures checked before.
    seen: BTreeSet<(NodeId, ListingDigest, Signature)>,
    /// What honest directories signed, by signer and epoch.
    signed: BTreeMap<(NodeId, Epoch), ListingDigest>,
    newest_signed: BTreeMap<NodeId, Epoch>,
    /// Who signed what, also dishonest ones.
    by_listing: BTreeMap<(Epoch, ListingDigest), BTreeMap<NodeId, Signature>>,
    pub(crate) certified: BTreeMap<Epoch, ListingDigest>,
    listings: BTreeMap<ListingDigest, Listing>,
    /// What nodes ever said of themselves.
    records: BTreeMap<NodeId, Vec<NodeRecord>>,
    pub(crate) violations: Vec<Violation>,
}

impl Checker {
    pub(crate) fn new(trust: Trust, rule: SwarmRule, dishonest: Vec<NodeId>) -> Self {
        Self {
            trust,
            rule,
            dishonest,
            seen: BTreeSet::new(),
            signed: BTreeMap::new(),
            newest_signed: BTreeMap::new(),
            by_listing: BTreeMap::new(),
            certified: BTreeMap::new(),
            listings: BTreeMap::new(),
            records: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    pub(crate) fn node_says(&mut self, record: NodeRecord) {
        self.records.entry(record.id).or_default().push(record);
    }

    /// A directory answered with its signature of these bytes.
    pub(crate) fn answered(&mut self, signer: NodeId, bytes: &[u8], signature: Signature) {
        let epoch = Listing::parse(bytes).unwrap().epoch;
        let newest = self.newest_signed.entry(signer).or_default();
        if epoch < *newest && !self.dishonest.contains(&signer) {
            self.violations.push(Violation::SignedOlder(signer, epoch));
        }
        *newest = epoch.max(*newest);
        self.signature(signer, bytes, signature);
    }

    /// There is this signature of these bytes.
    pub(crate) fn signature(&mut self, signer: NodeId, bytes: &[u8], signature: Signature) {
        let digest = ListingDigest::of(bytes);
        if !self.seen.insert((signer, digest, signature)) {
            return;
        }
        let text = [SNAPSHOT_DOMAIN, bytes].concat();
        if suite().verify(signer.key(), &text, &signature).is_err() {
            assert!(
                self.dishonest.contains(&signer),
                "an honest signature holds"
            );
            return;
        }
        let listing = Listing::parse(bytes).unwrap();
        let epoch = listing.epoch;
        self.listings.insert(digest, listing);
        if !self.dishonest.contains(&signer) {
            let before = self.signed.insert((signer, epoch), digest);
            if before.is_some_and(|before| before != digest) {
                self.violations.push(Violation::SignedTwice(signer, epoch));
            }
        }
        let all = self.by_listing.entry((epoch, digest)).or_default();
        all.insert(signer, signature);
        if all.len() >= self.trust.threshold() {
            self.certify(epoch, digest);
        }
    }

    /// A directory handed out these bytes.
    pub(crate) fn handed_out(&mut self, signed: &[u8]) {
        let message = proto::SignedSnapshot::decode(signed).unwrap();
        for one in message.signatures {
            let signer = NodeId::from_bytes(one.signer.try_into().unwrap());
            let signature = Signature::from_bytes(one.signature.try_into().unwrap());
            self.signature(signer, &message.snapshot, signature);
        }
    }

    /// A follower goes by these bytes.
    pub(crate) fn accepted(&mut self, signed: &[u8], now: Wall, before: Option<Epoch>) -> Epoch {
        let message = proto::SignedSnapshot::decode(signed).unwrap();
        let listing = Listing::parse(&message.snapshot).unwrap();
        let digest = ListingDigest::of(&message.snapshot);
        let epoch = listing.epoch;
        if before.is_some_and(|before| before >= epoch) {
            let violation = Violation::WentBack(before.unwrap(), epoch);
            self.violations.push(violation);
        }
        if self.certified.get(&epoch) != Some(&digest) || listing.valid_until <= now {
            self.violations.push(Violation::Invalid(epoch));
        }
        epoch
    }

    fn certify(&mut self, epoch: Epoch, digest: ListingDigest) {
        let before = self.certified.insert(epoch, digest);
        if before == Some(digest) {
            return;
        }
        if before.is_some() {
            self.violations.push(Violation::TwoSnapshots(epoch));
        }
        let listing = self.listings[&digest].clone();
        for node in &listing.nodes {
            let said = self.records.get(&node.record.id);
            if said.is_none_or(|said| !said.contains(&node.record)) {
                self.violations.push(Violation::FalseNode(epoch));
            }
        }
        let previous = listing
            .previous
            .and_then(|digest| self.listings.get(&digest));
        let Some(previous) = previous.cloned() else {
            return;
        };
        if listing.valid_from <= previous.valid_from {
            self.violations.push(Violation::TimeGoesBack(epoch));
        }
        let SwarmRule::Fixed { .. } = self.rule else {
            return;
        };
        let listed = previous
            .nodes
            .iter()
            .map(|node| (node.record.id, node.swarm));
        let away = previous.absent.iter().map(|node| (node.id, node.swarm));
        for (id, swarm) in listed.chain(away) {
            let moved = listing.node(&id).is_some_and(|node| node.swarm != swarm);
            if moved {
                self.violations.push(Violation::Moved(epoch, id));
            }
        }
    }
}
