//! What directories say to each other when they sign.

use leek_crypto::{Signature, Suite};
use leek_proto::directory::v1 as proto;
use leek_swarm::Epoch;
use leek_wire::limits::COSIGN_BYTES_MAX;
use prost::Message as _;

use crate::{
    DescriptorRefused, Listing, Malformed, SignedDescriptor,
    canon::{Problem, Reader},
    limits::{EPOCH_MAX, LISTED_MAX},
    listing::check_next,
};

/// A request to co-sign, or the news that there are enough signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CosignRequest {
    /// Please check and sign.
    Proposal(Proposal),
    /// A signed snapshot, not checked.
    Certified(Vec<u8>),
}

/// A listing that a directory wants signed, and what another one needs to check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    bytes: Vec<u8>,
    listing: Listing,
    base: Option<Epoch>,
    descriptors: Vec<SignedDescriptor>,
}

impl Proposal {
    /// Proposes `listing`, which follows the one of epoch `base` and lists some nodes by
    /// `descriptors` (ascending by id).
    pub fn new(listing: Listing, base: Option<Epoch>, descriptors: Vec<SignedDescriptor>) -> Self {
        Self {
            bytes: listing.to_bytes(),
            listing,
            base,
            descriptors,
        }
    }

    /// The bytes to sign.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What they say.
    pub const fn listing(&self) -> &Listing {
        &self.listing
    }

    /// The epoch of the listing that it follows; `None` when it is the first.
    pub const fn base(&self) -> Option<Epoch> {
        self.base
    }

    /// The descriptors that it shows, ascending by id; at most [`LISTED_MAX`].
    pub fn descriptors(&self) -> &[SignedDescriptor] {
        &self.descriptors
    }
}

impl CosignRequest {
    /// Reads a request and checks the signatures of the descriptors in it.
    ///
    /// # Errors
    /// [`CosignRefused`].
    pub fn read(suite: &dyn Suite, bytes: &[u8]) -> Result<Self, CosignRefused> {
        let mut reader = Reader::new("CosignRequest", bytes, COSIGN_BYTES_MAX)?;
        let request = if let Some(part) = reader.part(1, "proposal")? {
            Self::Proposal(proposal(suite, part)?)
        } else if let Some(signed) = reader.part(2, "certified")? {
            Self::Certified(signed.to_vec())
        } else {
            return Err(reader.wrong("body", Problem::Missing).into());
        };
        reader.end()?;
        Ok(request)
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        use proto::cosign_request::Body;
        let body = match self {
            Self::Proposal(proposal) => {
                let descriptors = proposal.descriptors.iter();
                Body::Proposal(proto::Proposal {
                    snapshot: proposal.bytes.clone(),
                    base_epoch: proposal.base.map_or(0, |epoch| epoch.0),
                    descriptors: descriptors.map(|one| one.bytes().to_vec()).collect(),
                })
            }
            Self::Certified(signed) => Body::Certified(signed.clone()),
        };
        proto::CosignRequest { body: Some(body) }.encode_to_vec()
    }
}

fn proposal(suite: &dyn Suite, bytes: &[u8]) -> Result<Proposal, CosignRefused> {
    let mut reader = Reader::new("Proposal", bytes, COSIGN_BYTES_MAX)?;
    let signed = reader.bytes(1, "snapshot")?;
    let signed = signed.ok_or_else(|| reader.wrong("snapshot", Problem::Missing))?;
    let listing = Listing::parse(signed)?;
    let base = match reader.ranged(2, "base_epoch", 0, EPOCH_MAX)? {
        0 => None,
        epoch => Some(Epoch(epoch)),
    };
    if base.is_some() != listing.previous.is_some() {
        let problem =
            Problem::Value("without the digest that goes with it, or the other way round");
        return Err(reader.wrong("base_epoch", problem).into());
    }
    let mut descriptors: Vec<SignedDescriptor> = Vec::new();
    while let Some(part) = reader.part(3, "descriptors")? {
        let before = descriptors.last().map(SignedDescriptor::id);
        let one = SignedDescriptor::verify(suite, part)?;
        let count = descriptors.len();
        check_next(&reader, "descriptors", count, LISTED_MAX, before, one.id())?;
        descriptors.push(one);
    }
    reader.end()?;
    Ok(Proposal {
        bytes: signed.to_vec(),
        listing,
        base,
        descriptors,
    })
}

/// A request to co-sign is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignRefused {
    /// The bytes are no such request.
    #[error("read request to co-sign")]
    Malformed(#[from] Malformed),
    /// A descriptor in it is no good.
    #[error("read request to co-sign")]
    Descriptor(#[from] DescriptorRefused),
}

/// What a directory answers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CosignAnswer {
    /// Its signature over the listing.
    Signature(Signature),
    /// It does not sign.
    Declined(Declined),
    /// It read the signed snapshot.
    Taken,
}

