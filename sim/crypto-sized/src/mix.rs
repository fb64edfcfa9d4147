//! Folded multiplication: a fast hash and a fast key stream. Not cryptography.
//!
//! The 128-bit product of two words, high half xored into the low half, spreads every bit of both
//! over 64 bits in a few cycles (the principle of wyhash). Two inputs that were not made to collide
//! do so with a chance of about 2^-64; anybody who wants a collision can make one.

/// Fractional digits of pi (the initial words of Blowfish's table): no meaning of their own.
const PI: [u64; 8] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
    0xc0ac_29b7_c97c_50dd,
    0x3f84_d5b5_b547_0917,
];

/// What a value is used for: equal inputs in two domains have unrelated outputs.
#[derive(Clone, Copy)]
pub(crate) enum Domain {
    Public = 1,
    Agreement,
    Signature,
    XChaCha20Poly1305,
    Aes256Gcm,
    XSalsa20Poly1305,
}

/// Bytes that the hash and the stream handle at a time.
pub(crate) const BLOCK: usize = 32;

/// A running hash in two lanes of 64 bits, each of which takes half of every block.
#[derive(Clone)]
pub(crate) struct Mix {
    left: u64,
    right: u64,
    /// Multipliers that depend on the key, so that no fixed block empties a lane.
    by_left: u64,
    by_right: u64,
}

impl Mix {
    pub(crate) fn new(domain: Domain, key: &[u8; 32], nonce: &[u8]) -> Self {
        let [a, b, c, d] = words(key);
        let mut mix = Self {
            left: fold(a ^ PI[0], b ^ PI[1]) ^ domain as u64,
            right: fold(c ^ PI[2], d ^ PI[3]),
            by_left: fold(c ^ PI[4], a ^ PI[5]),
            by_right: fold(d ^ PI[6], b ^ PI[7]),
        };
        mix.tail(nonce);
        mix
    }

    /// Takes one block.
    #[inline]
    pub(crate) fn block(&mut self, block: &[u8; BLOCK]) {
        let [a, b, c, d] = words(block);
        self.left = fold(self.left ^ a, self.by_left ^ b);
        self.right = fold(self.right ^ c, self.by_right ^ d);
    }

    /// Takes whole blocks, then what is left.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks();
        for block in blocks {
            self.block(block);
        }
        self.tail(rest);
    }

    /// Takes fewer bytes than a block, and their number.
    pub(crate) fn tail(&mut self, bytes: &[u8]) {
        let mut padded = [0; BLOCK];
        padded[..bytes.len()].copy_from_slice(bytes);
        self.block(&padded);
        self.left ^= bytes.len() as u64;
    }

    /// Sixteen bytes that depend on everything taken so far and on `total`.
    pub(crate) fn finish(&self, total: usize) -> [u8; 16] {
        let total = total as u64;
        let left = fold(self.left ^ PI[2], self.right ^ self.by_left ^ total);
        let right = fold(self.right ^ PI[3], self.left ^ self.by_right ^ total);
        let mut out = [0; 16];
        out[..8].copy_from_slice(&fold(left ^ PI[4], right ^ PI[5]).to_le_bytes());
        out[8..].copy_from_slice(&fold(right ^ PI[6], left ^ PI[7]).to_le_bytes());
        out
    }

    /// The stream of blocks that starts from here.
    pub(crate) fn stream(&self) -> Stream {
        Stream {
            counter: self.left ^ PI[6],
            key: self.right ^ PI[7],
        }
    }
}

/// A stream of pseudo-random blocks, of period 2^64.
pub(crate) struct Stream {
    counter: u64,
    key: u64,
}

impl Stream {
    #[inline]
    fn next_words(&mut self) -> [u64; 4] {
        self.counter = self.counter.wrapping_add(PI[0]);
        let (n, key) = (self.counter, self.key);
        [PI[1], PI[2], PI[3], PI[4]].map(|word| fold(n ^ word, n.rotate_left(32) ^ key))
    }

    /// Encrypts or decrypts one block.
    #[inline]
    pub(crate) fn xor(&mut self, block: &mut [u8; BLOCK]) {
        for (bytes, mask) in block.as_chunks_mut().0.iter_mut().zip(self.next_words()) {
            *bytes = (u64::from_le_bytes(*bytes) ^ mask).to_le_bytes();
        }
    }

