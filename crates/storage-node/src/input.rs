//! Inputs, and the pure part of handling them.

use leek_identity::{MessageHash, NodeId};
use leek_onion::{FormatId, Packet, PeelError, Peeled, ReplySeal, format};
use leek_wire::{CallId, Input, OnionRequest, Peer, Request, StorageRequest, request_encoded_len};

use crate::{
    NodePrep,
    auth::KnownOwner,
    plan::{Checked, Malformed, Plan},
};

/// What a node takes: an input of the world, and what the pure part of handling found out about it.
///
/// Made from a [`leek_wire::Input`]; `prepare` peels onions and checks signatures. A node that is
/// handed one unprepared prepares it itself, so skipping that step costs time, not safety.
#[derive(Clone, Debug)]
pub struct NodeInput(pub(crate) Stage);

#[derive(Clone, Debug)]
pub(crate) enum Stage {
    Raw(Input),
    Onion(Arrival, FormatId, Result<Layer, PeelError>),
    Forward(Arrival, Checked),
    Pull(Arrival, Option<MessageHash>),
    /// What a node does not do.
    Foreign(Arrival),
}

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) from: Peer,
    pub(crate) call: CallId,
    /// Length of the request body.
    pub(crate) bytes: usize,
}

/// What stood under this node's layer of an onion.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    Relay { next: NodeId, packet: Packet },
    Serve(ReplySeal, Result<Plan, Malformed>),
    Server,
}

impl From<Input> for NodeInput {
    fn from(input: Input) -> Self {
        Self(Stage::Raw(input))
    }
}

impl NodeInput {
    /// Peels, decodes, hashes, and checks signatures. Does nothing the second time.
    pub(crate) fn prepared(self, prep: &NodePrep) -> Self {
        match self.0 {
            Stage::Raw(Input::Request { from, call, body }) => {
                let arrival = Arrival {
                    from,
                    call,
                    bytes: request_encoded_len(&body),
                };
                Self(match body {
                    Request::Onion(onion) => {
                        let id = onion.format;
                        Stage::Onion(arrival, id, peel(prep, onion))
                    }
                    Request::Forward(request) => forward(prep, arrival, request),
                    Request::Pull { after } => Stage::Pull(arrival, after),
                    Request::Announce(_) | Request::Snapshot { .. } | Request::Cosign(_) => {
                        Stage::Foreign(arrival)
                    }
                })
            }
            stage => Self(stage),
        }
    }
}

fn forward(prep: &NodePrep, arrival: Arrival, request: StorageRequest) -> Stage {
    Stage::Forward(
        arrival,
        Checked::new(prep.suite(), request, &mut KnownOwner::default()),
    )
}

fn peel(prep: &NodePrep, onion: OnionRequest) -> Result<Layer, PeelError> {
    let format = format(onion.format);
    let peeled = format.peel(prep.suite(), prep.keys().onion(), onion.packet)?;
    Ok(match peeled {
        Peeled::Relay { next, packet } => Layer::Relay { next, packet },
        Peeled::Deliver { payload, reply } => {
            Layer::Serve(reply, Plan::read(prep.suite(), &payload))
        }
        Peeled::Server { .. } => Layer::Server,
    })
}
