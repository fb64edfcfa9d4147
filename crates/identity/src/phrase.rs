//! The recovery phrase: a seed as English words with a checksum word (crypto spec 1).
//!
//! 16 bytes make 13 words, 32 bytes 25. Of each word only the first three letters matter, in either
//! case. The checksum word repeats one of the words and lets about one random wrong word in twelve
//! pass.

use core::fmt;

use zeroize::Zeroizing;

use crate::{AccountSeed, SEED_LONG_LEN, SEED_SHORT_LEN};

mod codec;
#[cfg(test)]
mod tests;
mod words;

/// Words of the phrase of a 16-byte seed, with the checksum word.
pub const WORDS_SHORT: usize = 13;

/// Words of the phrase of a 32-byte seed, with the checksum word.
pub const WORDS_LONG: usize = 25;

/// A recovery phrase: lower-case words with one space between. Whoever has it has the account.
///
/// No `Clone`, no `Debug` of its words; zeroized on drop.
pub struct Phrase(Zeroizing<String>);

impl Phrase {
    /// The words.
    pub fn dangerously_expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase(..)")
    }
}

/// The phrase of `seed`: 13 words for 16 bytes, 25 for 32.
pub fn encode(seed: &AccountSeed) -> Phrase {
    Phrase(codec::encode(seed.dangerously_expose()))
}

/// Reads a phrase: 13 or 25 words, of which the first three letters matter, in either case, with
/// any white space between and around.
///
/// # Errors
/// [`PhraseError`], which names positions and never words.
pub fn decode(text: &str) -> Result<AccountSeed, PhraseError> {
    decode_with(text, codec::Overflow::Refuse)
}

/// Reads a phrase as the older reference algorithm does: three words whose number is 2^32 or more
/// are taken modulo 2^32 instead of being refused. For comparison with deployed clients only.
///
/// # Errors
/// [`PhraseError`], but never [`PhraseError::Overflow`].
pub fn decode_reference(text: &str) -> Result<AccountSeed, PhraseError> {
    decode_with(text, codec::Overflow::Wrap)
}

fn decode_with(text: &str, overflow: codec::Overflow) -> Result<AccountSeed, PhraseError> {
    let words = text.split_whitespace().count();
    match words {
        WORDS_SHORT => {
            let mut seed = Zeroizing::new([0; SEED_SHORT_LEN]);
            codec::decode_into(text, overflow, seed.as_mut_slice())?;
            Ok(AccountSeed::short(&seed))
        }
        WORDS_LONG => {
            let mut seed = Zeroizing::new([0; SEED_LONG_LEN]);
            codec::decode_into(text, overflow, seed.as_mut_slice())?;
            Ok(AccountSeed::long(&seed))
        }
        _ => Err(PhraseError::WordCount { words }),
    }
}

/// A text is no recovery phrase. Positions count words from 1; words themselves are not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Neither 13 nor 25 words.
    #[error("read recovery phrase: {words} words, not {WORDS_SHORT} or {WORDS_LONG}")]
    WordCount {
        /// Words given.
        words: usize,
    },
    /// A word whose first three letters no word of the list has.
    #[error("read recovery phrase: word {position} is not in the list")]
    UnknownWord {
        /// Which word, counted from 1.
        position: usize,
    },
    /// Three words stand for a number of 2^32 or more, which no seed gives.
    #[error("read recovery phrase: words {position} to {} stand for no 4 bytes", position + 2)]
    Overflow {
        /// The first of the three words, counted from 1.
        position: usize,
    },
    /// The last word is not the one that the others ask for: some word is wrong.
    #[error("read recovery phrase: the last word does not match the others")]
    Checksum,
}
