//! The words in which cases say what must be heard.

use leek_identity::{MessageHash, Namespace};
use leek_machine::Wall;
use leek_wire::{MemberChange, Status, StorageBody, StorageReply, StoredMessage};

use super::{
    case::Check,
    heard::{Heard, short},
    scene::Scene,
    signed::sorted,
};

/// The node answered with this status.
pub fn status(status: Status) -> Check {
    Check::new(format!("the status is {}", status.0), move |_, heard| {
        let found = reply(heard)?.status;
        same(&found.0, &status.0)
    })
}

/// The node refused with this status, and says why in a text that contains `why`.
pub fn refused(expected: Status, why: &'static str) -> Check {
    let says = format!("the node refuses with {} and `{why}`", expected.0);
    Check::new(says, move |_, heard| {
        let reply = reply(heard)?;
        same(&reply.status.0, &expected.0)?;
        match &reply.body {
            StorageBody::Error(text) if text.contains(why) => Ok(()),
            other => Err(format!("the body is {other:?}")),
        }
    })
}

/// A hop, or the node itself, refused in the clear with this status and exactly this text.
pub fn turned_away(expected: Status, why: impl Into<String>) -> Check {
    let why = why.into();
    let says = format!("refused in the clear with {} and `{why}`", expected.0);
    Check::new(says, move |_, heard| match heard {
        Heard::Refused(refusal) => {
            same(&refusal.status.0, &expected.0)?;
            same(&refusal.reason, &why)
        }
        other => Err(format!("heard {}", word(other))),
    })
}

/// Every member stored the message durably until `until`, and says whether it was there before.
pub fn stored(until: fn(&Scene) -> Wall, already: bool) -> Check {
    Check::new("every member stored it", move |me, heard| {
        status_is(heard, Status::OK)?;
        each(me, heard, |change| match change {
            MemberChange::Stored {
                expiry,
                already: was_there,
                durable,
                ..
            } => {
                same(expiry, &until(me))?;
                same(was_there, &already)?;
                same(durable, &true)
            }
            other => Err(format!("a member did {other:?}")),
        })
    })
}

/// Every member stored the message durably, and it was new. That the name and the expiry are
/// those of the request is checked of every store.
pub fn fresh() -> Check {
    Check::new("every member stored it, and it was new", |me, heard| {
        status_is(heard, Status::OK)?;
        each(me, heard, is_fresh)
    })
}

/// A batch of `count` stores, each as [`fresh`] says.
pub fn all_fresh(count: usize) -> Check {
    let says = format!("every member stored {count} messages, all new");
    Check::new(says, move |me, heard| {
        status_is(heard, Status::OK)?;
        let steps = steps(heard)?;
        same(&steps.len(), &count)?;
        steps.iter().try_for_each(|reply| {
            let heard = Heard::Reply(reply.clone());
            status_is(&heard, Status::OK)?;
            each(me, &heard, is_fresh)
        })
    })
}

fn is_fresh(change: &MemberChange) -> Result<(), String> {
    match change {
        MemberChange::Stored {
            already, durable, ..
        } => same(&(*already, *durable), &(false, true)),
        other => Err(format!("a member did {other:?}")),
    }
}

/// Every member deleted exactly these.
pub fn deleted(what: fn(&Scene) -> Vec<(i16, MessageHash)>) -> Check {
    Check::new("every member deleted them", move |me, heard| {
        let mut expected: Vec<(Namespace, MessageHash)> = what(me)
            .into_iter()
            .map(|(namespace, hash)| (Namespace::new(namespace), hash))
            .collect();
        expected.sort_by_cached_key(|(_, hash)| hash.to_string());
        each(me, heard, |change| match change {
            MemberChange::Deleted { deleted, .. } => same(deleted, &expected),
            other => Err(format!("a member did {other:?}")),
        })
    })
}

/// Messages with their new or kept expiries.
pub type Expiries = Vec<(MessageHash, Wall)>;

/// Every member changed these expiries and left those.
pub fn expired(updated: fn(&Scene) -> Expiries, unchanged: fn(&Scene) -> Expiries) -> Check {
    Check::new("every member changed the expiries", move |me, heard| {
        status_is(heard, Status::OK)?;
        let (updated, unchanged) = (by_text(updated(me)), by_text(unchanged(me)));
        each(me, heard, |change| match change {
            MemberChange::Expired {
                updated: changed,
                unchanged: kept,
                ..
            } => {
                same(changed, &updated)?;
                same(kept, &unchanged)
            }
            other => Err(format!("a member did {other:?}")),
        })
    })
}

/// `get_expiries` tells exactly these.
pub fn expiries(what: fn(&Scene) -> Expiries) -> Check {
    Check::new("the expiries", move |me, heard| {
        status_is(heard, Status::OK)?;
        match &reply(heard)?.body {
            StorageBody::Expiries(found) => same(found, &by_text(what(me))),
            other => Err(format!("the body is {other:?}")),
        }
    })
}

/// A retrieve returns exactly these messages, in this order, and nothing more is waiting.
pub fn holds(what: fn(&Scene) -> Vec<MessageHash>) -> Check {
    Check::new("the mailbox holds exactly these", move |me, heard| {
        let (messages, more) = messages(heard)?;
        same(&hashes(messages), &what(me))?;
        same(&more, &false)
    })
}

