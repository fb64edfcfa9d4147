//! Whether checks can fail: replies altered in one place each, which the checks must notice.

use leek_crypto::Signature;
use leek_identity::MessageHash;
use leek_machine::Wall;
use leek_wire::{
    Member, MemberChange, MemberFailure, Refusal, Status, StorageBody, StorageReply,
    StorageRequest, StoredMessage, storage_reply_encoded_len, storage_request_encoded_len,
};

use super::{
    case::Check,
    heard::{self, Heard},
    scene::Scene,
};

/// Bytes of a question and of an answer that are probed: larger ones differ from others in their
/// number of messages only, and all of it is hashed again for each alteration.
const PROBED_BYTES_MAX: usize = 512 * 1024;

/// Whether question and answer are small enough to be probed.
pub(super) fn is_small(asked: Option<&StorageRequest>, heard: &Heard) -> bool {
    let asked = asked.map_or(0, storage_request_encoded_len);
    let heard = match heard {
        Heard::Reply(reply) => storage_reply_encoded_len(reply),
        _ => 0,
    };
    asked.max(heard) <= PROBED_BYTES_MAX
}

/// What is wrong with `heard`: by the checks of the step, and whatever was asked.
pub(super) fn faults(
    scene: &Scene,
    checks: &[Check],
    asked: Option<&StorageRequest>,
    heard: &Heard,
) -> Vec<String> {
    let mut faults = heard::inspect(scene, asked, heard).faults;
    for check in checks {
        if let Err(found) = (check.test)(scene, heard) {
            faults.push(format!("{}: {found}", check.says));
        }
    }
    faults
}

/// Alterations of `heard` that nothing notices, and how many were tried.
pub(super) fn survivors(
    scene: &Scene,
    checks: &[Check],
    asked: Option<&StorageRequest>,
    heard: &Heard,
) -> (Vec<String>, usize) {
    let altered = alterations(heard);
    let tried = altered.len();
    let survivors = altered
        .into_iter()
        .filter(|(_, altered)| altered != heard)
        .filter(|(_, altered)| faults(scene, checks, asked, altered).is_empty())
        .map(|(what, _)| what)
        .collect();
    (survivors, tried)
}

type Altered<T> = Vec<(String, T)>;

fn alterations(heard: &Heard) -> Altered<Heard> {
    let mut out: Altered<Heard> = vec![
        ("nothing came back".to_owned(), Heard::Lost),
        (
            "it did not open".to_owned(),
            Heard::Garbled("it does not open"),
        ),
    ];
    match heard {
        Heard::Reply(reply) => {
            let replies = reply_alterations(reply);
            out.extend(replies.into_iter().map(|(w, r)| (w, Heard::Reply(r))));
        }
        Heard::Refused(refusal) => {
            let other = Refusal::new(Status(refusal.status.0 + 1), refusal.reason.clone());
            out.push(("another status".to_owned(), Heard::Refused(other)));
            let other = Refusal::new(refusal.status, "another reason");
            out.push(("another reason".to_owned(), Heard::Refused(other)));
        }
        Heard::Answered(_) | Heard::Garbled(_) | Heard::Lost => {}
    }
    out
}

fn reply_alterations(reply: &StorageReply) -> Altered<StorageReply> {
    let mut out = Vec::new();
    let mut add = |what: &str, alter: &dyn Fn(&mut StorageReply)| {
        let mut altered = reply.clone();
        alter(&mut altered);
        out.push((what.to_owned(), altered));
    };
    let other = if reply.status == Status::OK {
        Status::INTERNAL
    } else {
        Status::OK
    };
    add("another status", &|reply| reply.status = other);
    add("a refusal instead", &|reply| {
        *reply = StorageReply::error(Status::TOO_MANY_REQUESTS, reply.clock, "slow down");
    });
    add("a clock an hour ahead", &|reply| {
        reply.clock = reply.clock.after_ms(3_600_000);
    });
    for (what, body) in body_alterations(&reply.body) {
        out.push((
            what,
            StorageReply {
                body,
                ..reply.clone()
            },
        ));
    }
    out
}

fn body_alterations(body: &StorageBody) -> Altered<StorageBody> {
    match body {
        StorageBody::Changed { hash, members } => changed_alterations(*hash, members),
        StorageBody::Messages { messages, more } => message_alterations(messages, *more),
        StorageBody::Expiries(all) => {
            let mut out = mapped(cuts(all), StorageBody::Expiries);
            if let Some(later) = later_first(all) {
                out.push(("a later expiry".to_owned(), StorageBody::Expiries(later)));
            }
            out
        }
        StorageBody::Swarm { swarm, nodes } => {
            let swarm = *swarm;
            let mut out = mapped(cuts(nodes), |nodes| StorageBody::Swarm { swarm, nodes });
            let other = StorageBody::Swarm {
                swarm: leek_swarm::SwarmId(swarm.0 ^ 1),
                nodes: nodes.clone(),
            };
            out.push(("another swarm's id".to_owned(), other));
            out
        }
        StorageBody::Info { version } => {
            let mut version = *version;
            version[1] += 1;
            vec![("another version".to_owned(), StorageBody::Info { version })]
        }
        StorageBody::Batch(replies) => {
            let mut out = mapped(cuts(replies), StorageBody::Batch);
            for (i, reply) in replies.iter().enumerate() {
                out.extend(reply_alterations(reply).into_iter().map(|(what, altered)| {
                    let mut replies = replies.clone();
                    replies[i] = altered;
                    (format!("step {i}: {what}"), StorageBody::Batch(replies))
                }));
            }
            out
        }
        // Words for people; the status decides.
        StorageBody::Error(_) => Vec::new(),
    }
}

