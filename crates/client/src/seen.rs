use std::collections::{BTreeMap, BTreeSet};

use leek_identity::MessageHash;
use leek_machine::Wall;

use crate::{limits::SEEN_MAX, state::SeenMessage};

/// Clocks of nodes may differ this much from ours; a hash is kept that much longer than its
/// message lives, in ms. The largest tolerance of the network (network spec 2.3).
const SKEW_MS: u64 = 70_000;

/// Which messages were reported, until they cannot come again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    expiry: BTreeMap<MessageHash, Wall>,
    by_expiry: BTreeSet<(Wall, MessageHash)>,
}

impl Seen {
    /// Whether this is the first time; remembers it.
    pub(crate) fn first_time(&mut self, hash: MessageHash, expiry: Wall, now: Wall) -> bool {
        self.forget(now);
        // An owner may extend an expiry, so a later one replaces the one remembered.
        let before = self.expiry.get(&hash).copied();
        if before.is_none_or(|before| before < expiry) {
            if let Some(before) = before {
                self.by_expiry.remove(&(before, hash));
            }
            self.expiry.insert(hash, expiry);
            self.by_expiry.insert((expiry, hash));
        }
        while self.expiry.len() > SEEN_MAX {
            let Some((_, oldest)) = self.by_expiry.pop_first() else {
                break;
            };
            self.expiry.remove(&oldest);
        }
        before.is_none()
    }

    /// What is remembered, by hash.
    pub(crate) fn messages(&self) -> Vec<SeenMessage> {
        let message = |(&hash, &expiry): (&MessageHash, &Wall)| SeenMessage { hash, expiry };
        self.expiry.iter().map(message).collect()
    }

    fn forget(&mut self, now: Wall) {
        while let Some(&(expiry, hash)) = self.by_expiry.first() {
            if expiry.after_ms(SKEW_MS) > now {
                break;
            }
            self.by_expiry.remove(&(expiry, hash));
            self.expiry.remove(&hash);
        }
    }
}

impl FromIterator<SeenMessage> for Seen {
    /// Of a hash that is named twice, the later expiry counts.
    fn from_iter<I: IntoIterator<Item = SeenMessage>>(messages: I) -> Self {
        let mut seen = Self::default();
        for SeenMessage { hash, expiry } in messages {
            // Nothing has expired at the beginning of time.
            seen.first_time(hash, expiry, Wall::from_ms(0));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(i: u8) -> MessageHash {
        MessageHash::from_bytes([i; 32])
    }

    #[test]
    fn a_hash_is_new_once_until_it_cannot_come_again() {
        let mut seen = Seen::default();
        let expiry = Wall::from_ms(100_000);
        assert!(seen.first_time(hash(1), expiry, Wall::from_ms(1)));
        assert!(!seen.first_time(hash(1), expiry, Wall::from_ms(99_000)));
        assert!(!seen.first_time(hash(1), expiry, Wall::from_ms(169_999)));
        assert!(seen.first_time(hash(1), expiry, Wall::from_ms(170_000)));
    }

    #[test]
    fn a_later_expiry_keeps_it_longer() {
        let mut seen = Seen::default();
        assert!(seen.first_time(hash(1), Wall::from_ms(10), Wall::from_ms(1)));
        assert!(!seen.first_time(hash(1), Wall::from_ms(900_000), Wall::from_ms(1)));
        assert!(!seen.first_time(hash(1), Wall::from_ms(10), Wall::from_ms(500_000)));
        assert_eq!(seen.expiry.len(), seen.by_expiry.len());
    }

    #[test]
    fn the_table_is_bounded_and_the_soonest_to_expire_goes() {
        let mut seen = Seen::default();
        for i in 0..=SEEN_MAX as u64 {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&i.to_le_bytes());
            let new = seen.first_time(
                MessageHash::from_bytes(bytes),
                Wall::from_ms(10 + i),
                Wall::from_ms(0),
            );
            assert!(new);
        }
        assert_eq!(seen.expiry.len(), SEEN_MAX);
        assert!(seen.first_time(
            MessageHash::from_bytes([0; 32]),
            Wall::from_ms(10),
            Wall::from_ms(0)
        ));
    }
}
