use core::fmt;
use std::sync::Arc;

use leek_machine::Wall;
use leek_proto::directory::v1 as proto;
use leek_swarm::Epoch;
use leek_wire::limits::SNAPSHOT_BYTES_MAX;
use prost::Message as _;

use crate::{
    ListingDigest, Malformed,
    canon::{Problem, Reader},
    limits::{EPOCH_MAX, STATE_BYTES_MAX},
};

/// What a directory must know again after a restart. A directory that forgot it may sign two
/// snapshots of one epoch, as a dishonest one would: give it a new key instead.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorityState {
    /// When it first ran: epochs of the first snapshot are counted from there.
    pub since: Wall,
    /// The newest snapshot that it signed.
    pub promise: Option<Promise>,
    /// The newest snapshot with enough signatures, as its bytes.
    pub newest: Option<Arc<[u8]>>,
}

/// A directory signed this and no other snapshot of its epoch, and signs none of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The epoch.
    pub epoch: Epoch,
    /// What it signed.
    pub digest: ListingDigest,
}

impl AuthorityState {
    /// Of a directory that never ran before `since`.
    pub const fn new(since: Wall) -> Self {
        Self {
            since,
            promise: None,
            newest: None,
        }
    }

    /// The bytes to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let promise = self.promise.as_ref();
        let newest = self.newest.as_ref();
        proto::AuthorityState {
            since_ms: self.since.ms(),
            promised_epoch: promise.map_or(0, |promise| promise.epoch.0),
            promised_digest: promise.map_or_else(Vec::new, |promise| promise.digest.0.to_vec()),
            newest: newest.map_or_else(Vec::new, |newest| newest.to_vec()),
        }
        .encode_to_vec()
    }

    /// Reads them again. The signatures in them are checked when the directory starts.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new("AuthorityState", bytes, STATE_BYTES_MAX)?;
        let since = Wall::from_ms(reader.uint(1, "since_ms")?);
        let epoch = Epoch(reader.ranged(2, "promised_epoch", 0, EPOCH_MAX)?);
        let digest = reader.optional_array(3, "promised_digest")?;
        let promise = match (epoch, digest.map(ListingDigest)) {
            (Epoch(0), None) => None,
            (Epoch(0), Some(_)) | (_, None) => {
                return Err(reader.wrong("promised_digest", Problem::Value("half a promise")));
            }
            (epoch, Some(digest)) => Some(Promise { epoch, digest }),
        };
        let newest = reader.bytes(4, "newest")?;
        if newest.is_some_and(|newest| newest.len() > SNAPSHOT_BYTES_MAX) {
            let max = SNAPSHOT_BYTES_MAX;
            return Err(reader.wrong("newest", Problem::TooLong { max }));
        }
        reader.end()?;
        Ok(Self {
            since,
            promise,
            newest: newest.map(Into::into),
        })
    }
}

/// The sizes only.
impl fmt::Debug for AuthorityState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorityState")
            .field("since", &self.since)
            .field("promise", &self.promise)
            .field("newest", &self.newest.as_ref().map(|newest| newest.len()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let empty = AuthorityState::new(Wall::from_ms(7));
        assert_eq!(AuthorityState::parse(&empty.to_bytes()), Ok(empty.clone()));
        let full = AuthorityState {
            promise: Some(Promise {
                epoch: Epoch(3),
                digest: ListingDigest([4; 32]),
            }),
            newest: Some(vec![1, 2, 3].into()),
            ..empty
        };
        let bytes = full.to_bytes();
        assert_eq!(AuthorityState::parse(&bytes), Ok(full));
        // Half a promise is none: without the digest, and without the epoch.
        assert!(AuthorityState::parse(&bytes[..4]).is_err());
        assert!(AuthorityState::parse(&[&bytes[..2], &bytes[4..]].concat()).is_err());
        assert!(AuthorityState::parse(&[]).is_ok());
    }
}
