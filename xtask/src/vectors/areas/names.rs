use leek_identity::{Name, NameValue};

use super::keys;
use crate::vectors::check::{Check, Stop};

/// A name of the registry: its hash, and the account id encrypted under it. As published, the
/// ciphertext is the input.
pub(super) fn run(check: &mut Check<'_>) -> Result<(), Stop> {
    let field = check.input("name")?;
    let name = field.accept(Name::parse(field.text()?))?;
    let nonce = check.input("nonce")?;
    check.expect_text("name_hash_b64", &name.hash().to_base64());
    if check.has("ciphertext") {
        let sealed = check.input("ciphertext")?;
        sealed.bytes()?;
        let value = sealed.accept(NameValue::parse_hex(sealed.text()?, nonce.text()?))?;
        let account = sealed.accept(name.open(&value, check.suite))?;
        check.expect_text("account_id", &account.to_hex());
        if name.seal(&account, check.suite, nonce.array()?) != value {
            return Err(sealed.stop("sealing what it holds gives other bytes"));
        }
        return Ok(());
    }
    let account = keys::account_id(&check.input("account_id")?)?;
    let value = name.seal(&account, check.suite, nonce.array()?);
    check.expect_text("ciphertext", &value.ciphertext_hex());
    let opened = field.accept(name.open(&value, check.suite))?;
    if opened != account {
        return Err(field.stop("what was sealed opens as another account"));
    }
    Ok(())
}
