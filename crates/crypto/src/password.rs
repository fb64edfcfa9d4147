//! Keys from passwords: Argon2id version 0x13 (RFC 9106), with bounded cost.

use core::fmt;

use argon2::{Algorithm, Argon2, AssociatedData, Block, ParamsBuilder, Version};
use leek_machine::bug;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::{AeadKey, hash};

/// Bytes of a salt (RFC 9106, section 3.1 recommends 16).
pub const PASSWORD_SALT_LEN: usize = 16;

/// Most bytes of a password: far beyond what a person types, and short enough to hash at once.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// What one guess at a password costs: the three parameters of Argon2.
///
/// Bounded, because the numbers come from a file, which may be a stranger's: the worst cost allowed
/// is 1 GiB of memory and 16 passes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PasswordCost {
    /// 64 MiB, 3 passes, 4 lanes: the second recommended option of RFC 9106, section 4, for where
    /// 2 GiB are too much.
    pub const RECOMMENDED: Self = Self {
        memory_kib: 64 * 1_024,
        passes: 3,
        lanes: 4,
    };

    /// Most memory, in KiB: 1 GiB, 16 times what is recommended.
    pub const MEMORY_KIB_MAX: u32 = 1_024 * 1_024;

    /// Most passes over the memory: with the most memory about a minute on a slow machine.
    pub const PASSES_MAX: u32 = 16;

    /// Most lanes: 4 times what is recommended.
    pub const LANES_MAX: u32 = 16;

    /// Least memory per lane, in KiB (RFC 9106, section 3.1).
    pub const MEMORY_KIB_PER_LANE_MIN: u32 = 8;

    /// A cost from its three numbers.
    ///
    /// # Errors
    /// [`PasswordCostError`] naming the number that is out of its bounds.
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, PasswordCostError> {
        if lanes == 0 || lanes > Self::LANES_MAX {
            return Err(PasswordCostError::Lanes { lanes });
        }
        if passes == 0 || passes > Self::PASSES_MAX {
            return Err(PasswordCostError::Passes { passes });
        }
        if memory_kib < Self::MEMORY_KIB_PER_LANE_MIN * lanes || memory_kib > Self::MEMORY_KIB_MAX {
            return Err(PasswordCostError::Memory { memory_kib, lanes });
        }
        Ok(Self {
            memory_kib,
            passes,
            lanes,
        })
    }

    /// Memory, in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

/// Numbers that are no cost of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordCostError {
    /// Too little or too much memory.
    #[error(
        "set the cost of a password: {memory_kib} KiB of memory for {lanes} lanes, not 8 per lane \
         to {max}",
        max = PasswordCost::MEMORY_KIB_MAX
    )]
    Memory {
        /// KiB given.
        memory_kib: u32,
        /// Lanes given.
        lanes: u32,
    },
    /// No passes, or too many.
    #[error("set the cost of a password: {passes} passes, not 1 to {max}", max = PasswordCost::PASSES_MAX)]
    Passes {
        /// Passes given.
        passes: u32,
    },
    /// No lanes, or too many.
    #[error("set the cost of a password: {lanes} lanes, not 1 to {max}", max = PasswordCost::LANES_MAX)]
    Lanes {
        /// Lanes given.
        lanes: u32,
    },
}

/// A key could not be made from a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// More bytes than [`PASSWORD_BYTES_MAX`].
    #[error("derive a key from a password: {len} bytes are more than {PASSWORD_BYTES_MAX}")]
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// The memory that the cost asks for is not to be had.
    #[error("derive a key from a password: no memory left for {memory_kib} KiB")]
    NoMemory {
        /// KiB asked for.
        memory_kib: u32,
    },
}

/// What a password amounts to: 32 secret bytes. No `Clone`, no `Debug` of them; zeroized on drop.
#[derive(ZeroizeOnDrop)]
pub struct PasswordKey([u8; 32]);

impl PasswordKey {
    /// The key of `password`, which is taken as its bytes are: no normalisation. The memory that
    /// Argon2 worked in is wiped.
    ///
    /// # Errors
    /// [`PasswordError`] for a password that is too long, and without the memory it takes.
    pub fn derive(
        password: &[u8],
        salt: &[u8; PASSWORD_SALT_LEN],
        cost: PasswordCost,
    ) -> Result<Self, PasswordError> {
        let len = password.len();
        if len > PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong { len });
        }
        let mut key = Self([0; 32]);
        argon2id(password, salt, &Extras::default(), cost, &mut key.0)?;
        Ok(key)
    }

    /// The key for one ciphertext with `context` in front of it.
    ///
    /// The ciphers of a suite take no associated data; what should be authenticated goes into the
    /// key instead (HKDF-SHA256 with `context` as its info). Another context gives an unrelated
    /// key, so a ciphertext behind a changed header does not open.
    pub fn aead_key(&self, context: &[u8]) -> AeadKey {
        AeadKey::from_bytes(hash::hkdf_sha256(&[], &self.0, context))
    }
}

impl fmt::Debug for PasswordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordKey(..)")
    }
}

/// Inputs of Argon2 that we leave empty and the RFC's vector does not.
#[derive(Default)]
struct Extras<'a> {
    secret: &'a [u8],
    associated: &'a [u8],
}

