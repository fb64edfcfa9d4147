use core::array;
use std::sync::Arc;

use leek_crypto::{DhSecret, OnionHop, Suite, TAG_LEN, XPublic};
use leek_identity::NodeId;
use leek_machine::{Entropy, bug};

use crate::{
    BuildError, EncType, Format, FormatId, FrameError, Hop, LayerError, Packet, PeelError, Peeled,
    ReplyError, ReplyKey, ReplySeal,
    format::Secret,
    hop::LayerKey,
    limits::{
        HOP_NO_MAX, HOPS_MAX, NONCE_BYTES_MAX, REPLY_BYTES_MAX, REPLY_ENTROPY_BYTES,
        REQUEST_BYTES_MAX,
    },
};

mod build;
pub(crate) mod frame;
pub(crate) mod routing;
mod server;

pub use server::{Protocol, ServerTarget, ServerTargetError};

use build::{End, Layer, assemble, blob_len};
use routing::Routing;

/// Which cipher each layer uses. A client chooses per layer (network spec 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncPlan {
    /// By position on the path, the guard's first.
    pub hops: [EncType; HOPS_MAX],
    /// The destination's.
    pub destination: EncType,
}

impl EncPlan {
    /// The same cipher everywhere.
    pub const fn uniform(enc: EncType) -> Self {
        Self {
            hops: [enc; HOPS_MAX],
            destination: enc,
        }
    }

    /// The cipher of layer `index` of a packet over `hops` hops; the destination's layer is the
    /// last.
    const fn layer(&self, index: usize, hops: usize) -> EncType {
        if index < hops && index < HOPS_MAX {
            self.hops[index]
        } else {
            self.destination
        }
    }
}

/// The deployed onion format (network spec 3.2 to 3.4).
///
/// Every layer has a one-time key of its own. A packet is built in one buffer of its final size,
/// from the innermost layer outwards: the payload is copied once, and never per layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionV4 {
    plan: EncPlan,
}

impl SessionV4 {
    /// `xchacha20` in every layer, as current clients do.
    pub const DEFAULT: Self = Self::new(EncPlan::uniform(EncType::XChaCha20));

    /// The format with these ciphers. They matter for building only: a packet and a reply say or
    /// know theirs.
    pub const fn new(plan: EncPlan) -> Self {
        Self { plan }
    }

    /// Wraps `payload` for a server outside the network that holds `server_key`; the last node of
    /// `path` posts it to `target`.
    ///
    /// # Errors
    /// [`BuildError`], among them [`BuildError::NoExit`] for an empty path.
    pub fn build_to_server(
        &self,
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        path: &[Hop],
        target: &ServerTarget,
        server_key: &XPublic,
        payload: &[u8],
    ) -> Result<(Packet, ReplyKey), BuildError> {
        self.build_to(
            suite,
            entropy,
            path,
            server_key,
            End::Server(target),
            payload,
        )
    }

