use super::{Entry, NEVER, What};
use crate::slab::NIL;

/// Unsorted lists of entries in chunks of a kilobyte with one free list, so that memory follows the
/// number of pending events and not the largest load each bucket has ever had.
pub(super) struct Chunks {
    arena: Vec<Chunk>,
    free: u32,
}

struct Chunk {
    len: u32,
    next: u32,
    entries: [Entry; CHUNK_LEN],
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self {
            arena: Vec::new(),
            free: NIL,
        }
    }

    /// Adds an entry to the list beginning with chunk `head`; returns its new beginning.
    #[inline]
    pub(super) fn append(&mut self, head: u32, entry: Entry) -> u32 {
        if head != NIL {
            let chunk = &mut self.arena[head as usize];
            let len = chunk.len as usize;
            if len < CHUNK_LEN {
                chunk.entries[len] = entry;
                chunk.len += 1;
                return head;
            }
        }
        let fresh = self.take();
        let chunk = &mut self.arena[fresh as usize];
        chunk.len = 1;
        chunk.next = head;
        chunk.entries[0] = entry;
        fresh
    }

    /// The entries of one chunk.
    #[inline]
    pub(super) fn entries(&self, chunk: u32) -> &[Entry] {
        let chunk = &self.arena[chunk as usize];
        &chunk.entries[..chunk.len as usize]
    }

    /// The earliest tick in a list.
    pub(super) fn earliest(&self, mut chunk: u32) -> u64 {
        let mut earliest = NEVER;
        while chunk != NIL {
            for entry in self.entries(chunk) {
                earliest = earliest.min(entry.tick);
            }
            chunk = self.arena[chunk as usize].next;
        }
        earliest
    }

    /// Gives a chunk back; returns the one after it.
    pub(super) fn recycle(&mut self, chunk: u32) -> u32 {
        let next = self.arena[chunk as usize].next;
        self.arena[chunk as usize].next = self.free;
        self.free = chunk;
        next
    }

    fn take(&mut self) -> u32 {
        if self.free == NIL {
            let Some(fresh) = u32::try_from(self.arena.len()).ok().filter(|&i| i != NIL) else {
                leek_machine::bug!("four thousand million chunks of pending events");
            };
            self.arena.push(Chunk::EMPTY);
            return fresh;
        }
        let chunk = self.free;
        self.free = self.arena[chunk as usize].next;
        chunk
    }
}

impl Chunk {
    const EMPTY: Self = Self {
        len: 0,
        next: NIL,
        entries: [Entry {
            tick: NEVER,
            pair: 0,
            n: 0,
            parcel: NIL,
            what: What::Start,
        }; CHUNK_LEN],
    };
}

/// With its head, 1,000 bytes.
const CHUNK_LEN: usize = 31;

#[cfg(test)]
impl Chunks {
    pub(super) fn arena_len(&self) -> usize {
        self.arena.len()
    }
}
