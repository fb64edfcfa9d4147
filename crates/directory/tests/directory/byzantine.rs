//! A directory that cheats wherever it can, around a real one that does its work.

use std::collections::{BTreeMap, VecDeque};

use leek_crypto::Signature;
use leek_directory::{
    Authority, Listing, assemble,
    cosign::{CosignAnswer, CosignRequest, Declined, Proposal},
    sign_listing,
};
use leek_identity::{NodeId, NodeKeys};
use leek_machine::{Cx, Machine, Stream};
use leek_swarm::Epoch;
use leek_wire::{CallId, Input, Outcome, Output, Peer, Request, Response};

use crate::support::suite;

pub(crate) struct Byzantine {
    pub(crate) inner: Authority,
    /// Its own signatures, and those it collected, for the checker to see.
    pub(crate) signed: Vec<(Vec<u8>, Signature)>,
    keys: NodeKeys,
    rng: Stream,
    out: VecDeque<Output>,
    /// What each call asked a signature for.
    asked: BTreeMap<CallId, (NodeId, Vec<u8>)>,
    /// Others' signatures of each listing that it ever proposed.
    collected: BTreeMap<Vec<u8>, BTreeMap<NodeId, Signature>>,
    /// Snapshots to hand out again when they are old, and such with too few signatures.
    stash: Vec<Vec<u8>>,
}

impl Byzantine {
    pub(crate) fn new(inner: Authority, keys: NodeKeys, rng: Stream) -> Self {
        Self {
            inner,
            signed: Vec::new(),
            keys,
            rng,
            out: VecDeque::new(),
            asked: BTreeMap::new(),
            collected: BTreeMap::new(),
            stash: Vec::new(),
        }
    }

    pub(crate) fn handle(&mut self, cx: &mut Cx<'_, ()>, input: Input) {
        match input {
            Input::Request {
                from: Peer::Node(_),
                call,
                body: Request::Cosign(bytes),
            } if self.blind(call, &bytes) => {}
            Input::Request {
                call,
                body: Request::Snapshot { .. },
                ..
            } if self.rng.below(3) == 0 => {
                let old = self.rng.below(self.stash.len() as u64 + 1);
                let signed = self.stash.get(usize::try_from(old).unwrap()).cloned();
                let clock = cx.now.wall.after_ms(self.rng.below(2) * 3_600_000);
                let signed = Some(signed.unwrap_or_else(|| vec![7; 40]).into());
                self.push_answer(call, Response::Snapshot { clock, signed });
            }
            Input::Reply {
                call,
                outcome: Outcome::Done(Response::Cosigned(bytes)),
            } => {
                let Some((from, listing)) = self.asked.remove(&call) else {
                    return self.inner.handle(
                        cx,
                        Input::Reply {
                            call,
                            outcome: Outcome::Done(Response::Cosigned(bytes)),
                        }
                        .into(),
                    );
                };
                if let Ok(CosignAnswer::Signature(signature)) = CosignAnswer::read(&bytes) {
                    self.collect(from, &listing, signature);
                }
                let outcome = Outcome::Done(Response::Cosigned(bytes));
                self.inner.handle(cx, Input::Reply { call, outcome }.into());
            }
            input => self.inner.handle(cx, input.into()),
        }
    }

    /// Signs whatever it is asked to, or lies about why not. False for news, which it reads.
    fn blind(&mut self, call: CallId, bytes: &[u8]) -> bool {
        let Ok(CosignRequest::Proposal(proposal)) = CosignRequest::read(&*suite(), bytes) else {
            return false;
        };
        let answer = match self.rng.below(6) {
            0 => CosignAnswer::Declined(Declined::Promised(Epoch(1 << 53))),
            1 => CosignAnswer::Declined(Declined::Newer(Epoch(1 << 53))),
            2 => CosignAnswer::Declined(Declined::Busy),
            3 => CosignAnswer::Signature(Signature::from_bytes([3; 64])),
            _ => {
                let signature = sign_listing(&*suite(), &self.keys, proposal.bytes());
                CosignAnswer::Signature(signature)
            }
        };
        self.push_answer(call, Response::Cosigned(answer.to_bytes()));
        true
    }

    fn push_answer(&mut self, call: CallId, response: Response) {
        self.out.push_back(Output::Answer {
            call,
            after: None,
            body: Ok(response),
        });
    }

    /// Puts its own signature to others', and keeps what comes of it.
    fn collect(&mut self, from: NodeId, listing: &[u8], signature: Signature) {
        let own = sign_listing(&*suite(), &self.keys, listing);
        self.signed.push((listing.to_vec(), own));
        let all = self.collected.entry(listing.to_vec()).or_default();
        all.insert(self.keys.id(), own);
        self.stash.push(assemble(listing, all));
        all.insert(from, signature);
        self.stash.push(assemble(listing, all));
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.out.pop_front() {
            return Some(output);
        }
        let output = self.inner.poll_output()?;
        Some(match output {
            Output::Call {
                to,
                call,
                body: Request::Cosign(bytes),
                deadline,
            } => Output::Call {
                to,
                call,
                body: Request::Cosign(self.twist(to, call, bytes)),
                deadline,
            },
            output => output,
        })
    }

    /// Says another thing to this one than to that one.
    fn twist(&mut self, to: NodeId, call: CallId, bytes: Vec<u8>) -> Vec<u8> {
        let proposal = match CosignRequest::read(&*suite(), &bytes) {
            Ok(CosignRequest::Proposal(proposal)) => proposal,
            // What has enough signatures it often keeps to itself.
            Ok(CosignRequest::Certified(_)) if self.rng.below(2) == 0 => return vec![1],
            Ok(CosignRequest::Certified(_)) | Err(_) => return bytes,
        };
        let mut listing: Listing = proposal.listing().clone();
        match self.rng.below(6) {
            0 | 1 => {
                listing.valid_from = listing.valid_from.after_ms(1);
                listing.valid_until = listing.valid_until.after_ms(1);
            }
            2 => listing.epoch = Epoch(listing.epoch.0 + 4 * self.rng.below(4)),
            3 => listing.nodes.truncate(1),
            4 => {
                if let Some(node) = listing.nodes.first_mut() {
                    node.swarm.0 ^= 1;
                }
            }
            _ => {}
        }
        let base = proposal.base();
        let twisted = Proposal::new(listing, base, proposal.descriptors().to_vec());
        self.asked.insert(call, (to, twisted.bytes().to_vec()));
        CosignRequest::Proposal(twisted).to_bytes()
    }
}
