use data_encoding::HEXLOWER;
use leek_crypto::{DhSecret, Ephemeral, OnionHop, XPublic};
use leek_onion::{EncType, LayerError, Packet, hop};
use serde_json::{Value, json};

use super::keys;
use crate::vectors::check::{Check, Field, Stop};

mod request;

pub(super) use request::request;

/// Both ends of one layer.
struct Ends {
    enc: EncType,
    client: DhSecret<Ephemeral>,
    server: DhSecret<OnionHop>,
}

/// One layer: what a client sends to a hop, and the hop's reply.
pub(super) fn hop(check: &mut Check<'_>) -> Result<(), Stop> {
    if check.has("ciphertext") {
        return published_hop(check);
    }
    let ends = Ends {
        enc: enc_type(&check.input("enc_type")?)?,
        client: keys::dh(&check.input("client_x_sk")?)?,
        server: keys::dh(&check.input("server_x_sk")?)?,
    };
    let message = check.input("msg")?.bytes()?;
    if check.has("nonce") {
        let nonce = check.input("nonce")?;
        let sealed = ends.seal_request(check, &nonce.bytes()?, &message);
        check.expect_hex("ciphertext_fixed_nonce", &nonce.accept(sealed)?);
    } else {
        check.expect_absent("ciphertext_fixed_nonce");
    }
    if let Some(sealed) = check.output("library_ciphertext")
        && ends.open_request(check, &sealed)? != message
    {
        check.wrong(&sealed, "it opens as another message");
    }
    ends.check_reply(check)
}

impl Ends {
    fn seal_request(
        &self,
        check: &Check<'_>,
        nonce: &[u8],
        message: &[u8],
    ) -> Result<Vec<u8>, LayerError> {
        let server = self.server.public();
        hop::encrypt_with_nonce(check.suite, self.enc, &self.client, server, nonce, message)
    }

    /// The library draws nonces itself, so what it sealed is opened, and sealed again under the
    /// nonce found.
    fn open_request(&self, check: &mut Check<'_>, sealed: &Field<'_>) -> Result<Vec<u8>, Stop> {
        let bytes = sealed.bytes()?;
        let client = self.client.public();
        let opened = hop::decrypt_request(check.suite, self.enc, &self.server, client, &bytes);
        let opened = sealed.accept(opened)?;
        let nonce = bytes.get(..self.enc.nonce_len()).unwrap_or_default();
        if sealed.accept(self.seal_request(check, nonce, &opened))? != bytes {
            check.wrong(sealed, "sealing what it holds gives other bytes");
        }
        Ok(opened)
    }

    /// The library's reply, opened by the client and sealed again by the hop.
    fn check_reply(&self, check: &mut Check<'_>) -> Result<(), Stop> {
        let Some(sealed) = check.output("library_reply_ciphertext") else {
            return Ok(());
        };
        let bytes = sealed.bytes()?;
        let (client, server) = (&self.client, &self.server);
        let opened = hop::decrypt_reply(check.suite, self.enc, client, server.public(), &bytes);
        let opened = sealed.accept(opened)?;
        check.expect_hex("reply_plain", &opened);
        let nonce = bytes.get(..self.enc.nonce_len()).unwrap_or_default();
        let again = hop::encrypt_reply_with_nonce(
            check.suite,
            self.enc,
            server,
            client.public(),
            nonce,
            &opened,
        );
        if sealed.accept(again)? != bytes {
            check.wrong(&sealed, "sealing what it holds gives other bytes");
        }
        Ok(())
    }
}

/// The published layout: both keys of both sides, the cipher as the case's name.
fn published_hop(check: &mut Check<'_>) -> Result<(), Stop> {
    let sealed = check.input("ciphertext")?;
    let ends = published_ends(check, sealed.accept(EncType::parse(check.name))?)?;
    let opened = ends.open_request(check, &sealed)?;
    expect_utf8(check, "plaintext_utf8", &opened, &sealed)
}

/// A frame as published: the blob and the JSON behind it, under one layer.
pub(super) fn parse(check: &mut Check<'_>) -> Result<(), Stop> {
    let request = check.input("request")?;
    let bytes = request.bytes()?;
    let packet = request.accept(Packet::parse_frame(bytes.clone()))?;
    let ends = published_ends(check, packet.enc)?;
    // The reader ignores keys it does not know and has defaults; the case has neither.
    let (_, tail) = split_frame(&bytes).ok_or_else(|| request.stop("no frame"))?;
    let tail: Value = request.accept(serde_json::from_slice(tail))?;
    let ephemeral = HEXLOWER.encode(ends.client.public().as_bytes());
    if tail != json!({ "enc_type": check.name, "ephemeral_key": ephemeral }) {
        check.wrong(
            &request,
            "its JSON does not name the cipher and the client's key",
        );
    }
    let opened = hop::decrypt_request(
        check.suite,
        packet.enc,
        &ends.server,
        &packet.ephemeral,
        &packet.blob,
    );
    let opened = request.accept(opened)?;
    expect_utf8(check, "payload_utf8", &opened, &request)
}

fn published_ends(check: &mut Check<'_>, enc: EncType) -> Result<Ends, Stop> {
    let ends = Ends {
        enc,
        client: keys::dh(&check.input("client_sk")?)?,
        server: keys::dh(&check.input("server_sk")?)?,
    };
    expect_public(&check.input("client_pk")?, ends.client.public())?;
    expect_public(&check.input("server_pk")?, ends.server.public())?;
    Ok(ends)
}

/// The cipher's name. `aes-cbc` is deployed and authenticates nothing; leek_onion has none of it.
fn enc_type(field: &Field<'_>) -> Result<EncType, Stop> {
    match field.text()? {
        name @ ("aes-cbc" | "cbc") => Err(Stop::Unsupported(format!(
            "{name} authenticates nothing and is not offered"
        ))),
        name => field.accept(EncType::parse(name)),
    }
}

/// Fails unless `field` is the public key found.
fn expect_public(field: &Field<'_>, found: &XPublic) -> Result<(), Stop> {
    if field.array()? == *found.as_bytes() {
        return Ok(());
    }
    Err(field.stop("it does not belong to the secret key"))
}

fn expect_utf8(
    check: &mut Check<'_>,
    key: &'static str,
    opened: &[u8],
    from: &Field<'_>,
) -> Result<(), Stop> {
    let text = from.accept(std::str::from_utf8(opened))?;
    check.expect_text(key, text);
    Ok(())
}

/// The blob and the JSON of `LE32(len) || blob || JSON`, independently of the crate under test.
fn split_frame(frame: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = frame.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)
}