/// Why a directory does not sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Declined {
    /// It is busy with another proposal.
    Busy,
    /// It does not have the base yet.
    Behind,
    /// It has a newer snapshot.
    Newer(Epoch),
    /// It signed one of this epoch already.
    Promised(Epoch),
    /// The epoch is another directory's to propose.
    NotYours,
    /// It is too early for the epoch, or for dropping nodes.
    TooEarly,
    /// The clocks differ by more than [`CLOCK_TOLERANCE_MS`](crate::limits::CLOCK_TOLERANCE_MS),
    /// or time goes back.
    Clock,
    /// It would make another listing of the same base and descriptors.
    Differs,
    /// It knows that a node which is left out lives.
    Drops,
}

impl Declined {
    /// Whether the same proposal may be signed a little later.
    pub const fn may_change(self) -> bool {
        matches!(self, Self::Busy | Self::Behind | Self::TooEarly)
    }

    /// A name for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy with another proposal",
            Self::Behind => "lacks the base",
            Self::Newer(_) => "has a newer snapshot",
            Self::Promised(_) => "signed that epoch already",
            Self::NotYours => "epoch of another directory",
            Self::TooEarly => "too early",
            Self::Clock => "clocks differ",
            Self::Differs => "would make another snapshot",
            Self::Drops => "a node left out is alive",
        }
    }
}

impl CosignAnswer {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("CosignAnswer", bytes, COSIGN_BYTES_MAX)?;
        let answer = if let Some(signature) = reader.optional_array(1, "signature")? {
            Self::Signature(Signature::from_bytes(signature))
        } else if let Some(part) = reader.part(2, "declined")? {
            Self::Declined(declined(part)?)
        } else {
            reader.ranged(3, "taken", 1, 1)?;
            Self::Taken
        };
        reader.end()?;
        Ok(answer)
    }

    /// The canonical encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        use proto::cosign_answer::Body;
        let body = match self {
            Self::Signature(signature) => Body::Signature(signature.as_bytes().to_vec()),
            Self::Declined(declined) => {
                let (reason, epoch) = declined.to_proto();
                let reason = reason.into();
                Body::Declined(proto::Declined { reason, epoch })
            }
            Self::Taken => Body::Taken(true),
        };
        proto::CosignAnswer { body: Some(body) }.encode_to_vec()
    }
}

impl Declined {
    const fn to_proto(self) -> (proto::DeclineReason, u64) {
        use proto::DeclineReason as Reason;
        match self {
            Self::Busy => (Reason::Busy, 0),
            Self::Behind => (Reason::Behind, 0),
            Self::Newer(epoch) => (Reason::Newer, epoch.0),
            Self::Promised(epoch) => (Reason::Promised, epoch.0),
            Self::NotYours => (Reason::NotYours, 0),
            Self::TooEarly => (Reason::TooEarly, 0),
            Self::Clock => (Reason::Clock, 0),
            Self::Differs => (Reason::Differs, 0),
            Self::Drops => (Reason::Drops, 0),
        }
    }
}

fn declined(bytes: &[u8]) -> Result<Declined, Malformed> {
    use proto::DeclineReason as Reason;
    let mut reader = Reader::new("Declined", bytes, COSIGN_BYTES_MAX)?;
    let number = reader.uint(1, "reason")?;
    let reason = i32::try_from(number).ok();
    let reason = reason.and_then(|number| Reason::try_from(number).ok());
    let reason = reason.ok_or_else(|| reader.wrong("reason", Problem::Value("no reason")))?;
    let epoch = reader.ranged(2, "epoch", 0, EPOCH_MAX)?;
    let unexpected = reader.wrong("epoch", Problem::Unexpected);
    reader.end()?;
    let plain = |declined| {
        if epoch == 0 {
            Ok(declined)
        } else {
            Err(unexpected)
        }
    };
    match reason {
        Reason::Unspecified => Err(Malformed {
            field: "reason",
            ..unexpected
        }),
        Reason::Newer => Ok(Declined::Newer(Epoch(epoch))),
        Reason::Promised => Ok(Declined::Promised(Epoch(epoch))),
        Reason::Busy => plain(Declined::Busy),
        Reason::Behind => plain(Declined::Behind),
        Reason::NotYours => plain(Declined::NotYours),
        Reason::TooEarly => plain(Declined::TooEarly),
        Reason::Clock => plain(Declined::Clock),
        Reason::Differs => plain(Declined::Differs),
        Reason::Drops => plain(Declined::Drops),
    }
}
