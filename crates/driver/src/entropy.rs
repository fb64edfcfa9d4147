//! Randomness of a process on a real machine.

use core::{convert::Infallible, fmt};
use std::io;

use leek_machine::{Entropy, bug};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng};

/// Bytes drawn before the generator takes a new key from the operating system. ChaCha20 is good
/// for 2^70 bytes; a fresh key every MiB bounds what a leaked state tells of the future.
const RESEED_BYTES: u64 = 1 << 20;

/// ChaCha20 keyed by the operating system, and again after every MiB.
///
/// One for each machine; not shared between threads.
pub struct SystemEntropy {
    stream: ChaCha20Rng,
    left: u64,
}

impl SystemEntropy {
    /// A generator with a fresh key.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            stream: fresh()?,
            left: RESEED_BYTES,
        })
    }

    fn spend(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        if self.left < bytes {
            // It gave a key when this was made; a kernel that stops giving has no sane answer.
            let Ok(stream) = fresh() else {
                bug!("the operating system stopped giving randomness");
            };
            self.stream = stream;
            self.left = RESEED_BYTES;
        }
        self.left = self.left.saturating_sub(bytes);
    }
}

fn fresh() -> io::Result<ChaCha20Rng> {
    ChaCha20Rng::try_from_rng(&mut getrandom::SysRng).map_err(io::Error::other)
}

impl fmt::Debug for SystemEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemEntropy(..)")
    }
}

impl TryRng for SystemEntropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.spend(4);
        Ok(self.stream.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.spend(8);
        Ok(self.stream.next_u64())
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.spend(dst.len());
        self.stream.fill_bytes(dst);
        Ok(())
    }
}

impl TryCryptoRng for SystemEntropy {}
impl Entropy for SystemEntropy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_generators_and_two_draws_differ() {
        let mut a = SystemEntropy::new().unwrap();
        let mut b = SystemEntropy::new().unwrap();
        let (mut x, mut y) = ([0; 32], [0; 32]);
        a.fill_bytes(&mut x);
        b.fill_bytes(&mut y);
        assert_ne!(x, y);
        a.fill_bytes(&mut y);
        assert_ne!(x, y);
    }

    #[test]
    fn the_key_changes_after_its_budget() {
        let mut entropy = SystemEntropy::new().unwrap();
        let before = entropy.stream.clone();
        entropy.fill_bytes(&mut vec![0; 1 << 19]);
        assert_eq!(entropy.stream.get_seed(), before.get_seed());
        entropy.fill_bytes(&mut vec![0; (1 << 19) + 1]);
        assert_ne!(entropy.stream.get_seed(), before.get_seed());
    }
}
