use leek_identity::{Account, AccountSeed};

use super::keys;
use crate::vectors::check::{Check, Stop};

/// A seed (`seed` with `seed_len`, or as published `seed16`, `seed32`, `ed25519_sk64`) and the keys
/// that follow from it.
pub(super) fn run(check: &mut Check<'_>) -> Result<(), Stop> {
    let account = if check.has("ed25519_sk64") {
        keys::account_of_sk(&check.input("ed25519_sk64")?)?
    } else {
        let seed = seed(check)?;
        let account = Account::from_seed(&seed);
        let public = account.signing().public().as_bytes();
        let secret = [seed.dangerously_expose_padded().as_slice(), public].concat();
        check.expect_hex("ed25519_sk", &secret);
        check.expect_hex("ed25519_sk64", &secret);
        account
    };
    check.expect_text("account_id", &account.id().to_hex());
    check.expect_hex("ed25519_pk", account.signing().public().as_bytes());
    check.expect_hex("x25519_pk", account.dh().public().as_bytes());
    check.expect_hex("x25519_sk", account.dh().raw().dangerously_expose_scalar());
    Ok(())
}

fn seed(check: &mut Check<'_>) -> Result<AccountSeed, Stop> {
    let published = ["seed16", "seed32"].into_iter().find(|key| check.has(key));
    let field = check.input(published.unwrap_or("seed"))?;
    let seed = field.accept(AccountSeed::import(&field.bytes()?))?;
    if published.is_none() {
        let len = check.input("seed_len")?;
        if len.number::<usize>()? != seed.dangerously_expose().len() {
            return Err(len.stop("the seed has another length"));
        }
    }
    if check.has("seed32_zero_padded") {
        let padded = check.input("seed32_zero_padded")?;
        if padded.array()? != *seed.dangerously_expose_padded() {
            return Err(padded.stop("it is not the seed with zero bytes behind"));
        }
    }
    Ok(seed)
}
