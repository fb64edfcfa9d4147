use leek_crypto::hash;

use crate::vectors::check::{Check, Stop};

/// BLAKE2b of any length, without key.
pub(super) fn blake2b(check: &mut Check<'_>) -> Result<(), Stop> {
    let message = check.input("msg")?.bytes()?;
    blake2b_with(check, &[], &message)
}

/// The published layout: text, and perhaps a key. Hashes of other families have no counterpart.
pub(super) fn published(check: &mut Check<'_>) -> Result<(), Stop> {
    if !check.name.starts_with("blake2b-") {
        let why = "leek_crypto has no such hash (SHA-3, SHAKE)".to_owned();
        return Err(Stop::Unsupported(why));
    }
    let message = check.input("msg_utf8")?.text()?;
    let key = check.input("key_utf8")?.text()?;
    blake2b_with(check, key.as_bytes(), message.as_bytes())
}

fn blake2b_with(check: &mut Check<'_>, key: &[u8], message: &[u8]) -> Result<(), Stop> {
    let size = check.input("size")?;
    match of_size(size.number()?, key, message) {
        Some(digest) => {
            check.expect_hex("hash", &digest);
            Ok(())
        }
        None => Err(size.stop("BLAKE2b has 1 to 64 bytes")),
    }
}

/// BLAKE2b of a length known when it runs; `hash::blake2b` takes it as a type.
fn of_size(size: usize, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    macro_rules! sizes {
        ($($n:literal)*) => {
            match size {
                $($n => Some(hash::blake2b::<$n>(key, &[], &[message]).to_vec()),)*
                _ => None,
            }
        };
    }
    sizes!(
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62
        63 64
    )
}
