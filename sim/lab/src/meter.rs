//! Counting cryptographic operations, so that virtual processors can be charged for them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use leek_crypto::{
    Aead, AeadKey, BadSignature, BadTag, DhError, EdPublic, RawDh, RawEd, SharedSecret, Signature,
    Suite, Tag, XPublic,
};

use crate::scenario::CostTable;

/// What one actor's operations cost so far, in virtual ns. Equal for every suite: it counts calls
/// and lengths, never time.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    ns: AtomicU64,
}

impl Meter {
    fn add(&self, ns: u64) {
        self.ns.fetch_add(ns, Relaxed);
    }

    /// Returns what was counted since the last call, in ns.
    pub(crate) fn take(&self) -> u64 {
        self.ns.swap(0, Relaxed)
    }
}

/// A suite that charges every operation to one actor's meter.
pub(crate) struct Metered {
    inner: Arc<dyn Suite>,
    meter: Arc<Meter>,
    cost: CostTable,
}

impl Metered {
    /// Wraps `inner` for one actor.
    pub(crate) fn wrap(
        inner: Arc<dyn Suite>,
        meter: &Arc<Meter>,
        cost: CostTable,
    ) -> Arc<dyn Suite> {
        Arc::new(Self {
            inner,
            meter: Arc::clone(meter),
            cost,
        })
    }

    fn aead(&self, len: usize) {
        self.meter
            .add(self.cost.aead_ns + len as u64 * self.cost.aead_kib_ns / 1_024);
    }
}

impl Suite for Metered {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn dh_public(&self, scalar: &[u8; 32]) -> XPublic {
        self.meter.add(self.cost.dh_public_ns);
        self.inner.dh_public(scalar)
    }

    fn dh(&self, ours: &RawDh, theirs: &XPublic) -> Result<SharedSecret, DhError> {
        self.meter.add(self.cost.dh_ns);
        self.inner.dh(ours, theirs)
    }

    fn sign(&self, key: &RawEd, message: &[u8]) -> Signature {
        self.meter.add(self.cost.sign_ns);
        self.inner.sign(key, message)
    }

    fn verify(
        &self,
        key: &EdPublic,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), BadSignature> {
        self.meter.add(self.cost.verify_ns);
        self.inner.verify(key, message, signature)
    }

    fn seal(&self, aead: Aead, key: &AeadKey, nonce: &[u8], in_out: &mut [u8]) -> Tag {
        self.aead(in_out.len());
        self.inner.seal(aead, key, nonce, in_out)
    }

    fn open(
        &self,
        aead: Aead,
        key: &AeadKey,
        nonce: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), BadTag> {
        self.aead(in_out.len());
        self.inner.open(aead, key, nonce, in_out, tag)
    }
}
