//! The real suites: what they are made of, and the type that vouches for them.

use std::sync::Arc;

use crate::Suite;

#[cfg(feature = "fast")]
mod fast;
mod pure;
mod secretbox;

/// A suite that this crate vouches for. Only code in this crate can make one, so a network that
/// takes `Approved` cannot be given an insecure suite:
///
/// ```compile_fail,E0423
/// let suite: std::sync::Arc<dyn leek_crypto::Suite> = leek_crypto::pure().suite();
/// let approved = leek_crypto::Approved(suite);
/// ```
#[derive(Clone)]
pub struct Approved(Arc<dyn Suite>);

impl Approved {
    /// The suite.
    pub fn suite(&self) -> Arc<dyn Suite> {
        Arc::clone(&self.0)
    }
}

/// The fastest well-kept implementation of each primitive (ADR 0002).
///
/// Without the cargo feature `fast` this is [`pure()`], and [`Suite::name`] says so.
pub fn fast() -> Approved {
    #[cfg(feature = "fast")]
    return Approved(Arc::new(fast::Fast));
    #[cfg(not(feature = "fast"))]
    pure()
}

/// Pure Rust, no C: dalek and RustCrypto.
pub fn pure() -> Approved {
    Approved(Arc::new(pure::Pure))
}