fn argon2id(
    password: &[u8],
    salt: &[u8],
    extras: &Extras<'_>,
    cost: PasswordCost,
    out: &mut [u8; 32],
) -> Result<(), PasswordError> {
    let mut params = ParamsBuilder::new();
    params
        .m_cost(cost.memory_kib)
        .t_cost(cost.passes)
        .p_cost(cost.lanes)
        .output_len(out.len());
    let associated = AssociatedData::new(extras.associated);
    let built = associated.and_then(|data| params.data(data).build());
    let Ok(params) = built else {
        bug!("bounded numbers are parameters of Argon2")
    };
    let blocks = params.block_count();
    let Ok(argon2) =
        Argon2::new_with_secret(extras.secret, Algorithm::Argon2id, Version::V0x13, params)
    else {
        bug!("Argon2 takes this secret")
    };

    let mut memory: Zeroizing<Vec<Block>> = Zeroizing::default();
    memory
        .try_reserve_exact(blocks)
        .map_err(|_| PasswordError::NoMemory {
            memory_kib: cost.memory_kib,
        })?;
    memory.resize(blocks, Block::default());
    let done = argon2.hash_password_into_with_memory(password, salt, out, memory.as_mut_slice());
    if let Err(error) = done {
        bug!("Argon2 takes a password of bounded length and a salt of 16 bytes: {error}")
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    /// As small as lanes allow: for tests that are not about cost.
    const TINY: PasswordCost = match PasswordCost::new(8, 1, 1) {
        Ok(cost) => cost,
        Err(_) => panic!("in bounds"),
    };

    /// RFC 9106, section 5.3.
    #[test]
    fn the_vector_of_the_rfc() {
        let cost = PasswordCost::new(32, 3, 4).unwrap();
        let extras = Extras {
            secret: &[3; 8],
            associated: &[4; 12],
        };
        let mut tag = [0; 32];
        argon2id(&[1; 32], &[2; 16], &extras, cost, &mut tag).unwrap();
        assert_eq!(
            HEXLOWER.encode(&tag),
            "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
        );
    }

    #[test]
    fn everything_counts() {
        let derive = |password: &[u8], salt: u8, cost| {
            PasswordKey::derive(password, &[salt; 16], cost).unwrap().0
        };
        let base = derive(b"leek", 1, TINY);
        assert_eq!(base, derive(b"leek", 1, TINY));
        let cost = |m, t, p| PasswordCost::new(m, t, p).unwrap();
        let others = [
            derive(b"Leek", 1, TINY),
            derive(b"leek\0", 1, TINY),
            derive(b"", 1, TINY),
            derive(b"leek", 2, TINY),
            derive(b"leek", 1, cost(16, 1, 1)),
            derive(b"leek", 1, cost(8, 2, 1)),
            derive(b"leek", 1, cost(16, 1, 2)),
        ];
        for (i, other) in others.iter().enumerate() {
            assert_ne!(base, *other, "{i}");
        }
    }

    #[test]
    fn a_context_makes_a_key_of_its_own() {
        let key = PasswordKey([7; 32]);
        let bytes = |context: &[u8]| *key.aead_key(context).dangerously_expose();
        assert_eq!(bytes(b"a"), bytes(b"a"));
        assert_ne!(bytes(b"a"), bytes(b"b"));
        assert_ne!(bytes(b""), key.0);
    }

    #[test]
    fn numbers_out_of_bounds_are_refused() {
        use PasswordCostError::{Lanes, Memory, Passes};
        let refused = |m, t, p| PasswordCost::new(m, t, p).unwrap_err();
        let memory = |memory_kib, lanes| Memory { memory_kib, lanes };
        assert_eq!(refused(31, 1, 4), memory(31, 4));
        assert_eq!(refused(1_048_577, 1, 1), memory(1_048_577, 1));
        assert_eq!(refused(u32::MAX, 1, 1), memory(u32::MAX, 1));
        assert_eq!(refused(64, 0, 1), Passes { passes: 0 });
        assert_eq!(refused(64, 17, 1), Passes { passes: 17 });
        assert_eq!(refused(64, 1, 0), Lanes { lanes: 0 });
        assert_eq!(refused(u32::MAX, 1, u32::MAX), Lanes { lanes: u32::MAX });
        assert!(PasswordCost::new(1_048_576, 16, 16).is_ok());
        let ours = PasswordCost::RECOMMENDED;
        let again = PasswordCost::new(ours.memory_kib, ours.passes, ours.lanes);
        assert_eq!(again, Ok(ours));
    }

    #[test]
    fn long_passwords_are_refused_before_the_work() {
        let derive = |len| PasswordKey::derive(&vec![b'x'; len], &[0; 16], TINY);
        assert!(derive(PASSWORD_BYTES_MAX).is_ok());
        let error = derive(PASSWORD_BYTES_MAX + 1).unwrap_err();
        assert_eq!(error, PasswordError::TooLong { len: 1_025 });
    }

    #[test]
    fn debug_shows_no_key() {
        let key = PasswordKey([0xab; 32]);
        assert_eq!(
            format!("{key:?} {key:#?}"),
            "PasswordKey(..) PasswordKey(..)"
        );
        const fn wiped<T: ZeroizeOnDrop>() {}
        const { wiped::<PasswordKey>() };
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever a file says is refused or works: no panic on the way to the parameters.
        #[test]
        fn any_cost_is_refused_or_works(m in 0_u32..70, t in 0_u32..4, p in 0_u32..9) {
            if let Ok(cost) = PasswordCost::new(m, t, p) {
                prop_assert!(PasswordKey::derive(b"leek", &[0; 16], cost).is_ok());
            }
        }
    }
}
