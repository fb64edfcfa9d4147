//! Putting a packet together in one buffer.

use leek_crypto::{DhError, DhSecret, Ephemeral, Suite, TAG_LEN, Tag, XPublic};
use leek_identity::NodeId;
use leek_machine::{Entropy, bug};
use zeroize::Zeroizing;

use super::{ServerTarget, frame, routing};
use crate::{
    EncType,
    hop::LayerKey,
    limits::{LAYER_ENTROPY_BYTES, NONCE_BYTES_MAX},
};

/// Who the innermost layer is for.
#[derive(Clone, Copy)]
pub(super) enum End<'a> {
    /// A node of the network, named to the last hop.
    Node(&'a NodeId),
    /// A server that the last hop posts to.
    Server(&'a ServerTarget),
}

/// What seals one layer.
pub(super) struct Layer {
    pub(super) key: LayerKey,
    pub(super) ephemeral: XPublic,
    pub(super) nonce: [u8; NONCE_BYTES_MAX],
}

impl Layer {
    /// A layer for `server` under a fresh one-time key.
    pub(super) fn fresh(
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        enc: EncType,
        server: &XPublic,
    ) -> Result<Self, DhError> {
        let mut drawn = Zeroizing::new([0; LAYER_ENTROPY_BYTES]);
        entropy.fill_bytes(drawn.as_mut_slice());
        let mut scalar = Zeroizing::new([0; 32]);
        let mut nonce = [0; NONCE_BYTES_MAX];
        scalar.copy_from_slice(&drawn[..32]);
        nonce.copy_from_slice(&drawn[32..]);
        let client = DhSecret::<Ephemeral>::one_time(suite, *scalar);
        Ok(Self {
            key: LayerKey::of_client(suite, enc, &client, server)?,
            ephemeral: *client.public(),
            nonce,
        })
    }

    fn nonce(&self) -> &[u8] {
        &self.nonce[..self.key.enc().nonce_len()]
    }
}

/// Exact length of the blob for these layers' ciphers, the guard's first.
///
/// For a payload of any length: saturates instead of overflowing.
pub(super) fn blob_len(encs: &[EncType], end: End<'_>, payload_len: usize) -> usize {
    let Some((last, outer)) = encs.split_last() else {
        bug!("a packet has the destination's layer at least")
    };
    let inside = match end {
        End::Node(_) => frame::LEN_BYTES + routing::HERE.len(),
        End::Server(_) => 0,
    };
    let fixed = last.overhead() + inside;
    let outer = outer.iter().enumerate().map(|(index, enc)| {
        let inner = encs[index + 1];
        let json = match end {
            End::Server(server) if index + 2 == encs.len() => routing::server_len(server, inner),
            End::Server(_) | End::Node(_) => routing::relay_len(inner),
        };
        enc.overhead() + frame::LEN_BYTES + json
    });
    payload_len.saturating_add(fixed + outer.sum::<usize>())
}

/// Bytes in front of the payload: a nonce for every layer, and a length for every frame.
fn front_len(layers: &[Layer], end: End<'_>) -> usize {
    let nonces: usize = layers.iter().map(|layer| layer.key.enc().nonce_len()).sum();
    let frames = match end {
        End::Node(_) => layers.len(),
        End::Server(_) => layers.len() - 1,
    };
    nonces + frames * frame::LEN_BYTES
}

/// Seals `payload` under `layers`, the guard's first. `relays[i]` is the node that layer `i` names
/// as next, for all hops but the last; `end` is what the last hop is told.
///
/// One allocation of the final size; the payload is put in its final place at once, and each
/// layer, the innermost first, writes in front of and behind what is there and seals in place.
pub(super) fn assemble(
    suite: &dyn Suite,
    layers: &[Layer],
    relays: &[&NodeId],
    end: End<'_>,
    payload: &[u8],
) -> Vec<u8> {
    let encs: Vec<EncType> = layers.iter().map(|layer| layer.key.enc()).collect();
    let total = blob_len(&encs, end, payload.len());
    let mut buffer = Vec::with_capacity(total);
    buffer.resize(front_len(layers, end), 0);
    let mut start = buffer.len();
    buffer.extend_from_slice(payload);

    if let End::Node(_) = end {
        start = put_front(&mut buffer, start, &frame::len_field(payload.len()));
        buffer.extend_from_slice(routing::HERE);
    }
    for (index, layer) in layers.iter().enumerate().rev() {
        if let Some(inner) = layers.get(index + 1) {
            let field = frame::len_field(buffer.len() - start);
            start = put_front(&mut buffer, start, &field);
            let (enc, ephemeral) = (inner.key.enc(), &inner.ephemeral);
            match (relays.get(index), end) {
                (Some(next), _) => routing::push_relay(&mut buffer, next, enc, ephemeral),
                (None, End::Node(next)) => {
                    routing::push_relay(&mut buffer, next, enc, ephemeral);
                }
                (None, End::Server(server)) => {
                    routing::push_server(&mut buffer, server, enc, ephemeral);
                }
            }
        }
        start = put_front(&mut buffer, start, layer.nonce());
        buffer.extend_from_slice(&Tag::default());
        layer.key.seal_region(suite, &mut buffer[start..]);
    }
    if start != 0 || buffer.len() != total {
        bug!(
            "a packet of {total} bytes came out as {start}..{}",
            buffer.len()
        );
    }
    buffer
}

/// Writes `bytes` so that they end at `start`; returns where they begin.
fn put_front(buffer: &mut [u8], start: usize, bytes: &[u8]) -> usize {
    let begin = start - bytes.len();
    buffer[begin..start].copy_from_slice(bytes);
    begin
}

const _: () = assert!(TAG_LEN == size_of::<Tag>());
