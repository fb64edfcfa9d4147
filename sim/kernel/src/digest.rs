use core::fmt;
use core::hash::Hasher as _;

use siphasher::sip::SipHasher13 as Sip64;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// Takes in what identifies a body or a protocol event.
///
/// SipHash-1-3 with 128 bits of output, keyed by everything the actor did before. It detects
/// accidents, not forgers: the keys are no secret.
pub struct Digester(SipHasher13);

impl Digester {
    /// Folds in a number.
    pub fn word(&mut self, word: u64) {
        self.0.write_u64(word);
    }

    /// Folds in bytes, preceded by their length, so that neighbours cannot run into each other.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.write_u64(bytes.len() as u64);
        self.0.write(bytes);
    }

    /// Folds in text, as [`Digester::bytes`] does.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester(..)")
    }
}

/// The digest of a run: every kernel event with its key, kind, size and body, and every note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The shape of a run: tick, kind and size of every kernel event, and nothing else. Equal for runs
/// that differ only in the content of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape(pub u64);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The history of one actor: 16 bytes for the digest, 8 for the shape.
///
/// Each event is hashed under the hashes of all before it, so an idle actor keeps 24 bytes and not
/// two half-filled hashers, and what one event feeds never runs into the next.
#[derive(Clone, Copy)]
pub(crate) struct History {
    k0: u64,
    k1: u64,
    shape: u64,
}

impl History {
    pub(crate) fn new(actor: u32) -> Self {
        Self {
            k0: u64::from_le_bytes(*b"leek-dig"),
            k1: u64::from(actor),
            shape: u64::from(actor),
        }
    }

    /// Opens the hash of the next event.
    #[inline]
    pub(crate) fn open(&self) -> Digester {
        Digester(SipHasher13::new_with_keys(self.k0, self.k1))
    }

    /// Closes the hash of an event.
    #[inline]
    pub(crate) fn close(&mut self, digester: &Digester) {
        let hash = digester.0.finish128();
        (self.k0, self.k1) = (hash.h1, hash.h2);
    }

    /// Adds an event to the shape.
    #[inline]
    pub(crate) fn shape(&mut self, tick: u64, what: u32, bytes: u32) {
        let mut hash = Sip64::new_with_keys(self.shape, u64::from_le_bytes(*b"leek-shp"));
        hash.write_u64(tick);
        hash.write_u64(u64::from(what) << 32 | u64::from(bytes));
        self.shape = hash.finish();
    }
}

/// Combines the histories of all actors, given in actor order.
pub(crate) struct Combined {
    digest: SipHasher13,
    shape: Sip64,
}

impl Combined {
    pub(crate) fn new() -> Self {
        Self {
            digest: SipHasher13::new_with_keys(0, u64::from_le_bytes(*b"leek-dig")),
            shape: Sip64::new_with_keys(0, u64::from_le_bytes(*b"leek-shp")),
        }
    }

    pub(crate) fn add(&mut self, chain: &History) {
        self.digest.write_u64(chain.k0);
        self.digest.write_u64(chain.k1);
        self.shape.write_u64(chain.shape);
    }

    pub(crate) fn finish(&self) -> (Digest, Shape) {
        (
            Digest(self.digest.finish128().h1),
            Shape(self.shape.finish()),
        )
    }
}

#[cfg(test)]
impl History {
    /// Half of the digest, and the shape.
    pub(crate) fn prints(&self) -> (u64, u64) {
        (self.k0, self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(feed: impl FnOnce(&mut Digester)) -> (u64, u64) {
        let mut history = History::new(0);
        let mut digester = history.open();
        feed(&mut digester);
        history.close(&digester);
        (history.k0, history.k1)
    }

    #[test]
    fn neighbours_do_not_run_into_each_other() {
        let split = |a: &str, b: &str| {
            hash(|digester| {
                digester.text(a);
                digester.text(b);
            })
        };
        assert_ne!(split("ab", "c"), split("a", "bc"));
        assert_ne!(split("", "abc"), split("abc", ""));
        assert_eq!(split("ab", "c"), split("ab", "c"));
    }

    #[test]
    fn each_event_is_hashed_under_those_before_it() {
        let mut history = History::new(3);
        let mut hashes = Vec::new();
        for _ in 0..3 {
            let mut digester = history.open();
            digester.word(1);
            history.close(&digester);
            history.shape(1, 2, 3);
            hashes.push((history.k0, history.k1, history.shape));
        }
        assert!(hashes[0].0 != hashes[1].0 && hashes[1].0 != hashes[2].0);
        assert!(hashes[0].2 != hashes[1].2 && hashes[1].2 != hashes[2].2);
    }

    #[test]
    fn the_order_of_actors_matters() {
        let (a, b) = (History::new(1), History::new(2));
        let combine = |histories: [&History; 2]| {
            let mut combined = Combined::new();
            histories.into_iter().for_each(|h| combined.add(h));
            combined.finish()
        };
        let (one, two) = (combine([&a, &b]), combine([&b, &a]));
        assert_ne!(one.0, two.0);
        assert_ne!(one.1, two.1);
    }

    #[test]
    fn sixteen_digits_are_shown() {
        assert_eq!(Digest(0xab).to_string(), "00000000000000ab");
        assert_eq!(Shape(u64::MAX).to_string(), "ffffffffffffffff");
    }
}
