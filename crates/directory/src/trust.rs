use core::fmt;
use std::sync::Arc;

use leek_crypto::Suite;
use leek_identity::{NodeAddress, NodeId};
use leek_machine::Wall;
use leek_swarm::{Epoch, Snapshot};

use crate::{
    Listing, ListingDigest, Malformed, NetworkName,
    limits::{DIRECTORIES_MAX, EARLY_TOLERANCE_MS},
    signed::{SNAPSHOT_DOMAIN, Unchecked},
};

/// A directory: its key, and where it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryAddress {
    /// Its Ed25519 key: it signs snapshots with it, and its TLS certificate is bound to it.
    pub id: NodeId,
    /// Where it listens.
    pub address: NodeAddress,
}

/// Whose word on the membership of a network counts: so many of these directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    network: NetworkName,
    /// Ascending by id.
    signers: Vec<DirectoryAddress>,
    threshold: usize,
}

impl Trust {
    /// Trusts any `threshold` of `signers` (in any order) about `network`.
    ///
    /// # Errors
    /// [`TrustError`] when there is no directory or more than [`DIRECTORIES_MAX`], when one comes
    /// twice, or when two sets of `threshold` directories might have none in common.
    pub fn new(
        network: NetworkName,
        signers: Vec<DirectoryAddress>,
        threshold: usize,
    ) -> Result<Self, TrustError> {
        let count = signers.len();
        if count == 0 || count > DIRECTORIES_MAX {
            return Err(TrustError::Count { count });
        }
        let mut signers = signers;
        signers.sort_unstable();
        for (at, signer) in signers.iter().enumerate() {
            let later = &signers[at + 1..];
            if later.iter().any(|other| other.id == signer.id) {
                return Err(TrustError::TwiceKey { id: signer.id });
            }
            if later.iter().any(|other| other.address == signer.address) {
                return Err(TrustError::TwiceAddress {
                    address: signer.address,
                });
            }
        }
        if threshold > count || 2 * threshold <= count {
            return Err(TrustError::Threshold { threshold, count });
        }
        Ok(Self {
            network,
            signers,
            threshold,
        })
    }

    /// Trusts any majority of `signers`: `n / 2 + 1`.
    ///
    /// # Errors
    /// As [`Trust::new`].
    pub fn majority(
        network: NetworkName,
        signers: Vec<DirectoryAddress>,
    ) -> Result<Self, TrustError> {
        let threshold = signers.len() / 2 + 1;
        Self::new(network, signers, threshold)
    }

    /// The network.
    pub const fn network(&self) -> &NetworkName {
        &self.network
    }

    /// The directories, ascending by id.
    pub fn signers(&self) -> &[DirectoryAddress] {
        &self.signers
    }

    /// Signatures that a snapshot needs.
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The place of a directory among [`Trust::signers`].
    pub fn index_of(&self, id: &NodeId) -> Option<usize> {
        self.signers
            .binary_search_by_key(id, |signer| signer.id)
            .ok()
    }

    /// Checks everything about a signed snapshot: form, signatures, network, validity at `now`,
    /// and that it is newer than `newest`.
    ///
    /// # Errors
    /// [`SnapshotRefused`], one for each way in which it can be no good.
    pub fn verify(
        &self,
        suite: &dyn Suite,
        bytes: &[u8],
        now: Wall,
        newest: Option<Epoch>,
    ) -> Result<Verified, SnapshotRefused> {
        let verified = self.authenticate(suite, bytes)?;
        verified.check(now, newest)?;
        Ok(verified)
    }

    /// Checks form, signatures and network, but neither time nor epoch: for a directory that
    /// continues from an old snapshot, and for a cache that may have expired.
    ///
    /// Every signature given must be a trusted directory's and hold, also those beyond the
    /// threshold.
    ///
    /// # Errors
    /// [`SnapshotRefused`].
    pub fn authenticate(
        &self,
        suite: &dyn Suite,
        bytes: &[u8],
    ) -> Result<Verified, SnapshotRefused> {
        let unchecked = Unchecked::parse(bytes)?;
        let found = unchecked.signatures.len();
        if found == 0 {
            return Err(SnapshotRefused::Unsigned);
        }
        for pair in unchecked.signatures.windows(2) {
            if pair[0].0 == pair[1].0 {
                return Err(SnapshotRefused::DuplicateSigner { id: pair[0].0 });
            }
        }
        for (signer, _) in &unchecked.signatures {
            if self.index_of(signer).is_none() {
                return Err(SnapshotRefused::UnknownSigner { id: *signer });
            }
        }
        if found < self.threshold {
            let threshold = self.threshold;
            return Err(SnapshotRefused::TooFewSignatures { found, threshold });
        }
        let text = [SNAPSHOT_DOMAIN, unchecked.listing].concat();
        for (signer, signature) in &unchecked.signatures {
            suite
                .verify(signer.key(), &text, signature)
                .map_err(|_| SnapshotRefused::BadSignature { id: *signer })?;
        }
        let listing = Listing::parse(unchecked.listing)?;
        if listing.network != self.network {
            return Err(SnapshotRefused::OtherNetwork);
        }
        Ok(Verified {
            signed: bytes.into(),
            digest: ListingDigest::of(unchecked.listing),
            snapshot: Arc::new(listing.snapshot()),
            listing: Arc::new(listing),
            signers: unchecked.signatures.iter().map(|(id, _)| *id).collect(),
        })
    }
}

