/// An X25519 agreement failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DhError {
    /// The shared secret is all zero: the peer's key has small order, so it contributes nothing.
    #[error("agree on a shared secret: the peer's public key has small order")]
    NonContributory,
}

/// A signature does not hold for this key and message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("verify signature")]
pub struct BadSignature;

/// An authentication tag does not match: damaged, forged, or meant for another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("authenticate ciphertext")]
pub struct BadTag;

/// Bytes are not a valid key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseKeyError {
    /// The Ed25519 encoding is not a point of the prime-order subgroup.
    #[error("read an Ed25519 public key: not a point of the prime-order subgroup")]
    NotAPoint,
    /// The X25519 value has no Ed25519 counterpart.
    #[error("read an X25519 public key: no Ed25519 point has this u-coordinate")]
    NoCounterpart,
}

/// Opening a sealed box failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// Fewer bytes than the construction's overhead.
    #[error("open sealed box: {len} bytes are fewer than its overhead of {min}")]
    TooShort {
        /// Bytes given.
        len: usize,
        /// Bytes needed at least.
        min: usize,
    },
    /// The key agreement failed.
    #[error("open sealed box")]
    Dh(#[source] DhError),
    /// The tag did not match.
    #[error("open sealed box")]
    Tag(#[source] BadTag),
}
