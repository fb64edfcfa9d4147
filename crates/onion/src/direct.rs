use leek_crypto::{DhSecret, OnionHop, Suite, XPublic};
use leek_machine::{Entropy, bug};

use crate::{
    BuildError, EncType, Format, FormatId, Hop, Packet, PeelError, Peeled, ReplyError, ReplyKey,
    ReplySeal,
    format::Secret,
    limits::{REPLY_BYTES_MAX, REQUEST_BYTES_MAX},
};

/// No onion: request and reply in the clear inside the transport.
///
/// The null baseline: it hides nothing from the destination, not even the sender's address. Draws
/// no entropy.
#[derive(Clone, Copy, Debug)]
pub struct Direct;

/// Stands where a packet's ephemeral key would.
const NO_KEY: XPublic = XPublic::from_bytes([0; 32]);

impl Format for Direct {
    fn id(&self) -> FormatId {
        FormatId::Direct
    }

    fn build(
        &self,
        _suite: &dyn Suite,
        _entropy: &mut dyn Entropy,
        path: &[Hop],
        _destination: &Hop,
        payload: &[u8],
    ) -> Result<(Packet, ReplyKey), BuildError> {
        self.sealed_len(path.len(), payload.len())?;
        let packet = Packet {
            blob: payload.to_vec(),
            ephemeral: NO_KEY,
            enc: EncType::WHEN_ABSENT,
            hop_no: 0,
        };
        Ok((packet, ReplyKey(Secret::Clear)))
    }

    fn peel(
        &self,
        _suite: &dyn Suite,
        _key: &DhSecret<OnionHop>,
        packet: Packet,
    ) -> Result<Peeled, PeelError> {
        let len = packet.blob.len();
        if len > REQUEST_BYTES_MAX {
            return Err(PeelError::TooLarge {
                len,
                max: REQUEST_BYTES_MAX,
            });
        }
        // A sealed packet under the wrong format must not pass for a request.
        if packet.ephemeral != NO_KEY || packet.hop_no != 0 {
            return Err(PeelError::NotDirect);
        }
        Ok(Peeled::Deliver {
            payload: packet.blob,
            reply: ReplySeal(Secret::Clear),
        })
    }

    fn seal_reply(
        &self,
        _suite: &dyn Suite,
        _entropy: &mut dyn Entropy,
        seal: &ReplySeal,
        payload: &[u8],
    ) -> Vec<u8> {
        if let Secret::Layer(_) = seal.0 {
            bug!("a sealed request answered in the clear");
        }
        payload.to_vec()
    }

    fn open_reply(
        &self,
        _suite: &dyn Suite,
        key: &ReplyKey,
        bytes: &[u8],
    ) -> Result<Vec<u8>, ReplyError> {
        if let Secret::Layer(_) = key.0 {
            bug!("the reply to a sealed request read in the clear");
        }
        let len = bytes.len();
        if len > REPLY_BYTES_MAX {
            return Err(ReplyError::TooLarge {
                len,
                max: REPLY_BYTES_MAX,
            });
        }
        Ok(bytes.to_vec())
    }

    fn sealed_len(&self, hops: usize, payload_len: usize) -> Result<usize, BuildError> {
        if hops != 0 {
            return Err(BuildError::PathNotEmpty { hops });
        }
        if payload_len > REQUEST_BYTES_MAX {
            return Err(BuildError::TooLarge {
                len: payload_len,
                max: REQUEST_BYTES_MAX,
            });
        }
        Ok(payload_len)
    }

    fn reply_len(&self, payload_len: usize) -> usize {
        payload_len
    }
}
