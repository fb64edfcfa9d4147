use core::fmt;
use std::sync::Arc;

use leek_crypto::{DhSecret, OnionHop, Suite};
use leek_identity::NodeId;
use leek_machine::Entropy;

use crate::{
    BuildError, Direct, Hop, Packet, PeelError, ReplyError, ServerTarget, SessionV4, hop::LayerKey,
};

/// Names a format: in scenarios, on the wire, in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormatId {
    /// The deployed v2 framing with layers of `xchacha20` or `aes-gcm` (network spec 3.2).
    SessionV4,
    /// No onion: the payload in the clear inside the transport. The null baseline.
    Direct,
}

impl FormatId {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::SessionV4, Self::Direct];

    /// The name in scenarios and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SessionV4 => "session-v4",
            Self::Direct => "direct",
        }
    }

    /// The format of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.name() == name)
    }
}

impl fmt::Display for FormatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The format of this id; `session-v4` with `xchacha20` in every layer, as current clients do
/// (network spec 3.3). Other ciphers: [`SessionV4::new`].
pub fn format(id: FormatId) -> &'static dyn Format {
    static SESSION_V4: SessionV4 = SessionV4::DEFAULT;
    static DIRECT: Direct = Direct;
    match id {
        FormatId::SessionV4 => &SESSION_V4,
        FormatId::Direct => &DIRECT,
    }
}

/// A way to wrap a request for a path of nodes, and its reply.
///
/// Pure: entropy comes from the argument alone, and the same number of bytes is drawn whatever
/// the suite and the ciphers ([`limits::LAYER_ENTROPY_BYTES`](crate::limits::LAYER_ENTROPY_BYTES)
/// per layer, guard's first).
pub trait Format: Send + Sync {
    /// Which format this is.
    fn id(&self) -> FormatId;

    /// Wraps `payload` for `destination`, to be sent to `path[0]`, or to the destination itself
    /// when `path` is empty.
    ///
    /// # Errors
    /// [`BuildError`] when the path or the payload is unfit.
    fn build(
        &self,
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        path: &[Hop],
        destination: &Hop,
        payload: &[u8],
    ) -> Result<(Packet, ReplyKey), BuildError>;

    /// Opens the layer of the node that holds `key`, in the packet's own buffer; what is inside is
    /// shifted once to the front of it.
    ///
    /// # Errors
    /// [`PeelError`] when the packet is not for this node, damaged, or malformed.
    fn peel(
        &self,
        suite: &dyn Suite,
        key: &DhSecret<OnionHop>,
        packet: Packet,
    ) -> Result<Peeled, PeelError>;

    /// Seals a destination's reply. Hops pass it on unchanged. Raw bytes: the deployed default of
    /// base64 belongs to its HTTP transport (network spec 3.4) and is not applied.
    ///
    /// The seal must come from [`Format::peel`] of the same format; another is a caller's bug and
    /// stops the process rather than answer a sealed request in the clear.
    fn seal_reply(
        &self,
        suite: &dyn Suite,
        entropy: &mut dyn Entropy,
        seal: &ReplySeal,
        payload: &[u8],
    ) -> Vec<u8>;

    /// Opens a reply with the key of its request, which must come from [`Format::build`] of the
    /// same format.
    ///
    /// # Errors
    /// [`ReplyError`] when it does not open.
    fn open_reply(
        &self,
        suite: &dyn Suite,
        key: &ReplyKey,
        bytes: &[u8],
    ) -> Result<Vec<u8>, ReplyError>;

    /// Exact length of the blob of [`Format::build`] for a path of `hops` nodes.
    ///
    /// # Errors
    /// The [`BuildError`] that building would give.
    fn sealed_len(&self, hops: usize, payload_len: usize) -> Result<usize, BuildError>;

    /// Exact length of a sealed reply to a request built by this format over `hops` nodes.
    fn reply_len(&self, payload_len: usize) -> usize;
}

/// What a node finds in its layer.
#[derive(Debug)]
pub enum Peeled {
    /// A packet for another node.
    Relay {
        /// The node to pass it to.
        next: NodeId,
        /// The packet, its `hop_no` one higher.
        packet: Packet,
    },
    /// A request for this node.
    Deliver {
        /// The request.
        payload: Vec<u8>,
        /// What seals the reply.
        reply: ReplySeal,
    },
    /// A request for a server outside the network, to be posted by this node.
    Server {
        /// Where to.
        target: ServerTarget,
        /// The body to post: the whole inside of the layer, routing JSON included, as deployed
        /// (network spec 3.2).
        body: Vec<u8>,
    },
}

/// What a client keeps to open the reply to one request.
///
/// Clones share the secret, which is zeroized with the last of them; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct ReplyKey(pub(crate) Secret);

/// What a destination keeps to seal its one reply.
///
/// Clones share the secret, which is zeroized with the last of them; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct ReplySeal(pub(crate) Secret);

/// One side of a reply. Both sides hold the same symmetric key.
#[derive(Clone)]
pub(crate) enum Secret {
    Clear,
    Layer(Arc<LayerKey>),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => f.write_str("clear"),
            Self::Layer(key) => write!(f, "{:?}, ..", key.enc()),
        }
    }
}

impl fmt::Debug for ReplyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplyKey({:?})", self.0)
    }
}

impl fmt::Debug for ReplySeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplySeal({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for id in FormatId::ALL {
            assert_eq!(FormatId::parse(id.name()), Some(id));
            assert_eq!(format(id).id(), id);
        }
        assert_eq!(FormatId::parse("session-v3"), None);
    }
}
