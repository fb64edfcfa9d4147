use crate::Digester;
use crate::digest::History;

/// An event that counts, as the digest sees it.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    pub(crate) tag: Tag,
    pub(crate) tick: u64,
    /// The other party: the sender of what came, the receiver of what was lost.
    pub(crate) peer: u32,
    /// The number in the event's key.
    pub(crate) n: u64,
    pub(crate) kind: u16,
    pub(crate) bytes: u32,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    /// The actor began. The only one outside the shape, and not counted.
    Started = 0,
    /// A message was handled.
    Handled = 1,
    /// A wake was handled.
    Woken = 2,
    /// A message met a full inbox.
    Overflowed = 3,
    /// The network lost a message; the tick is that of the arrival it would have had.
    Lost = 4,
    /// A message fell into a cut; the tick is that of its departure.
    Cut = 5,
    /// A message met a full uplink.
    DroppedUplink = 6,
    /// A message met a full downlink.
    DroppedDownlink = 7,
}

impl Event {
    /// Folds the event into its hash, without the body.
    #[inline]
    pub(crate) fn feed(&self, digester: &mut Digester) {
        digester.word(self.tick);
        digester.word(u64::from(self.peer) << 32 | u64::from(self.bytes));
        digester.word(self.n);
        digester.word(u64::from(self.what()));
    }

    /// Adds the event to the shape.
    #[inline]
    pub(crate) fn shape(&self, history: &mut History) {
        history.shape(self.tick, self.what(), self.bytes);
    }

    #[inline]
    fn what(&self) -> u32 {
        (self.tag as u32) << 16 | u32::from(self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: Event = Event {
        tag: Tag::Handled,
        tick: 1,
        peer: 2,
        n: 3,
        kind: 4,
        bytes: 5,
    };

    /// What the digest and the shape make of one event.
    fn prints(event: Event) -> (u64, u64) {
        let mut history = History::new(0);
        let mut digester = history.open();
        event.feed(&mut digester);
        history.close(&digester);
        event.shape(&mut history);
        history.prints()
    }

    #[test]
    fn the_digest_covers_every_field_and_the_shape_three() {
        let (digest, shape) = prints(EVENT);
        let in_both = [
            Event { tick: 9, ..EVENT },
            Event { kind: 9, ..EVENT },
            Event { bytes: 9, ..EVENT },
            Event {
                tag: Tag::Lost,
                ..EVENT
            },
        ];
        for event in in_both {
            let (other, other_shape) = prints(event);
            assert!(other != digest && other_shape != shape);
        }
        for event in [Event { peer: 9, ..EVENT }, Event { n: 9, ..EVENT }] {
            let (other, other_shape) = prints(event);
            assert!(other != digest && other_shape == shape);
        }
    }
}
