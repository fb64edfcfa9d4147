use core::{fmt, marker::PhantomData};

#[cfg(feature = "fast")]
use aws_lc_rs::{agreement::PrivateKey, signature::Ed25519KeyPair};
use curve25519_dalek::{edwards::EdwardsPoint, scalar::clamp_integer};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{ZeroizeOnDrop, Zeroizing};

#[cfg(feature = "fast")]
use super::Imported;
use super::{EdPublic, Purpose, Signature, XPublic};
use crate::{DhError, Suite, hash};

/// The result of a key agreement: 32 secret bytes, zeroized on drop.
#[derive(ZeroizeOnDrop)]
pub struct SharedSecret([u8; 32]);

impl SharedSecret {
    /// A shared secret from its bytes, for implementations of a suite.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for key derivation.
    pub const fn dangerously_expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

impl ConstantTimeEq for SharedSecret {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

/// An X25519 secret with its public key cached; no purpose attached. See [`DhSecret`].
#[derive(ZeroizeOnDrop)]
pub struct RawDh {
    scalar: [u8; 32],
    #[zeroize(skip)]
    public: XPublic,
    /// Skipped because it wipes its own memory.
    #[cfg(feature = "fast")]
    #[zeroize(skip)]
    imported: Imported<PrivateKey>,
}

impl RawDh {
    /// `scalar` is clamped and `public` belongs to it in the suite that will use them.
    pub(crate) fn new(scalar: &[u8; 32], public: XPublic) -> Self {
        Self {
            scalar: *scalar,
            public,
            #[cfg(feature = "fast")]
            imported: Imported::new(),
        }
    }

    /// The clamped scalar, for implementations of a suite.
    pub const fn dangerously_expose_scalar(&self) -> &[u8; 32] {
        &self.scalar
    }

    /// The public key.
    pub const fn public(&self) -> &XPublic {
        &self.public
    }

    #[cfg(feature = "fast")]
    pub(crate) const fn imported(&self) -> &Imported<PrivateKey> {
        &self.imported
    }
}

/// An Ed25519 secret seed with its public key cached; no purpose attached. See [`SigningKey`].
#[derive(ZeroizeOnDrop)]
pub struct RawEd {
    seed: [u8; 32],
    #[zeroize(skip)]
    public: EdPublic,
    /// Skipped because it wipes its own memory.
    #[cfg(feature = "fast")]
    #[zeroize(skip)]
    imported: Imported<Ed25519KeyPair>,
}

impl RawEd {
    /// The 32-byte seed, for implementations of a suite.
    pub const fn dangerously_expose_seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public key.
    pub const fn public(&self) -> &EdPublic {
        &self.public
    }

    #[cfg(feature = "fast")]
    pub(crate) const fn imported(&self) -> &Imported<Ed25519KeyPair> {
        &self.imported
    }
}

/// An X25519 secret for one purpose. No `Clone`, no `Debug` of its bytes; zeroized on drop.
///
/// ```compile_fail,E0599
/// use leek_crypto::{AccountKey, DhSecret};
/// let secret = DhSecret::<AccountKey>::from_scalar([1; 32]);
/// let copy = secret.clone();
/// ```
///
/// A key for one purpose is not taken for another:
///
/// ```compile_fail,E0308
/// use leek_crypto::{DhSecret, OnionHop};
/// let secret = DhSecret::<OnionHop>::from_scalar([1; 32]);
/// let _ = leek_crypto::open_sealed_box(&*leek_crypto::pure().suite(), &secret, &[]);
/// ```
pub struct DhSecret<P: Purpose>(RawDh, PhantomData<P>);

impl<P: Purpose> DhSecret<P> {
    /// A long-term secret from 32 bytes, clamped; the public key is always the real one.
    pub fn from_scalar(scalar: [u8; 32]) -> Self {
        let scalar = Zeroizing::new(clamp_integer(scalar));
        let public = EdwardsPoint::mul_base_clamped(*scalar).to_montgomery();
        let public = XPublic::from_bytes(public.to_bytes());
        Self(RawDh::new(&scalar, public), PhantomData)
    }

    /// A one-time secret from 32 bytes of entropy; the suite computes the public key.
    pub fn one_time(suite: &dyn Suite, scalar: [u8; 32]) -> Self {
        let scalar = Zeroizing::new(clamp_integer(scalar));
        Self(suite.dh_one_time(&scalar), PhantomData)
    }

    /// The public key.
    pub const fn public(&self) -> &XPublic {
        &self.0.public
    }

    /// X25519 with `theirs`.
    ///
    /// # Errors
    /// [`DhError::NonContributory`] when `theirs` has small order.
    pub fn agree(&self, suite: &dyn Suite, theirs: &XPublic) -> Result<SharedSecret, DhError> {
        suite.dh(&self.0, theirs)
    }

    /// The key without its purpose, for implementations of a suite.
    pub const fn raw(&self) -> &RawDh {
        &self.0
    }
}

impl<P: Purpose> fmt::Debug for DhSecret<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhSecret<{}>(..)", P::NAME)
    }
}

/// An Ed25519 signing key for one purpose. No `Clone`, no `Debug` of its bytes; zeroized on drop.
///
/// ```compile_fail,E0599
/// use leek_crypto::{AccountKey, SigningKey};
/// let key = SigningKey::<AccountKey>::from_seed([1; 32]);
/// let copy = key.clone();
/// ```
pub struct SigningKey<P: Purpose>(RawEd, PhantomData<P>);

impl<P: Purpose> SigningKey<P> {
    /// The key of a 32-byte RFC 8032 seed; the public key is always the real one.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let scalar = x25519_scalar(&seed);
        let public = EdwardsPoint::mul_base_clamped(*scalar).compress();
        let key = RawEd {
            seed: *seed,
            public: EdPublic::from_bytes_unchecked(public.to_bytes()),
            #[cfg(feature = "fast")]
            imported: Imported::new(),
        };
        Self(key, PhantomData)
    }

    /// The public key.
    pub const fn public(&self) -> &EdPublic {
        &self.0.public
    }

    /// Ed25519 over `message`.
    pub fn sign(&self, suite: &dyn Suite, message: &[u8]) -> Signature {
        suite.sign(&self.0, message)
    }

    /// The X25519 secret of the same seed: `clamp(SHA512(seed)[0:32])` (crypto spec 1).
    pub fn to_dh<Q: Purpose>(&self) -> DhSecret<Q> {
        DhSecret::from_scalar(*x25519_scalar(&self.0.seed))
    }

    /// The key without its purpose, for implementations of a suite.
    pub const fn raw(&self) -> &RawEd {
        &self.0
    }
}

impl<P: Purpose> fmt::Debug for SigningKey<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey<{}>(..)", P::NAME)
    }
}

/// `clamp(SHA512(seed)[0:32])`: the secret scalar of an Ed25519 seed.
fn x25519_scalar(seed: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let digest = Zeroizing::new(hash::sha512(&[seed]));
    let mut scalar = Zeroizing::new([0; 32]);
    scalar.copy_from_slice(&digest[..32]);
    Zeroizing::new(clamp_integer(*scalar))
}
