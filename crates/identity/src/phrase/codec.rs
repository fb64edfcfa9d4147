//! Words from bytes and back: each 4 bytes are three words.

use zeroize::Zeroizing;

use super::{
    PhraseError,
    words::{self, COUNT},
};

/// Words in the list, as a number.
#[expect(clippy::cast_possible_truncation, reason = "1626")]
const N: u32 = COUNT as u32;

/// Words for 4 bytes.
const TRIPLET: usize = 3;

/// Bytes for three words.
const BYTES: usize = 4;

/// What to do with three words whose number does not fit in 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overflow {
    Refuse,
    Wrap,
}

/// The phrase of `bytes`, whose length is a multiple of 4, not 0.
pub(super) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let indices = indices_of(bytes);
    let checksum = checksum_index(&indices);
    let len: usize = indices
        .iter()
        .chain([&checksum])
        .map(|&i| words::word(i).len() + 1)
        .sum();
    // Reserved at once: a growing string would leave copies behind.
    let mut phrase = Zeroizing::new(String::with_capacity(len));
    for &index in indices.iter() {
        phrase.push_str(words::word(index));
        phrase.push(' ');
    }
    phrase.push_str(words::word(checksum));
    phrase
}

/// Reads as many words as `seed` has room for, and one more: the checksum word.
pub(super) fn decode_into(
    text: &str,
    overflow: Overflow,
    seed: &mut [u8],
) -> Result<(), PhraseError> {
    let mut indices = Zeroizing::new(Vec::with_capacity(seed.len() / BYTES * TRIPLET + 1));
    for (at, word) in text.split_whitespace().enumerate() {
        let position = at + 1;
        indices.push(words::index(word).ok_or(PhraseError::UnknownWord { position })?);
    }
    let Some((&checksum, indices)) = indices.split_last() else {
        return Err(PhraseError::WordCount { words: 0 });
    };
    let triplets = indices.chunks_exact(TRIPLET);
    for (at, (triplet, bytes)) in triplets.zip(seed.chunks_exact_mut(BYTES)).enumerate() {
        let number = number_of([triplet[0], triplet[1], triplet[2]]);
        let number = match (u32::try_from(number), overflow) {
            (Ok(number), _) => number,
            #[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is the rule")]
            (Err(_), Overflow::Wrap) => number as u32,
            (Err(_), Overflow::Refuse) => {
                let position = at * TRIPLET + 1;
                return Err(PhraseError::Overflow { position });
            }
        };
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    if checksum == checksum_index(indices) {
        Ok(())
    } else {
        Err(PhraseError::Checksum)
    }
}

/// The words of `bytes`, without the checksum word.
pub(super) fn indices_of(bytes: &[u8]) -> Zeroizing<Vec<u32>> {
    let mut indices = Zeroizing::new(Vec::with_capacity(bytes.len() / BYTES * TRIPLET));
    for chunk in bytes.chunks_exact(BYTES) {
        let number = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        indices.extend_from_slice(&triplet_of(number));
    }
    indices
}

/// Each word's index is a digit of the number in base 1626, shifted by the index before it.
pub(super) const fn triplet_of(number: u32) -> [u32; TRIPLET] {
    let first = number % N;
    let second = (number / N + first) % N;
    let third = (number / N / N + second) % N;
    [first, second, third]
}

/// The inverse of [`triplet_of`]; also defined where no number of 32 bits has these words.
pub(super) const fn number_of([first, second, third]: [u32; TRIPLET]) -> u64 {
    let n = N as u64;
    let low = first as u64;
    let middle = ((N - first + second) % N) as u64;
    let high = ((N - second + third) % N) as u64;
    low + n * middle + n * n * high
}

/// The word that repeats at the end: CRC-32 over the letters that matter picks one of the words.
fn checksum_index(indices: &[u32]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    for &index in indices {
        crc.update(words::prefix(index));
    }
    // At most 48 words (a 64-byte seed), so the remainder is an index.
    indices[crc.finalize() as usize % indices.len()]
}
