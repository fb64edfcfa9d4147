use leek_crypto::{BadTag, DhError};

use crate::{HopError, ServerTargetError};

/// Building a packet failed: the caller's path or payload is unfit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// More hops than any node would pass on.
    #[error("build a packet: a path of {hops} hops, {max} at most")]
    PathTooLong {
        /// Hops given.
        hops: usize,
        /// [`HOPS_MAX`](crate::limits::HOPS_MAX).
        max: usize,
    },
    /// The `direct` format has no hops.
    #[error("build a direct packet: a path of {hops} hops, which must be empty")]
    PathNotEmpty {
        /// Hops given.
        hops: usize,
    },
    /// A server is reached through an exit node, so the path may not be empty.
    #[error("build a packet to a server: an empty path")]
    NoExit,
    /// The packet would be over the cap that every hop enforces.
    #[error("build a packet: {len} bytes on the first link, {max} at most")]
    TooLarge {
        /// Bytes the packet would have, framing included.
        len: usize,
        /// [`REQUEST_BYTES_MAX`](crate::limits::REQUEST_BYTES_MAX).
        max: usize,
    },
    /// A hop's public key contributes nothing.
    #[error("build layer {layer}, counted from the guard's, which is 0")]
    BadHopKey {
        /// Which layer.
        layer: usize,
        /// Why.
        #[source]
        cause: DhError,
    },
}

/// A frame `LE32(N) || N bytes || JSON` is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Over the cap.
    #[error("read a frame of {len} bytes, {max} at most")]
    TooLarge {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Fewer bytes than the frame announces.
    #[error("read a frame: {len} bytes where {need} were announced")]
    Short {
        /// Bytes given.
        len: usize,
        /// Bytes needed.
        need: usize,
    },
    /// The JSON behind the bytes is unfit.
    #[error("read the routing part of a frame")]
    Routing(#[from] RoutingError),
}

/// The JSON that says what to do with a ciphertext is unfit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// Longer than any that we or deployed clients write.
    #[error("{len} bytes of JSON, {max} at most")]
    TooLarge {
        /// Bytes given.
        len: usize,
        /// [`ROUTING_BYTES_MAX`](crate::limits::ROUTING_BYTES_MAX).
        max: usize,
    },
    /// No JSON object, or a key we know has a value of the wrong type.
    #[error("not the JSON object expected")]
    BadJson,
    /// A key that is needed is absent.
    #[error("key {0:?} is missing")]
    Missing(&'static str),
    /// A key's value is not 64 hexadecimal digits.
    #[error("{0:?} is not 64 hexadecimal digits")]
    BadKey(&'static str),
    /// A cipher we do not offer, `aes-cbc` included.
    #[error("unknown encryption type")]
    UnknownEncType,
    /// A server that an exit must not post to.
    #[error("refuse the server destination")]
    Server(#[from] ServerTargetError),
}

/// One layer could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// Fewer bytes than nonce and tag take.
    #[error("open a layer of {len} bytes, {min} at least")]
    Short {
        /// Bytes given.
        len: usize,
        /// Bytes needed.
        min: usize,
    },
    /// The other side's key has small order.
    #[error("agree on a layer's key")]
    Dh(#[from] DhError),
    /// Damaged, forged, or meant for another key.
    #[error("open a layer")]
    BadTag(#[from] BadTag),
    /// A nonce of another length than the cipher's.
    #[error("seal a layer: a nonce of {len} bytes instead of {expected}")]
    NonceLength {
        /// Bytes given.
        len: usize,
        /// Bytes of the cipher's nonce.
        expected: usize,
    },
}

/// A hop could not peel its layer: something is wrong with the packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeelError {
    /// The packet has passed too many hops.
    #[error("peel a packet that claims {hop_no} hops, {max} at most")]
    TooManyHops {
        /// Hops claimed.
        hop_no: u8,
        /// [`HOP_NO_MAX`](crate::limits::HOP_NO_MAX).
        max: u8,
    },
    /// Over the cap that every hop enforces.
    #[error("peel a packet of {len} bytes, {max} at most")]
    TooLarge {
        /// Bytes given.
        len: usize,
        /// [`REQUEST_BYTES_MAX`](crate::limits::REQUEST_BYTES_MAX).
        max: usize,
    },
    /// The layer does not open under this hop's key.
    #[error("peel a packet")]
    Layer(#[from] LayerError),
    /// The layer opened, but what is inside is malformed: its maker made it so.
    #[error("read the inside of a layer")]
    Frame(#[from] FrameError),
    /// A packet in the `direct` format with an ephemeral key or passed hops.
    #[error("read a direct packet: it carries an onion layer")]
    NotDirect,
}

impl PeelError {
    /// What the hop answers in the clear (network spec 3.4).
    pub const fn refusal(&self) -> HopError {
        match self {
            Self::TooManyHops { .. } => HopError::TooManyHops,
            Self::TooLarge { .. } => HopError::TooLarge,
            Self::Layer(_) | Self::NotDirect => HopError::InvalidCiphertext,
            Self::Frame(FrameError::Routing(RoutingError::Server(_))) => HopError::InvalidUrl,
            Self::Frame(_) => HopError::InvalidJson,
        }
    }
}

/// A reply could not be opened: any hop, or the link, may have damaged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Over the cap.
    #[error("open a reply of {len} bytes, {max} at most")]
    TooLarge {
        /// Bytes given.
        len: usize,
        /// [`REPLY_BYTES_MAX`](crate::limits::REPLY_BYTES_MAX).
        max: usize,
    },
    /// The reply does not open under the request's key.
    #[error("open a reply")]
    Layer(#[from] LayerError),
}