/// A snapshot that enough directories signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    /// The bytes with their signatures, as received.
    pub signed: Arc<[u8]>,
    /// The digest of the signed part.
    pub digest: ListingDigest,
    /// What they say, in full.
    pub listing: Arc<Listing>,
    /// What they say, as machines use it.
    pub snapshot: Arc<Snapshot>,
    /// Who signed, ascending.
    pub signers: Vec<NodeId>,
}

impl Verified {
    /// Its epoch.
    pub fn epoch(&self) -> Epoch {
        self.listing.epoch
    }

    /// Until when it may be used.
    pub fn valid_until(&self) -> Wall {
        self.listing.valid_until
    }

    /// Whether it may be used at `now` by somebody who has one of epoch `newest`.
    ///
    /// # Errors
    /// [`SnapshotRefused::Older`], [`SnapshotRefused::Expired`] or
    /// [`SnapshotRefused::NotYetValid`].
    pub fn check(&self, now: Wall, newest: Option<Epoch>) -> Result<(), SnapshotRefused> {
        let epoch = self.epoch();
        if let Some(newest) = newest.filter(|newest| epoch <= *newest) {
            return Err(SnapshotRefused::Older { epoch, newest });
        }
        let (valid_from, valid_until) = (self.listing.valid_from, self.listing.valid_until);
        if valid_until <= now {
            return Err(SnapshotRefused::Expired { valid_until, now });
        }
        if valid_from > now.after_ms(EARLY_TOLERANCE_MS) {
            return Err(SnapshotRefused::NotYetValid { valid_from, now });
        }
        Ok(())
    }
}

/// The sizes only.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("listing", &self.listing)
            .field("signers", &self.signers.len())
            .finish_non_exhaustive()
    }
}

/// A signed snapshot was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotRefused {
    /// The bytes are no signed snapshot.
    #[error("read signed snapshot")]
    Malformed(#[from] Malformed),
    /// Nobody signed it.
    #[error("verify snapshot: it has no signature")]
    Unsigned,
    /// Too few directories signed it.
    #[error("verify snapshot: {found} signatures, fewer than {threshold}")]
    TooFewSignatures {
        /// Signatures that it has.
        found: usize,
        /// Signatures that it needs.
        threshold: usize,
    },
    /// A directory signed it twice.
    #[error("verify snapshot: {id:?} signed it twice")]
    DuplicateSigner {
        /// Which.
        id: NodeId,
    },
    /// Somebody signed it who is no directory of this network.
    #[error("verify snapshot: {id:?} signed it, which is no directory of this network")]
    UnknownSigner {
        /// Who.
        id: NodeId,
    },
    /// A signature does not hold.
    #[error("verify snapshot: the signature of {id:?} does not hold")]
    BadSignature {
        /// Whose.
        id: NodeId,
    },
    /// It belongs to another network.
    #[error("verify snapshot: it is of another network")]
    OtherNetwork,
    /// Its time is over.
    #[error(
        "accept snapshot: it expired at {} ms, now it is {} ms", valid_until.ms(), now.ms()
    )]
    Expired {
        /// When it ended.
        valid_until: Wall,
        /// The clock that it was compared with.
        now: Wall,
    },
    /// Its time has not come: it begins more than [`EARLY_TOLERANCE_MS`] ahead.
    #[error(
        "accept snapshot: it is valid from {} ms, now it is {} ms", valid_from.ms(), now.ms()
    )]
    NotYetValid {
        /// When it begins.
        valid_from: Wall,
        /// The clock that it was compared with.
        now: Wall,
    },
    /// It is not newer than the one held.
    #[error("accept snapshot: epoch {} is not newer than {}", epoch.0, newest.0)]
    Older {
        /// Its epoch.
        epoch: Epoch,
        /// The newest one held.
        newest: Epoch,
    },
    /// Its epoch is newer than that of the one held, yet it begins much earlier.
    #[error("accept snapshot: a newer epoch that begins earlier than the one held")]
    Backdated,
}

impl SnapshotRefused {
    /// A name for reports, without any secret.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed snapshot",
            Self::Unsigned => "unsigned snapshot",
            Self::TooFewSignatures { .. } => "too few signatures",
            Self::DuplicateSigner { .. } => "duplicate signer",
            Self::UnknownSigner { .. } => "unknown signer",
            Self::BadSignature { .. } => "bad signature",
            Self::OtherNetwork => "snapshot of another network",
            Self::Expired { .. } => "expired snapshot",
            Self::NotYetValid { .. } => "snapshot not yet valid",
            Self::Older { .. } => "older snapshot",
            Self::Backdated => "backdated snapshot",
        }
    }
}

/// Directories do not make a trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// None, or too many.
    #[error("trust directories: {count} of them instead of 1 to {DIRECTORIES_MAX}")]
    Count {
        /// Directories given.
        count: usize,
    },
    /// One key twice.
    #[error("trust directories: {id:?} comes twice")]
    TwiceKey {
        /// Whose.
        id: NodeId,
    },
    /// One address twice.
    #[error("trust directories: the address {address} comes twice")]
    TwiceAddress {
        /// Which.
        address: NodeAddress,
    },
    /// More than all, or no majority: two sets of so many might sign different snapshots.
    #[error(
        "trust directories: a threshold of {threshold} of {count}; it must be more than half of \
         them and at most all"
    )]
    Threshold {
        /// Threshold given.
        threshold: usize,
        /// Directories given.
        count: usize,
    },
}
