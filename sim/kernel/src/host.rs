use crate::clock::Clock;
use crate::digest::History;
use crate::effects::Effects;
use crate::parcel::Queue;
use crate::pipe::Pipe;
use crate::wake::WakeSlot;
use crate::{Counters, HostConfig};

/// The kernel's state of one actor and its host.
pub(crate) struct Host {
    pub(crate) clock: Clock,
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    /// Whether a handling is under way; then `held` is what it will do when it is over.
    pub(crate) busy: bool,
    pub(crate) held: Effects,
    pub(crate) inbox: Queue,
    pub(crate) inbox_max: u32,
    pub(crate) wake: WakeSlot,
    pub(crate) numbers: Numbers,
    pub(crate) history: History,
    pub(crate) counters: Counters,
}

impl Host {
    pub(crate) fn new(actor: u32, config: &HostConfig) -> Self {
        Self {
            clock: config.clock,
            up: Pipe::new(config.up_bits_per_s, config.uplink_queue_bytes_max),
            down: Pipe::new(config.down_bits_per_s, config.downlink_queue_bytes_max),
            busy: false,
            held: Effects::default(),
            inbox: Queue::default(),
            inbox_max: config.inbox_max,
            wake: WakeSlot::new(),
            numbers: Numbers::default(),
            history: History::new(actor),
            counters: Counters::default(),
        }
    }

    /// Reads a little of everything, to have it in the cache. What comes out means nothing.
    #[inline]
    pub(crate) fn read(&self) -> u64 {
        self.counters.events
            ^ self.counters.lost
            ^ self.counters.cpu_busy_ns
            ^ self.numbers.own
            ^ self.held.charged_ns
            ^ u64::from(self.inbox_max)
            ^ u64::from(self.busy)
    }
}

/// The send counter of an actor, in two parts.
///
/// Sends to others and sends to oneself cannot share a key, for their targets differ. Counting them
/// apart keeps the draws of the network, which are named by the number of the message, the same
/// whatever timers and CPU charges do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    sent: u64,
    own: u64,
}

impl Numbers {
    /// The number of the next message to another actor.
    #[inline]
    pub(crate) fn next_sent(&mut self) -> u64 {
        let n = self.sent;
        self.sent += 1;
        n
    }

    /// The number of the next event for oneself. In the key as it is.
    #[inline]
    pub(crate) fn next_own(&mut self) -> u64 {
        let n = self.own;
        self.own += 1;
        n
    }

    /// How a message stands in the key: the lowest bit tells the network's copy from the original.
    #[inline]
    pub(crate) fn in_key(n: u64, copy: bool) -> u64 {
        n << 1 | u64::from(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_a_key_names_one_message_and_one_copy() {
        let keys = (0..50).flat_map(|n| [Numbers::in_key(n, false), Numbers::in_key(n, true)]);
        let keys: std::collections::BTreeSet<_> = keys.collect();
        assert_eq!(keys.len(), 100);
    }

    /// The kernel's part of the memory of an idle actor. The actor itself and its stream come on
    /// top.
    #[test]
    fn an_idle_host_is_small() {
        let bytes = size_of::<Host>();
        let stream = size_of::<leek_machine::Stream>();
        println!("per idle actor: {bytes} bytes of kernel state, {stream} of its stream");
        assert!(bytes <= 512, "{bytes} bytes");
    }
}
