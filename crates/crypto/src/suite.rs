use crate::{
    Aead, AeadKey, BadSignature, BadTag, DhError, EdPublic, RawDh, RawEd, SharedSecret, Signature,
    Tag, XPublic,
};

/// The one door to primitives (the shape of rustls' `CryptoProvider`).
///
/// Randomness never comes from inside: callers draw it from `Cx` and pass bytes. Every
/// implementation draws nothing itself, so two suites see the same entropy.
pub trait Suite: Send + Sync + 'static {
    /// A short name for manifests and benchmarks, e.g. `"real-fast"`.
    fn name(&self) -> &'static str;

    /// The public key of a fresh ephemeral X25519 scalar (32 bytes of entropy, clamped inside).
    fn dh_public(&self, scalar: &[u8; 32]) -> XPublic;

    /// A fresh ephemeral secret: the scalar (already clamped) with its [`dh_public`].
    ///
    /// Provided, and overridden only where key and agreement can share work; a suite that wraps
    /// another one may leave it.
    ///
    /// [`dh_public`]: Self::dh_public
    fn dh_one_time(&self, scalar: &[u8; 32]) -> RawDh {
        RawDh::new(scalar, self.dh_public(scalar))
    }

    /// X25519 between our secret and their public key.
    ///
    /// # Errors
    /// [`DhError::NonContributory`] when the result is all zero (their key has small order).
    fn dh(&self, ours: &RawDh, theirs: &XPublic) -> Result<SharedSecret, DhError>;

    /// Ed25519 (RFC 8032) over `message`.
    fn sign(&self, key: &RawEd, message: &[u8]) -> Signature;

    /// Strict Ed25519 verification, by the rules of ed25519-dalek's `verify_strict`: s is below
    /// the group order, R is canonical, neither R nor the key has small order, and the equation
    /// holds without the cofactor.
    ///
    /// # Errors
    /// [`BadSignature`] when the signature does not hold.
    fn verify(
        &self,
        key: &EdPublic,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature>;

    /// Encrypts `in_out` in place, without associated data, and returns the tag.
    ///
    /// `nonce` must have [`Aead::nonce_len`] bytes; another length is a caller's bug.
    fn seal(&self, aead: Aead, key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag;

    /// Decrypts `in_out` in place. On error `in_out` holds nothing usable.
    ///
    /// # Errors
    /// [`BadTag`] when the tag does not match.
    fn open(
        &self,
        aead: Aead,
        key: &AeadKey,
        nonce: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), BadTag>;
}
