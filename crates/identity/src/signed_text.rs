//! The texts that clients sign with Ed25519: plain concatenations without separators, numbers in
//! decimal, as deployed.
//!
//! Storage requests: network spec 2.4. Group administration: crypto spec 3.7. Push: crypto spec 7.
//!
//! Timestamps are unix milliseconds unless the name says `_s`. Hashes are taken as anything that
//! shows itself as text: nodes of other versions name messages in other ways than
//! [`MessageHash`](crate::MessageHash).

use core::fmt::{Display, Write as _};

use crate::{AccountId, Namespace};

/// Bytes of a subaccount token (network spec 2.9).
pub const SUBACCOUNT_TOKEN_LEN: usize = 36;

/// Which mailboxes a request clears or expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One namespace.
    One(Namespace),
    /// Every namespace of the account.
    All,
}

/// The namespace as signed strings spell it, or `all`.
impl Display for Scope {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::One(namespace) => namespace.signed().fmt(f),
            Self::All => f.write_str("all"),
        }
    }
}

/// How a request may move the expiry of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExpiryMode {
    /// To the value given, whatever it was before.
    Set,
    /// Only to an earlier time.
    Shorten,
    /// Only to a later time.
    Extend,
}

impl ExpiryMode {
    const fn text(self) -> &'static str {
        match self {
            Self::Set => "",
            Self::Shorten => "shorten",
            Self::Extend => "extend",
        }
    }
}

/// Whether push notifications carry the message itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushBody {
    /// Only who got a message and when.
    Omit,
    /// The message too.
    Include,
}

/// What changed in a group's information (`GroupUpdateInfoChangeMessage.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum InfoChange {
    /// The name.
    Name = 1,
    /// The picture.
    Avatar = 2,
    /// The timer of disappearing messages.
    DisappearingMessages = 3,
}

/// What changed in a group's membership (`GroupUpdateMemberChangeMessage.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MemberChange {
    /// Members were added.
    Added = 1,
    /// Members were removed.
    Removed = 2,
    /// Members became administrators.
    Promoted = 3,
}

/// `store<namespace><timestamp>`. Covers neither the data nor its time-to-live.
pub fn store(namespace: Namespace, timestamp_ms: u64) -> String {
    format!("store{}{timestamp_ms}", namespace.signed())
}

/// `retrieve<namespace><timestamp>`.
pub fn retrieve(namespace: Namespace, timestamp_ms: u64) -> String {
    format!("retrieve{}{timestamp_ms}", namespace.signed())
}

/// `delete<hashes..>`. No timestamp: the signature never gets stale.
pub fn delete<H: Display>(hashes: &[H]) -> String {
    with_all("delete".into(), hashes)
}

/// `delete_all<scope><timestamp>`.
pub fn delete_all(scope: Scope, timestamp_ms: u64) -> String {
    format!("delete_all{scope}{timestamp_ms}")
}

/// `delete_before<scope><before>`.
pub fn delete_before(scope: Scope, before_ms: u64) -> String {
    format!("delete_before{scope}{before_ms}")
}

/// `expire<change><expiries..><hashes..>`: one expiry for all messages, or one for each.
pub fn expire<H: Display>(change: ExpiryMode, expiries_ms: &[u64], hashes: &[H]) -> String {
    let text = with_all(format!("expire{}", change.text()), expiries_ms);
    with_all(text, hashes)
}

/// `expire_all<scope><expiry>`.
pub fn expire_all(scope: Scope, expiry_ms: u64) -> String {
    format!("expire_all{scope}{expiry_ms}")
}

/// `get_expiries<timestamp><hashes..>`.
pub fn get_expiries<H: Display>(timestamp_ms: u64, hashes: &[H]) -> String {
    with_all(format!("get_expiries{timestamp_ms}"), hashes)
}

/// `revoke_subaccount<timestamp><tokens..>`, the tokens as raw bytes.
pub fn revoke_subaccount(timestamp_ms: u64, tokens: &[[u8; SUBACCOUNT_TOKEN_LEN]]) -> Vec<u8> {
    with_tokens(format!("revoke_subaccount{timestamp_ms}"), tokens)
}

/// `unrevoke_subaccount<timestamp><tokens..>`, the tokens as raw bytes.
pub fn unrevoke_subaccount(timestamp_ms: u64, tokens: &[[u8; SUBACCOUNT_TOKEN_LEN]]) -> Vec<u8> {
    with_tokens(format!("unrevoke_subaccount{timestamp_ms}"), tokens)
}

