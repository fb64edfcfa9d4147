//! Persist before you speak: what a signature promises is durable before the signature leaves.

use leek_crypto::Signature;
use leek_machine::Now;
use leek_wire::{CallId, DirectoryEvent, Response};

use super::Authority;
use crate::{cosign::CosignAnswer, limits::DIRECTORIES_MAX};

/// Counts the states handed out to be kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Keeper {
    /// The newest one handed out.
    generation: u64,
    /// The newest one that is durable.
    kept: u64,
    waiting: Vec<Waiting>,
}

/// An answer that leaves once its promise is durable.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    generation: u64,
    call: CallId,
    signature: Signature,
}

/// Answers held back at once: every directory may ask, lose the answer and ask again a few times
/// while a disk is slow.
const WAITING_MAX: usize = 4 * DIRECTORIES_MAX;

impl Keeper {
    pub(super) const fn is_full(&self) -> bool {
        self.waiting.len() == WAITING_MAX
    }
}

impl Authority {
    /// Hands out the state to be kept. Returns its generation.
    pub(super) fn keep(&mut self) -> u64 {
        self.keeper.generation += 1;
        let generation = self.keeper.generation;
        let state = self.state.to_bytes().into();
        self.report(DirectoryEvent::Keep { generation, state });
        generation
    }

    /// Answers with a signature once the newest state handed out is durable.
    pub(super) fn answer_kept(&mut self, call: CallId, signature: Signature) {
        let generation = self.keeper.generation;
        let waiting = Waiting {
            generation,
            call,
            signature,
        };
        self.keeper.waiting.push(waiting);
        self.release();
    }

    pub(super) fn kept(&mut self, now: Now, generation: u64) {
        // A state that was never handed out is nobody's word.
        if generation > self.keeper.generation {
            return;
        }
        self.keeper.kept = self.keeper.kept.max(generation);
        self.release();
        self.publish_if_kept(now);
    }

    pub(super) const fn is_kept(&self, generation: u64) -> bool {
        generation <= self.keeper.kept
    }

    fn release(&mut self) {
        let kept = self.keeper.kept;
        let waiting = core::mem::take(&mut self.keeper.waiting);
        let (ready, waiting): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|one| one.generation <= kept);
        self.keeper.waiting = waiting;
        for one in ready {
            let answer = CosignAnswer::Signature(one.signature).to_bytes();
            self.answer(one.call, Ok(Response::Cosigned(answer)));
        }
    }
}
