use data_encoding::BASE64;
use leek_crypto::{AccountKey, EdPublic, Signature, SigningKey};
use leek_identity::{
    AccountId, Namespace,
    signed_text::{self as text, ExpiryMode, InfoChange, MemberChange, PushBody, Scope},
};

use super::keys;
use crate::vectors::check::{Check, Stop};

/// The namespaces that the cases subscribe to.
const MONITORED: [i16; 3] = [0, 2, 3];

/// What a case signs with and about.
struct Signer<'a> {
    key: SigningKey<AccountKey>,
    account: AccountId,
    member: AccountId,
    now_ms: u64,
    hashes: Vec<&'a str>,
}

/// Every text that clients sign, and its signature.
pub(super) fn strings(check: &mut Check<'_>) -> Result<(), Stop> {
    let hashes = check.input("hashes")?.list()?;
    let signer = Signer {
        key: keys::signing_of_sk(&check.input("ed25519_sk")?)?,
        account: keys::account_id(&check.input("account_id")?)?,
        member: keys::account_id(&check.input("member_id")?)?,
        now_ms: check.input("timestamp_ms")?.number()?,
        hashes: hashes
            .iter()
            .map(|hash| hash.text())
            .collect::<Result<_, _>>()?,
    };
    for (key, text) in signer.storage_texts() {
        expect_signed(check, key, &text, &signer.key)?;
    }
    for (key, text) in signer.group_texts() {
        expect_signed(check, key, &text, &signer.key)?;
    }
    Ok(())
}

impl Signer<'_> {
    fn storage_texts(&self) -> [(&'static str, String); 8] {
        let (now, hashes) = (self.now_ms, &self.hashes);
        let monitored = MONITORED.map(Namespace::new);
        [
            ("retrieve_ns0", text::retrieve(Namespace::new(0), now)),
            ("retrieve_ns5", text::retrieve(Namespace::new(5), now)),
            ("store_ns11", text::store(Namespace::new(11), now)),
            ("delete", text::delete(hashes)),
            ("delete_all_all", text::delete_all(Scope::All, now)),
            (
                "expire_extend",
                text::expire(ExpiryMode::Extend, &[now], hashes),
            ),
            ("get_expiries", text::get_expiries(now, hashes)),
            (
                "push_monitor",
                text::monitor(&self.account, now / 1000, PushBody::Include, &monitored),
            ),
        ]
    }

    fn group_texts(&self) -> [(&'static str, String); 4] {
        let (now, member) = (self.now_ms, &self.member);
        [
            ("group_invite", text::group_invite(member, now)),
            (
                "group_info_change",
                text::group_info_change(InfoChange::Name, now),
            ),
            (
                "group_member_change",
                text::group_member_change(MemberChange::Removed, now),
            ),
            (
                "group_delete_content",
                text::group_delete_content(now, &[*member], &self.hashes),
            ),
        ]
    }
}

fn expect_signed(
    check: &mut Check<'_>,
    key: &'static str,
    text: &str,
    signer: &SigningKey<AccountKey>,
) -> Result<(), Stop> {
    let Some(field) = check.output(key) else {
        return Ok(());
    };
    let [string, signature] = field.object(["string", "sig_b64"])?;
    check.compare(&string, text);
    let signed = signer.sign(check.suite, text.as_bytes());
    check.compare(&signature, &BASE64.encode(signed.as_bytes()));
    verify(check, signer.public(), text, &signed).map_err(|()| signature.stop("it does not verify"))
}

fn verify(check: &Check<'_>, key: &EdPublic, text: &str, signed: &Signature) -> Result<(), ()> {
    let held = check.suite.verify(key, text.as_bytes(), signed);
    held.map_err(drop)
}

/// A published signature.
pub(super) fn ed25519(check: &mut Check<'_>) -> Result<(), Stop> {
    let seed = check.input("seed32")?;
    let key = SigningKey::<AccountKey>::from_seed(seed.array()?);
    let message = check.input("msg_utf8")?.text()?;
    let signed = key.sign(check.suite, message.as_bytes());
    check.expect_hex("sig", signed.as_bytes());
    verify(check, key.public(), message, &signed).map_err(|()| seed.stop("it does not verify"))
}