/// `MONITOR<account><timestamp><0 or 1><namespaces,..>`: subscribes to pushes. The account in
/// hexadecimal, the timestamp in unix seconds, the namespaces ascending without repeats, whatever
/// order they come in.
pub fn monitor(
    account: &AccountId,
    timestamp_s: u64,
    body: PushBody,
    namespaces: &[Namespace],
) -> String {
    let body = match body {
        PushBody::Omit => '0',
        PushBody::Include => '1',
    };
    let mut ascending = namespaces.to_vec();
    ascending.sort_unstable();
    ascending.dedup();
    let numbers: Vec<String> = ascending.iter().map(Namespace::to_string).collect();
    let numbers = numbers.join(",");
    format!("MONITOR{}{timestamp_s}{body}{numbers}", account.to_hex())
}

/// `INVITE<member><timestamp>`: an administrator invites `member` to the group.
pub fn group_invite(member: &AccountId, timestamp_ms: u64) -> String {
    format!("INVITE{}{timestamp_ms}", member.to_hex())
}

/// `INFO_CHANGE<kind><timestamp>`: an administrator changed what the group shows.
pub fn group_info_change(change: InfoChange, timestamp_ms: u64) -> String {
    format!("INFO_CHANGE{}{timestamp_ms}", change as u8)
}

/// `MEMBER_CHANGE<kind><timestamp>`: an administrator changed who is in the group.
pub fn group_member_change(change: MemberChange, timestamp_ms: u64) -> String {
    format!("MEMBER_CHANGE{}{timestamp_ms}", change as u8)
}

/// `DELETE_CONTENT<timestamp><members..><hashes..>`: an administrator removes what `members` wrote,
/// and the messages named.
pub fn group_delete_content<H: Display>(
    timestamp_ms: u64,
    members: &[AccountId],
    hashes: &[H],
) -> String {
    let mut text = format!("DELETE_CONTENT{timestamp_ms}");
    for member in members {
        text.push_str(&member.to_hex());
    }
    with_all(text, hashes)
}

fn with_all(mut text: String, items: &[impl Display]) -> String {
    for item in items {
        match write!(text, "{item}") {
            Ok(()) => {}
            Err(error) => leek_machine::bug!("a String takes any text: {error}"),
        }
    }
    text
}

fn with_tokens(text: String, tokens: &[[u8; SUBACCOUNT_TOKEN_LEN]]) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    bytes.extend(tokens.iter().flatten());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MessageHash, Prefix};

    #[test]
    fn texts_that_the_vectors_do_not_have() {
        let one = Scope::One(Namespace::GROUP_KEYS);
        let default = Scope::One(Namespace::DEFAULT);
        assert_eq!(store(Namespace::DEFAULT, 17), "store17");
        assert_eq!(retrieve(Namespace::GROUP_REVOKED, 17), "retrieve-1117");
        assert_eq!(delete_all(one, 17), "delete_all1217");
        assert_eq!(delete_all(default, 17), "delete_all17");
        assert_eq!(delete_before(Scope::All, 17), "delete_beforeall17");
        assert_eq!(delete_before(one, 17), "delete_before1217");
        assert_eq!(expire_all(Scope::All, 17), "expire_allall17");
        assert_eq!(expire_all(default, 17), "expire_all17");
        assert_eq!(
            expire(ExpiryMode::Set, &[17, 18], &["x", "y"]),
            "expire1718xy"
        );
        assert_eq!(
            expire(ExpiryMode::Shorten, &[17], &["x"]),
            "expireshorten17x"
        );
    }

    #[test]
    fn tokens_are_raw_bytes() {
        let tokens = [[0xff; SUBACCOUNT_TOKEN_LEN], [0; SUBACCOUNT_TOKEN_LEN]];
        let mut expected = b"revoke_subaccount17".to_vec();
        expected.extend([0xff; SUBACCOUNT_TOKEN_LEN]);
        expected.extend([0; SUBACCOUNT_TOKEN_LEN]);
        assert_eq!(revoke_subaccount(17, &tokens), expected);
        assert_eq!(
            unrevoke_subaccount(17, &tokens),
            [b"un".as_slice(), &expected].concat()
        );
    }

    #[test]
    fn hashes_may_be_typed_or_text() {
        let hash = MessageHash::from_bytes([7; 32]);
        let text = hash.to_string();
        assert_eq!(delete(&[hash]), delete(&[text.as_str()]));
    }

    #[test]
    fn pushes_name_namespaces_once_and_ascending() {
        let account = AccountId::new(Prefix::Group, [0; 32]);
        let namespaces = [11, -10, 0, 2, 11].map(Namespace::new);
        let text = monitor(&account, 17, PushBody::Omit, &namespaces);
        let expected = format!("MONITOR03{}170-10,0,2,11", "00".repeat(32));
        assert_eq!(text, expected);
    }
}
