//! Packing one storage request for one node, and opening what comes back.

use std::sync::Arc;

use leek_crypto::Suite;
use leek_identity::{NodeId, NodeRecord};
use leek_machine::Entropy;
use leek_onion::{BuildError, Format, FormatId, Hop, HopError, PathEvidence, ReplyKey, format};
use leek_wire::{
    OnionRequest, Outcome, Request, Response, StorageReply, StorageRequest, decode_storage_reply,
    encode_storage_request,
};

/// A storage request packed in a format, on its way through `hops` to a destination.
///
/// For whoever asks by hand: the client's flows use it, and so do suites and load generators.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The node to call: the guard, or the destination itself when there are no hops.
    pub to: NodeId,
    /// What to call it with.
    pub body: Request,
    /// What opens the answer.
    pub opener: Opener,
}

impl Asked {
    /// Packs `request` for `destination` behind `hops`.
    ///
    /// # Errors
    /// [`BuildError`] when the format cannot carry it.
    pub fn new(
        format: &dyn Format,
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        hops: &[Hop],
        destination: &NodeRecord,
        request: &StorageRequest,
    ) -> Result<Self, BuildError> {
        let last = Hop {
            id: destination.id,
            key: destination.onion_key,
        };
        let payload = encode_storage_request(request);
        let (packet, key) = format.build(suite, entropy, hops, &last, &payload)?;
        let id = format.id();
        Ok(Self {
            to: hops.first().map_or(destination.id, |guard| guard.id),
            body: Request::Onion(OnionRequest { format: id, packet }),
            opener: Opener {
                format: id,
                key: Arc::new(key),
            },
        })
    }
}

/// Opens the answer to one request. Clones share the key.
#[derive(Clone, Debug)]
pub struct Opener {
    format: FormatId,
    key: Arc<ReplyKey>,
}

impl Opener {
    /// The format of the request, and of its answer.
    pub const fn format(&self) -> FormatId {
        self.format
    }

    /// Says what an outcome means.
    pub fn open(&self, suite: &dyn Suite, outcome: Outcome<Response>) -> Answer {
        match outcome {
            Outcome::Lost => Answer::Lost,
            Outcome::Refused(refusal) => Answer::Refused(
                HopError::parse(refusal.status.0, refusal.reason.as_bytes())
                    .map_or(PathEvidence::Status(refusal.status.0), PathEvidence::Hop),
            ),
            Outcome::Done(Response::Onion(bytes)) => format(self.format)
                .open_reply(suite, &self.key, &bytes)
                .ok()
                .and_then(|payload| decode_storage_reply(&payload).ok())
                .map_or(Answer::Garbled, Answer::Reply),
            Outcome::Done(_) => Answer::Garbled,
        }
    }
}

/// How a request ended, as far as whoever asked can tell.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The destination answered: the reply opened under the request's key.
    Reply(StorageReply),
    /// Somebody refused in the clear.
    Refused(PathEvidence),
    /// Bytes came back that the destination did not make.
    Garbled,
    /// Nothing came back in time.
    Lost,
}
