use core::fmt;

use curve25519_dalek::{edwards::CompressedEdwardsY, montgomery::MontgomeryPoint};

use super::small_order::{is_small_order_u, is_small_order_y};
use crate::ParseKeyError;

/// An X25519 public key: the u-coordinate, 32 bytes. Any bytes parse; small order is refused on
/// use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct XPublic([u8; 32]);

impl XPublic {
    /// A key from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether the key has small order, in any of its 14 encodings: exactly the keys with which
    /// every agreement is all zero (RFC 7748 section 6.1).
    pub fn is_small_order(&self) -> bool {
        is_small_order_u(&self.0)
    }

    /// The Ed25519 point with sign bit 0 that maps to this key (`pos(X)`, crypto spec 1).
    ///
    /// # Errors
    /// [`ParseKeyError`] when there is none or it lies outside the prime-order subgroup.
    pub fn to_positive_ed(&self) -> Result<EdPublic, ParseKeyError> {
        let point = MontgomeryPoint(self.0)
            .to_edwards(0)
            .ok_or(ParseKeyError::NoCounterpart)?;
        EdPublic::parse(point.compress().to_bytes())
    }
}

impl fmt::Debug for XPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "x25519:{:02x}{:02x}{:02x}{:02x}..",
            self.0[0], self.0[1], self.0[2], self.0[3]
        )
    }
}

/// An Ed25519 public key, as 32 bytes. [`EdPublic::parse`] checks the point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdPublic([u8; 32]);

impl EdPublic {
    /// Reads a key and checks that it is a canonical point of the prime-order subgroup.
    ///
    /// # Errors
    /// [`ParseKeyError::NotAPoint`] otherwise.
    pub fn parse(bytes: [u8; 32]) -> Result<Self, ParseKeyError> {
        let point = CompressedEdwardsY(bytes)
            .decompress()
            .ok_or(ParseKeyError::NotAPoint)?;
        if point.is_small_order() || !point.is_torsion_free() || point.compress().0 != bytes {
            return Err(ParseKeyError::NotAPoint);
        }
        Ok(Self(bytes))
    }

    /// Takes the bytes unchecked: for ids that are only compared, or keys checked before.
    /// Verification refuses invalid points anyway.
    pub const fn from_bytes_unchecked(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether the bytes are a point of small order, in any of its 14 encodings. Signatures under
    /// such a key say nothing about who signed.
    pub fn is_small_order(&self) -> bool {
        is_small_order_y(&self.0)
    }

    /// Whether the sign bit (bit 255) is set.
    pub const fn is_negative(&self) -> bool {
        self.0[31] & 0x80 != 0
    }

    /// The X25519 image `u = (1+y)/(1-y)` (`x(E)`, crypto spec notation).
    ///
    /// # Errors
    /// [`ParseKeyError::NotAPoint`] when the bytes are no point of the prime-order subgroup.
    pub fn to_x25519(&self) -> Result<XPublic, ParseKeyError> {
        let point = CompressedEdwardsY(self.0)
            .decompress()
            .ok_or(ParseKeyError::NotAPoint)?;
        if point.is_small_order() || !point.is_torsion_free() {
            return Err(ParseKeyError::NotAPoint);
        }
        Ok(XPublic(point.to_montgomery().to_bytes()))
    }

    /// Whether `image` is this key's X25519 image, for deciding who owns an account.
    ///
    /// Cheaper than [`EdPublic::to_x25519`] by the subgroup check, which it does not need: the map
    /// joins only `E` and `-E`, so where the image is that of a key in the prime-order subgroup, as
    /// every seed's is, this key is too. A key outside of it can match only an image that no seed
    /// has.
    pub fn has_image(&self, image: &XPublic) -> bool {
        CompressedEdwardsY(self.0)
            .decompress()
            .is_some_and(|point| {
                !point.is_small_order() && point.to_montgomery().to_bytes() == image.0
            })
    }
}

impl fmt::Debug for EdPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ed25519:{:02x}{:02x}{:02x}{:02x}..",
            self.0[0], self.0[1], self.0[2], self.0[3]
        )
    }
}

/// An Ed25519 signature: R and s, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// A signature from its 64 bytes.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sig:{:02x}{:02x}{:02x}{:02x}..",
            self.0[0], self.0[1], self.0[2], self.0[3]
        )
    }
}