fn changed_alterations(hash: Option<MessageHash>, members: &[Member]) -> Altered<StorageBody> {
    let mut out = mapped(cuts(members), |members| StorageBody::Changed {
        hash,
        members,
    });
    if hash.is_some() {
        let other = StorageBody::Changed {
            hash: Some(MessageHash::from_bytes([7; 32])),
            members: members.to_vec(),
        };
        out.push(("another hash".to_owned(), other));
    }
    if let Some(Ok(first)) = members.first().map(|first| &first.result) {
        out.extend(mapped(change_alterations(first), |altered| {
            let mut members = members.to_vec();
            members[0].result = altered;
            StorageBody::Changed { hash, members }
        }));
    }
    out
}

fn message_alterations(messages: &[StoredMessage], more: bool) -> Altered<StorageBody> {
    let body = |messages| StorageBody::Messages { messages, more };
    let mut out = mapped(cuts(messages), body);
    let other = StorageBody::Messages {
        messages: messages.to_vec(),
        more: !more,
    };
    out.push(("more or not".to_owned(), other));
    if let Some(first) = messages.first() {
        let (mut longer, mut renamed) = (first.clone(), first.clone());
        longer.data.push(0);
        renamed.hash = MessageHash::from_bytes([7; 32]);
        for (what, changed) in [
            ("a longer message", longer),
            ("a message of another name", renamed),
        ] {
            let mut messages = messages.to_vec();
            messages[0] = changed;
            out.push((what.to_owned(), body(messages)));
        }
    }
    out
}

fn mapped<T, U>(all: Altered<T>, make: impl Fn(T) -> U) -> Altered<U> {
    all.into_iter()
        .map(|(what, altered)| (what, make(altered)))
        .collect()
}

fn change_alterations(change: &MemberChange) -> Altered<Result<MemberChange, MemberFailure>> {
    let mut out = vec![
        ("a member failed", Err(MemberFailure::QueryFailure)),
        ("a member timed out", Err(MemberFailure::Timeout)),
    ];
    let forged = Signature::from_bytes([9; 64]);
    match change.clone() {
        MemberChange::Stored {
            signature,
            expiry,
            already,
            durable,
        } => {
            let with = |signature, expiry: Wall, already, durable| {
                Ok(MemberChange::Stored {
                    signature,
                    expiry,
                    already,
                    durable,
                })
            };
            out.push(("a forged signature", with(forged, expiry, already, durable)));
            let later = expiry.after_ms(1);
            out.push(("a later expiry", with(signature, later, already, durable)));
            out.push(("already or not", with(signature, expiry, !already, durable)));
            out.push(("durable or not", with(signature, expiry, already, !durable)));
        }
        MemberChange::Deleted { signature, deleted } => {
            let with = |signature, deleted| Ok(MemberChange::Deleted { signature, deleted });
            out.push(("a forged signature", with(forged, deleted.clone())));
            let mut fewer = deleted;
            if fewer.pop().is_some() {
                out.push(("fewer deleted", with(signature, fewer)));
            }
        }
        MemberChange::Expired {
            signature,
            updated,
            unchanged,
        } => {
            let with = |signature, updated, unchanged| {
                Ok(MemberChange::Expired {
                    signature,
                    updated,
                    unchanged,
                })
            };
            let forgery = with(forged, updated.clone(), unchanged.clone());
            out.push(("a forged signature", forgery));
            if let Some(later) = later_first(&updated) {
                let altered = with(signature, later, unchanged.clone());
                out.push(("a later expiry", altered));
            }
            if let Some(later) = later_first(&unchanged) {
                out.push(("another kept expiry", with(signature, updated, later)));
            }
        }
    }
    out.into_iter()
        .map(|(what, change)| (what.to_owned(), change))
        .collect()
}

fn later_first(all: &[(MessageHash, Wall)]) -> Option<Vec<(MessageHash, Wall)>> {
    let mut all = all.to_vec();
    let first = all.first_mut()?;
    first.1 = first.1.after_ms(1);
    Some(all)
}

/// One less at either end, the first two swapped, and one twice.
fn cuts<T: Clone>(all: &[T]) -> Altered<Vec<T>> {
    let mut out = Vec::new();
    if let [first, .., last] = all {
        out.push(("the first missing".to_owned(), all[1..].to_vec()));
        let mut swapped = all.to_vec();
        swapped.swap(0, 1);
        out.push(("the first two swapped".to_owned(), swapped));
        let mut twice = all.to_vec();
        twice.push(last.clone());
        out.push(("the last twice".to_owned(), twice));
        let mut around = all.to_vec();
        around.insert(0, first.clone());
        out.push(("the first twice".to_owned(), around));
    }
    if let [rest @ .., _] = all {
        out.push(("the last missing".to_owned(), rest.to_vec()));
    }
    out
}
