use core::fmt;

use leek_crypto::{AccountKey, DhSecret, SigningKey};
use leek_machine::Entropy;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::{
    AccountId,
    hex::{self, ParseHexError},
};

/// Bytes of the seed that clients make: 128 bits, so that its phrase has 13 words.
pub const SEED_SHORT_LEN: usize = 16;

/// Bytes of the longest seed that can be imported: a whole Ed25519 seed.
pub const SEED_LONG_LEN: usize = 32;

/// The secret from which everything of an account follows: 16 bytes, or 32 imported ones.
///
/// No `Clone`, no `Debug` of its bytes; zeroized on drop.
#[derive(ZeroizeOnDrop)]
pub struct AccountSeed {
    /// The Ed25519 seed: a short seed stands in front of 16 zero bytes.
    padded: [u8; SEED_LONG_LEN],
    #[zeroize(skip)]
    kind: SeedKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SeedKind {
    Short,
    Long,
}

impl AccountSeed {
    /// A fresh seed of the deployed form: 16 bytes of `entropy`.
    pub fn generate(entropy: &mut dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; SEED_SHORT_LEN]);
        entropy.fill_bytes(bytes.as_mut_slice());
        Self::short(&bytes)
    }

    /// A seed of the deployed form, from its 16 bytes.
    pub fn short(bytes: &[u8; SEED_SHORT_LEN]) -> Self {
        let mut padded = [0; SEED_LONG_LEN];
        let (front, _) = padded.split_at_mut(SEED_SHORT_LEN);
        front.copy_from_slice(bytes);
        Self {
            padded,
            kind: SeedKind::Short,
        }
    }

    /// A whole 32-byte Ed25519 seed, taken as it is.
    pub const fn long(bytes: &[u8; SEED_LONG_LEN]) -> Self {
        Self {
            padded: *bytes,
            kind: SeedKind::Long,
        }
    }

    /// A seed from outside: 16 bytes are a short seed, 32 a long one. Lengths between are filled up
    /// with zero bytes to a long seed, as deployed clients do (crypto spec 1).
    ///
    /// # Errors
    /// [`SeedError::Length`] for fewer than 16 bytes (the deployed rule appends 16 zero bytes and
    /// cuts, which leaves these short of a key) and for more than 32 (which it would cut silently).
    pub fn import(bytes: &[u8]) -> Result<Self, SeedError> {
        let len = bytes.len();
        if !(SEED_SHORT_LEN..=SEED_LONG_LEN).contains(&len) {
            return Err(SeedError::Length { len });
        }
        let mut padded = [0; SEED_LONG_LEN];
        let (front, _) = padded.split_at_mut(len);
        front.copy_from_slice(bytes);
        let kind = match len {
            SEED_SHORT_LEN => SeedKind::Short,
            _ => SeedKind::Long,
        };
        Ok(Self { padded, kind })
    }

    /// Reads the hexadecimal form (32 to 64 digits of either case), which the recovery QR code
    /// shows, by the rule of [`AccountSeed::import`].
    ///
    /// # Errors
    /// [`SeedError`] when the length does not fit or a digit is wrong.
    pub fn parse_hex(text: &str) -> Result<Self, SeedError> {
        let len = text.len() / 2;
        let mut bytes = Zeroizing::new([0; SEED_LONG_LEN]);
        let front = bytes.get_mut(..len).ok_or(SeedError::Length { len })?;
        hex::parse_into(text, front)?;
        Self::import(front)
    }

    /// The bytes as a phrase spells them: 16 of a short seed, 32 of a long one.
    pub fn dangerously_expose(&self) -> &[u8] {
        match self.kind {
            SeedKind::Short => self.padded.split_at(SEED_SHORT_LEN).0,
            SeedKind::Long => &self.padded,
        }
    }

    /// The Ed25519 seed: the bytes, and 16 zero bytes behind a short seed.
    pub const fn dangerously_expose_padded(&self) -> &[u8; SEED_LONG_LEN] {
        &self.padded
    }
}

impl fmt::Debug for AccountSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountSeed(..)")
    }
}