    /// Encrypts or decrypts what is left of a message, fewer bytes than a block.
    pub(crate) fn xor_rest(&mut self, rest: &mut [u8]) {
        let mut padded = [0; BLOCK];
        padded[..rest.len()].copy_from_slice(rest);
        self.xor(&mut padded);
        rest.copy_from_slice(&padded[..rest.len()]);
    }

    /// The first `N` bytes, a multiple of the block.
    pub(crate) fn fill<const N: usize>(mut self) -> [u8; N] {
        const { assert!(N.is_multiple_of(BLOCK)) };
        let mut out = [0; N];
        for block in out.as_chunks_mut().0 {
            self.xor(block);
        }
        out
    }
}

#[inline]
fn words(block: &[u8; BLOCK]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    low(product) ^ low(product >> 64)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
const fn low(word: u128) -> u64 {
    word as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn tag(key: &[u8; 32], nonce: &[u8], message: &[u8]) -> [u8; 16] {
        let mut mix = Mix::new(Domain::Signature, key, nonce);
        mix.bytes(message);
        mix.finish(message.len())
    }

    /// Sparse inputs are the weak spot of multiplication: zeros, single bits, counters.
    #[test]
    fn sparse_inputs_do_not_collide() {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        let mut take = |tag: [u8; 16]| {
            // Each half on its own: a lane that loses its input shows here.
            seen.insert((0, tag[..8].to_vec()));
            seen.insert((1, tag[8..].to_vec()));
            count += 2;
        };
        for len in 0..300 {
            take(tag(&[0; 32], &[], &vec![0; len]));
            take(tag(&[0; 32], &[], &vec![0xff; len + 1]));
        }
        for bit in 0..256 {
            let mut one = [0; 32];
            one[bit / 8] = 1 << (bit % 8);
            take(tag(&one, &[], &[]));
            take(tag(&[0; 32], &[], &one));
            take(tag(&[0; 32], &[], &[one, [0; 32]].concat()));
            take(tag(&[0; 32], &[], &[[0; 32], one].concat()));
            take(tag(&[0; 32], &one[..24], &[1]));
        }
        for number in 0..20_000_u64 {
            take(tag(
                &[0; 32],
                &[],
                &[&number.to_le_bytes()[..], &[7; 20]].concat(),
            ));
        }
        // The nonce takes 192 of the 256 bits: the last 64 tags of that line are one and the same.
        assert_eq!(seen.len(), count - 2 * 63);
    }

    /// Every input bit flips every output bit about half the time.
    #[test]
    fn one_bit_changes_half_of_the_tag() {
        let (mut flips, mut trials) = ([0_u32; 128], 0);
        for message in 0..16_u8 {
            let base = [message.wrapping_mul(37); 40];
            let before = u128::from_le_bytes(tag(&[message; 32], &[], &base));
            for bit in 0..320 {
                let mut changed = base;
                changed[bit / 8] ^= 1 << (bit % 8);
                let after = u128::from_le_bytes(tag(&[message; 32], &[], &changed));
                for (i, count) in flips.iter_mut().enumerate() {
                    *count += u32::from((before ^ after) >> i & 1 == 1);
                }
                trials += 1;
            }
        }
        // 5,120 trials: five standard deviations are 179 around the half.
        for count in flips {
            assert!(count.abs_diff(trials / 2) < 179, "{count} of {trials}");
        }
    }

    #[test]
    fn the_stream_does_not_repeat_and_is_balanced() {
        let mut stream = Mix::new(Domain::Public, &[0; 32], &[]).stream();
        let mut seen = BTreeSet::new();
        let mut ones = 0;
        for _ in 0..25_000 {
            for word in stream.next_words() {
                ones += word.count_ones();
                seen.insert(word);
            }
        }
        assert_eq!(seen.len(), 100_000);
        // 6.4 million bits: five standard deviations are 6,325 around the half.
        assert!(ones.abs_diff(3_200_000) < 6_325, "{ones}");
    }

    #[test]
    fn domains_are_apart() {
        let streams: BTreeSet<[u8; 32]> = [
            Domain::Public,
            Domain::Agreement,
            Domain::Signature,
            Domain::XChaCha20Poly1305,
            Domain::Aes256Gcm,
            Domain::XSalsa20Poly1305,
        ]
        .into_iter()
        .map(|domain| Mix::new(domain, &[5; 32], &[]).stream().fill())
        .collect();
        assert_eq!(streams.len(), 6);
    }
}
