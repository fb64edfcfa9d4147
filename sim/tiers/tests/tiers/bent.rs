//! Nodes with planted faults: a storage node behind something that alters what it is asked, what
//! it answers, or what it writes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use leek_crypto::{
    Aead, AeadKey, BadSignature, BadTag, DhError, EdPublic, RawDh, RawEd, SharedSecret, Signature,
    Suite, Tag, XPublic,
};
use leek_identity::NodeKeys;
use leek_machine::{Cx, Machine, Tick, Wall};
use leek_onion::{EncType, FormatId, Packet, Peeled, ReplySeal, format};
use leek_storage_node::{NodeConfig, NodeInput, NodePrep, StorageNode};
use leek_wire::{
    CallId, Input, OnionRequest, Output, ReadView, Refusal, Request, Response, StorageReply,
    StorageRequest, WriteOp, decode_storage_reply, decode_storage_request, encode_storage_reply,
    encode_storage_request,
};

/// A fault. Whatever is not said is as it should be.
#[derive(Clone, Copy)]
pub(crate) struct Bend {
    pub(crate) request: fn(StorageRequest) -> StorageRequest,
    pub(crate) reply: fn(StorageReply) -> StorageReply,
    pub(crate) refusal: fn(Refusal) -> Refusal,
    pub(crate) packet: fn(Packet) -> Packet,
    pub(crate) ops: fn(Vec<WriteOp>) -> Vec<WriteOp>,
    pub(crate) wall: fn(Wall) -> Wall,
    /// Whether signatures of owners are taken as they are.
    pub(crate) believes: bool,
    pub(crate) config: NodeConfig,
}

impl Default for Bend {
    fn default() -> Self {
        Self {
            request: |request| request,
            reply: |reply| reply,
            refusal: |refusal| refusal,
            packet: |packet| packet,
            ops: |ops| ops,
            wall: |wall| wall,
            believes: false,
            config: NodeConfig::default(),
        }
    }
}

/// A node with a fault.
pub(crate) struct Bent {
    inner: StorageNode,
    prep: Arc<NodePrep>,
    bend: Bend,
    /// What seals the replies to requests that were opened here.
    opened: BTreeMap<CallId, (FormatId, ReplySeal)>,
    /// Entropy is at hand in `handle` only.
    outputs: VecDeque<Output>,
}

impl Bent {
    pub(crate) fn new(keys: NodeKeys, suite: Arc<dyn Suite>, bend: Bend) -> Self {
        let suite = if bend.believes {
            Arc::new(Believing(suite))
        } else {
            suite
        };
        let prep = Arc::new(NodePrep::new(suite, keys));
        Self {
            inner: StorageNode::new(bend.config, Arc::clone(&prep)),
            prep,
            bend,
            opened: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Opens a packet that is for this node, alters the request inside, and passes it on bare.
    fn onion(&mut self, call: CallId, onion: OnionRequest) -> OnionRequest {
        let packet = (self.bend.packet)(onion.packet);
        let id = onion.format;
        let peeled = format(id).peel(self.prep.suite(), self.prep.keys().onion(), packet.clone());
        if let Ok(Peeled::Deliver { payload, reply }) = peeled
            && let Ok(request) = decode_storage_request(&payload)
        {
            self.opened.insert(call, (id, reply));
            let packet = Packet {
                blob: encode_storage_request(&(self.bend.request)(request)),
                ephemeral: XPublic::from_bytes([0; 32]),
                enc: EncType::WHEN_ABSENT,
                hop_no: 0,
            };
            return OnionRequest {
                format: FormatId::Direct,
                packet,
            };
        }
        OnionRequest { format: id, packet }
    }

    fn alter(&mut self, input: Input) -> Input {
        match input {
            Input::Request { from, call, body } => {
                let body = match body {
                    Request::Onion(onion) => Request::Onion(self.onion(call, onion)),
                    Request::Forward(one) => Request::Forward((self.bend.request)(one)),
                    other => other,
                };
                Input::Request { from, call, body }
            }
            other => other,
        }
    }

    fn drain(&mut self, cx: &mut Cx<'_, dyn ReadView + '_>) {
        while let Some(output) = self.inner.poll_output() {
            let output = match output {
                Output::Answer { call, after, body } => {
                    let body = match (self.opened.remove(&call), body) {
                        (Some((id, seal)), Ok(Response::Onion(bytes))) => {
                            let reply = decode_storage_reply(&bytes)
                                .expect("a node answers a bare request with a bare reply");
                            let payload = encode_storage_reply(&(self.bend.reply)(reply));
                            let suite = self.prep.suite();
                            let sealed = format(id).seal_reply(suite, cx.entropy, &seal, &payload);
                            Ok(Response::Onion(sealed))
                        }
                        (_, Ok(body)) => Ok(body),
                        (_, Err(refusal)) => Err((self.bend.refusal)(refusal)),
                    };
                    Output::Answer { call, after, body }
                }
                Output::Write { write, mut batch } => {
                    batch.ops = (self.bend.ops)(batch.ops);
                    Output::Write { write, batch }
                }
                other => other,
            };
            self.outputs.push_back(output);
        }
    }
}

impl Machine for Bent {
    type Input = Input;
    type Output = Output;
    type View<'v> = dyn ReadView + 'v;
    type Prep = ();

    fn prepare((): &(), input: Input) -> Input {
        input
    }

    fn handle(&mut self, cx: &mut Cx<'_, dyn ReadView + '_>, input: Input) {
        cx.now.wall = (self.bend.wall)(cx.now.wall);
        let input = self.alter(input);
        self.inner.handle(cx, NodeInput::from(input));
        self.drain(cx);
    }

    fn handle_timeout(&mut self, cx: &mut Cx<'_, dyn ReadView + '_>) {
        cx.now.wall = (self.bend.wall)(cx.now.wall);
        self.inner.handle_timeout(cx);
        self.drain(cx);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<(Tick, &'static str)> {
        self.inner.poll_timeout()
    }
}

/// A suite to which every signature is a good one.
struct Believing(Arc<dyn Suite>);

impl Suite for Believing {
    fn name(&self) -> &'static str {
        "believing"
    }

    fn dh_public(&self, scalar: &[u8; 32]) -> XPublic {
        self.0.dh_public(scalar)
    }

    fn dh(&self, ours: &RawDh, theirs: &XPublic) -> Result<SharedSecret, DhError> {
        self.0.dh(ours, theirs)
    }

    fn sign(&self, key: &RawEd, message: &[u8]) -> Signature {
        self.0.sign(key, message)
    }

    fn verify(&self, _: &EdPublic, _: &[u8], _: &Signature) -> Result<(), BadSignature> {
        Ok(())
    }

    fn seal(&self, aead: Aead, key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag {
        self.0.seal(aead, key, nonce, in_out)
    }

    fn open(
        &self,
        aead: Aead,
        key: &AeadKey,
        nonce: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), BadTag> {
        self.0.open(aead, key, nonce, in_out, tag)
    }
}