/// Importing a seed failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// Not 16 to 32 bytes.
    #[error("import account seed: {len} bytes, not 16 to 32")]
    Length {
        /// Bytes given.
        len: usize,
    },
    /// The text is not hexadecimal.
    #[error("import account seed")]
    Hex(#[from] ParseHexError),
}

/// An account's keys: one Ed25519 key, and the X25519 key of the same seed that names it.
///
/// No `Clone` (share it by `Arc`), no `Debug` of its keys; zeroized on drop.
pub struct Account {
    id: AccountId,
    signing: SigningKey<AccountKey>,
    dh: DhSecret<AccountKey>,
}

impl Account {
    /// Derives the keys (crypto spec 1).
    pub fn from_seed(seed: &AccountSeed) -> Self {
        let signing = SigningKey::from_seed(seed.padded);
        let dh = signing.to_dh();
        Self {
            id: AccountId::user(dh.public()),
            signing,
            dh,
        }
    }

    /// The account's public id, always with prefix 05.
    pub const fn id(&self) -> AccountId {
        self.id
    }

    /// The key that signs messages and storage requests.
    pub const fn signing(&self) -> &SigningKey<AccountKey> {
        &self.signing
    }

    /// The key that opens mail.
    pub const fn dh(&self) -> &DhSecret<AccountKey> {
        &self.dh
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({:?})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_pads_lengths_between_as_deployed() {
        let bytes: Vec<u8> = (1..=33).collect();
        for len in 0..=33 {
            let (front, _) = bytes.split_at(len);
            let imported = AccountSeed::import(front);
            if (16..=32).contains(&len) {
                // The deployed rule: append 32 hexadecimal zeros, cut to 64 digits.
                let mut digits = hex::encode(front) + &"0".repeat(32);
                digits.truncate(64);
                let seed = imported.unwrap();
                assert_eq!(hex::encode(seed.dangerously_expose_padded()), digits);
                let spelled = if len == 16 { 16 } else { 32 };
                assert_eq!(seed.dangerously_expose().len(), spelled);
            } else {
                assert_eq!(imported.err(), Some(SeedError::Length { len }));
            }
        }
    }

    #[test]
    fn hex_of_a_seed_is_read_strictly() {
        let text = "7728D972721b98816a328c46c1995135";
        let seed = AccountSeed::parse_hex(text).unwrap();
        assert_eq!(hex::encode(seed.dangerously_expose()), text.to_lowercase());

        let odd = AccountSeed::parse_hex("7728d972721b98816a328c46c19951355").err();
        let expected = ParseHexError::Length {
            digits: 33,
            expected: 32,
        };
        assert_eq!(odd, Some(SeedError::Hex(expected)));
        let digit = AccountSeed::parse_hex("7728d972721b98816a328c46c199513x").err();
        assert_eq!(digit, Some(SeedError::Hex(ParseHexError::Digit { at: 31 })));
        let long = AccountSeed::parse_hex(&"0".repeat(66)).err();
        assert_eq!(long, Some(SeedError::Length { len: 33 }));
        let short = AccountSeed::parse_hex(&"0".repeat(30)).err();
        assert_eq!(short, Some(SeedError::Length { len: 15 }));
    }

    #[test]
    fn a_generated_seed_is_16_bytes_of_the_entropy_given() {
        let stream = leek_machine::Seed::from_u64(1).stream();
        let seed = AccountSeed::generate(&mut stream.clone());
        let mut expected = [0; SEED_SHORT_LEN];
        let same: &mut dyn Entropy = &mut stream.clone();
        same.fill_bytes(&mut expected);
        assert_eq!(seed.dangerously_expose(), expected);
    }

    #[test]
    fn debug_shows_no_secret() {
        let seed = AccountSeed::short(&[0xab; SEED_SHORT_LEN]);
        assert_eq!(format!("{seed:?}"), "AccountSeed(..)");
        let account = Account::from_seed(&seed);
        assert_eq!(
            format!("{account:?}"),
            format!("Account({:?})", account.id())
        );
    }
}
