//! What a member signs in its reply, written once more after network spec 2.5 and not taken from
//! the node: a conformance suite that shared the node's code could not find it wrong.

use core::fmt::Write as _;

use leek_identity::{AccountId, MessageHash};
use leek_machine::Wall;
use leek_wire::{MemberChange, StorageRequest};

/// The text under a member's signature; `None` when the change is none of this request.
pub(crate) fn text(asked: &StorageRequest, change: &MemberChange) -> Option<String> {
    let account = asked.account()?;
    match change {
        MemberChange::Stored { durable, .. } => stored(asked, *durable),
        MemberChange::Deleted { deleted, .. } => {
            let mut text = match asked {
                StorageRequest::Delete { messages, .. } => {
                    let mut text = account.to_hex();
                    push_all(&mut text, messages);
                    text
                }
                StorageRequest::DeleteAll {
                    timestamp: time, ..
                }
                | StorageRequest::DeleteBefore { before: time, .. } => at(account, *time),
                _ => return None,
            };
            push_all(&mut text, deleted.iter().map(|(_, hash)| hash));
            Some(text)
        }
        MemberChange::Expired {
            updated, unchanged, ..
        } => {
            let mut text = match asked {
                StorageRequest::Expire {
                    messages, expiries, ..
                } => {
                    let mut text = account.to_hex();
                    push_all(&mut text, expiries.iter().map(|expiry| expiry.ms()));
                    push_all(&mut text, messages);
                    text
                }
                StorageRequest::ExpireAll { expiry, .. } => at(account, *expiry),
                _ => return None,
            };
            push_all(&mut text, updated.iter().map(|(hash, _)| hash));
            for (hash, expiry) in unchanged {
                push_all(&mut text, [hash.to_string(), expiry.ms().to_string()]);
            }
            Some(text)
        }
    }
}

/// The hash, and whether it is in memory only.
fn stored(asked: &StorageRequest, durable: bool) -> Option<String> {
    let StorageRequest::Store {
        account,
        namespace,
        data,
        ..
    } = asked
    else {
        return None;
    };
    let hash = leek_identity::message_hash(account, *namespace, data);
    Some(format!("{hash}{}", if durable { "" } else { "received" }))
}

fn at(account: &AccountId, time: Wall) -> String {
    format!("{}{}", account.to_hex(), time.ms())
}

fn push_all(text: &mut String, items: impl IntoIterator<Item = impl core::fmt::Display>) {
    for item in items {
        // Writing to a String cannot fail.
        let _ = write!(text, "{item}");
    }
}

/// Hashes in the order in which replies list them: by text.
pub(crate) fn sorted(mut hashes: Vec<MessageHash>) -> Vec<MessageHash> {
    hashes.sort_by_cached_key(MessageHash::to_string);
    hashes
}