/// The messages a retrieve returns were made and expire as `what` says, in order.
pub fn timed(what: fn(&Scene) -> Vec<(Wall, Wall)>) -> Check {
    Check::new("their times", move |me, heard| {
        let found: Vec<(Wall, Wall)> = messages(heard)?
            .0
            .iter()
            .map(|message| (message.timestamp, message.expiry))
            .collect();
        same(&found, &what(me))
    })
}

/// A retrieve returns the messages from number `from` to before number `to` of `all`.
pub fn page(all: fn(&Scene) -> Vec<MessageHash>, from: usize, to: usize) -> Check {
    let says = format!("messages {from} to {to} of the mailbox, and whether more are waiting");
    Check::new(says, move |me, heard| {
        let (messages, more) = messages(heard)?;
        let all = all(me);
        let page = all.get(from..to).ok_or("the case stores less")?;
        same(&hashes(messages).as_slice(), &page)?;
        same(&more, &(to < all.len()))
    })
}

/// The answers to the steps of a batch have these statuses, and there are no more.
pub fn statuses<const N: usize>(expected: [u16; N]) -> Check {
    let says = format!("the steps end with {expected:?}");
    Check::new(says, move |_, heard| {
        status_is(heard, Status::OK)?;
        let found: Vec<u16> = steps(heard)?.iter().map(|reply| reply.status.0).collect();
        same(&found.as_slice(), &expected.as_slice())
    })
}

/// `check` holds of the answer to step `index` of a batch.
pub fn step(index: usize, check: Check) -> Check {
    let says = format!("step {index}: {}", check.says);
    Check::new(says, move |me, heard| {
        let reply = steps(heard)?.get(index).ok_or("there is no such step")?;
        (check.test)(me, &Heard::Reply(reply.clone()))
    })
}

/// The reply lists the swarm of the account asked about; that it is the right one is checked of
/// every list.
pub fn swarm(expected: Status) -> Check {
    let says = format!("{} with the list of the swarm", expected.0);
    Check::new(says, move |_, heard| {
        let reply = reply(heard)?;
        same(&reply.status.0, &expected.0)?;
        match &reply.body {
            StorageBody::Swarm { .. } => Ok(()),
            other => Err(format!("the body is {other:?}")),
        }
    })
}

/// The node's version.
pub fn version(expected: [u16; 3]) -> Check {
    Check::new(format!("version {expected:?}"), move |_, heard| {
        status_is(heard, Status::OK)?;
        match &reply(heard)?.body {
            StorageBody::Info { version } => same(version, &expected),
            other => Err(format!("the body is {other:?}")),
        }
    })
}

/// The reply to a storage request.
///
/// # Errors
/// What was heard instead.
pub(crate) fn reply(heard: &Heard) -> Result<&StorageReply, String> {
    match heard {
        Heard::Reply(reply) => Ok(reply),
        other => Err(format!("heard {}", word(other))),
    }
}

/// Runs `test` on what every member did; every member must have done something.
pub(crate) fn each(
    me: &Scene,
    heard: &Heard,
    test: impl Fn(&MemberChange) -> Result<(), String>,
) -> Result<(), String> {
    let StorageBody::Changed { members, .. } = &reply(heard)?.body else {
        return Err(format!("heard {}", word(heard)));
    };
    let expected = me.members(&me.owner().id()).len();
    same(&members.len(), &expected)?;
    members.iter().try_for_each(|member| match &member.result {
        Ok(change) => test(change),
        Err(failure) => Err(format!("a member failed: {failure:?}")),
    })
}

fn status_is(heard: &Heard, expected: Status) -> Result<(), String> {
    same(&reply(heard)?.status.0, &expected.0)
}

fn messages(heard: &Heard) -> Result<(&[StoredMessage], bool), String> {
    status_is(heard, Status::OK)?;
    match &reply(heard)?.body {
        StorageBody::Messages { messages, more } => Ok((messages, *more)),
        other => Err(format!("the body is {other:?}")),
    }
}

fn steps(heard: &Heard) -> Result<&[StorageReply], String> {
    match &reply(heard)?.body {
        StorageBody::Batch(replies) => Ok(replies),
        other => Err(format!("the body is {other:?}")),
    }
}

fn hashes(messages: &[StoredMessage]) -> Vec<MessageHash> {
    messages.iter().map(|message| message.hash).collect()
}

fn by_text(expiries: Expiries) -> Expiries {
    let order = sorted(expiries.iter().map(|(hash, _)| *hash).collect());
    order
        .into_iter()
        .filter_map(|hash| expiries.iter().find(|(other, _)| *other == hash).copied())
        .collect()
}

/// Compares, and says what differs.
pub(crate) fn same<T: PartialEq + core::fmt::Debug + ?Sized>(
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("found {found:?}, expected {expected:?}"))
    }
}

fn word(heard: &Heard) -> String {
    match heard {
        Heard::Reply(reply) => match &reply.body {
            StorageBody::Error(text) => format!("{} {text}", reply.status.0),
            StorageBody::Changed { hash, .. } => format!(
                "{} changed {}",
                reply.status.0,
                hash.as_ref().map_or_else(String::new, short)
            ),
            _ => format!("{}", reply.status.0),
        },
        Heard::Refused(refusal) => format!("{} {}", refusal.status.0, refusal.reason),
        Heard::Answered(_) => "an answer that is no storage reply".to_owned(),
        Heard::Garbled(why) => format!("a garbled reply: {why}"),
        Heard::Lost => "nothing".to_owned(),
    }
}
