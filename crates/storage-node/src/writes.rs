use leek_wire::WriteId;

/// Names write batches, and knows which are not durable yet.
///
/// Batches commit in the order of their names, so "all up to the newest that ended" is enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writes {
    newest: u64,
    ended: u64,
}

impl Writes {
    pub(crate) const fn allot(&mut self) -> WriteId {
        self.newest += 1;
        WriteId(self.newest)
    }

    /// `write` is durable, or failed.
    pub(crate) fn end(&mut self, write: WriteId) {
        self.ended = self.ended.max(write.0.min(self.newest));
    }

    /// The newest batch handed out, unless it has ended: whoever reads now, depends on it.
    pub(crate) const fn pending(&self) -> Option<WriteId> {
        if self.newest > self.ended {
            Some(WriteId(self.newest))
        } else {
            None
        }
    }

    pub(crate) const fn pending_count(&self) -> u64 {
        self.newest - self.ended
    }
}
