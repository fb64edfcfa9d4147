use core::fmt;

use leek_identity::AccountId;

/// The name of a swarm, and its place on the ring of 64-bit numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SwarmId(pub u64);

impl SwarmId {
    /// 2^64-1: what a node without a swarm has. No swarm has this id, though an account may have
    /// this place.
    pub const UNASSIGNED: Self = Self(u64::MAX);

    /// 2^64-2: the largest id that a swarm can have.
    pub const MAX: Self = Self(u64::MAX - 1);
}

/// 16 lower-case hexadecimal digits.
impl fmt::Display for SwarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SwarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "swarm:{self}")
    }
}

/// Counts the memberships that a network has had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The account's place on the ring: [`space_of_key`] of its key; the prefix does not count.
pub fn swarm_space(account: &AccountId) -> u64 {
    space_of_key(account.key())
}

/// The exclusive-or of the four 8-byte words of `key`, read big-endian (network spec 1.1).
pub fn space_of_key(key: &[u8; 32]) -> u64 {
    let (words, _) = key.as_chunks::<8>();
    words
        .iter()
        .fold(0, |space, word| space ^ u64::from_be_bytes(*word))
}

/// The swarm responsible for a place: the nearest id on the ring that wraps at 2^64. In the exact
/// middle between two ids the left (lower) one is responsible (network spec 1.1).
///
/// `ids` is sorted, without repeats. `None` when it is empty.
pub fn nearest(ids: &[SwarmId], place: u64) -> Option<SwarmId> {
    let (first, last) = (ids.first()?, ids.last()?);
    let at = ids.partition_point(|id| id.0 < place);
    let (before, after) = ids.split_at(at);
    let left = before.last().unwrap_or(last);
    let right = after.first().unwrap_or(first);
    let to_right = right.0.wrapping_sub(place);
    let to_left = place.wrapping_sub(left.0);
    Some(if to_right < to_left { *right } else { *left })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `unit_test/swarm.cpp` of the deployed storage server (network spec 1.1).
    #[test]
    fn published_places() {
        for (hex, place) in [
            (
                "3506f4a71324b7dd114eddbf4e311f39dde243e1f2cb97c40db1961f70ebaae8",
                17_589_930_838_143_112_648,
            ),
            (
                "cf27da303a50ac8c4b2d43d27259505c9bcd73fc21cf2a57902c3d050730b604",
                10_370_619_079_776_428_163,
            ),
            (
                "d3511706b8b34f6e8411bf07bd22ba6b2435ca56846fbccf6eb1e166a6cd15cc",
                2_144_983_569_669_512_198,
            ),
            (
                "0f06693428fca9102a451e3f28d9cc743d8ea60a89ab6aa69eb119470c11cbd3",
                9_690_840_703_409_570_833,
            ),
            (
                "ffba630924aa1224bb930dde21c0d11bf004608f2812217f8ac812d6c7e3ad48",
                4_532_060_000_165_252_872,
            ),
        ] {
            // Prefixes differ among the published accounts, one being unknown here (ff); they do
            // not count.
            let account = AccountId::parse_hex(&format!("05{hex}")).unwrap();
            assert_eq!(swarm_space(&account), place, "{hex}");
            let group = AccountId::parse_hex(&format!("03{hex}")).unwrap();
            assert_eq!(swarm_space(&group), place, "{hex}");
        }
    }

    #[test]
    fn published_places_of_patterns() {
        let word = 0x0123_4567_89ab_cdef_u64.to_be_bytes();
        let key = |words: [[u8; 8]; 4]| words.concat().try_into().unwrap();
        let low = |word| space_of_key(&key([[0; 8], [0; 8], [0; 8], word]));
        assert_eq!(space_of_key(&key([word; 4])), 0);
        let cancelling = [0xee, 0x77, 0x11, 0x88].map(|byte| [byte; 8]);
        assert_eq!(space_of_key(&key(cancelling)), 0);
        let mut almost = [0xff; 32];
        almost[31] = 0xfe;
        assert_eq!(space_of_key(&almost), 1);
        assert_eq!(low([0xff; 8]), u64::MAX);
        assert_eq!(low(word), 0x0123_4567_89ab_cdef);
    }

    fn assert_nearest(ids: &[u64], pairs: &[(u64, u64)]) {
        let ids: Vec<_> = ids.iter().copied().map(SwarmId).collect();
        for &(place, id) in pairs {
            assert_eq!(nearest(&ids, place), Some(SwarmId(id)), "{place:#x}");
        }
    }

    #[test]
    fn published_nearest() {
        let ids = [100, 200, 300, 399, 498, 596, 694];
        let pairs = [
            (0, 100),
            (1, 100),
            (0x95, 100),
            (0x96, 100),
            (0x97, 200),
            (0xc8, 200),
            (0xfa, 200),
            (0xfb, 300),
            (0x15d, 300),
            (0x15e, 399),
            (0x1c0, 399),
            (0x1c1, 498),
            (0x1f2, 498),
            (0x223, 498),
            (0x224, 596),
            (0x285, 596),
            (0x286, 694),
            (0x8000_0000_0000_0000, 694),
            (0x8000_0000_0000_018c, 694),
            (0x8000_0000_0000_018d, 694),
            (0x8000_0000_0000_018e, 100),
            (0xa000_0000_0000_0000, 100),
            (u64::MAX - 1, 100),
            (u64::MAX, 100),
        ];
        assert_nearest(&ids, &pairs);

        let added = u64::MAX - 19;
        let ids = [100, 200, 300, 399, 498, 596, 694, added];
        assert_nearest(&ids, &[(0x27, added), (0x28, added), (0x29, 100)]);

        let ids = [0, 100, 200, 300, 399, 498, 596, 694, added];
        assert_nearest(&ids, &[(u64::MAX - 1, 0), (u64::MAX, 0)]);
    }

    #[test]
    fn none_and_one() {
        assert_eq!(nearest(&[], 5), None);
        for place in [0, 41, 42, 43, 1 << 63, u64::MAX] {
            assert_nearest(&[42], &[(place, 42)]);
        }
    }

    #[test]
    fn ids_show_as_16_digits() {
        assert_eq!(SwarmId(0x1fff).to_string(), "0000000000001fff");
        assert_eq!(format!("{:?}", SwarmId::MAX), "swarm:fffffffffffffffe");
    }
}
