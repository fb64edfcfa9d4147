//! What travels between hosts of a run, and how many bytes it takes on a link.

use std::{cell::RefCell, sync::Arc};

use leek_kernel::{Body, Digester};
use leek_swarm::Snapshot;
use leek_wire::{
    Outcome, Request, Response, encode_request_into, encode_response_into, request_encoded_len,
    response_encoded_len,
};

/// Payload bytes of one TCP segment on an Ethernet path.
const SEGMENT_BYTES: u32 = 1_448;
/// IPv4 and TCP headers with timestamps, per segment.
const SEGMENT_HEADER_BYTES: u32 = 20 + 32;
/// TLS 1.3 record: header 5, content type 1, tag 16; per record of 16 KiB.
const RECORD_OVERHEAD_BYTES: u32 = 22;
/// Payload of one TLS record.
const RECORD_BYTES: u32 = 16_384;
/// gRPC message prefix.
const GRPC_PREFIX_BYTES: u32 = 5;
/// HTTP/2: a HEADERS frame and a DATA frame (9 bytes each), and about 60 bytes of compressed
/// header fields once the connection's table is warm.
const HTTP2_BYTES: u32 = 9 + 9 + 60;
/// A refusal travels in trailers: status, code and text.
const REFUSAL_BYTES: u32 = 40;

/// Bytes on the link for a body of `len` bytes, over a connection that is already open: connection
/// set-up is not modelled.
pub(crate) fn framed(len: usize) -> u32 {
    let len = u32::try_from(len).unwrap_or(u32::MAX / 2);
    let stream = len + GRPC_PREFIX_BYTES + HTTP2_BYTES;
    let records = stream + stream.div_ceil(RECORD_BYTES) * RECORD_OVERHEAD_BYTES;
    records + records.div_ceil(SEGMENT_BYTES) * SEGMENT_HEADER_BYTES
}

/// A message of the run.
#[derive(Clone, Debug)]
pub(crate) enum LabBody {
    /// A call, named by its caller.
    Request {
        /// The caller's name for it.
        call: u64,
        /// What is asked.
        body: Request,
    },
    /// The end of a call.
    Reply {
        /// The caller's name for it.
        call: u64,
        /// `Done` or `Refused`; never `Lost`.
        outcome: Outcome<Response>,
    },
    /// From the world: the membership.
    Membership(Arc<Snapshot>),
    /// From the world: send message number `id` of the plan.
    Send {
        /// The number.
        id: u64,
    },
}

impl LabBody {
    /// Bytes on the link.
    pub(crate) fn wire_bytes(&self) -> u32 {
        match self {
            Self::Request { body, .. } => framed(request_encoded_len(body)),
            Self::Reply {
                outcome: Outcome::Done(response),
                ..
            } => framed(response_encoded_len(response)),
            Self::Reply {
                outcome: Outcome::Refused(refusal),
                ..
            } => framed(refusal.reason.len()) + REFUSAL_BYTES,
            Self::Reply {
                outcome: Outcome::Lost,
                ..
            }
            | Self::Membership(_)
            | Self::Send { .. } => 0,
        }
    }
}

thread_local! {
    // Encoding a body only to hash it needs no allocation of its own; the content never outlives
    // one call, so threads cannot tell.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Body for LabBody {
    fn kind(&self) -> u16 {
        match self {
            Self::Request { body, .. } => match body {
                Request::Onion(_) => 1,
                Request::Forward(_) => 2,
                Request::Pull { .. } => 9,
                Request::Announce(_) => 11,
                Request::Snapshot { .. } => 13,
                Request::Cosign(_) => 15,
            },
            Self::Reply {
                outcome: Outcome::Done(response),
                ..
            } => match response {
                Response::Onion(_) => 3,
                Response::Forward(_) => 4,
                Response::Pull(_) => 10,
                Response::Announced { .. } => 12,
                Response::Snapshot { .. } => 14,
                Response::Cosigned(_) => 16,
            },
            Self::Reply {
                outcome: Outcome::Refused(_),
                ..
            } => 5,
            Self::Reply {
                outcome: Outcome::Lost,
                ..
            } => 6,
            Self::Membership(_) => 7,
            Self::Send { .. } => 8,
        }
    }

    fn feed(&self, digester: &mut Digester) {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            match self {
                Self::Request { call, body } => {
                    digester.word(*call);
                    encode_request_into(body, scratch);
                }
                Self::Reply { call, outcome } => {
                    digester.word(*call);
                    match outcome {
                        Outcome::Done(response) => encode_response_into(response, scratch),
                        Outcome::Refused(refusal) => {
                            digester.word(u64::from(refusal.status.0));
                            scratch.extend_from_slice(refusal.reason.as_bytes());
                        }
                        Outcome::Lost => {}
                    }
                }
                Self::Membership(snapshot) => digester.word(snapshot.epoch().0),
                Self::Send { id } => digester.word(*id),
            }
            digester.bytes(scratch);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framing_grows_with_records_and_segments() {
        // One segment, one record: 5 + 78 + 22 + 52.
        assert_eq!(framed(0), 157);
        assert_eq!(framed(100), 257);
        // 1,448 bytes of stream no longer fit one segment.
        assert_eq!(framed(1_400) - 1_400, 5 + 78 + 22 + 2 * 52);
        // Beyond 16 KiB a second record.
        assert_eq!(framed(20_000) - 20_000, 5 + 78 + 2 * 22 + 14 * 52);
    }
}
