use crate::Body;
use crate::event::{Event, Tag};
use crate::slab::{NIL, Slab};

/// All messages of a shard that are on their way, waiting, or not yet let go.
pub(crate) type Parcels<B> = Slab<Parcel<B>>;

/// A message. It keeps its slot in the slab from `send` until it is handled.
pub(crate) struct Parcel<B> {
    pub(crate) body: B,
    /// The number its sender gave it.
    pub(crate) n: u64,
    /// The receiver until the message leaves, then the sender.
    pub(crate) peer: u32,
    pub(crate) bytes: u32,
    /// The next in the queue it stands in.
    next: u32,
}

impl<B> Parcel<B> {
    pub(crate) fn new(peer: u32, bytes: u32, body: B) -> Self {
        Self {
            body,
            n: 0,
            peer,
            bytes,
            next: NIL,
        }
    }
}

impl<B: Body> Parcel<B> {
    /// What happened to it, for the digest.
    #[inline]
    pub(crate) fn event(&self, tag: Tag, tick: u64) -> Event {
        Event {
            tag,
            tick,
            peer: self.peer,
            n: self.n,
            kind: self.body.kind(),
            bytes: self.bytes,
        }
    }
}

/// A queue of parcels, first in first out, threaded through the slab: an empty one costs 12 bytes
/// and a full one allocates nothing.
#[derive(Clone, Copy)]
pub(crate) struct Queue {
    head: u32,
    tail: u32,
    len: u32,
}

impl Queue {
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    #[inline]
    pub(crate) fn append<B>(&mut self, parcels: &mut Parcels<B>, parcel: u32) {
        parcels.at(parcel).next = NIL;
        if self.len == 0 {
            self.head = parcel;
        } else {
            parcels.at(self.tail).next = parcel;
        }
        self.tail = parcel;
        self.len += 1;
    }

    #[inline]
    pub(crate) fn pop<B>(&mut self, parcels: &mut Parcels<B>) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let parcel = self.head;
        self.head = parcels.at(parcel).next;
        self.len -= 1;
        Some(parcel)
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            head: NIL,
            tail: NIL,
            len: 0,
        }
    }
}
