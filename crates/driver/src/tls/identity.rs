use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use leek_crypto::{Approved, Suite};
use leek_identity::{NodeId, NodeKeys};
use leek_machine::Wall;
use rustls::{
    SignatureAlgorithm, SignatureScheme,
    client::ResolvesClientCert,
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, Signer, SigningKey},
};

use super::certificate::{self, BACKDATED_S, LIFE_S};
use crate::Clock;

/// A certificate is remade this long before it expires: half of its life, so that a failed remake
/// has days to be noticed.
const RENEWED_MS: u64 = LIFE_S * 1_000 / 2;

/// Who a node is on the network: its keys, and the certificate that shows them. The certificate is
/// made at the first handshake and remade at the first one in the last half of its life.
///
/// Signatures are made by the suite; neither rustls nor the certificate's maker sees the secret.
pub struct Identity {
    signer: Key,
    made: Mutex<Option<Made>>,
}

struct Made {
    at: Wall,
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// An identity of these keys.
    pub fn new(keys: Arc<NodeKeys>, suite: &Approved) -> Self {
        Self {
            signer: Key::new(keys, suite),
            made: Mutex::new(None),
        }
    }

    /// The node's id.
    pub fn id(&self) -> NodeId {
        self.signer.keys.id()
    }

    /// The certificate to show at `now`, with the key behind it.
    fn certified(&self, now: Wall) -> Result<Arc<CertifiedKey>, rcgen::Error> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some(made) if made.serves(now) => Ok(Arc::clone(&made.certified)),
            Some(_) | None => {
                let certificate = certificate::make(&self.signer, now)?;
                let key = Arc::new(self.signer.clone());
                let certified = Arc::new(CertifiedKey::new(vec![certificate], key));
                *made = Some(Made {
                    at: now,
                    certified: Arc::clone(&certified),
                });
                Ok(certified)
            }
        }
    }
}

impl Made {
    /// A clock that was set back counts as well: peers judge by theirs.
    fn serves(&self, now: Wall) -> bool {
        let age_ms = now.diff_ms(self.at);
        (-(BACKDATED_S * 500).cast_signed()..RENEWED_MS.cast_signed()).contains(&age_ms)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// An identity with the clock that its certificate follows: what rustls asks for certificates.
#[derive(Debug)]
pub(super) struct Shown {
    identity: Arc<Identity>,
    clock: Clock,
}

impl Shown {
    pub(super) const fn new(identity: Arc<Identity>, clock: Clock) -> Self {
        Self { identity, clock }
    }

    /// Without a certificate the handshake fails; the peer tries again later.
    fn certified(&self, offered: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        if !offered.contains(&SignatureScheme::ED25519) {
            return None;
        }
        let certified = self.identity.certified(self.clock.now().wall);
        certified
            .inspect_err(|error| tracing::error!(%error, "make certificate"))
            .ok()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certified(hello.signature_schemes())
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.certified(schemes)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The node's key as rustls and rcgen want it: something that signs.
#[derive(Clone)]
pub(super) struct Key {
    keys: Arc<NodeKeys>,
    suite: Arc<dyn Suite>,
}

impl Key {
    pub(super) fn new(keys: Arc<NodeKeys>, suite: &Approved) -> Self {
        Self {
            keys,
            suite: suite.suite(),
        }
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.keys.signing().sign(&*self.suite, message);
        signature.as_bytes().to_vec()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::ED25519)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(self.signature(message))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.signature(message))
    }
}

impl rcgen::PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.keys.signing().public().as_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_serves_for_half_its_life_and_for_clocks_set_back_a_little() {
        let keys = Arc::new(NodeKeys::from_seed([1; 32]));
        let identity = Identity::new(keys, &leek_crypto::fast());
        let now = Wall::from_ms(1_800_000_000_000);
        let first = identity.certified(now).unwrap();
        let same = |wall: Wall| Arc::ptr_eq(&identity.certified(wall).unwrap(), &first);
        assert!(same(now.after_ms(RENEWED_MS - 1)));
        assert!(same(now.before_ms(11 * 3_600_000)));
        assert!(!same(now.after_ms(RENEWED_MS)));
        let second = identity.certified(now.after_ms(RENEWED_MS)).unwrap();
        let back = identity.certified(now.before_ms(2 * 86_400_000)).unwrap();
        assert!(!Arc::ptr_eq(&second, &back), "a clock set back by days");
    }
}