    fn build_to(
        &self,
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        path: &[Hop],
        end_key: &XPublic,
        end: End<'_>,
        payload: &[u8],
    ) -> Result<(Packet, ReplyKey), BuildError> {
        let hops = path.len();
        self.checked_len(hops, end, payload.len())?;
        let keys = path.iter().map(|hop| &hop.key).chain([end_key]);
        let layers = keys
            .enumerate()
            .map(|(index, key)| {
                Layer::fresh(suite, entropy, self.plan.layer(index, hops), key).map_err(|cause| {
                    BuildError::BadHopKey {
                        layer: index,
                        cause,
                    }
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let next = path.iter().skip(1).map(|hop| &hop.id);
        let blob = assemble(suite, &layers, &next.collect::<Vec<_>>(), end, payload);
        let first = &layers[0];
        let (ephemeral, enc) = (first.ephemeral, first.key.enc());
        let reply = layers.into_iter().next_back().map(|layer| layer.key);
        let Some(reply) = reply else {
            bug!("a packet has the destination's layer at least")
        };
        let packet = Packet {
            blob,
            ephemeral,
            enc,
            hop_no: 0,
        };
        Ok((packet, ReplyKey(Secret::Layer(Arc::new(reply)))))
    }

    /// The blob's length, once path and frame are within the limits.
    fn checked_len(
        &self,
        hops: usize,
        end: End<'_>,
        payload_len: usize,
    ) -> Result<usize, BuildError> {
        if hops > HOPS_MAX {
            return Err(BuildError::PathTooLong {
                hops,
                max: HOPS_MAX,
            });
        }
        if hops == 0 && matches!(end, End::Server(_)) {
            return Err(BuildError::NoExit);
        }
        // Saturating, so that no payload length overflows before it is refused.
        let encs: [EncType; HOPS_MAX + 1] = array::from_fn(|index| self.plan.layer(index, hops));
        let blob = blob_len(&encs[..=hops], end, payload_len);
        let len = blob
            .saturating_add(frame::LEN_BYTES)
            .saturating_add(routing::entry_len(encs[0], 0));
        if len > REQUEST_BYTES_MAX {
            return Err(BuildError::TooLarge {
                len,
                max: REQUEST_BYTES_MAX,
            });
        }
        Ok(blob)
    }
}

impl Format for SessionV4 {
    fn id(&self) -> FormatId {
        FormatId::SessionV4
    }

    fn build(
        &self,
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        path: &[Hop],
        destination: &Hop,
        payload: &[u8],
    ) -> Result<(Packet, ReplyKey), BuildError> {
        self.build_to(
            suite,
            entropy,
            path,
            &destination.key,
            End::Node(&destination.id),
            payload,
        )
    }

    fn peel(
        &self,
        suite: &dyn Suite,
        key: &DhSecret<OnionHop>,
        packet: Packet,
    ) -> Result<Peeled, PeelError> {
        let Packet {
            mut blob,
            ephemeral,
            enc,
            hop_no,
        } = packet;
        if hop_no > HOP_NO_MAX {
            return Err(PeelError::TooManyHops {
                hop_no,
                max: HOP_NO_MAX,
            });
        }
        if blob.len() > REQUEST_BYTES_MAX {
            return Err(PeelError::TooLarge {
                len: blob.len(),
                max: REQUEST_BYTES_MAX,
            });
        }
        let layer = LayerKey::of_server(suite, enc, key, &ephemeral).map_err(LayerError::Dh)?;
        layer.open_region(suite, &mut blob)?;
        blob.truncate(blob.len() - TAG_LEN);
        let plain = enc.nonce_len();
        let (inner, json) = frame::split(&blob[plain..])?;
        let routing = routing::parse(json).map_err(FrameError::Routing)?;
        let start = plain + frame::LEN_BYTES;
        let end = start + inner.len();
        Ok(match routing {
            Routing::Here => {
                frame::keep(&mut blob, start, end);
                Peeled::Deliver {
                    payload: blob,
                    reply: ReplySeal(Secret::Layer(Arc::new(layer))),
                }
            }
            Routing::Server(target) => {
                let end = blob.len();
                frame::keep(&mut blob, plain, end);
                Peeled::Server { target, body: blob }
            }
            Routing::Relay { next, entry } => {
                frame::keep(&mut blob, start, end);
                let packet = Packet {
                    blob,
                    ephemeral: entry.ephemeral,
                    enc: entry.enc,
                    hop_no: hop_no + 1,
                };
                Peeled::Relay { next, packet }
            }
        })
    }

    fn seal_reply(
        &self,
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        seal: &ReplySeal,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut drawn = [0; REPLY_ENTROPY_BYTES];
        entropy.fill_bytes(&mut drawn);
        let key = match &seal.0 {
            Secret::Layer(key) => key,
            Secret::Clear => bug!("the seal of a direct request used for session-v4"),
        };
        let nonce = &drawn[..key.enc().nonce_len()];
        match key.seal_with_nonce(suite, nonce, payload) {
            Ok(sealed) => sealed,
            Err(error) => bug!("the nonce was cut to the cipher's length: {error}"),
        }
    }

    fn open_reply(
        &self,
        suite: &dyn Suite,
        key: &ReplyKey,
        bytes: &[u8],
    ) -> Result<Vec<u8>, ReplyError> {
        let len = bytes.len();
        if len > REPLY_BYTES_MAX {
            return Err(ReplyError::TooLarge {
                len,
                max: REPLY_BYTES_MAX,
            });
        }
        match &key.0 {
            Secret::Layer(key) => Ok(key.open(suite, bytes)?),
            Secret::Clear => bug!("the key of a direct request used for session-v4"),
        }
    }

    fn sealed_len(&self, hops: usize, payload_len: usize) -> Result<usize, BuildError> {
        // Any id will do: all are written with the same length.
        let anyone = NodeId::from_bytes([0; 32]);
        self.checked_len(hops, End::Node(&anyone), payload_len)
    }

    fn reply_len(&self, payload_len: usize) -> usize {
        payload_len + self.plan.destination.overhead()
    }
}

const _: () = assert!(REPLY_ENTROPY_BYTES == NONCE_BYTES_MAX);

#[cfg(test)]
mod tests;
