use std::collections::BTreeMap;

use leek_wire::{CallId, Refusal, Response, Status, StoreError, WriteId};

/// Failed batches remembered for answers that come after their batch failed. A node answers within
/// seconds of a write, so older ones have no answer left to hold back. The simulator's number.
const FAILED_MAX: usize = 4_096;

/// An answer of the machine: the request it is for, and what it says.
pub(crate) type Answer = (CallId, Result<Response, Refusal>);

/// Holds each answer back until the batch it depends on has ended: durable, or failed.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// The newest batch that ended. All before it have ended too.
    ended: Option<WriteId>,
    failed: BTreeMap<WriteId, StoreError>,
    held: BTreeMap<WriteId, Vec<Answer>>,
}

impl Gate {
    /// Takes an answer, and gives it back when nothing holds it.
    pub(crate) fn hold(
        &mut self,
        call: CallId,
        after: Option<WriteId>,
        body: Result<Response, Refusal>,
    ) -> Option<Answer> {
        let Some(write) = after else {
            return Some((call, body));
        };
        if self.ended.is_none_or(|ended| ended < write) {
            self.held.entry(write).or_default().push((call, body));
            return None;
        }
        let result = self.failed.get(&write).cloned().map_or(Ok(()), Err);
        Some((call, gated(&result, body)))
    }

    /// A batch ended; gives back what waited for it, in order.
    pub(crate) fn end(&mut self, write: WriteId, result: &Result<(), StoreError>) -> Vec<Answer> {
        if let Err(error) = result {
            self.failed.insert(write, error.clone());
            if self.failed.len() > FAILED_MAX {
                self.failed.pop_first();
            }
        }
        self.ended = Some(write);
        let waiting = self.held.remove(&write).unwrap_or_default();
        waiting
            .into_iter()
            .map(|(call, body)| (call, gated(result, body)))
            .collect()
    }

    /// Answers held back.
    pub(crate) fn held(&self) -> usize {
        self.held.values().map(Vec::len).sum()
    }
}

/// An answer that depends on a batch which failed becomes a refusal.
fn gated(
    result: &Result<(), StoreError>,
    body: Result<Response, Refusal>,
) -> Result<Response, Refusal> {
    match result {
        Ok(()) => body,
        Err(error) => Err(Refusal::new(Status::INTERNAL, error.to_string())),
    }
}
