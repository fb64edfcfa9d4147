use leek_identity::{Account, AccountSeed, Namespace};
use leek_message::{
    ConfigKind, DecryptError, encrypt_deterministic, old_client_len, pad, padded_len,
    signed_plaintext, unpad, unwrap_config,
};

use super::keys;
use crate::vectors::check::{Check, Stop, chain};

/// Padding to blocks of 160 bytes.
pub(super) fn padding(check: &mut Check<'_>) -> Result<(), Stop> {
    let message = check.input("msg")?.bytes()?;
    let padded = pad(message.clone());
    check.expect_hex("padded_libsession_2025plus", &padded);
    check.expect_number("padded_len", padded_len(message.len()));
    check.expect_number("old_client_len", old_client_len(message.len()));
    check.expect_hex("unpadded", unpad(&padded));
    Ok(())
}

/// Encryption whose ephemeral key follows from the message. As published, the sender is a short
/// seed and the message a text.
pub(super) fn deterministic(check: &mut Check<'_>) -> Result<(), Stop> {
    let (sender, message) = if check.has("sender_seed16") {
        let seed = check.input("sender_seed16")?;
        let seed = AccountSeed::short(&seed.array()?);
        let message = check.input("msg_utf8")?.text()?;
        (Account::from_seed(&seed), message.as_bytes().to_vec())
    } else {
        let sender = keys::account_of_sk(&check.input("sender_ed25519_sk")?)?;
        (sender, check.input("msg")?.bytes()?)
    };
    let field = check.input("recipient_account_id")?;
    let recipient = keys::account_id(&field)?
        .x25519()
        .ok_or_else(|| field.stop("no user's id"))?;
    let signed = signed_plaintext(check.suite, sender.signing(), &recipient, &message);
    check.expect_hex("signed_plaintext", &signed);
    let sealed = encrypt_deterministic(check.suite, sender.signing(), &recipient, &message);
    check.expect_hex("ciphertext", &field.accept(sealed)?);
    Ok(())
}

/// Decryption: who sent it, and what.
pub(super) fn decrypt(check: &mut Check<'_>) -> Result<(), Stop> {
    let recipient = keys::account_of_sk(&check.input("recipient_ed25519_sk")?)?;
    let sealed = check.input("ciphertext")?;
    let opened = leek_message::decrypt(check.suite, recipient.dh(), &sealed.bytes()?);
    let opened = sealed.accept(opened)?;
    check.expect_text("sender_account_id", &opened.sender.to_hex());
    check.expect_hex("padded_plaintext", &opened.padded);
    check.expect_hex("unpadded", unpad(&opened.padded));
    Ok(())
}

/// What does not decrypt, and how it fails. The library's error text stands for one of our errors.
pub(super) fn reject(check: &mut Check<'_>) -> Result<(), Stop> {
    let recipient = keys::account_of_sk(&check.input("recipient_ed25519_sk")?)?;
    let sealed = check.input("ciphertext")?;
    let kind = check.input("kind")?;
    let opened = leek_message::decrypt(check.suite, recipient.dh(), &sealed.bytes()?);
    check.expect_bool("rejected", opened.is_err());
    let Err(error) = opened else {
        return Ok(());
    };
    let text = match error {
        DecryptError::TooShort { .. } => "Invalid incoming message: ciphertext is too small",
        DecryptError::Box(_) => "Decryption failed",
        DecryptError::Signature(_) => "Signature verification failed",
        DecryptError::SenderKey(_) => "the sender's key is no point",
    };
    check.expect_text("error", text);
    let as_its_kind = match kind.text()? {
        "tamper" | "wrong_recipient" => matches!(error, DecryptError::Box(_)),
        "resealed_to_third_party" => matches!(error, DecryptError::Signature(_)),
        "short" => matches!(error, DecryptError::TooShort { .. }),
        _ => return Err(kind.stop("no such kind of rejection is known")),
    };
    if !as_its_kind {
        check.wrong(
            &kind,
            &format!("rejected for another reason: {}", chain(&error)),
        );
    }
    Ok(())
}

/// A config message inside the framing of stored messages.
pub(super) fn wrap_config(check: &mut Check<'_>) -> Result<(), Stop> {
    let account = keys::account_of_sk(&check.input("ed25519_sk")?)?;
    let namespace = check.input("namespace")?;
    let kind = u16::try_from(namespace.number::<u64>()?)
        .ok()
        .and_then(|number| i16::try_from(number).ok())
        .and_then(|number| ConfigKind::from_namespace(Namespace::new(number)))
        .ok_or_else(|| namespace.stop("no namespace of a config"))?;
    let seqno = check.input("seqno")?.number()?;
    let data = check.input("data")?.bytes()?;
    let wrapped = leek_message::wrap_config(check.suite, &account, kind, seqno, &data);
    let wrapped = namespace.accept(wrapped)?;
    check.expect_hex("websocket_message", &wrapped);
    let config = namespace.accept(unwrap_config(check.suite, &account, &wrapped))?;
    if (config.kind, config.seqno, &config.data) != (kind, seqno, &data) {
        return Err(namespace.stop("what was wrapped unwraps as something else"));
    }
    Ok(())
}
