//! A network of hand-driven nodes.

mod host;
mod owner;
mod test_store;
mod world;

pub(crate) use host::Host;
pub(crate) use owner::{HOUR_MS, Owner, request};
pub(crate) use test_store::TestStore;
pub(crate) use world::{AWAY, CLIENT, HOME, Link, START_MS, World};

use leek_wire::{Member, StorageBody, StorageReply};

/// The members' results of a write that ran.
pub(crate) fn members(reply: &StorageReply) -> &[Member] {
    match &reply.body {
        StorageBody::Changed { members, .. } => members,
        other => panic!("no result of a write: {other:?}"),
    }
}

/// Bytes of retrieved messages, and whether there are more.
pub(crate) fn retrieved(reply: &StorageReply) -> (Vec<Vec<u8>>, bool) {
    match &reply.body {
        StorageBody::Messages { messages, more } => {
            (messages.iter().map(|m| m.data.clone()).collect(), *more)
        }
        other => panic!("no messages: {other:?}"),
    }
}
