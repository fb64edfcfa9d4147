//! Keys as the vectors write them.

use leek_crypto::{AccountKey, DhSecret, Purpose, SigningKey};
use leek_identity::{Account, AccountId, AccountSeed};

use crate::vectors::check::{Field, Stop};

/// The account of libsodium's 64-byte secret key: the seed, then its public key, which must belong
/// to it.
pub(super) fn account_of_sk(field: &Field<'_>) -> Result<Account, Stop> {
    let [seed, public] = halves(field)?;
    let account = Account::from_seed(&AccountSeed::long(&seed));
    belongs(field, account.signing(), &public)?;
    Ok(account)
}

/// The signing key of libsodium's 64-byte secret key.
pub(super) fn signing_of_sk(field: &Field<'_>) -> Result<SigningKey<AccountKey>, Stop> {
    let [seed, public] = halves(field)?;
    let key = SigningKey::from_seed(seed);
    belongs(field, &key, &public)?;
    Ok(key)
}

fn halves(field: &Field<'_>) -> Result<[[u8; 32]; 2], Stop> {
    let both: [u8; 64] = field.array()?;
    let mut halves = [[0; 32]; 2];
    for (half, bytes) in halves.iter_mut().zip(both.chunks_exact(32)) {
        half.copy_from_slice(bytes);
    }
    Ok(halves)
}

fn belongs(field: &Field<'_>, key: &SigningKey<AccountKey>, public: &[u8; 32]) -> Result<(), Stop> {
    if key.public().as_bytes() == public {
        return Ok(());
    }
    Err(field.stop("the second half is not the public key of the first"))
}

/// The X25519 secret of 32 bytes, clamped as everywhere.
pub(super) fn dh<P: Purpose>(field: &Field<'_>) -> Result<DhSecret<P>, Stop> {
    Ok(DhSecret::from_scalar(field.array()?))
}

/// An account id.
pub(super) fn account_id(field: &Field<'_>) -> Result<AccountId, Stop> {
    // By bytes, so that upper-case digits are refused.
    field.accept(AccountId::from_bytes(field.array()?))
}
