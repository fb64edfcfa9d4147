use std::collections::VecDeque;

use leek_machine::Tick;

use crate::{ActorCx, ActorId, Pipe};

/// Most messages that may wait in a [`SharedLink`], whatever their size: as many as a sixteenth of
/// a gigabyte of full Ethernet frames.
pub const SHARED_WAITING_MAX: usize = 1 << 16;

/// A line that several hosts share: the state of an actor that stands between them and the rest.
///
/// Hosts send to that actor, with the final receiver named in the body; it calls
/// [`SharedLink::carry`] for each message, and [`SharedLink::on_wake`] when woken. The line has one
/// first-in-first-out queue, so backlogged hosts share it in proportion to what they offer. It uses
/// the actor's wake.
#[derive(Debug)]
pub struct SharedLink<B> {
    pipe: Pipe,
    waiting: VecDeque<Waiting<B>>,
}

#[derive(Debug)]
struct Waiting<B> {
    leaves: Tick,
    to: ActorId,
    bytes: u32,
    body: B,
}

impl<B> SharedLink<B> {
    /// An idle line; see [`Pipe::new`].
    pub fn new(bits_per_s: u64, queue_bytes_max: u64) -> Self {
        Self {
            pipe: Pipe::new(bits_per_s, queue_bytes_max),
            waiting: VecDeque::new(),
        }
    }

    /// Takes a message on, to send it when its last bit has passed.
    ///
    /// # Errors
    /// Gives the body back when the queue is full.
    pub fn carry(
        &mut self,
        cx: &mut ActorCx<'_, B>,
        to: ActorId,
        bytes: u32,
        body: B,
    ) -> Result<(), B> {
        if self.waiting.len() >= SHARED_WAITING_MAX {
            return Err(body);
        }
        let Some(leaves) = self.pipe.offer(cx.now().tick, bytes) else {
            return Err(body);
        };
        self.waiting.push_back(Waiting {
            leaves,
            to,
            bytes,
            body,
        });
        self.on_wake(cx);
        Ok(())
    }

    /// Sends what has passed, and sets the wake for what passes next.
    pub fn on_wake(&mut self, cx: &mut ActorCx<'_, B>) {
        let now = cx.now().tick;
        while let Some(passed) = self.waiting.pop_front_if(|first| first.leaves <= now) {
            cx.send(passed.to, passed.bytes, passed.body);
        }
        match self.waiting.front() {
            Some(next) => cx.wake_at(next.leaves),
            None => cx.clear_wake(),
        }
    }
}
